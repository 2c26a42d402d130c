"""From lists to tables: metrics of each list, means with intervals over users, slices, and differences."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from penchant.evaluate.answers import Answers
from penchant.evaluate.cuts import Cut, Mask, Surroundings, cuts
from penchant.evaluate.marks import Hit, Marks, measured
from penchant.evaluate.protocols import Protocol
from penchant.evaluate.results import METRICS, Difference, Line, Slice, Table
from penchant.evaluate.statistics import Interval, clustered, holm, randomisation, totals
from penchant.metrics import coverage
from penchant.types import Rows

COMPARED = ("NDCG@10", "Recall@20")
"""The metrics that differences are tested on."""


def judged(
    name: str,
    answers: Answers,
    ours: Sequence[str],
    theirs: Sequence[str],
    protocol: Protocol,
    around: Surroundings,
    rng: Generator,
    frozen: Answers | None = None,
) -> Table:
    """Return the table of all rows and of its slices, with the differences of ours to the others.

    `frozen` are answers to the same rows with histories that ended at the cut: what live ones gain over them
    is told as well.
    """
    rows = Marks.of(answers, protocol.pooled, around)
    slices = []
    for cut in cuts(answers, around):
        kept, n_relevant, hit = rows.within(cut)
        whole = kept.all() and n_relevant.sum() == len(rows.wanted)  # all of it once more
        if cut.title == "all" or (kept.any() and (not whole or cut.title == "warm users")):
            slices.append(_slice(cut, rows, kept, n_relevant, hit, rng))
    gains = () if frozen is None else _gains(rows, Marks.of(frozen, protocol.pooled, around), rng)
    return Table(name, tuple(slices), tuple(_differences(rows, rows.all(), ours, theirs, rng)), tuple(gains))


def _slice(
    cut: Cut, rows: Marks, kept: Mask, n_relevant: Rows, hit: Callable[[str], Hit], rng: Generator
) -> Slice:
    found = {name: hit(name) for name in rows.lists}
    users, weights = rows.users[kept], rows.weights[kept]
    columns = [measured(own, n_relevant) for own in found.values()]
    width = len(METRICS)
    intervals = clustered(
        np.concatenate(columns, axis=1) if columns else np.empty((len(users), 0)),
        users,
        weights=weights,
        rng=rng,
    )
    lines = []
    for place, (name, own) in enumerate(found.items()):
        metrics = dict(zip(METRICS, intervals[place * width : (place + 1) * width], strict=True))
        shown = rows.over(lambda part: coverage(part, rows.n_candidates), name, kept)
        lines.append(Line(name, metrics, shown, rows.spread(name, kept, own)))
    return Slice(cut.title, len(users), len(np.unique(users)), tuple(lines), cut.by)


def _differences(
    rows: Marks,
    values: Mapping[str, NDArray[np.float64]],
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
            found += [
                Difference(metric, name, other, *rest)
                for other, rest in zip(others, _tested(gaps, rows, rng), strict=True)
            ]
    return found


def _gains(rows: Marks, frozen: Marks, rng: Generator) -> list[Difference]:
    """Compare each contender with itself on frozen histories."""
    live, before, found = rows.all(), frozen.all(), []
    for metric in COMPARED if live else ():
        column = METRICS.index(metric)
        gaps = np.stack([live[name][:, column] - before[name][:, column] for name in live], axis=1)
        found += [
            Difference(metric, name, f"{name}, histories frozen", *rest)
            for name, rest in zip(live, _tested(gaps, rows, rng), strict=True)
        ]
    return found


def _tested(gaps: NDArray[np.float64], rows: Marks, rng: Generator) -> list[tuple[Interval, float, float]]:
    """Return the interval of each column of differences, (Q, M), its p value, and that value corrected."""
    intervals = clustered(gaps, rows.users, weights=rows.weights, rng=rng)
    sums, _ = totals(gaps, rows.users, rows.weights)
    p = [randomisation(gap, np.zeros(len(gap)), rng=rng) for gap in sums.T]
    return list(zip(intervals, p, holm(p).tolist(), strict=True))
