"""The request shapes of Gorse for what comes in: feedback, items, users.

Feedback is an event here: each counts, where Gorse keeps one of a kind for a user and an item.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query
from pydantic import Field, FiniteFloat, TypeAdapter
from starlette.requests import Request
from starlette.responses import Response

from penchant.data.columns import plain
from penchant.live.records import Act
from penchant.serve.feeding import kind_of
from penchant.serve.foreign import CATEGORIES, Loose, When, counted, moment, renamed
from penchant.serve.paging import paged
from penchant.serve.problems import Problem
from penchant.serve.schemas import Free, Id, Text
from penchant.serve.service import Service, must, once, raw, reply

HIDDEN = "gorse-hidden"
"""The rule that holds the items whose `IsHidden` is true."""
MOST = 1_000
Count = Annotated[int, Query(ge=1, le=MOST)]
Kind = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00]+$")]


class Feedback(Loose):
    """Something that a user did with an item."""

    feedback_type: Kind = Field(alias="FeedbackType")
    user_id: Id | None = Field(None, alias="UserId")
    item_id: Id = Field(alias="ItemId")
    value: FiniteFloat | None = Field(None, alias="Value")
    timestamp: When = Field(None, alias="Timestamp")
    comment: Text = Field("", alias="Comment")


class Item(Loose):
    """An item, or the fields of one that change."""

    item_id: Id | None = Field(None, alias="ItemId")
    is_hidden: bool | None = Field(None, alias="IsHidden")
    categories: list[Id] | None = Field(None, alias="Categories", max_length=1_000)
    timestamp: When = Field(None, alias="Timestamp")
    labels: Free = Field(None, alias="Labels")
    comment: Text | None = Field(None, alias="Comment")


class User(Loose):
    """A user, or the fields of one that change."""

    user_id: Id | None = Field(None, alias="UserId")
    labels: Free = Field(None, alias="Labels")
    subscribe: list[Id] | None = Field(None, alias="Subscribe", max_length=1_000)
    comment: Text | None = Field(None, alias="Comment")


FEEDBACK = TypeAdapter(Annotated[list[Feedback], Field(max_length=50_000)])
ITEMS = TypeAdapter(Annotated[list[Item], Field(max_length=10_000)])
USERS = TypeAdapter(Annotated[list[User], Field(max_length=10_000)])


async def read(request: Request, kind: TypeAdapter[Any]) -> Any:
    """Read a body; raises pydantic's error where it cannot be used."""
    return kind.validate_json(await raw(request))


def acts_of(told: Sequence[Feedback], now: float, user: str = "") -> list[Act]:
    """Return feedback as events; of a session without users where `user` is empty."""
    return [
        Act(one.user_id or user, one.item_id, one.feedback_type, moment(one.timestamp, now), one.value)
        for one in told
    ]


def feedback(router: APIRouter, service: Service) -> None:
    """Add the routes of feedback."""
    engine = service.engine

    @router.post("/feedback")
    @router.put("/feedback")
    async def put(request: Request) -> Response:
        must(request, "write")
        told: list[Feedback] = await read(request, FEEDBACK)
        if any(one.user_id is None for one in told):
            raise Problem(422, "UserId: feedback is somebody's")
        acts = acts_of(told, engine.clock())
        silent = sum(bool(one.comment) for one in told)
        answer: dict[str, Any] = {"RowAffected": len(acts)} | ({"IgnoredComments": silent} if silent else {})
        if not acts:
            return reply(answer)
        response = await once(service, request, lambda answers: engine.observe(acts, answers), answer)
        counted(service, acts, kind_of)
        return response

    @router.get("/user/{user}/feedback")
    @router.get("/user/{user}/feedback/{kind}")
    async def of_user(request: Request, user: str, kind: str = "") -> Response:
        must(request, "read")
        kept = await service.threaded(engine.journal.history, user, "")
        return reply(
            [
                {"FeedbackType": act.kind, "UserId": act.user, "ItemId": act.item, "Value": act.value or 0,
                 "Timestamp": _written(act.time), "Comment": ""}
                for _, act in kept if not kind or act.kind == kind
            ]
        )  # fmt: skip


