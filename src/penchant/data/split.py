"""Cuts of events into a past to learn from and a future to be judged by."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.data.vocabulary import Vocabulary
from penchant.types import Rows


class Window(NamedTuple):
    """A span of time: the events with start <= time < end; the last window's end is infinite."""

    start: float
    end: float


def at_time(events: Interactions, moment: float) -> tuple[Interactions, Interactions]:
    """Cut at a moment: what was before it, and what was at it or after."""
    before = events.times < moment
    return events.where(before), events.where(~before)


def known_before(data: Dataset, moment: float) -> Dataset:
    """Return what was known before a moment; a request without a time may be later, and is left out."""
    asked = data.requests.filter(pl.col("time").is_not_null() & (pl.col("time") < moment))
    said = data.said.filter(pl.col("time") < moment)
    return replace(data, interactions=at_time(data.interactions, moment)[0], requests=asked, said=said)


def between(events: Interactions, window: Window) -> Interactions:
    """Return the events of a window."""
    return events.where((events.times >= window.start) & (events.times < window.end))


def windows(events: Interactions, share: float = 0.1, n: int = 5) -> list[Window]:
    """Divide the last `share` of the events into n successive windows of about equally many events.

    Events of one moment are never torn apart, so that a log with few moments may give fewer windows;
    what is before the first window is never empty.
    """
    times = np.sort(events.times)
    if not len(times) or times[0] == times[-1]:
        return []
    first = (1.0 - share) * len(times)
    positions = np.ceil(first + share * len(times) * np.arange(n) / n - 1e-9).astype(np.int64)
    starts = np.unique(times[positions[positions < len(times)]])
    starts = starts[starts > times[0]]
    if not len(starts):  # the last moment alone holds more than its share
        starts = times[-1:]
    ends = [*starts[1:].tolist(), float("inf")]
    return [Window(start, end) for start, end in zip(starts.tolist(), ends, strict=True)]


def last_fraction(
    events: Interactions, n_users: int, fraction: float, tiebreak: Rows
) -> tuple[Interactions, Interactions]:
    """Cut off each user's last part, from position floor((1 - fraction) * n) on.

    Args:
        events: The order within a user is by time, then by `tiebreak`.
        n_users: Users in the vocabulary.
        fraction: The part of each user's events that is cut off.
        tiebreak: Rank of each item among events of one moment, shape (n_items,); see `id_ranks`.
    """
    # The small constant undoes what floats lose: 0.8 * 5 must not become 3
    return _cut(events, n_users, lambda n: np.floor((1.0 - fraction) * n + 1e-9).astype(np.int64), tiebreak)


def last_one(
    events: Interactions, n_users: int, tiebreak: Rows | None = None
) -> tuple[Interactions, Interactions]:
    """Cut off each user's last event, by time and then by `tiebreak` (by default the order of the file)."""
    return _cut(events, n_users, lambda n: n - 1, tiebreak)


def id_ranks(vocabulary: Vocabulary) -> Rows:
    """Return the rank of each row by ascending id, shape (n,): by number where all ids are numbers."""
    ids = vocabulary.ids
    frame = pl.DataFrame({"number": ids.cast(pl.Int64, strict=False), "text": ids.cast(pl.String)})
    keys = ["text"] if frame["number"].null_count() else ["number", "text"]  # 7 and 007 may both be ids
    order = frame.with_row_index("row").sort(keys)["row"].to_numpy()
    ranks = np.empty(len(ids), dtype=np.int64)
    ranks[order] = np.arange(len(ids))
    return ranks


def cold_items(vocabulary: Vocabulary, draws: int = 3) -> list[Rows]:
    """Draw a fifth of the items as often as asked, from one generator with seed 0 over ascending ids."""
    by_id = np.argsort(id_ranks(vocabulary))
    rng: Generator = default_rng(0)
    return [np.sort(by_id[rng.permutation(len(by_id))[: len(by_id) // 5]]) for _ in range(draws)]


def _cut(
    events: Interactions, n_users: int, position: Callable[[Rows], Rows], tiebreak: Rows | None
) -> tuple[Interactions, Interactions]:
    """Cut each user's events at a position that depends on how many there are."""
    ties = np.arange(len(events)) if tiebreak is None else tiebreak[events.items]
    order = np.lexsort((ties, events.times, events.users))
    bounds = events.bounds(n_users)
    cuts = bounds[:-1] + position(np.diff(bounds))
    late = np.empty(len(events), dtype=bool)
    late[order] = np.arange(len(events)) >= cuts[events.users]
    return events.where(~late), events.where(late)


def without_items(events: Interactions, rows: Rows, n_items: int) -> tuple[Interactions, Interactions]:
    """Divide events into those on other items and those on `rows`: the items become cold."""
    cold: NDArray[np.bool_] = np.zeros(n_items, dtype=bool)
    cold[rows] = True
    return events.where(~cold[events.items]), events.where(cold[events.items])
