"""Habit: what somebody did before and will do again, the shop's strongest baseline for repeated purchases.

score_i = ln(1 + Σ_e 2^(−age_e / h)) over this person's own events with item i; nothing for other items. A
half-life of infinity is the plain count of a person's most frequent items. See Hu et al., Modeling
personalized item frequency information for next-basket recommendation, SIGIR 2020.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
from numpy.random import Generator

from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.language.knowledge import Knowledge
from penchant.models.scorer import State, best, pick
from penchant.types import Query, Rows, Scores


@dataclass(kw_only=True)
class Habit:
    """`half_life` in seconds; infinity counts all alike."""

    knows: ClassVar[str] = "habit"
    reads_text: ClassVar[bool] = False
    quick: ClassVar[bool] = True

    half_life: float = float("inf")
    n_items: int = 0

    def fit(self, data: Dataset, knowledge: Knowledge, *, rng: Generator) -> Self:
        """There is nothing to learn: the history holds it all."""
        self.n_items = data.n_items
        return self

    def score(self, queries: Sequence[Query], items: Rows | None = None) -> Scores:
        """Count the events of each history, the recent ones more."""
        scores = np.zeros((len(queries), self.n_items), dtype=np.float32)
        for place, query in enumerate(queries):
            rows, weights = query.rows, query.weights.astype(np.float64)
            if np.isfinite(self.half_life):
                weights = weights * np.exp2(-np.maximum(query.at - query.times, 0.0) / self.half_life)
            inside = (rows >= 0) & (rows < self.n_items)
            counts = np.bincount(rows[inside], weights=weights[inside], minlength=self.n_items)
            scores[place] = np.log1p(np.maximum(counts, 0.0))
        return pick(scores, items)

    def retrieve(self, queries: Sequence[Query], n: int) -> tuple[Rows, Scores]:
        """Return the n most frequent items of each history."""
        return best(self.score(queries), n)

    def extend(self, items: Catalogue, knowledge: Knowledge) -> Self:
        """Nobody has a habit of a new item."""
        return replace(self, n_items=len(items))

    def state(self) -> State:
        """Return the settings."""
        return State({}, {"half_life": str(self.half_life), "n_items": self.n_items})

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Build the model again."""
        return cls(half_life=float(state.scalars["half_life"]), n_items=int(state.scalars["n_items"]))
