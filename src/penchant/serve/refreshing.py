"""Routes that look after the bundle: refreshes, swaps, going back, and how far things have drifted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from penchant.errors import BundleError
from penchant.live.drift import Drift
from penchant.live.keeper import Keeper
from penchant.serve.problems import Problem
from penchant.serve.schemas import Strict
from penchant.serve.service import Service, body, documented, must, reply


class Refresh(Strict):
    """How to refresh: `force` lets the new version take over whatever the exam says."""

    effort: Annotated[str, Field(pattern="^(quick|standard|best)$")] = "standard"
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    force: bool = False


def keeper_of(service: Service) -> Keeper:
    """Return what looks after the bundle of a service."""
    engine, settings = service.engine, service.settings
    weights = ",".join(f"{name}={weight:g}" for name, weight in engine.weights.items())
    return Keeper(
        engine, settings.journal, settings.refresh_hours, settings.refresh_events,
        ("--weights", weights) if weights else (), settings.reader, drift=Drift(engine),
    )  # fmt: skip


def routes(service: Service) -> APIRouter:
    """Return the routes."""
    keeper = keeper_of(service)
    drift = keeper.drift
    assert drift is not None

    @asynccontextmanager
    async def life(_: Any) -> AsyncIterator[None]:
        keeper.start()
        yield
        await service.threaded(keeper.stop)

    router = APIRouter(tags=["operation"], lifespan=life)

    @router.post(
        "/v1/refresh", openapi_extra=documented(Refresh), summary="Learn anew; takes over if no worse"
    )
    async def refresh(request: Request) -> Response:
        must(request, "admin")
        told = await body(request, Refresh)
        if keeper.running():
            raise Problem(409, "a refresh runs already", hint="GET /v1/refresh says how far it is")
        options = ["--effort", told.effort, "--seed", str(told.seed), *(["--force"] if told.force else [])]
        await service.threaded(keeper.refresh, *options)
        return reply({"started": True}, 202)

    @router.get("/v1/refresh", summary="How far a refresh is, what came of earlier ones, whether one is due")
    async def state(request: Request) -> Response:
        must(request, "read")
        return reply(await service.threaded(lambda: keeper.told() | {"drift": drift.told()}))

    @router.post("/v1/refresh/roll-back", summary="Let the version before take over again")
    async def back(request: Request) -> Response:
        must(request, "admin")
        if keeper.running():
            raise Problem(409, "a refresh runs", hint="GET /v1/refresh says how far it is")
        try:
            made = await service.threaded(keeper.roll_back, request.scope["state"]["by"])
        except BundleError as error:
            raise Problem(409, str(error.args[0]), hint=error.hint) from None
        return reply(asdict(made))

    @router.get("/v1/drift", summary="How far what happens is from what the bundle learned")
    async def drifted(request: Request) -> Response:
        must(request, "read")
        return reply(await service.threaded(drift.told))

    return router
