"""What an evaluation found, as plain values: lines of slices of tables, differences, seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from penchant.evaluate.statistics import Interval

METRICS = ("NDCG@10", "Recall@20", "Recall@10", "HR@10", "MRR@10", "Precision@10", "F1@10", "MAP@10")
"""What is measured of each list, and reported with intervals."""
BEYOND = ("Gini@10", "entropy@10", "novelty@10", "serendipity@10", "diversity@10")
"""What lists show beyond accuracy, as plain numbers."""
LEVEL = 0.05
"""A difference counts where its interval leaves out 0 and its corrected p value lies below this."""


@dataclass(frozen=True, slots=True)
class Line:
    """One contender in one slice: metrics with intervals, the part of the catalogue it shows, and BEYOND."""

    name: str
    metrics: Mapping[str, Interval]
    coverage: float
    beyond: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Slice:
    """Some of a table's rows: how many lists, of how many people, and how each contender did.

    `by` says what the rows are divided by: "" (all), "known", "history", "popularity", "age", an attribute of
    users, or "fold".
    """

    title: str
    lists: int
    users: int
    lines: tuple[Line, ...]
    by: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """Ours minus a baseline, in pairs: interval, p of random swaps, p corrected for all baselines."""

    metric: str
    ours: str
    other: str
    interval: Interval
    p: float
    p_holm: float

    @property
    def verdict(self) -> str:
        """Say "better", "worse" or "unclear"."""
        if self.p_holm >= LEVEL or self.interval.low <= 0 <= self.interval.high:
            return "unclear"
        return "better" if self.interval.mean > 0 else "worse"


@dataclass(frozen=True, slots=True)
class Table:
    """The first slice is of all rows. `gains` says what live histories add, where that was asked."""

    name: str
    slices: tuple[Slice, ...]
    differences: tuple[Difference, ...]
    gains: tuple[Difference, ...] = ()

    def usual(self) -> tuple[Slice, ...]:
        """Return the slices that a terminal shows: who and what is known, and the folds."""
        return tuple(part for part in self.slices if part.by in ("known", "fold"))

    def finer(self) -> dict[str, list[Slice]]:
        """Return the other slices by what they are divided by."""
        found: dict[str, list[Slice]] = {}
        for part in self.slices[1:]:
            if part not in self.usual():
                found.setdefault(part.by, []).append(part)
        return found

    def best(self, metric: str = "NDCG@10") -> list[Difference]:
        """Return the difference of each of ours to the best baseline."""
        means = {line.name: line.metrics[metric].mean for line in self.slices[0].lines}
        found: dict[str, Difference] = {}
        for difference in (d for d in self.differences if d.metric == metric):
            held = found.get(difference.ours)
            if held is None or means[difference.other] > means[held.other]:
                found[difference.ours] = difference
        return list(found.values())


@dataclass(frozen=True, slots=True)
class Seconds:
    """The first fit with the search of settings, all further fits, and all lists, for so many queries."""

    first_fit: float
    further_fits: float
    lists: float
    queries: int

    @property
    def total(self) -> float:
        """All of it."""
        return self.first_fit + self.further_fits + self.lists
