"""From lists to tables: metrics of each list, means with intervals over users, slices, and differences."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from penchant.evaluate.protocols import Fold, Protocol, Task
from penchant.evaluate.results import METRICS, Difference, Line, Slice, Table
from penchant.evaluate.statistics import clustered, holm, randomisation, totals
from penchant.metrics import counts, coverage, hit_rate, hits, mrr, ndcg, recall
from penchant.types import NO_ROWS, Rows

COMPARED = ("NDCG@10", "Recall@20")
"""The metrics that differences are tested on."""
Mask = NDArray[np.bool_]


@dataclass
class Answers:
    """What one table was asked, fold after fold, and the lists (Q, 20) that each contender gave."""

    lists: dict[str, list[Rows]] = field(default_factory=dict)
    users: list[Rows] = field(default_factory=list)
    targets: list[Rows] = field(default_factory=list)
    folds: list[str] = field(default_factory=list)
    known: list[bool] = field(default_factory=list)
    cold: list[Rows] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    n_candidates: int = 0

    def add(self, task: Task, fold: Fold) -> None:
        """Add what a fold asked: targets, whether there was a history, which targets had no event yet."""
        unmet = fold.train.item_counts() == 0
        self.places += [len(self.folds)] * len(task)
        self.folds.append(fold.name)
        self.users.append(task.users)
        self.targets += task.targets
        self.known += [bool(len(query.rows)) for query in task.queries]
        self.cold += [rows[unmet[rows]] for rows in task.targets]
        self.n_candidates = fold.train.n_items if task.candidates is None else len(task.candidates)


@dataclass(frozen=True, slots=True)
class Judged:
    """One table's rows: whose they are, how much each counts, its fold, and the lists of each contender."""

    users: Rows
    weights: NDArray[np.float64]
    places: Rows
    lists: dict[str, Rows]
    n_candidates: int
    pooled: bool

    def values(self, targets: Sequence[Rows], kept: Mask) -> dict[str, NDArray[np.float64]]:
        """Return the metrics of each contender on the rows kept, shape (R, len(METRICS)) each."""
        relevant = [rows for rows, keep in zip(targets, kept, strict=True) if keep]
        n_relevant = counts(relevant)
        found = {}
        for name, lists in self.lists.items():
            hit = hits(lists[kept], relevant)
            top = hit[:, :10]
            columns = (
                ndcg(top, n_relevant),
                recall(hit, n_relevant),
                recall(top, n_relevant),
                hit_rate(top, n_relevant),
                mrr(top, n_relevant),
            )
            found[name] = np.stack(columns, axis=1)
        return found

    def coverage(self, name: str, kept: Mask) -> float:
        """Return the part of the candidates that the first ten places show, over all folds or on average."""
        lists, places = self.lists[name][kept, :10], self.places[kept]
        groups = [lists] if self.pooled else [lists[places == fold] for fold in np.unique(places)]
        return float(np.mean([coverage(group, self.n_candidates) for group in groups]))


def judged(
    name: str,
    answers: Answers,
    ours: Sequence[str],
    theirs: Sequence[str],
    protocol: Protocol,
    rng: Generator,
) -> Table:
    """Return the table of all rows and of its slices, with the differences of ours to the others."""
    places = np.array(answers.places, dtype=np.int64)
    sizes = np.bincount(places, minlength=len(answers.folds))
    weights = np.ones(len(places)) if protocol.pooled else 1.0 / sizes[places]
    lists = {name: np.concatenate(parts) for name, parts in answers.lists.items()}
    users = np.concatenate([NO_ROWS, *answers.users])
    rows = Judged(users, weights, places, lists, answers.n_candidates, protocol.pooled)
    known = np.array(answers.known, dtype=bool)
    everyone = np.ones(len(known), dtype=bool)
    cold = np.array([len(found) > 0 for found in answers.cold], dtype=bool)
    cuts = [("all", answers.targets, everyone), ("warm users", answers.targets, known)]
    cuts += [("cold users", answers.targets, ~known), ("cold items", answers.cold, cold)]
    if len(answers.folds) > 1:
        cuts += [(fold, answers.targets, places == place) for place, fold in enumerate(answers.folds)]
    slices = [
        _slice(title, rows, targets, kept, rng)
        for title, targets, kept in cuts
        if title == "all" or (kept.any() and not (kept.all() and title != "warm users"))
    ]
    values = rows.values(answers.targets, everyone)
    return Table(name, tuple(slices), tuple(_differences(rows, values, ours, theirs, rng)))


def _slice(title: str, rows: Judged, targets: Sequence[Rows], kept: Mask, rng: Generator) -> Slice:
    values = rows.values(targets, kept)
    users, weights = rows.users[kept], rows.weights[kept]
    columns = np.concatenate(list(values.values()), axis=1)
    intervals = clustered(columns, users, weights=weights, rng=rng)
    lines = []
    for place, name in enumerate(values):
        own = intervals[place * len(METRICS) : (place + 1) * len(METRICS)]
        lines.append(Line(name, dict(zip(METRICS, own, strict=True)), rows.coverage(name, kept)))
    return Slice(title, len(users), len(np.unique(users)), tuple(lines))


def _differences(
    rows: Judged,
    values: dict[str, NDArray[np.float64]],
    ours: Sequence[str],
    theirs: Sequence[str],
    rng: Generator,
) -> list[Difference]:
    """Compare each of ours with each baseline, user by user; p values are corrected for their number."""
    found = []
    others = [name for name in theirs if name in values]
    for name in (name for name in ours if name in values and others):
        for metric in COMPARED:
            column = METRICS.index(metric)
            gaps = np.stack([values[name][:, column] - values[other][:, column] for other in others], axis=1)
            intervals = clustered(gaps, rows.users, weights=rows.weights, rng=rng)
            sums, _ = totals(gaps, rows.users, rows.weights)
            p = [randomisation(gap, np.zeros(len(gap)), rng=rng) for gap in sums.T]
            pairs = zip(others, intervals, p, holm(p).tolist(), strict=True)
            found += [Difference(metric, name, other, *rest) for other, *rest in pairs]
    return found
