"""The exam of a refresh: a newer bundle against the running one, on events that neither has learned from.

Both are asked at the moments of the newest slice, one by one, each with the history up to there; the running
one as it runs, with the items and the popularities that came in before the slice. Differences are paired and
people are drawn as a whole (see `evaluate.statistics.clustered`).
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray

from penchant.data.dataset import Dataset
from penchant.evaluate.prequential import step_by_step
from penchant.evaluate.statistics import Interval, clustered
from penchant.evaluate.tasks import NEW, REPEATS, Fold, Task
from penchant.live.world import World
from penchant.metrics import hit_rate, hits, ndcg
from penchant.recommender import Recommender
from penchant.types import Query, Rows

K = 10
MOST = 2_000
"""Questions that are asked."""
FEWEST = 30
"""People of whom the slice must hold something new, or it says nothing."""
MARGIN = 0.01
"""By how much of the running bundle's measure a new one may surely be no worse."""
SLICE = 1 / 3
"""Part of the new events that both are asked about."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the new bundle may take over, why, and the numbers."""

    good: bool
    why: str
    metrics: dict[str, Any]


def newest_slice(data: Dataset, end: float) -> Fold | None:
    """Return the newest third of the events later than `end` as questions; None where there are none."""
    times = data.interactions.times
    later = int((times > end).sum())
    if not later or data.interactions.clock == "none":
        return None
    held = max(1, round(later * SLICE))
    # what a float loses must not add an event of before
    fold = next(iter(step_by_step(data, share=(held - 1e-6) / len(times), n=1, most=MOST)), None)
    return fold if fold is not None and fold.train.end >= end else None


def asked(fold: Fold) -> list[Task]:
    """Return the questions about items that are not in the history; about any, where those ask too few."""
    new, every = ([one for one in fold.tasks if one.table == name and len(one)] for name in (NEW, REPEATS))
    return new if people(new) >= FEWEST else every


def people(tasks: list[Task]) -> int:
    """Count who is asked about."""
    return len(np.unique(np.concatenate([task.users for task in tasks]))) if tasks else 0


def sat(tasks: list[Task], data: Dataset, new: Recommender, old: World) -> Verdict:
    """Ask both, and judge."""
    users, values = [], []
    own = old.model.data.items.vocabulary.rows(data.items.vocabulary.ids)
    shared = data.items.vocabulary.rows(old.model.data.items.vocabulary.ids)
    persons = old.model.data.users.vocabulary.rows(data.users.vocabulary.ids)
    for task in tasks:
        told = [
            translated(q, int(persons[u]), own, old) for q, u in zip(task.queries, task.users, strict=True)
        ]
        rows = old.model.rank(told, K, repeat=task.repeat)[0]
        rows = np.where(rows >= 0, np.append(shared, -1)[rows], -1)
        columns = [*judged(new.rank(task.queries, K, repeat=task.repeat)[0], task), *judged(rows, task)]
        users.append(task.users)
        values.append(np.stack(columns, axis=1))
    table = np.concatenate(values)
    whole = np.concatenate([table, table[:, :2] - table[:, 2:]], axis=1)
    intervals = clustered(whole, np.concatenate(users), rng=default_rng(0))
    return decided(intervals, len(table), people(tasks), tasks[0].table)


def judged(rows: Rows, task: Task) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return NDCG@10 and hit rate@10 of lists, (Q,) each."""
    found = hits(rows, task.targets)
    wanted = np.array([len(one) for one in task.targets])
    return ndcg(found, wanted), hit_rate(found, wanted)


def translated(query: Query, user: int, own: Rows, old: World) -> Query:
    """Return a query in rows and on the clock of the running bundle; `user` is their row there, or −1."""
    rows = own[query.rows]
    known = rows >= 0
    moments = np.array([old.moment(moment) for moment in query.times[known].tolist()], dtype=np.float64)
    features = old.model.data.features(np.array([user]))[0] if user >= 0 else None
    return replace(
        query, rows=rows[known], times=moments, weights=query.weights[known], values=query.values[:0],
        at=old.moment(query.at), features=features, excluded=query.excluded[:0],
    )  # fmt: skip


def decided(intervals: list[Interval], questions: int, persons: int, table: str = NEW) -> Verdict:
    """Judge by NDCG@10 of the new bundle, of the old, and their difference.

    The new one may take over where the lower end of the interval of the difference is above −1 % of the old
    one's (surely not worse), or, where the interval holds both, if the difference itself is not below 0.
    """
    names = ("new", "old", "difference")
    metrics: dict[str, Any] = {"questions": questions, "people": persons, "table": table}
    for place, measure in enumerate(("ndcg@10", "hit rate@10")):
        metrics[measure] = {
            name: list(map(float, one)) for name, one in zip(names, intervals[place::2], strict=True)
        }
    old, difference = intervals[2], intervals[4]
    said = f"NDCG@10 {intervals[0].mean:.4f} against {old.mean:.4f}, "
    said += f"difference {difference.mean:+.4f} ({difference.low:+.4f} to {difference.high:+.4f})"
    if difference.low > 0:
        return Verdict(True, f"better: {said}", metrics)
    if difference.low >= -MARGIN * old.mean:
        return Verdict(True, f"surely not worse: {said}", metrics)
    if difference.high < 0:
        return Verdict(False, f"worse: {said}", metrics)
    if difference.mean >= 0:
        return Verdict(True, f"not worse as far as can be told: {said}", metrics)
    return Verdict(False, f"it may be worse: {said}", metrics)
