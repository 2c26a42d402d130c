"""Routes for the page of those in charge: how the service does, and what happens as it happens."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from itertools import islice
from typing import Any

import numpy as np
import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from penchant.live.records import Act, Change, Record, Shown
from penchant.serve.measures import Measures
from penchant.serve.service import Service, must, reply
from penchant.serve.tally import Tally

BEAT = 1.0
"""Seconds between two looks into the journal for the event stream."""
LATEST = 20
"""Records that an event stream begins with."""
AT_ONCE = 100
"""Records of one beat; of a stretch with more the rest is told as a number."""
NAMED = 500
"""Items of decisions whose titles are told."""


def routes(service: Service) -> APIRouter:
    """Return the routes."""
    router, tally = APIRouter(tags=["operation"]), Tally(service.engine)

    @router.get(
        "/v1/admin/summary", summary="How the service does: traffic, acceptance, catalogue, decisions"
    )
    async def summary(request: Request) -> Response:
        must(request, "admin")
        await asyncio.to_thread(tally.read)
        return reply(await asyncio.to_thread(summed, service, tally))

    @router.get("/v1/admin/stream", summary="What happens, as server-sent events")
    async def stream(request: Request) -> Response:
        must(request, "admin")
        return StreamingResponse(happening(service, request), media_type="text/event-stream")

    return router


def summed(service: Service, tally: Tally) -> dict[str, Any]:
    """Return everything that the page shows, as JSON holds it."""
    engine, measures = service.engine, service.measures
    ruled = (one for body in list(engine.rules.known.values()) for one in body.get("items", ()))
    named = list(dict.fromkeys([*engine.rules.waiting, *ruled]))[:NAMED]
    rows = engine.world.model.data.items.vocabulary.rows(named)
    known = rows[rows >= 0]
    names, titles = (
        engine.world.model.data.items.vocabulary.texts(known), engine.world.model.data.items.titles(known)
    )  # fmt: skip
    return {
        "time": engine.clock(),
        "model_version": engine.world.version,
        "traffic": measures.traffic.rates(),
        "latency": latencies(measures),
        "lists": lists(measures),
        "acceptance": tally.told(),
        "catalogue": catalogue(service),
        "rules": [{"id": name, **body} for name, body in list(engine.rules.known.items())],
        "waiting": sorted(engine.rules.waiting)[:NAMED],
        "titles": {one: title[:300] for one, title in zip(names, titles, strict=True)},
        "consent": consents(service),
        "people": len(engine.people),
        "people_most": engine.people.most,
        "impressions_lost": engine.lost,
        "journal": {"bytes": engine.journal.size(), "records": engine.journal.last()},
    }


def latencies(measures: Measures) -> list[dict[str, Any]]:
    """Return quantiles of the seconds to an answer by route, over the latest requests, the busiest first."""
    found: dict[str, list[float]] = {}
    for _, route, _, seconds in list(measures.latest):
        if route.startswith("/v1/") and not route.endswith("/stream"):
            found.setdefault(route, []).append(seconds)
    return [
        {"route": route, "requests": len(all_), "quantiles": np.quantile(all_, (0.5, 0.9, 0.99)).tolist()}
        for route, all_ in sorted(found.items(), key=lambda one: -len(one[1]))[:12]
    ]


def lists(measures: Measures) -> dict[str, Any]:
    """Return the lists given since the start by policy, bundle and what they rest on."""
    counted: list[dict[str, Any]] = [
        {**sample.labels, "lists": int(sample.value)}
        for metric in measures.lists.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    ]
    total = sum(one["lists"] for one in counted)
    rested = sum(one["lists"] for one in counted if one["fallback"] != "no")
    return {"total": total, "by": counted, "fallback_share": rested / total if total else None}


def catalogue(service: Service) -> dict[str, int]:
    """Count items by what there is of them."""
    engine = service.engine
    world, rules = engine.world, engine.rules
    data = world.model.data
    return {
        "items": data.n_items - len(engine.gone),
        "without_text": int((~world.model.knowledge.known).sum()),
        "without_events": int((data.item_counts() == 0).sum()),
        "live_added": data.n_items - world.fitted,
        "removed": len(engine.gone),
        "waiting": len(rules.waiting),
        "blocked": len(rules.items("block")),
        "hidden": len(rules.items("hide")),
        "pinned": len(rules.items("pin")),
    }


def consents(service: Service) -> dict[str, int]:
    """Count the users who agreed to less than everything, by what they agreed to."""
    latest = {
        change.id: str(change.body.get("consent")) for _, change in service.engine.journal.changes("consent")
    }
    return dict(Counter(one for one in latest.values() if one != "full"))


async def happening(service: Service, request: Request) -> AsyncIterator[bytes]:
    """Yield what happens until the reader leaves, and how many requests there were."""
    journal = service.engine.journal
    after = max(0, journal.last() - LATEST)
    while not (service.ending.is_set() or await request.is_disconnected()):
        last = journal.last()
        if last > after:
            found = await asyncio.to_thread(records, service, after)
            for number, told in found:
                after = number
                yield b"id: %d\ndata: %s\n\n" % (number, orjson.dumps(told))
            if len(found) >= AT_ONCE and journal.last() - after > AT_ONCE:
                skipped, after = journal.last() - after, journal.last()
                yield b"event: skipped\ndata: %d\n\n" % skipped
        now = service.measures.traffic.rates()["requests"][-1]
        yield b"event: beat\ndata: %s\n\n" % orjson.dumps({"time": time.time(), "rate": now})
        await asyncio.sleep(BEAT)


def records(service: Service, after: int) -> list[tuple[int, dict[str, Any]]]:
    """Return the next records of the journal as the stream tells them."""
    return [(number, line(one)) for number, one in islice(service.engine.journal.replay(after), AT_ONCE)]


def line(record: Record) -> dict[str, Any]:
    """Return a record in a few fields."""
    if isinstance(record, Act):
        return {"what": "act", "time": record.time, "user": record.user, "session": record.session,
                "kind": record.kind, "item": record.item, "list": record.recommendation}  # fmt: skip
    if isinstance(record, Shown):
        return {"what": "shown", "time": record.time, "user": record.user, "session": record.session,
                "policy": record.policy, "items": len(record.items), "list": record.id}  # fmt: skip
    assert isinstance(record, Change)
    return {"what": "change", "time": record.time, "subject": record.subject, "id": record.id,
            "action": record.action, "by": record.by}  # fmt: skip
