"""Routes that the page needs to begin with: what this catalogue is like, who there is, what somebody did."""

from typing import Any

import numpy as np
import polars as pl
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from penchant.errors import UnknownIdError
from penchant.language.describe import describe
from penchant.live.asked import Asked
from penchant.live.engine import Engine
from penchant.live.world import World
from penchant.serve.service import Service, must, reply

SAMPLE = 300
"""Items that are looked at to tell what the catalogue is like."""
EXAMPLES = 6
PICTURES = ("https://", "data:image/")
"""What the address of a picture begins with that the page may show (see guard.POLICY)."""
MOST = 50


def routes(service: Service) -> APIRouter:
    """Return the routes."""
    router, engine = APIRouter(tags=["page"]), service.engine

    @router.get("/v1/about", summary="What is served: the bundle, the catalogue, what can be asked")
    async def about(request: Request) -> Response:
        must(request, "read")
        return reply(await service.threaded(told_about, service))

    @router.get("/v1/users", summary="Users of the bundle whose ids begin with some letters")
    async def users(request: Request, q: str = "", limit: int = 10) -> Response:
        must(request, "read")
        return reply(await service.threaded(beginning, engine.world, q, min(max(limit, 1), MOST)))

    @router.get("/v1/history", summary="What a user, or a session, did last, as far as it may be used")
    async def history(request: Request, user: str = "", session: str = "", limit: int = 12) -> Response:
        must(request, "read")
        return reply(await service.threaded(lately, engine, user, session, min(max(limit, 1), MOST)))

    return router


def told_about(service: Service) -> dict[str, Any]:
    """Say what is served."""
    world = service.engine.world
    model = world.model
    items, first = model.data.items, np.arange(min(SAMPLE, model.data.n_items))
    described = any(describe(items.rows(first))) if items.table.width else False
    events = len(model.data.interactions)
    return {
        "model_version": world.version,
        "items": model.data.n_items,
        "users": model.data.n_users,
        "events": events,
        "title": items.title,
        "picture": picture(items.table.head(SAMPLE)),
        "columns": items.table.columns,
        "ask": described and service.settings.texts,
        "described": described,
        "vectors": bool(model.knowledge.raw.shape[1]) and bool(model.knowledge.known.any()),
        "words": world.encoder is not None and bool(model.knowledge.raw.shape[1]),
        "help_desk": described and not events,
        "examples": examples(world),
    }


def picture(table: pl.DataFrame) -> str | None:
    """Return the column that holds addresses of pictures, None where there is none."""
    for name, dtype in table.schema.items():
        if dtype == pl.String:
            cells = table[name].drop_nulls()
            hinted = any(part in name.lower() for part in ("image", "img", "cover", "poster", "pic", "thumb"))
            plain = cells.str.starts_with(PICTURES[0])
            ending = cells.str.contains(r"(?i)\.(jpe?g|png|webp|gif|avif|svg)(\?|$)")
            shown = (plain if hinted else plain & ending) | cells.str.starts_with(PICTURES[1])
            if len(cells) and 2 * int(shown.sum()) >= len(cells):
                return name
    return None


def examples(world: World) -> list[dict[str, Any]]:
    """Return a few users, from those who did least to those who did most."""
    data = world.model.data
    if not data.n_users or not len(data.interactions):
        return []
    counts = np.bincount(data.interactions.users, minlength=data.n_users)
    order = np.argsort(counts, kind="stable")
    order = order[counts[order] > 0]
    places = np.unique(np.linspace(0.02 * len(order), 0.98 * (len(order) - 1), EXAMPLES).astype(np.int64))
    rows = order[np.minimum(places, len(order) - 1)]
    ids = data.users.vocabulary.texts(rows)
    return [{"id": name, "events": int(n)} for name, n in zip(ids, counts[rows], strict=True)]


def beginning(world: World, q: str, limit: int) -> dict[str, Any]:
    """Return users whose ids begin with some letters, the shortest ids first."""
    ids = world.model.data.users.vocabulary.ids.cast(pl.String)
    found = ids.filter(ids.str.starts_with(q))
    found = found.gather(found.str.len_chars().arg_sort().head(limit)) if len(found) else found
    return {"users": [{"id": name} for name in found.to_list()]}


def lately(engine: Engine, user: str, session: str, limit: int) -> dict[str, Any]:
    """Return the last items of a history, newest first, with what each weighs."""
    query = engine.query(Asked(user=user, session=session))
    items = engine.world.model.data.items
    rows, weights = query.rows[::-1][:limit], query.weights[::-1][:limit]
    told = [
        {"id": name, "title": title[:500], "weight": float(weight)}
        for name, title, weight in zip(
            items.vocabulary.texts(rows), items.titles(rows), weights.tolist(), strict=True
        )
    ]
    return {"items": told, "total": len(query.rows), "person": profile(engine, user)}


def profile(engine: Engine, user: str) -> dict[str, Any] | None:
    """Return what is known of a user; None for a session, and for somebody of whom nothing is."""
    try:
        return engine.profile(user) if user else None
    except UnknownIdError:
        return None
