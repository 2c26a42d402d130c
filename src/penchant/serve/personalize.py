"""The request shapes of Amazon Personalize: recommendations, ranking, events, items, users.

ARNs name models there; here there is one, and they are read and not needed.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import orjson
from fastapi import APIRouter
from pydantic import Field, FiniteFloat
from starlette.requests import Request
from starlette.responses import Response

from penchant.data.columns import plain
from penchant.live.asked import Asked, Given
from penchant.live.records import Act
from penchant.serve.feeding import kind_of
from penchant.serve.foreign import Loose, When, counted, given, moment, renamed
from penchant.serve.problems import Problem
from penchant.serve.schemas import Id, Short, Text, held
from penchant.serve.service import Service, body, must, once, reply

Arn = Annotated[str, Field(max_length=256)] | None


class Asking(Loose):
    """What lists and rankings share."""

    campaign_arn: Arn = Field(None, alias="campaignArn")
    recommender_arn: Arn = Field(None, alias="recommenderArn")
    user_id: Id | None = Field(None, alias="userId")
    filter_arn: Arn = Field(None, alias="filterArn")
    filter_values: dict[str, str] = Field(default_factory=dict, alias="filterValues")
    context: dict[str, str] = Field(default_factory=dict)
    metadata_columns: dict[str, list[Id]] = Field(default_factory=dict, alias="metadataColumns")


class Recommendations(Asking):
    """A list is wanted, for a user, or of items like one."""

    item_id: Id | None = Field(None, alias="itemId")
    num_results: Annotated[int, Field(ge=1, le=500)] = Field(25, alias="numResults")
    promotions: list[Any] = Field(default_factory=list)


class Ranking(Asking):
    """Items are to be put in order for a user."""

    input_list: Annotated[list[Id], Field(min_length=1, max_length=500)] = Field(alias="inputList")


class Event(Loose):
    """Something that a user did."""

    event_type: Annotated[str, Field(min_length=1, max_length=100)] = Field(alias="eventType")
    event_id: Short | None = Field(None, alias="eventId")
    item_id: Id | None = Field(None, alias="itemId")
    sent_at: When = Field(None, alias="sentAt")
    event_value: FiniteFloat | None = Field(None, alias="eventValue")
    properties: Text | None = None
    impression: list[Id] | None = Field(None, max_length=100)
    recommendation_id: Short | None = Field(None, alias="recommendationId")
    metric_attribution: dict[str, str] | None = Field(None, alias="metricAttribution")


class Events(Loose):
    """Events of one user or session."""

    tracking_id: Short | None = Field(None, alias="trackingId")
    user_id: Id | None = Field(None, alias="userId")
    session_id: Id | None = Field(None, alias="sessionId")
    event_list: Annotated[list[Event], Field(min_length=1, max_length=1_000)] = Field(alias="eventList")


class Item(Loose):
    """An item; its properties are JSON in a text, as Amazon's clients send them."""

    item_id: Id = Field(alias="itemId")
    properties: Text | dict[str, Any] = Field(default_factory=dict)


class Items(Loose):
    """Several items."""

    dataset_arn: Arn = Field(None, alias="datasetArn")
    items: Annotated[list[Item], Field(min_length=1, max_length=1_000)]


class User(Loose):
    """A user; the properties are JSON in a text."""

    user_id: Id = Field(alias="userId")
    properties: Text | dict[str, Any] = Field(default_factory=dict)


class Users(Loose):
    """Several users."""

    dataset_arn: Arn = Field(None, alias="datasetArn")
    users: Annotated[list[User], Field(min_length=1, max_length=1_000)]


def routes(service: Service) -> APIRouter:
    """Return the routes; they are not in the OpenAPI document, which is that of this service's own."""
    router = APIRouter(include_in_schema=False)
    lists(router, service)
    happened(router, service)
    known(router, service)
    return router


def scenario_of(service: Service, told: Asking) -> str:
    """Return the scenario that a filter's ARN names; raises Problem for what this service does not have."""
    if told.context:
        raise Problem(422, "context: no model here reads it", hint="leave it out")
    name = (told.filter_arn or "").rpartition("/")[2]
    known = {str(rule.get("scenario")) for rule in service.engine.rules.known.values()
             if rule["kind"] == "scenario"}  # fmt: skip
    if name and name not in known:
        raise Problem(
            422, f"filterArn: no filter {name[:80]!r}",
            hint=f'PUT /v1/rules/ID with {{"kind": "scenario", "scenario": "{name[:80]}", …}} names one; '
            "conditions on columns are the field `filter` of /v1/recommend",
        )  # fmt: skip
    if told.filter_values:
        raise Problem(422, "filterValues: scenarios have no places for values", hint="use /v1/recommend")
    return name


