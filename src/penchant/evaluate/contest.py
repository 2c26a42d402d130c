"""Who takes part in an evaluation: anything that learns from a data set and ranks items for queries.

This file knows nothing of any model.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np

from penchant.data.dataset import Dataset
from penchant.models.scorer import best
from penchant.types import Query, Rows, Scores


class Contender(Protocol):
    """Learns and ranks. `settings` is what its search chose, for the report."""

    @property
    def name(self) -> str:
        """What tables call it."""
        ...

    @property
    def settings(self) -> Mapping[str, Any]:
        """What was chosen at the first fit."""
        ...

    @property
    def only_repeats(self) -> bool:
        """Whether it can only speak of items of the history, and sits out other tables."""
        ...

    def fit(self, data: Dataset, *, first: bool) -> Self:
        """Learn from `data`: search settings where this is the `first` time, else keep those found."""
        ...

    def rank(
        self, queries: Sequence[Query], k: int, *, candidates: Rows | None = None, repeat: bool = False
    ) -> Rows:
        """Return the k best items for each query, shape (Q, k), -1 where there are no more.

        Items of the history are left out unless `repeat`; only `candidates`, shape (C,), may be listed.
        """
        ...


@dataclass(frozen=True, slots=True)
class Search:
    """What a search of settings cost: how many were tried, on how many queries, in how many seconds."""

    trials: int = 0
    queries: int = 0
    seconds: float = 0.0


@runtime_checkable
class Searching(Protocol):
    """A contender that says what its search cost."""

    @property
    def searched(self) -> Search:
        """What the searches so far cost together."""
        ...


class Ranker(Protocol):
    """What was fitted once and can be fitted again: the product's recommender is one."""

    def refit(self, data: Dataset) -> Self:
        """Learn from other events with the same settings."""
        ...

    def rank(
        self, queries: Sequence[Query], k: int, *, candidates: Rows | None = None, repeat: bool = False
    ) -> tuple[Rows, Scores]:
        """Return rows and scores, shape (Q, k) each, -1 where there are no more."""
        ...


@dataclass
class Entrant:
    """Lets a recommender take part: `make` fits one and searches its settings, `tell` says what was chosen.

    Encoders, knowledge and effort stay with whoever writes `make`.
    """

    name: str
    make: Callable[[Dataset], Ranker]
    tell: Callable[[Ranker], Mapping[str, Any]] = lambda _: {}
    settings: Mapping[str, Any] = field(default_factory=dict)
    only_repeats: bool = False
    ranker: Ranker | None = None

    def fit(self, data: Dataset, *, first: bool) -> Self:
        """Fit anew the first time, else again with the settings found."""
        if first or self.ranker is None:
            self.ranker = self.make(data)
            self.settings = self.tell(self.ranker)
        else:
            self.ranker = self.ranker.refit(data)
        return self

    def rank(
        self, queries: Sequence[Query], k: int, *, candidates: Rows | None = None, repeat: bool = False
    ) -> Rows:
        """Return the rows of the recommender's lists, shape (Q, k)."""
        if self.ranker is None:
            raise ValueError("fit comes before rank")
        rows = self.ranker.rank(queries, k, candidates=candidates, repeat=repeat)[0]
        return np.pad(rows, ((0, 0), (0, k - rows.shape[1])), constant_values=-1)  # fewer items than places


def ranked(
    scores: Scores,
    queries: Sequence[Query],
    k: int,
    *,
    candidates: Rows | None = None,
    repeat: bool = False,
) -> Rows:
    """Return the k best columns of `scores`, shape (Q, I), for each query; `scores` is overwritten.

    Excluded items, and those of the history unless `repeat`, are left out; -1 where there are no more.
    """
    for row, query in zip(scores, queries, strict=True):
        row[query.excluded] = -np.inf
        if not repeat:
            row[query.rows] = -np.inf
    if candidates is not None:
        scores = scores[:, candidates]
    rows, values = best(scores, k)
    if candidates is not None:
        rows = candidates[rows]
    lists = np.full((len(queries), k), -1, dtype=np.int64)
    lists[:, : rows.shape[1]] = np.where(np.isfinite(values), rows, -1)
    return lists
