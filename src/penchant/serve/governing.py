"""Routes for people in charge: rules by hand with their log, measures, health."""

import asyncio
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from penchant.serve.problems import Problem
from penchant.serve.schemas import Ruling
from penchant.serve.service import Service, body, documented, must, reply


def routes(service: Service) -> APIRouter:
    """Return the routes."""
    router, engine = APIRouter(tags=["operation"]), service.engine

    @router.get("/healthz", summary="The process lives")
    @router.get("/livez", include_in_schema=False)
    async def healthz() -> Response:
        return reply({"status": "ok"})

    @router.get("/readyz", summary="Lists can be given, and events taken in")
    async def readyz() -> Response:
        world = engine.world
        if not world.model.data.n_items:
            raise Problem(503, "the catalogue is empty")
        return reply({"status": "ready", "model_version": world.version, "items": world.model.data.n_items})

    @router.get("/metrics", summary="Measures, for Prometheus")
    async def metrics(request: Request) -> Response:
        must(request, "read")
        service.measures.lost.set(engine.lost)
        service.measures.people.set(len(engine.people))
        service.measures.items.set(engine.world.model.data.n_items)
        return Response(service.measures.text(), media_type="text/plain; version=0.0.4")

    @router.get("/v1/rules", summary="What was decided by hand, and what waits to be")
    async def rules(request: Request) -> Response:
        must(request, "read")
        known = [{"id": name, **body} for name, body in engine.rules.known.items()]
        return reply({"rules": known, "waiting": sorted(engine.rules.waiting)})

    @router.get("/v1/rules/log", summary="Who decided what, and when")
    async def log(request: Request, after: int = 0, limit: int = 100) -> Response:
        must(request, "admin")
        return reply(await service.threaded(logged, service, after, min(max(limit, 1), 1_000)))

    @router.put("/v1/rules/{rule}", openapi_extra=documented(Ruling), summary="Decide; in force at once")
    async def decide(request: Request, rule: str) -> Response:
        must(request, "admin")
        told = (await body(request, Ruling)).model_dump(exclude_defaults=True)
        await asyncio.wrap_future(engine.decide(rule, told, by=request.scope["state"]["by"]))
        return reply({"id": rule, **told})

    @router.delete("/v1/rules/{rule}", summary="Take a decision back")
    async def undo(request: Request, rule: str) -> Response:
        must(request, "admin")
        if rule not in engine.rules.known:
            raise Problem(404, f"no rule {rule[:80]!r}")
        await asyncio.wrap_future(engine.decide(rule, None, by=request.scope["state"]["by"]))
        return reply({"id": rule, "removed": True})

    return router


def logged(service: Service, after: int, limit: int) -> dict[str, Any]:
    """Return decisions behind a number, oldest first."""
    found: list[dict[str, Any]] = []
    for number, change in service.engine.journal.changes("rule", "consent"):
        if number > after and len(found) < limit:
            found.append(
                {"number": number, "time": change.time, "by": change.by, "about": change.subject,
                 "id": change.id, "action": change.action, "what": dict(change.body)}
            )  # fmt: skip
    return {"log": found}
