"""Routes of experiments: put one in force, stop it, see what it came to."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from penchant import store
from penchant.live.engine import Engine
from penchant.live.experiments import Experiment
from penchant.live.keeper import encoder_for, met
from penchant.live.records import Change
from penchant.live.results import Tally
from penchant.live.trials import Trials
from penchant.serve.problems import Problem
from penchant.serve.schemas import Id, Short, Strict
from penchant.serve.service import Service, body, documented, must, reply


class Side(Strict):
    """One arm: a part of all people, and what is different for them."""

    name: Id
    share: Annotated[float, Field(gt=0, le=1)]
    bundle: Short = ""
    settings: dict[str, Any] = Field(default_factory=dict)


class Plan(Strict):
    """An experiment; see penchant.live.experiments."""

    kind: Literal["split", "interleave"] = "split"
    arms: Annotated[list[Side], Field(min_length=2, max_length=10)]
    scenario: Short = ""
    running: bool = True
    note: Short = ""


def trials_of(service: Service) -> Trials:
    """Return the experiments of a service's engine."""
    engine = service.engine

    def side(folder: Path) -> Engine:
        for change in met(engine.journal, folder, store.current(folder), engine.clock):
            engine.keep([change]).result()
        encoder = encoder_for(folder, engine.world, service.settings.reader)
        return Engine(
            folder, engine.journal, encoder=encoder, weights=engine.weights, most_people=engine.people.most,
            clock=engine.clock,
        )  # fmt: skip

    return Trials(engine, side)


@dataclass(slots=True)
class Trying:
    """The experiments of a service as callers see them, with what was counted of them so far."""

    engine: Engine
    trials: Trials
    tallies: dict[str, Tally] = field(default_factory=dict)

    def known(self, id: str) -> Experiment:
        """Return an experiment; raises Problem for one that nobody put in."""
        found = self.trials.known.get(id)
        if found is None:
            raise Problem(404, f"no experiment {id[:80]!r}")
        return found

    def shown(self, one: Experiment) -> dict[str, Any]:
        """Return an experiment as JSON holds it."""
        broken = self.trials.broken
        problems = {arm.bundle: broken[arm.bundle] for arm in one.arms if arm.bundle in broken}
        return {"id": one.id, **one.told(), "since": one.at} | ({"problems": problems} if problems else {})

    def put(self, id: str, told: dict[str, Any], by: str) -> dict[str, Any]:
        """Put an experiment in force; its bundles are loaded first, so that nobody waits for them."""
        change = Change("experiment", id, "put", self.engine.clock(), told, by)
        made = Experiment.of(change)
        for arm in made.arms if made.running else ():
            if arm.bundle and (wrong := self.trials.load(arm.bundle)):
                raise Problem(422, f"the bundle of the arm {arm.name!r} cannot be served: {wrong}")
        self.trials.put(change)
        return self.shown(self.trials.known[id])

    def results(self, id: str) -> dict[str, Any]:
        """Return what it came to, counted on from where it was last looked at."""
        one = self.known(id)
        tally = self.tallies.get(id)
        if tally is None or (tally.experiment.since, tally.experiment.arms) != (one.since, one.arms):
            tally = self.tallies[id] = Tally(one, self.engine.weight)
        tally.experiment = one
        for gone in set(self.tallies) - set(self.trials.known):
            del self.tallies[gone]
        self.engine.unwritten.settle()
        return tally.read(self.engine.journal).told()


def routes(service: Service) -> APIRouter:
    """Return the routes."""
    router, engine = APIRouter(tags=["experiments"]), service.engine
    trying = Trying(engine, trials_of(service))

    @router.get("/v1/experiments", summary="All experiments")
    async def every(request: Request) -> Response:
        must(request, "read")
        return reply({"experiments": [trying.shown(one) for one in list(trying.trials.known.values())]})

    @router.get("/v1/experiments/{id}", summary="One experiment")
    async def one(request: Request, id: str) -> Response:
        must(request, "read")
        return reply(trying.shown(trying.known(id)))

    @router.put(
        "/v1/experiments/{id}", openapi_extra=documented(Plan), summary="Put one in force, or stop it"
    )
    async def put(request: Request, id: str) -> Response:
        must(request, "admin")
        told = (await body(request, Plan)).model_dump(exclude_defaults=True)
        return reply(await service.threaded(trying.put, id, told, request.scope["state"]["by"]))

    @router.delete("/v1/experiments/{id}", summary="Take one away; the journal keeps what it showed")
    async def remove(request: Request, id: str) -> Response:
        must(request, "admin")
        trying.known(id)
        change = Change("experiment", id, "delete", engine.clock(), by=request.scope["state"]["by"])
        await service.threaded(trying.trials.put, change)
        return reply({"id": id, "removed": True})

    @router.get("/v1/experiments/{id}/results", summary="What it came to so far; look as often as you like")
    async def came_to(request: Request, id: str) -> Response:
        must(request, "read")
        return reply(await service.threaded(trying.results, id))

    return router