def items(router: APIRouter, service: Service) -> None:
    """Add the routes of items."""
    engine, one_at_a_time = service.engine, asyncio.Lock()

    async def put(request: Request, told: Sequence[Item], *, patch: bool) -> Response:
        must(request, "write")
        named = {one.item_id or "": one for one in told}
        if "" in named:
            raise Problem(422, "ItemId: an item needs one")
        by = request.scope["state"]["by"]
        fields = {name: fields_of(service, one) for name, one in named.items()}
        work = await service.threaded(engine.changed_items, fields, by=by, patch=patch)
        answer = {"RowAffected": len(fields)}
        response = await once(service, request, lambda answers: engine.keep(work, answers), answer)
        async with one_at_a_time:
            hidden = set(engine.rules.known.get(HIDDEN, {}).get("items", ()))
            after = (hidden | {n for n, one in named.items() if one.is_hidden}) - {
                n for n, one in named.items() if one.is_hidden is False
            }
            if after != hidden:
                rule = {"kind": "hide", "items": sorted(after), "note": "IsHidden"} if after else None
                await asyncio.wrap_future(engine.decide(HIDDEN, rule, by=by))
        return response

    @router.post("/item")
    async def put_item(request: Request) -> Response:
        return await put(request, [Item.model_validate_json(await raw(request))], patch=False)

    @router.post("/items")
    async def put_items(request: Request) -> Response:
        return await put(request, await read(request, ITEMS), patch=False)

    @router.patch("/item/{item}")
    async def patch_item(request: Request, item: str) -> Response:
        told = Item.model_validate_json(await raw(request))
        return await put(request, [told.model_copy(update={"item_id": item})], patch=True)

    @router.delete("/item/{item}")
    async def remove(request: Request, item: str) -> Response:
        must(request, "write")
        by = request.scope["state"]["by"]
        await asyncio.wrap_future(engine.remove_items([item], by=by))
        return reply({"RowAffected": 1})

    @router.get("/item/{item}")
    async def get(request: Request, item: str) -> Response:
        must(request, "read")
        engine.item(item)
        return reply(shown(service, item))

    @router.get("/items")
    async def page(request: Request, n: Count = 10, cursor: str = "", q: str = "") -> Response:
        must(request, "read")
        found = await service.threaded(paged, engine, service.shelf(), q, cursor, n)
        told = [shown(service, one["id"]) for one in found["items"]]
        return reply({"Cursor": found["cursor"] or "", "Items": told})


def users(router: APIRouter, service: Service) -> None:
    """Add the routes of users."""
    engine = service.engine

    async def put(request: Request, told: Sequence[User], *, patch: bool) -> Response:
        must(request, "write")
        if any(one.user_id is None for one in told):
            raise Problem(422, "UserId: a user needs one")
        fields: dict[str, dict[str, Any]] = {}
        for one in told:
            parts = {"Subscribe": one.subscribe, "Comment": one.comment}
            kept = {name: value for name, value in parts.items() if value}
            fields[one.user_id or ""] = labels_of(one.labels) | kept
        by = request.scope["state"]["by"]
        work = await service.threaded(engine.changed_users, fields, by=by, patch=patch)
        answer = {"RowAffected": len(fields)}
        return await once(service, request, lambda answers: engine.keep(work, answers), answer)

    @router.post("/user")
    async def put_user(request: Request) -> Response:
        return await put(request, [User.model_validate_json(await raw(request))], patch=False)

    @router.post("/users")
    async def put_users(request: Request) -> Response:
        return await put(request, await read(request, USERS), patch=False)

    @router.patch("/user/{user}")
    async def patch_user(request: Request, user: str) -> Response:
        told = User.model_validate_json(await raw(request))
        return await put(request, [told.model_copy(update={"user_id": user})], patch=True)

    @router.delete("/user/{user}")
    async def forget(request: Request, user: str) -> Response:
        must(request, "write")
        return reply({"RowAffected": await service.threaded(engine.forget, user)})

    @router.get("/user/{user}")
    async def get(request: Request, user: str) -> Response:
        must(request, "read")
        told = dict((await service.threaded(engine.profile, user))["properties"])
        comment, subscribe = told.pop("Comment", ""), told.pop("Subscribe", None)
        return reply({"UserId": user, "Labels": told, "Subscribe": subscribe, "Comment": comment})


def labels_of(labels: Any) -> dict[str, Any]:
    """Return labels as fields: those of an object by their names, a list as `labels`."""
    if isinstance(labels, dict):
        return {str(name): value for name, value in labels.items() if value is not None}
    return {} if labels is None or labels == [] or labels == "" else {"labels": labels}


def fields_of(service: Service, one: Item) -> dict[str, Any]:
    """Return an item's fields by the names of the catalogue; `Comment` is its title where none is given."""
    engine = service.engine
    fields: dict[str, Any] = labels_of(one.labels)
    columns = {plain(name): name for name in engine.world.model.data.items.table.columns}
    if one.categories:
        there = (columns[name] for name in CATEGORIES if name in columns)
        fields[next(there, "categories")] = one.categories
    if one.timestamp is not None and (when := moment(one.timestamp, 0.0)):
        fields["timestamp"] = when
    if one.comment:
        title = engine.world.model.data.items.title or "title"
        fields["comment" if "comment" in columns or plain(title) in map(plain, fields) else "title"] = (
            one.comment
        )
    return renamed(engine, fields)


def shown(service: Service, name: str) -> Mapping[str, Any]:
    """Return an item in the shape of Gorse."""
    fields = dict(service.shelf().fields(name))
    categories: Any = next((fields[own] for own in fields if plain(own) in CATEGORIES), [])
    when = fields.pop("timestamp", None)
    hidden = name in service.engine.rules.known.get(HIDDEN, {}).get("items", ())
    return {
        "ItemId": name, "IsHidden": hidden,
        "Categories": categories if isinstance(categories, list) else str(categories).split("|"),
        "Timestamp": _written(float(when)) if isinstance(when, int | float) else str(when or ""),
        "Labels": {own: value if isinstance(value, int | float | bool | list) else str(value)
                   for own, value in fields.items()},
        "Comment": str(fields.get("title", "")),
    }  # fmt: skip


def _written(seconds: float) -> str:
    return np.datetime_as_string(np.datetime64(int(seconds * 1000), "ms"), timezone="UTC")
