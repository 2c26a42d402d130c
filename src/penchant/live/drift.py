"""Drift: how far what happens now is from what the running bundle learned, and whether a refresh is due.

The population stability index of two distributions over bins is Σ (a − e) ln(a / e); below 0.1 they are
alike, above 0.25 they are not. Counts of few events differ by chance by about (bins − 1)(1/n + 1/m), which
is taken off.
"""

from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.live.engine import Engine
from penchant.live.records import Act, Record, Shown
from penchant.live.world import World

BINS = 10
NEWEST = 0.1
"""Part of the bundle's events, the newest, that live events are held against."""
LISTS, KINDS, FIRST = 50_000, 50, 500
"""Lists that wait for an answer, kinds that are counted apart, and live events that tell the usual kinds."""
HEAP = 200
SPANS = 48
"""Spans of time for which the hit rate is kept; as time goes on they get longer."""
SHIFTED, ENOUGH = 0.25, 200
UNKNOWN, GROWN = 0.05, 0.1
"""Parts of events with unknown items, and of new events beside the bundle's, from which on to learn again."""
Shares = NDArray[np.float64]


def stability(expected: Shares, found: Shares) -> float:
    """Return the population stability index of counts, (B,) each, less what chance alone gives; 0 for none.

    >>> round(stability(np.array([500.0, 500.0]), np.array([900.0, 100.0])), 2)
    0.87
    """
    n, m = float(expected.sum()), float(found.sum())
    if not n or not m:
        return 0.0
    there = (expected > 0) | (found > 0)
    e = (expected[there] + 0.5) / (n + 0.5 * there.sum())
    a = (found[there] + 0.5) / (m + 0.5 * there.sum())
    chance = (int(there.sum()) - 1) * (1 / n + 1 / m)
    return max(0.0, float(((a - e) * np.log(a / e)).sum()) - chance)


@dataclass(slots=True)
class Span:
    """Lists of a stretch of time, and how many of them were acted upon."""

    start: float
    lists: int = 0
    hits: int = 0


@dataclass
class Drift:
    """Counters in bounded memory since the running bundle was made; `begin` starts them from the journal."""

    engine: Engine
    version: str = ""
    bins: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    expected: Shares = field(default_factory=lambda: np.zeros(BINS + 1))
    found: Shares = field(default_factory=lambda: np.zeros(BINS + 1))
    before: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    events: int = 0
    unknown: int = 0
    places: int = 0
    cold: int = 0
    spans: list[Span] = field(default_factory=list)
    length: float = 3_600.0
    waiting: OrderedDict[str, Span | None] = field(default_factory=OrderedDict)
    heap: list[Record] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.begin()
        self.engine.listeners.append(self.heard)

    def begin(self) -> None:
        """Count anew for the running bundle, from the journal."""
        with self.engine.lock:
            world = self.engine.world
            self.version, self.bins = world.version, binned(world)
            newest = newest_rows(world)
            self.expected = np.bincount(self.bins[newest], minlength=BINS + 1).astype(np.float64)
            self.found, self.before, self.kinds = np.zeros(BINS + 1), Counter(), Counter()
            self.events = self.unknown = self.places = self.cold = 0
            self.spans, self.length, self.waiting = [], 3_600.0, OrderedDict()
            self.heap = []
            if world.seen:
                earlier = max(0, world.seen - 5_000)
                for number, record in self.engine.journal.replay(earlier):
                    if number > world.seen:
                        break
                    if isinstance(record, Act):
                        self._kind(record.kind, self.before)
            for _, record in self.engine.journal.replay(world.seen):
                self.heap.append(record)
                if len(self.heap) >= HEAP:
                    self._count()
            self._count()

    def heard(self, records: Sequence[Record]) -> None:
        """Note what happened; it is counted some hundred records at a time."""
        self.heap.extend(records)
        if len(self.heap) >= HEAP:
            with self.engine.lock:
                self._count()

    def _count(self) -> None:
        """Count what was noted, unless a bundle was just swapped in: then `begin` is on its way."""
        records, self.heap = self.heap, []
        if self.version != self.engine.world.version:
            return
        acts = [one for one in records if isinstance(one, Act)]
        shown = [one for one in records if isinstance(one, Shown)]
        if acts:
            at, unknown = self._bins([act.item for act in acts])
            self.found += np.bincount(at, minlength=BINS + 1)
            self.events, self.unknown = self.events + len(acts), self.unknown + unknown
        if shown:
            at, unknown = self._bins([item for one in shown for item in one.items])
            self.places += len(at) + unknown
            self.cold += int((at == BINS).sum()) + unknown
        for one in records:
            if isinstance(one, Act):
                self._did(one)
            elif isinstance(one, Shown):
                self._showed(one)

    def _bins(self, ids: Sequence[str]) -> tuple[NDArray[np.int64], int]:
        """Return the bins of known items (those that came in live are cold), and how many are unknown."""
        rows = self.engine.world.model.data.items.vocabulary.rows(ids)
        known = rows[rows >= 0]
        bins = np.full(len(known), BINS, dtype=np.int64)
        fitted = known < len(self.bins)
        bins[fitted] = self.bins[known[fitted]]
        return bins, len(rows) - len(known)

    def _kind(self, kind: str, into: Counter[str]) -> None:
        into[kind if kind in into or len(into) < KINDS else "other"] += 1

    def _did(self, act: Act) -> None:
        usual = self.before.total()
        self._kind(act.kind, self.before if usual < FIRST and not self.engine.world.seen else self.kinds)
        if act.recommendation and self.engine.weight(act) > 0:
            span = self.waiting.get(act.recommendation)
            if span is not None:
                span.hits += 1
                self.waiting[act.recommendation] = None  # once a list

    def _showed(self, shown: Shown) -> None:
        if not self.spans or shown.time >= self.spans[-1].start + self.length:
            self.spans.append(Span(shown.time))
            if len(self.spans) > SPANS:
                self._longer()
        self.spans[-1].lists += 1
        self.waiting[shown.id] = self.spans[-1]
        if len(self.waiting) > LISTS:
            self.waiting.popitem(last=False)

    def _longer(self) -> None:
        """Join spans in pairs."""
        self.length *= 2
        for one, two in zip(self.spans[::2], self.spans[1::2], strict=False):
            one.lists, one.hits = one.lists + two.lists, one.hits + two.hits
            for name, span in self.waiting.items():
                if span is two:
                    self.waiting[name] = one
        self.spans = self.spans[::2]

    # ---- what it comes to

    def told(self) -> dict[str, Any]:
        """Return the measures and the verdict as JSON holds them."""
        with self.engine.lock:
            if self.version != self.engine.world.version:  # swapped a moment ago
                self.begin()
            self._count()
            events = len(self.engine.world.model.data.interactions)
            names = sorted(set(self.before) | set(self.kinds))
            usual = np.array([self.before[name] for name in names], dtype=np.float64)
            now = np.array([self.kinds[name] for name in names], dtype=np.float64)
            measures: dict[str, Any] = {
                "events": self.events,
                "events_in_bundle": events,
                "popularity": stability(self.expected, self.found),
                "kinds": stability(usual, now) if now.sum() >= ENOUGH and usual.sum() >= ENOUGH else 0.0,
                "unknown_items": self.unknown / self.events if self.events else 0.0,
                "cold_places": self.cold / self.places if self.places else 0.0,
                "hit_rate": [
                    {"time": span.start, "lists": span.lists, "hits": span.hits} for span in self.spans
                ],
            }
            spans = list(self.spans)
        why = reasons(measures, spans)
        said = "; ".join(one["text"] for one in why) if why else "nothing calls for a refresh"
        return {"version": self.version, "due": bool(why), "verdict": said, "why": why, **measures}


