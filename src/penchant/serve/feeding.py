"""Routes that take in what happens and what there is: events, items, users."""

import asyncio
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from penchant.live.records import Act
from penchant.serve.paging import paged
from penchant.serve.schemas import Agreed, Done, Events, Gone, People, Thing, Things
from penchant.serve.service import Service, body, documented, must, once, reply


def routes(service: Service) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["data"])
    events(router, service)
    items(router, service)
    users(router, service)
    return router


def events(router: APIRouter, service: Service) -> None:
    """Add the routes of events."""
    engine = service.engine

    async def taken(request: Request, told: Sequence[Done]) -> Response:
        now = engine.clock()
        acts = [
            Act(
                service.user(request, one.user), one.item, one.kind, now if one.time is None else one.time,
                one.value, one.session or "", one.recommendation_id or "",
            )
            for one in told
        ]  # fmt: skip
        known = engine.world.model.data.items.vocabulary
        unknown = list(dict.fromkeys(act.item for act in acts if act.item not in known))
        answer: dict[str, Any] = {"accepted": len(acts)} | (
            {"unknown_items": unknown[:100]} if unknown else {}
        )
        response = await once(service, request, lambda answers: engine.observe(acts, answers), answer)
        for act in acts if response.headers.get("idempotent-replay") is None else ():
            service.measures.events.labels(kind_of(act.kind)).inc()
        return response

    schema = documented(Events)
    either = schema["requestBody"]["content"]["application/json"]
    either["schema"] = {
        "oneOf": [documented(Done)["requestBody"]["content"]["application/json"]["schema"], either["schema"]]
    }

    @router.post("/v1/events", openapi_extra=schema, summary="Something that people did: one, or several")
    async def done(request: Request) -> Response:
        if request.scope["state"]["role"] != "browser":
            must(request, "write")
        start = (await request.body())[:4096].lstrip()
        if start.startswith(b"{") and b'"events"' in start:
            return await taken(request, (await body(request, Events)).events)
        return await taken(request, [await body(request, Done)])

    service.direct["/v1/events"] = done


KNOWN_KINDS: dict[str, None] = {}


def kind_of(kind: str, most: int = 50) -> str:
    """Return a kind as it is counted: callers could otherwise make counters without end."""
    if kind not in KNOWN_KINDS and len(KNOWN_KINDS) < most:
        KNOWN_KINDS[kind] = None
    return kind if kind in KNOWN_KINDS else "other"


def fields_of(things: Sequence[Thing]) -> dict[str, dict[str, Any]]:
    """Return the fields of things by id; of two with one id the last counts."""
    return {one.id: dict(one.model_extra or {}) for one in things}


def items(router: APIRouter, service: Service) -> None:
    """Add the routes of items."""
    engine = service.engine

    async def put(request: Request, things: Sequence[Thing], *, patch: bool) -> Response:
        must(request, "write")
        fields, by = fields_of(things), request.scope["state"]["by"]
        answer = {"accepted": len(fields)}
        ignored = engine.ignored(fields)
        if ignored:
            answer |= {"ignored_columns": ignored}  # type: ignore[dict-item]
        work = await service.threaded(engine.changed_items, fields, by=by, patch=patch)
        return await once(service, request, lambda answers: engine.keep(work, answers), answer)

    @router.post("/v1/items", openapi_extra=documented(Things), summary="Put items in, whole")
    async def put_items(request: Request) -> Response:
        return await put(request, (await body(request, Things)).items, patch=False)

    @router.patch("/v1/items", openapi_extra=documented(Things), summary="Change some fields of items")
    async def patch_items(request: Request) -> Response:
        return await put(request, (await body(request, Things)).items, patch=True)

    @router.delete("/v1/items", openapi_extra=documented(Gone), summary="Take items out")
    async def remove_items(request: Request) -> Response:
        must(request, "write")
        ids = (await body(request, Gone)).ids
        by = request.scope["state"]["by"]
        return await once(
            service,
            request,
            lambda answers: engine.remove_items(ids, by=by, answers=answers),
            {"accepted": len(ids)},
        )

    @router.get("/v1/items", summary="The catalogue, a page at a time")
    async def list_items(request: Request, q: str = "", cursor: str = "", limit: int = 50) -> Response:
        must(request, "read")
        return reply(await service.threaded(paged, engine, service.shelf(), q, cursor, limit))

    @router.get("/v1/items/{item:path}", summary="One item")
    async def get_item(request: Request, item: str) -> Response:
        must(request, "read")
        engine.item(item)
        return reply({"id": item, "properties": service.shelf().of(item, True)})


def users(router: APIRouter, service: Service) -> None:
    """Add the routes of users."""
    engine = service.engine

    async def put(request: Request, things: Sequence[Thing], *, patch: bool) -> Response:
        must(request, "write")
        fields, by = fields_of(things), request.scope["state"]["by"]
        work = await service.threaded(engine.changed_users, fields, by=by, patch=patch)
        return await once(
            service, request, lambda answers: engine.keep(work, answers), {"accepted": len(fields)}
        )

    @router.post("/v1/users", openapi_extra=documented(People), summary="Put in what is known of users")
    async def put_users(request: Request) -> Response:
        return await put(request, (await body(request, People)).users, patch=False)

    @router.patch("/v1/users", openapi_extra=documented(People), summary="Change some fields of users")
    async def patch_users(request: Request) -> Response:
        return await put(request, (await body(request, People)).users, patch=True)

    @router.get("/v1/users/{user}", summary="What is known of a user")
    async def get_user(request: Request, user: str) -> Response:
        must(request, "read")
        return reply(await service.threaded(engine.profile, user))

    @router.put(
        "/v1/users/{user}/consent", openapi_extra=documented(Agreed), summary="What may be used of a user"
    )
    async def agree(request: Request, user: str) -> Response:
        must(request, "write")
        told = await body(request, Agreed)
        await asyncio.wrap_future(engine.consent(user, told.consent, by=request.scope["state"]["by"]))
        return reply({"user": user, "consent": told.consent})

    @router.delete("/v1/users/{user}", summary="Remove what a user did and was shown live")
    async def forget(request: Request, user: str) -> Response:
        must(request, "write")
        removed = await service.threaded(engine.forget, user)
        fitted = user in engine.world.model.data.users.vocabulary
        told = {"user": user, "removed_records": removed, "in_bundle": fitted}
        if fitted:
            told["hint"] = "the bundle was fitted with events of this user: leave them out, and fit again"
        return reply(told)
