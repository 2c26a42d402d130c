"""Recommend, score, learn, next: events one by one, each asked about with all that came before it.

Histories travel in the query, so they are as fresh as in a live service; models are fitted once a window.
What somebody did at one moment is asked together: nothing says what came first. See Dawid, JRSS A 1984,
and Vinagre, Jorge and Gama, Evaluation of recommender systems in streaming environments, 2014.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.random import default_rng

from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.data.split import Window, known_before, windows
from penchant.evaluate.tasks import FROZEN, NEW, REPEATS, Fold, Task
from penchant.types import Query, Rows


def step_by_step(
    data: Dataset, share: float = 0.1, n: int = 5, *, most: int, compare: bool = False
) -> Iterator[Fold]:
    """Ask at up to `most` moments of each of n windows over the last `share` of the events.

    Where there are more, they are drawn (seed 0). The first moments of all users are one task, their second
    ones the next. `compare` asks about new items a second time with histories that end where the window
    starts, what was done since then being left out of the lists: the difference is what a live history adds.
    """
    first = True
    for number, window in enumerate(windows(data.interactions, share, n), start=1):
        train = known_before(data, window.start)
        starts, ends = moments(data.interactions, window)
        kept = np.sort(default_rng([0, number]).permutation(len(starts))[:most])
        tasks = tuple(_tasks(data, window, starts[kept], ends[kept], compare))
        if tasks:
            yield Fold(f"window {number}", train, tasks, first)
            first = False


def moments(events: Interactions, window: Window) -> tuple[Rows, Rows]:
    """Return where in the events each moment of somebody with something wanted begins and ends, (M,) each."""
    inside = np.flatnonzero((events.times >= window.start) & (events.times < window.end))
    if not len(inside):
        return inside, inside
    users, times = events.users[inside], events.times[inside]
    changed = (np.diff(users) != 0) | (np.diff(times) != 0)
    starts, ends = inside[np.append(True, changed)], inside[np.append(changed, True)] + 1
    wanted = np.append(0, np.cumsum(events.weights > 0))
    some = wanted[ends] > wanted[starts]
    return starts[some], ends[some]


def _tasks(data: Dataset, window: Window, starts: Rows, ends: Rows, compare: bool) -> Iterator[Task]:
    events = data.interactions
    users, bounds = events.users[starts], events.bounds(data.n_users)
    step = np.arange(len(users)) - np.searchsorted(users, users)
    keys = data.users.vocabulary.texts(users)
    begins = bounds[users]
    live = [
        replace(_query(events, begin, start, start, key), features=known)
        for begin, start, key, known in zip(
            begins.tolist(), starts.tolist(), keys, data.features(users), strict=True
        )
    ]
    wanted = [_wanted(events, start, end) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    fresh = [rows[~np.isin(rows, query.rows)] for rows, query in zip(wanted, live, strict=True)]
    for number in range(int(step.max(initial=-1)) + 1):
        here = np.flatnonzero(step == number).tolist()
        some = [place for place in here if len(fresh[place])]
        queries, targets = [live[place] for place in some], [fresh[place] for place in some]
        yield Task(NEW, users[some], queries, targets)
        yield Task(REPEATS, users[here], [live[p] for p in here], [wanted[p] for p in here], repeat=True)
        if compare:
            before = [_frozen(live[place], window.start) for place in some]
            yield Task(FROZEN, users[some], before, targets)


def _query(events: Interactions, begin: int, end: int, moment: int, key: str) -> Query:
    """Return somebody's query as of one of the events, with the history up to there."""
    part = slice(begin, end)
    at = float(events.times[moment])
    return Query(events.items[part], events.times[part], events.weights[part], at=at, key=key)


def _frozen(query: Query, cut: float) -> Query:
    """Forget what happened from the cut on, but do not list it again."""
    known = query.times < cut
    return replace(
        query,
        rows=query.rows[known],
        times=query.times[known],
        weights=query.weights[known],
        excluded=np.unique(query.rows[~known]),
    )


def _wanted(events: Interactions, start: int, end: int) -> Rows:
    """Return the different items that were wanted at one moment."""
    part = slice(start, end)
    return np.unique(events.items[part][events.weights[part] > 0])
