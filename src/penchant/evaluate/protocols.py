"""Protocols: what is learned from, who is asked what, and which later items should have been listed.

A protocol cuts a data set into folds. A contender learns from the `train` of a fold and answers its tasks;
nothing else of the data set is shown to it. The same cut, applied to a training part, gives the validation on
which baselines are tuned. This file knows nothing of models or metrics.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.data.split import (
    between,
    cold_items,
    id_ranks,
    known_before,
    last_fraction,
    last_one,
    windows,
    without_items,
)
from penchant.errors import SettingError
from penchant.evaluate.prequential import step_by_step
from penchant.evaluate.tasks import FROZEN, NEW, REPEATS, Fold, Task
from penchant.types import Rows

__all__ = ["FROZEN", "NEW", "PROTOCOLS", "REPEATS", "Fold", "Protocol", "Task", "over_time", "protocol_named"]


@dataclass(frozen=True, slots=True)
class Protocol:
    """A way to cut. `warning` says what leaks; `pooled` puts the rows of all folds into one mean.

    Without `pooled` each fold counts alike. `validation` cuts a training part in the same manner.
    """

    name: str
    summary: str
    warning: str
    folds: Callable[[Dataset], Iterator[Fold]]
    validation: Callable[[Dataset], Iterator[Fold]]
    pooled: bool = True


def over_time(data: Dataset, share: float = 0.1, n: int = 5) -> Iterator[Fold]:
    """Cut at the start of each of n windows over the last `share` of the events; histories end there."""
    events, first = data.interactions, True
    for number, window in enumerate(windows(events, share, n), start=1):
        train = known_before(data, window.start)
        later = between(events, window)
        all_pairs = _pairs(later, data.n_items)
        fresh = all_pairs[~np.isin(all_pairs, _met(train))]
        everything = _task(REPEATS, train, all_pairs, at=window.start, repeat=True)
        tasks = (_part(everything, NEW, fresh, train.n_items), everything)
        if len(tasks[1]):
            yield Fold(f"window {number}", train, tasks, first, later)
            first = False


def last_part(data: Dataset, fraction: float = 0.2) -> Iterator[Fold]:
    """Cut off each user's last part; events of one moment are in the order of the items' ids."""
    events, ties = data.interactions, id_ranks(data.items.vocabulary)
    if events.clock == "none":  # its order is random, user by user; that of the ids would be the same for all
        ordered = replace(events, times=np.arange(len(events), dtype=np.float64))
        parts = last_fraction(ordered, data.n_users, fraction, ties)
        before, later = (replace(part, times=np.zeros(len(part))) for part in parts)
    else:
        before, later = last_fraction(events, data.n_users, fraction, ties)
    yield from _by_user(data, before, later)


def last_item(data: Dataset) -> Iterator[Fold]:
    """Cut off each user's last event."""
    yield from _by_user(data, *last_one(data.interactions, data.n_users))


def cold_draws(data: Dataset, draws: int = 3) -> Iterator[Fold]:
    """Take all events from a fifth of the items, drawn anew for each fold, and rank these items alone."""
    for number, rows in enumerate(cold_items(data.items.vocabulary, draws), start=1):
        yield from _cold(data, rows, f"draw {number}")


def cold_validation(train: Dataset) -> Iterator[Fold]:
    """Take all events from a fifth of the items that have some: a draw over all would meet cold ones."""
    warm = np.flatnonzero(train.item_counts())
    by_id = warm[np.argsort(id_ranks(train.items.vocabulary)[warm])]
    rows = np.random.default_rng(1).permutation(by_id)[: len(by_id) // 5]
    yield from _cold(train, np.sort(rows), "validation")


_BY_USER = "each user is cut at another moment: what others did later is learned from, so live lists do worse"
PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        Protocol(
            "time",
            "five successive windows over the last tenth of the events; all is learned from what came before",
            "",
            over_time,
            over_time,
        ),
        Protocol("last20", "the last 20 % of each user's events", f"leaks: {_BY_USER}", last_part, last_part),
        Protocol("last1", "each user's last event", f"leaks: {_BY_USER}", last_item, last_item),
        Protocol(
            "cold20",
            "a fifth of the items lose all their events and are ranked alone; mean of three draws",
            "leaks: the items are drawn at random, they are not new: histories hold events later than theirs",
            cold_draws,
            cold_validation,
            pooled=False,
        ),
        Protocol(
            "prequential",
            "the last tenth of the events, one by one: recommend, score, learn, next; five windows",
            "",
            partial(step_by_step, most=1_000, compare=True),
            partial(step_by_step, most=200),
        ),
    )
}
"""By the name that the command line takes."""


def protocol_named(name: str) -> Protocol:
    """Return a protocol by name. Raises SettingError where there is none."""
    if name not in PROTOCOLS:
        raise SettingError(f"protocol: there is no '{name}'", hint=f"choose one of {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]


def _by_user(data: Dataset, before: Interactions, later: Interactions) -> Iterator[Fold]:
    """One fold from a cut of each user's events; all are asked at the end of the training part."""
    # A request of a known user may come from after the cut.
    asked = data.requests.filter(pl.col("user") < 0)
    train = replace(data, interactions=before, requests=asked)
    fresh = _pairs(later, data.n_items)
    task = _task(NEW, train, fresh[~np.isin(fresh, _met(train))], at=train.end)
    if len(task):
        yield Fold("all", train, (task,), later=later)


def _cold(data: Dataset, rows: Rows, name: str) -> Iterator[Fold]:
    warm, cold = without_items(data.interactions, rows, data.n_items)
    named = pl.col("items").list.eval(pl.element().is_in(rows.tolist())).list.any()
    train = replace(data, interactions=warm, requests=data.requests.filter(~named))
    task = _task("cold items", train, _pairs(cold, data.n_items), at=train.end, candidates=rows)
    if len(task):
        yield Fold(name, train, (task,), later=cold)


def _pairs(events: Interactions, n_items: int) -> Rows:
    """Number each pair of a user and an item that was wanted, once, ascending."""
    wanted = events.weights > 0
    return np.unique(events.users[wanted] * n_items + events.items[wanted])


def _met(train: Dataset) -> Rows:
    """Number all pairs of a training part, those of negative feedback too: none of them is new."""
    return np.unique(train.interactions.users * train.n_items + train.interactions.items)


def _part(whole: Task, table: str, pairs: Rows, n_items: int) -> Task:
    """Ask some of a task's users, with the same queries, for the items of the pairs."""
    users, starts = np.unique(pairs // n_items, return_index=True)
    targets = np.split(pairs % n_items, starts[1:]) if len(users) else []
    queries = [whole.queries[place] for place in np.searchsorted(whole.users, users)]
    return Task(table, users, queries, targets)


def _task(
    table: str,
    train: Dataset,
    pairs: Rows,
    *,
    at: float,
    candidates: Rows | None = None,
    repeat: bool = False,
) -> Task:
    """Ask every user of the pairs for the items of the pairs."""
    users, starts = np.unique(pairs // train.n_items, return_index=True)
    targets = np.split(pairs % train.n_items, starts[1:]) if len(users) else []
    return Task(table, users, train.queries(users, at=at), targets, candidates, repeat)
