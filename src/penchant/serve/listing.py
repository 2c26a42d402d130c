"""Routes that give lists: recommend, rank, similar, and why an item was in one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from penchant.errors import UnknownIdError
from penchant.explain.reasons import sentence
from penchant.explain.wording import Lang
from penchant.live.asked import Asked, Boost, Given
from penchant.live.effect import effect
from penchant.live.records import Act
from penchant.serve.properties import Shelf
from penchant.serve.schemas import Past, Rank, Recommend
from penchant.serve.service import Service, body, documented, must, reply
from penchant.types import Reason

NAMED = 20
"""Items of a history that one piece of evidence names."""


def asked_of(told: Recommend, user: str, at: float) -> Asked:
    """Return a request as the engine takes it."""
    return Asked(
        user=user,
        session=told.session or "",
        history=None if told.history is None else [past(one, at) for one in told.history],
        text=told.text or "",
        items=tuple(told.items),
        k=told.k,
        candidates=None if told.candidates is None else tuple(told.candidates),
        exclude=tuple(told.exclude),
        filters=tuple(one.plain() for one in told.filter),
        boosts=tuple(
            Boost(one.times, tuple(one.items), one.filter.plain() if one.filter else None)
            for one in told.boost
        ),
        repeat=told.repeat if isinstance(told.repeat, bool) else told.repeat.plain(),
        diversity=told.diversity,
        explore=told.explore,
        seed=told.seed,
        scenario=told.scenario,
        explain=told.explain,
        lang=told.lang,
    )


def past(one: Past | str, at: float) -> Act:
    """Return an event of a history that was given along."""
    if isinstance(one, str):
        return Act("", one, "interaction", at)
    return Act("", one.item, one.kind, at if one.time is None else one.time, one.value)


def plain(reasons: Sequence[Reason], ids: Any) -> list[dict[str, Any]]:
    """Return reasons as JSON holds them; items of the history by their ids."""
    return [
        {
            "evidence": one.evidence,
            "text": one.text,
            "share": round(float(one.share), 6),
            "items": ids.texts(np.array(one.items[:NAMED], dtype=np.int64)) if one.items else [],
        }
        for one in reasons
    ]


def answered(given: Given, shelf: Shelf, properties: bool | list[str], lang: Lang = "en") -> dict[str, Any]:
    """Return a list as JSON holds it; its items are made into JSON once, as long as nothing changes."""
    key = (tuple(properties) if isinstance(properties, list) else properties, bool(given.reasons), lang)
    items = given.rendered.get(key)
    if items is None:
        items = given.rendered[key] = orjson.Fragment(orjson.dumps(itemised(given, shelf, properties, lang)))
    found: dict[str, Any] = {
        "recommendation_id": given.id,
        "items": items,
        "model_version": given.version,
        "policy": given.policy,
        "propensities": given.chances,
        "fallback": given.fallback or None,
    }
    if given.arm:
        found["arm"] = given.arm
    return found | ({"unknown": list(given.unknown)} if given.unknown else {})


def itemised(given: Given, shelf: Shelf, properties: bool | list[str], lang: Lang) -> list[dict[str, Any]]:
    """Return the items of a list, with what is asked for."""
    ids, items = given.names or shelf.world.model.data.items.vocabulary, []
    for place, (name, score) in enumerate(zip(given.ids, given.told, strict=True)):
        one: dict[str, Any] = {"id": name, "score": score}
        if properties:
            one["properties"] = shelf.of(name, properties)
        if given.reasons:
            told = given.reasons[place]
            one["reason"] = sentence([(r.evidence, r.text, r.share) for r in told], lang=lang)
            one["evidence"] = plain(told, ids)
        items.append(one)
    return items


def routes(service: Service) -> APIRouter:
    """Return the routes."""
    router, engine = APIRouter(tags=["lists"]), service.engine

    def made(asked: Asked, told: Recommend) -> Given:
        given = engine.recommend(asked)
        answered(given, service.shelf(), told.properties, told.lang)  # the loop then finds it rendered
        return given

    async def listed(request: Request, told: Recommend) -> Response:
        user = service.user(request, told.user)
        asked = asked_of(told, user, engine.clock())
        given = engine.kept(asked)
        if given is None:
            given = await service.threaded(made, asked, told)
        service.measures.list_given(given.policy, given.version, given.fallback)
        found = answered(given, service.shelf(), told.properties, told.lang)
        if told.measures:
            found["measures"] = await service.threaded(effect, engine, asked, given)
        if asked.text.strip() and given.query.text is None:
            found["text_read"] = False
        return reply(found)

    @router.post("/v1/recommend", openapi_extra=documented(Recommend), summary="A list for somebody")
    async def recommend(request: Request) -> Response:
        return await listed(request, await body(request, Recommend))

    service.direct["/v1/recommend"] = recommend

    @router.post("/v1/rank", openapi_extra=documented(Rank), summary="The caller's items in order")
    async def rank(request: Request) -> Response:
        must(request, "read")
        told = await body(request, Rank)
        told.k = max(1, min(1_000, len(set(told.candidates)))) if "k" not in told.model_fields_set else told.k
        return await listed(request, told)

    @router.get("/v1/similar/{item:path}", summary="Items like one")
    async def similar(request: Request, item: str, k: int = 10) -> Response:
        must(request, "read")
        if item not in engine.world.model.data.items.vocabulary:
            raise UnknownIdError(f"no item {item[:100]!r}")
        told = Recommend(items=[item], k=min(max(k, 1), 1_000))
        return await listed(request, told)

    explaining(router, service)
    return router


def explaining(router: APIRouter, service: Service) -> None:
    """Add the route that says why an item was in a list."""
    engine = service.engine

    @router.get("/v1/explain/{recommendation_id}/{item:path}", summary="Why an item was in a list")
    async def explain(request: Request, recommendation_id: str, item: str, lang: Lang = "en") -> Response:
        must(request, "read")
        found = await service.threaded(engine.why, recommendation_id, item, lang)
        told = plain(found.reasons, found.names)
        total = sum(max(0.0, one["share"]) for one in told) or 1.0
        items = engine.world.model.data.items
        named = list(dict.fromkeys(one for part in told for one in part["items"]))
        titles = [title[:500] for title in items.titles(items.vocabulary.rows(named))] if named else []
        return reply(
            {
                "recommendation_id": recommendation_id, "item": item, "exact": found.exact,
                "reason": sentence([(r.evidence, r.text, r.share) for r in found.reasons], lang=lang),
                "evidence": [one | {"part": round(one["share"] / total, 4)} for one in told],
                "sources": {name: round(share, 6) for name, share in found.sources.items()},
                "titles": dict(zip(named, titles, strict=True)),
                "score": found.score, "propensity": found.propensity, "position": found.position,
            }
        )  # fmt: skip
