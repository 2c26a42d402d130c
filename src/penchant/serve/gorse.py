"""The request shapes of Gorse: its clients work once their address is this service's."""

import asyncio
from dataclasses import replace
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from penchant.errors import UnknownIdError
from penchant.live.asked import Asked, Given
from penchant.live.records import Act
from penchant.serve.feeding import kind_of
from penchant.serve.foreign import Newest, counted, given, in_category
from penchant.serve.gorse_data import FEEDBACK, MOST, Count, acts_of, feedback, items, read, users
from penchant.serve.problems import Problem
from penchant.serve.service import Service, must, reply

Offset = Annotated[int, Query(ge=0, le=MOST)]


def routes(service: Service) -> APIRouter:
    """Return the routes; they are not in the OpenAPI document, which is that of this service's own."""
    router = APIRouter(prefix="/api", include_in_schema=False)
    feedback(router, service)
    items(router, service)
    users(router, service)
    lists(router, service)
    unpersonal(router, service)

    @router.get("/health/live")
    @router.get("/health/ready")
    async def health() -> Response:
        ready = bool(service.engine.world.model.data.n_items)
        told = {"Ready": ready, "DataStoreConnected": True, "CacheStoreConnected": True}
        return reply(told, 200 if ready else 503)

    return router


def lists(router: APIRouter, service: Service) -> None:
    """Add the routes of lists."""
    engine = service.engine

    @router.get("/recommend/{user}")
    @router.get("/recommend/{user}/{category}")
    async def recommend(
        request: Request,
        user: str,
        category: str = "",
        n: Count = 10,
        offset: Annotated[int, Query(ge=0)] = 0,
    ) -> Response:
        must(request, "read")
        wish = request.query_params
        kind = wish.get("write-back-type", "")
        if wish.get("write-back-delay", "0") not in ("0", "0s", "0m"):
            raise Problem(
                422, "write-back-delay: what is written back counts at once here", hint="leave it out"
            )
        found = await listed(service, Asked(user), category, n, offset)
        told = scored(found, offset)
        if kind and told:
            must(request, "write")
            name, now = kind[:100], engine.clock()
            acts = [Act(user, one["Id"], name, now, recommendation=found.id) for one in told]
            await asyncio.wrap_future(engine.observe(acts))
            counted(service, acts, kind_of)
        return reply(told if request.headers.get("x-api-version") == "2" else [one["Id"] for one in told])

    @router.post("/session/recommend")
    @router.post("/session/recommend/{category}")
    async def session(request: Request, category: str = "", n: Count = 10, offset: Offset = 0) -> Response:
        must(request, "read")
        acts = acts_of(await read(request, FEEDBACK), engine.clock())
        return reply(scored(await listed(service, Asked(history=acts), category, n, offset), offset))

    @router.get("/item-to-item/{name}/{item}")
    @router.get("/item/{item}/neighbors")
    @router.get("/item/{item}/neighbors/{category}")
    async def similar(
        request: Request, item: str, category: str = "", n: Count = 10, offset: Offset = 0
    ) -> Response:
        must(request, "read")
        if item not in engine.world.model.data.items.vocabulary:
            raise UnknownIdError(f"no item {item[:100]!r}")
        return reply(scored(await listed(service, Asked(items=(item,)), category, n, offset), offset))


def unpersonal(router: APIRouter, service: Service) -> None:
    """Add the routes of lists that are the same for everybody."""
    engine, newest = service.engine, Newest(service.engine)

    @router.get("/non-personalized/{name}")
    @router.get("/popular")
    @router.get("/popular/{category}")
    async def popular(request: Request, category: str = "", n: Count = 10, offset: Offset = 0) -> Response:
        must(request, "read")
        return reply(scored(await listed(service, Asked(), category, n, offset), offset))

    @router.get("/latest")
    @router.get("/latest/{category}")
    async def latest(request: Request, category: str = "", n: Count = 10, offset: Offset = 0) -> Response:
        must(request, "read")
        world = engine.world
        open_ = np.ones(world.model.data.n_items, dtype=bool)
        open_[engine.hidden_rows(len(open_))] = False
        for condition in in_category(engine, category):
            open_ &= world.attributes.passing(condition)[0]
        found = await service.threaded(newest.first, n + offset, open_)
        return reply([{"Id": name, "Score": score} for name, score in found[offset:]])


def scored(found: Given, offset: int) -> list[dict[str, Any]]:
    """Return a list in the shape of Gorse, without its first items."""
    pairs = zip(found.ids[offset:], found.told[offset:], strict=True)
    return [{"Id": name, "Score": score} for name, score in pairs]


async def listed(service: Service, asked: Asked, category: str, n: int, offset: int) -> Given:
    """Return a list that reaches beyond the items that are left out."""
    wide = replace(asked, k=min(n + offset, MOST), filters=in_category(service.engine, category))
    return await given(service, wide)
