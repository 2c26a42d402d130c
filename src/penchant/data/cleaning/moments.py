"""Impossible dates: a few events far outside the time in which all others happened."""

import numpy as np
from numpy.typing import NDArray

from penchant.data.cells import spell
from penchant.data.interactions import Interactions
from penchant.data.report import Journal
from penchant.types import Times

TAIL, FEWEST, LEAST_GAP = 0.05, 100, 30 * 86400.0
"""Part of the events, at either end, that may be impossible; fewest events to tell; least empty time."""


def isolated(times: Times) -> NDArray[np.bool_]:
    """Mark what an empty stretch longer than the time of the bulk cuts off at either end, shape (N,).

    The bulk is from the 5 % to the 95 % quantile. Two clocks that start at a fixed date (1970, 1980) when
    they are not set, and slips of the pen in years to come, look so; a log that begins slowly does not.
    """
    if len(times) < FEWEST:
        return np.zeros(len(times), dtype=bool)
    ordered = np.sort(times)
    most = int(TAIL * (len(times) - 1))
    empty = max(LEAST_GAP, float(ordered[-1 - most] - ordered[most]))
    early = np.flatnonzero(np.diff(ordered[: most + 1]) > empty)
    late = np.flatnonzero(np.diff(ordered[-1 - most :]) > empty)
    first = ordered[early[-1] + 1] if len(early) else -np.inf
    last = ordered[len(times) - 1 - most + late[0]] if len(late) else np.inf
    return np.asarray((times < first) | (times > last))


def clean_moments(events: Interactions, journal: Journal) -> Interactions:
    """Take impossible times as unknown: such an event is kept, at the first possible moment of the log.

    Neither recency nor the future may rest on it, but what somebody met is known all the same.
    """
    times, marked = events.times, np.zeros(len(events), dtype=bool)
    if events.clock != "time":
        return events
    while (now := isolated(times)).any():  # what is taken in may lay bare another stretch
        marked |= now
        times = np.where(now, times[~now].min(), times)
    if not marked.any():
        return events
    wrong, right = events.times[marked], events.times[~marked]
    journal.count(
        "interactions",
        int(marked.sum()),
        f"events at impossible times ({spell(wrong.min())} to {spell(wrong.max())}, far outside "
        f"{spell(right.min())} to {spell(right.max())})",
        then="kept, their time unknown (taken as the first)",
        step="dates",
    )
    # The wrong times may still tell an order among themselves.
    order = np.lexsort((np.where(marked, events.times, np.inf), ~marked, times))
    return Interactions.sorted(
        events.users[order],
        events.items[order],
        times[order],
        events.weights[order],
        events.values[order],
        events.clock,
    )
