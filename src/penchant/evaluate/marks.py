"""What the lists of one table achieved, row by row: hits, how unknown and how different their items are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.evaluate.answers import Answers
from penchant.evaluate.cuts import Cut, Mask, Surroundings
from penchant.evaluate.results import BEYOND
from penchant.metrics import (
    average_precision,
    entropy,
    exposure,
    f1,
    gini,
    hit_rate,
    hits,
    intra_list_diversity,
    mrr,
    ndcg,
    novelty,
    precision,
    recall,
    serendipity,
)
from penchant.types import NO_ROWS, Rows

OBVIOUS = ("popularity", "recent popularity", "item kNN")
"""Baselines whose first ten items surprise nobody: serendipity is what hits beside them."""
Hit = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Marks:
    """One table's rows: whose they are, how much each counts, its fold; lists of each contender, (Q, 20).

    `hit` marks their relevant places. `owner`, shape (T,), says whose target each of `wanted` is. `beyond`
    has novelty and diversity of each first ten, (Q, 2).
    """

    users: Rows
    weights: NDArray[np.float64]
    places: Rows
    lists: Mapping[str, Rows]
    hit: Mapping[str, Hit]
    owner: Rows
    wanted: Rows
    beyond: Mapping[str, NDArray[np.float64]]
    expected: Rows
    n_items: int
    n_candidates: int
    pooled: bool

    @classmethod
    def of(cls, answers: Answers, pooled: bool, around: Surroundings) -> "Marks":
        """Find the hits, and what does not depend on a slice."""
        places = np.array(answers.places, dtype=np.int64)
        sizes = np.bincount(places, minlength=len(answers.folds))
        weights = np.ones(len(places)) if pooled else 1.0 / sizes[places]
        lists = {name: np.concatenate(parts) for name, parts in answers.lists.items()}
        obvious = [lists[name][:, :10] for name in OBVIOUS if name in lists]
        n_items = len(answers.facts[0].first)
        beyond = {}
        for name, rows in lists.items():
            new = np.empty(len(rows))
            for place, facts in enumerate(answers.facts):
                new[places == place] = novelty(rows[places == place, :10], facts.known_to)
            beyond[name] = np.stack((new, intra_list_diversity(rows[:, :10], around.vectors)), axis=1)
        return cls(
            answers.asked,
            weights,
            places,
            lists,
            {name: hits(rows, answers.targets) for name, rows in lists.items()},
            np.repeat(np.arange(len(places)), [len(rows) for rows in answers.targets]),
            np.concatenate([NO_ROWS, *answers.targets]),
            beyond,
            np.concatenate(obvious, axis=1) if obvious else np.empty((len(places), 0), dtype=np.int64),
            n_items,
            answers.n_candidates,
            pooled,
        )

    def within(self, cut: Cut) -> tuple[Mask, Rows, Callable[[str], Hit]]:
        """Return the rows of a cut with something to find, how much, and each contender's hits of it."""
        if cut.items is None:
            n_relevant = np.bincount(self.owner, minlength=len(self.users))
            return cut.rows, n_relevant[cut.rows], lambda name: self.hit[name][cut.rows]
        inside = cut.items
        n_relevant = np.bincount(self.owner[inside(self.owner, self.wanted)], minlength=len(self.users))
        kept = cut.rows & (n_relevant > 0)
        rows = np.broadcast_to(np.flatnonzero(kept)[:, None], self.lists_shape(kept))

        def hit(name: str) -> Hit:
            return self.hit[name][kept] & inside(rows, np.maximum(self.lists[name][kept], 0))

        return kept, n_relevant[kept], hit

    def all(self) -> Mapping[str, NDArray[np.float64]]:
        """Return the METRICS of each contender on all rows, shape (Q, len(METRICS)) each."""
        n_relevant = np.bincount(self.owner, minlength=len(self.users))
        return {name: measured(hit, n_relevant) for name, hit in self.hit.items()}

    def lists_shape(self, kept: Mask) -> tuple[int, int]:
        """Return the shape of the lists of the rows kept."""
        return int(kept.sum()), next((rows.shape[1] for rows in self.lists.values()), 0)

    def over(self, measure: Callable[[Rows], float], name: str, kept: Mask) -> float:
        """Measure the first ten places of all rows kept together, or fold by fold on average."""
        lists, places = self.lists[name][kept, :10], self.places[kept]
        parts = [lists] if self.pooled else [lists[places == fold] for fold in np.unique(places)]
        return float(np.mean([measure(part) for part in parts]))

    def spread(self, name: str, kept: Mask, hit: Hit) -> dict[str, float]:
        """Return what lies beyond accuracy, by the names of BEYOND; serendipity needs an obvious list."""
        new, different = self.beyond[name][kept].T
        found = {
            "Gini@10": self.over(lambda rows: gini(self._shown(rows)), name, kept),
            "entropy@10": self.over(lambda rows: entropy(self._shown(rows)), name, kept),
            "novelty@10": mean(new, self.weights[kept]),
            "diversity@10": mean(different, self.weights[kept]),
        }
        if self.expected.shape[1]:
            surprising = serendipity(hit[:, :10], self.lists[name][kept, :10], self.expected[kept])
            found["serendipity@10"] = mean(surprising, self.weights[kept])
        return {key: found[key] for key in BEYOND if key in found}

    def _shown(self, rows: Rows) -> NDArray[np.float64]:
        """Return how often each candidate is shown: those that never are stand at the end as zeros."""
        counts = exposure(rows, self.n_items)
        shown = counts[counts > 0]
        return np.pad(shown, (0, max(self.n_candidates - len(shown), 0)))


def measured(hit: Hit, n_relevant: Rows) -> NDArray[np.float64]:
    """Return the METRICS of lists with these hits, shape (R, len(METRICS))."""
    top = hit[:, :10]
    columns = (
        ndcg(top, n_relevant),
        recall(hit, n_relevant),
        recall(top, n_relevant),
        hit_rate(top, n_relevant),
        mrr(top, n_relevant),
        precision(top, n_relevant),
        f1(top, n_relevant),
        average_precision(top, n_relevant),
    )
    return np.stack(columns, axis=1)


def mean(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Return the weighted mean of what is known; NaN where nothing is."""
    known = ~np.isnan(values)
    whole = weights[known].sum()
    return float(values[known] @ weights[known] / whole) if whole else float("nan")