def reasons(measures: dict[str, Any], spans: Sequence[Span]) -> list[dict[str, Any]]:
    """Return what calls for a refresh, each with a code for programs and a sentence for people."""
    found: list[dict[str, Any]] = []

    def add(code: str, value: float, text: str) -> None:
        found.append({"code": code, "value": value, "text": text})

    events, known = measures["events"], measures["events_in_bundle"]
    if events >= ENOUGH and measures["popularity"] > SHIFTED:
        add("popularity", measures["popularity"], "other items are popular than the bundle learned")
    if measures["kinds"] > SHIFTED:
        add("kinds", measures["kinds"], "other kinds of events come in than before")
    if events >= ENOUGH and measures["unknown_items"] > UNKNOWN:
        share = measures["unknown_items"]
        add("unknown", share, f"{share:.0%} of the events are with items that the bundle does not know")
    if events >= ENOUGH and events > GROWN * known:
        add("grown", events / max(1, known), f"{events:,} events came in beside the {known:,} of the bundle")
    fallen = fell(spans)
    if fallen is not None:
        add(
            "hit rate",
            fallen[1],
            f"of the lists {fallen[1]:.1%} are acted upon now, {fallen[0]:.1%} at first",
        )
    return found


def fell(spans: Sequence[Span]) -> tuple[float, float] | None:
    """Return the hit rates of the first and the second half of the time where the second is surely lower.

    The last span is left out where there are others: its lists may still be answered.
    """
    done = spans[:-1]
    if len(done) < 2:
        return None
    halves = done[: len(done) // 2], done[len(done) // 2 :]
    (a, n), (b, m) = ((sum(s.hits for s in half), sum(s.lists for s in half)) for half in halves)
    if min(n, m) < ENOUGH:
        return None
    mean = (a + b) / (n + m)
    spread = sqrt(max(mean * (1 - mean), 1e-9) * (1 / n + 1 / m))
    return (a / n, b / m) if a / n - b / m > 4 * spread else None  # lists of one person are alike: 4, not 2


def newest_rows(world: World) -> NDArray[np.int64]:
    """Return the items of the newest of the bundle's events, with repeats."""
    events = world.model.data.interactions
    if not len(events):
        return np.empty(0, dtype=np.int64)
    if events.clock == "none":
        return np.asarray(events.items, dtype=np.int64)
    late = events.times >= np.quantile(events.times, 1 - NEWEST)
    return np.asarray(events.items[late], dtype=np.int64)


def binned(world: World) -> NDArray[np.int64]:
    """Return a bin for each of the bundle's own items: by popularity, about equally many of the newest events
    in each; the last bin is of items without any event.
    """
    n_items, data = world.fitted, world.model.data
    counts = np.bincount(data.interactions.items, minlength=n_items)[:n_items]
    newest = np.bincount(newest_rows(world), minlength=n_items)[:n_items]
    order = np.lexsort((np.arange(n_items), -counts))
    before = np.cumsum(newest[order]) - newest[order]
    bins = np.empty(n_items, dtype=np.int64)
    bins[order] = np.minimum(before * BINS // max(1, int(newest.sum())), BINS - 1)
    bins[counts == 0] = BINS
    return bins
