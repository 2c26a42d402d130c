"""What the adapters for other services' request shapes share: moments, columns, lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from penchant.data.columns import plain
from penchant.live.asked import Asked, Given
from penchant.live.engine import Engine
from penchant.live.records import Act, Change
from penchant.requests.wanted import Filter
from penchant.serve.problems import Problem
from penchant.serve.service import Service

LATEST_MOMENT = 4_102_444_800.0
CATEGORIES = ("categories", "category", "genres", "genre")
"""Columns that may hold what another service calls categories, the first that the catalogue has."""
When = Annotated[str, Field(max_length=64)] | Annotated[FiniteFloat, Field(ge=0, le=LATEST_MOMENT)] | None
"""A moment as others write it: ISO 8601, or seconds UTC."""


class Loose(BaseModel):
    """A body of another service: unknown fields are refused, numbers and texts are not exchanged."""

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)


def moment(told: str | float | None, now: float) -> float:
    """Return seconds UTC; now for none, and for the zero time by which some clients mean none.

    Raises Problem for what is no moment.
    """
    if told is None or told == "":
        return now
    if isinstance(told, int | float):
        return float(told)
    try:
        found = datetime.fromisoformat(told.strip())
    except ValueError as error:
        raise Problem(422, f"{told[:40]!r} is no moment", hint="like 2024-05-31T12:00:00Z") from error
    if found.year <= 1:
        return now
    seconds = (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    if not 0 <= seconds <= LATEST_MOMENT:
        raise Problem(422, f"{told[:40]!r}: before 1970 or after 2100")
    return seconds


def renamed(engine: Engine, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields by the names of the catalogue's columns, whatever their case and underscores."""
    items = engine.world.model.data.items
    known = {plain(name): name for name in items.table.columns}
    if items.title:
        known.setdefault("title", items.title)
    return {known.get(plain(name), name): value for name, value in fields.items()}


def in_category(engine: Engine, category: str) -> tuple[Filter, ...]:
    """Return the filter by a category; raises Problem where the catalogue has no column of them."""
    if not category:
        return ()
    names = {plain(name): name for name in engine.world.attributes.names}
    column = next((names[name] for name in CATEGORIES if name in names), None)
    if column is None:
        raise Problem(
            422, "category: the catalogue has no such column", hint=f"one of {', '.join(CATEGORIES)}"
        )
    return (Filter(column, tokens=(category,)),)


async def given(service: Service, asked: Asked) -> Given:
    """Return a list, counted and journaled like any other."""
    found = service.engine.kept(asked)
    if found is None:
        found = await service.threaded(service.engine.recommend, asked)
    service.measures.lists.labels(found.policy, found.version[:12], found.fallback or "no").inc()
    return found


def counted(service: Service, acts: Sequence[Act], kind_of: Any) -> None:
    """Count events that were acknowledged."""
    for act in acts:
        service.measures.events.labels(kind_of(act.kind)).inc()


@dataclass(slots=True)
class Newest:
    """Items by the moment at which they came in: when they were posted, or at their first event."""

    engine: Engine
    stamp: tuple[str, int] = ("", -1)
    moments: Mapping[str, float] = field(default_factory=dict)

    def first(self, n: int, allowed: Any) -> list[tuple[str, float]]:
        """Return the n newest rows of the catalogue that `allowed` (n_items,) admits, with their moments."""
        world, data = self.engine.world, self.engine.world.model.data
        if self.stamp != (world.version, self.engine.rules.stamp):
            live: dict[str, float] = {}
            for _, change in self.engine.journal.changes("item"):
                came(live, change)
            self.moments, self.stamp = live, (world.version, self.engine.rules.stamp)
        moments = np.full(data.n_items, -np.inf)
        events, n_items = data.interactions, world.fitted
        first = np.full(n_items, np.inf)
        np.minimum.at(first, events.items, events.times)
        moments[:n_items] = np.where(np.isfinite(first), first, -np.inf)
        rows = data.items.vocabulary.rows(list(self.moments))
        live_moments = np.array(list(self.moments.values()))
        new = rows >= n_items
        moments[rows[new]] = live_moments[new]
        moments[~allowed] = -np.inf
        best = np.argsort(-moments, kind="stable")[:n]
        best = best[np.isfinite(moments[best])]
        return list(zip(data.items.vocabulary.texts(best), moments[best].tolist(), strict=True))


def came(live: dict[str, float], change: Change) -> None:
    """Note when an item came in."""
    if change.action == "delete":
        live.pop(change.id, None)
    else:
        live.setdefault(change.id, change.time)