def lists(router: APIRouter, service: Service) -> None:
    """Add the routes of lists."""
    engine = service.engine

    def scored(found: Given, told: Asking) -> list[dict[str, Any]]:
        wanted = {plain(name) for names in told.metadata_columns.values() for name in names}
        listed: list[dict[str, Any]] = []
        for name, score in zip(found.ids, found.told, strict=True):
            one: dict[str, Any] = {"itemId": name, "score": score}
            if wanted:
                fields = service.shelf().fields(name)
                one["metadata"] = {
                    own: spelled(value) for own, value in fields.items() if plain(own) in wanted
                }
            listed.append(one)
        return listed

    @router.post("/recommendations")
    async def recommendations(request: Request) -> Response:
        must(request, "read")
        told = await body(request, Recommendations)
        if told.promotions:
            raise Problem(422, "promotions: not known here", hint="pin items with PUT /v1/rules/ID, kind pin")
        if told.user_id is None and told.item_id is None:
            raise Problem(422, "needs a userId or an itemId")
        like = (told.item_id,) if told.item_id else ()
        asked = Asked(told.user_id or "", k=told.num_results, items=like, scenario=scenario_of(service, told))
        found = await given(service, asked)
        return reply({"itemList": scored(found, told), "recommendationId": found.id})

    @router.post("/personalize-ranking")
    async def ranking(request: Request) -> Response:
        must(request, "read")
        told = await body(request, Ranking)
        if told.user_id is None:
            raise Problem(422, "needs a userId")
        items = tuple(dict.fromkeys(told.input_list))
        asked = Asked(
            told.user_id, candidates=items, k=len(items), repeat=True, scenario=scenario_of(service, told)
        )
        found = await given(service, asked)
        known = engine.world.model.data.items.vocabulary
        rest: list[dict[str, Any]] = [{"itemId": name} for name in items if name not in known]
        told_all = {"personalizedRanking": scored(found, told) + rest, "recommendationId": found.id}
        return reply(told_all)


def happened(router: APIRouter, service: Service) -> None:
    """Add the route of events."""
    engine = service.engine

    @router.post("/events")
    async def events(request: Request) -> Response:
        must(request, "write")
        told = await body(request, Events)
        if told.user_id is None and told.session_id is None:
            raise Problem(422, "needs a userId or a sessionId")
        now, acts = engine.clock(), []
        for place, one in enumerate(told.event_list):
            said = unpacked(one.properties or {}, f"eventList.{place}.properties")
            item = one.item_id or said.get("itemId")
            value = one.event_value if one.event_value is not None else said.get("eventValue")
            if not isinstance(item, str) or not item or "\0" in item or len(item) > 500:
                raise Problem(422, f"eventList.{place}: needs an itemId")
            if value is not None and (not isinstance(value, int | float) or abs(value) > 1e300):
                raise Problem(422, f"eventList.{place}: eventValue is no number")
            acts.append(
                Act(
                    told.user_id or "", item, one.event_type, moment(one.sent_at, now), value,
                    told.session_id or "", one.recommendation_id or "",
                )
            )  # fmt: skip
        ignored = sum(bool(one.impression) for one in told.event_list)
        answer = {"accepted": len(acts)} | ({"ignored_impressions": ignored} if ignored else {})
        response = await once(service, request, lambda answers: engine.observe(acts, answers), answer)
        counted(service, acts, kind_of)
        return response


def known(router: APIRouter, service: Service) -> None:
    """Add the routes of items and users."""
    engine = service.engine

    @router.post("/items")
    async def items(request: Request) -> Response:
        must(request, "write")
        told = (await body(request, Items)).items
        fields = {
            one.item_id: renamed(engine, split(engine, unpacked(one.properties, f"items.{place}.properties")))
            for place, one in enumerate(told)
        }
        work = await service.threaded(engine.changed_items, fields, by=request.scope["state"]["by"])
        answer: dict[str, Any] = {"accepted": len(fields)}
        if missing := engine.ignored(fields):
            answer["ignored_columns"] = missing
        return await once(service, request, lambda answers: engine.keep(work, answers), answer)

    @router.post("/users")
    async def users(request: Request) -> Response:
        must(request, "write")
        told = (await body(request, Users)).users
        columns = {plain(name): name for name in engine.world.model.data.users.table.columns}
        fields = {}
        for place, one in enumerate(told):
            said = unpacked(one.properties, f"users.{place}.properties")
            fields[one.user_id] = {columns.get(plain(name), name): value for name, value in said.items()}
        work = await service.threaded(engine.changed_users, fields, by=request.scope["state"]["by"])
        answer = {"accepted": len(fields)}
        return await once(service, request, lambda answers: engine.keep(work, answers), answer)


def unpacked(told: str | Mapping[str, Any], place: str) -> dict[str, Any]:
    """Return properties that came as JSON in a text; raises Problem for what is none."""
    if isinstance(told, str):
        try:
            told = orjson.loads(told)
        except ValueError as error:
            raise Problem(
                422, f"{place}: not JSON", hint='a text like "{\\"genre\\": \\"Comedy\\"}"'
            ) from error
    if not isinstance(told, dict):
        raise Problem(422, f"{place}: no JSON object")
    try:
        return dict(held(told))
    except ValueError as error:
        raise Problem(422, f"{place}: {error}") from error


def split(engine: Any, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields with several values in one text, joined by |, apart where a column holds lists."""
    table = engine.world.model.data.items.table
    lists = {plain(name) for name, dtype in table.schema.items() if str(dtype).startswith("List")}
    return {
        name: value.split("|") if isinstance(value, str) and plain(name) in lists else value
        for name, value in fields.items()
    }


def spelled(value: Any) -> str:
    """Return a value as Amazon's clients read it: text, several joined by |."""
    return "|".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
