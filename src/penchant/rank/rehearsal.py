"""The last slice of time, held out from training: what the blend and the search of settings learn on.

Three kinds of questions are asked of models that know only what came before:
- "return": the last tenth of the log in successive windows; each history is frozen at its window's start;
- "visit": the last fifth of the events of people who were active shortly before that, as if still browsing;
- "cold": as "return", but about items whose events were all taken away, so that only text can find them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.data.split import Window, between, last_fraction, windows, without_items
from penchant.metrics import counts, hits, ndcg
from penchant.models.scorer import best
from penchant.types import Query, Rows, Scores, Vectors

SLICE, WINDOWS, VISIT, COLD = 0.1, 4, 0.2, 0.1
LEAST_EVENTS = 5


@dataclass(frozen=True, slots=True)
class Questions:
    """Queries with what came true: `targets[q]` are rows, `again` tells whether items of the history count.

    `known` are the events up to the moment of asking, for models that are refitted in no time.
    """

    kind: str
    queries: list[Query]
    targets: list[Rows]
    known: Interactions
    again: bool = False


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """`train` is what models may see; `cold`, shape (n_items,), marks the items that were made cold."""

    train: Dataset
    questions: list[Questions]
    cold: NDArray[np.bool_]


def rehearse(data: Dataset, rng: Generator, *, most: int = 1_500) -> Rehearsal:
    """Hold out the last slice of time; at most `most` queries of each kind."""
    events = data.interactions
    cold = np.zeros(data.n_items, dtype=bool)
    if events.clock == "none":
        train, held = last_fraction(events, data.n_users, VISIT, np.arange(data.n_items))
        users = np.unique(held.users)
        users = users[sample(len(users), most, rng)]
        queries = data.with_interactions(train).queries(users)
        questions = [_asked("visit", queries, held, users, train, again=False)]
        return Rehearsal(data.with_interactions(train), [q for q in questions if q.queries], cold)
    slices = windows(events, SLICE, WINDOWS)
    if not slices:
        return Rehearsal(data, [], cold)
    past = events.where(events.times < slices[0].start)
    train, held = _hold_visits(past, data.n_users, most)
    cold = _made_cold(events, past, data.n_items, rng)
    questions = list(_visits(data, train, held))
    pasts = [events.where((events.times < window.start) & ~cold[events.items]) for window in slices]
    for kind in ("return", "again", "cold"):
        questions += list(_returns(data, events, slices, pasts, kind, cold, rng, most // len(slices)))
    train = without_items(train, np.flatnonzero(cold), data.n_items)[0]
    return Rehearsal(data.with_interactions(train), [q for q in questions if q.queries], cold)


def _hold_visits(past: Interactions, n_users: int, most: int) -> tuple[Interactions, Interactions]:
    """Hold out the last fifth of those who were active last, two fifths of all people at most."""
    sizes = np.bincount(past.users, minlength=n_users)
    latest = np.full(n_users, -np.inf)
    np.maximum.at(latest, past.users, past.times)
    able = np.flatnonzero(sizes >= LEAST_EVENTS)
    chosen = able[np.argsort(-latest[able], kind="stable")][: min(most, max(1, 2 * len(able) // 5))]
    asked = np.isin(past.users, chosen)
    order = np.arange(int(past.items.max(initial=0)) + 1)
    kept, held = last_fraction(past.where(asked), n_users, VISIT, order)
    both = (past.where(~asked), kept)
    joined = {
        name: np.concatenate([getattr(part, name) for part in both])
        for name in ("users", "items", "times", "weights", "values")
    }
    return Interactions.sorted(**joined, clock=past.clock), held


def _made_cold(events: Interactions, past: Interactions, n_items: int, rng: Generator) -> NDArray[np.bool_]:
    """Choose some of the items that have a past and a future."""
    both = np.intersect1d(np.unique(past.items), np.unique(events.items[events.times >= past.end]))
    cold = np.zeros(n_items, dtype=bool)
    cold[rng.choice(both, int(COLD * len(both)), replace=False)] = True
    return cold


def _visits(data: Dataset, train: Interactions, held: Interactions) -> Iterator[Questions]:
    """Ask in the order of time, in groups: what was popular then, and not what is popular now."""
    users, first = np.unique(held.users, return_index=True)
    for group in np.array_split(np.argsort(held.times[first], kind="stable"), WINDOWS):
        if not len(group):
            continue
        moment, asked = float(held.times[first[group]].min()), np.sort(users[group])
        queries = data.with_interactions(train).queries(asked, at=moment)
        yield _asked("visit", queries, held, asked, train.where(train.times < moment), again=False)


def _returns(
    data: Dataset,
    events: Interactions,
    slices: Sequence[Window],
    pasts: Sequence[Interactions],
    kind: str,
    cold: NDArray[np.bool_],
    rng: Generator,
    most: int,
) -> Iterator[Questions]:
    for window, before in zip(slices, pasts, strict=True):
        inside = between(events, window)
        inside = inside.where((inside.weights > 0) & (cold[inside.items] == (kind == "cold")))
        users = np.unique(inside.users)
        users = users[sample(len(users), most, rng)]
        queries = data.with_interactions(before).queries(users, at=window.start)
        yield _asked(kind, queries, inside, users, before, again=kind == "again")


def _asked(
    kind: str, queries: list[Query], held: Interactions, users: Rows, known: Interactions, *, again: bool
) -> Questions:
    """Pair queries with the distinct items that came true; those without any are left out."""
    start, end = np.searchsorted(held.users, users), np.searchsorted(held.users, users, side="right")
    kept, targets = [], []
    for query, first, last in zip(queries, start, end, strict=True):
        items = np.unique(held.items[first:last][held.weights[first:last] > 0])
        items = items if again else np.setdiff1d(items, query.rows)
        if len(items):
            kept.append(query)
            targets.append(items)
    return Questions(kind, kept, targets, known, again)


def sample(n: int, most: int, rng: Generator) -> Rows:
    """Return at most `most` of n places, in order."""
    return np.arange(n) if n <= most else np.sort(rng.choice(n, most, replace=False))


def marked(
    scores: Scores, queries: Sequence[Query], targets: Sequence[Rows], k: int, columns: Rows | None = None
) -> Vectors:
    """Return NDCG@k of each question by the scores of all items, (Q, I), which are spoilt.

    What the asker has is in no list; `columns` are the only items that may be listed, all where it is None.
    """
    for place, query in enumerate(queries):
        scores[place, query.rows] = -np.inf
    lists = best(scores, k)[0] if columns is None else columns[best(scores[:, columns], k)[0]]
    return np.asarray(ndcg(hits(lists, targets), counts(targets)))
