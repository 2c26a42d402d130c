"""The contract of every model: it scores what is known of somebody, not who they are.

A model keeps no list of users: a history travels in the query, so that a fresh user, a session and a
known user take one path and an event counts at the very next request.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.language.knowledge import Knowledge
from penchant.types import Query, Rows, Scores


@dataclass(frozen=True, slots=True)
class State:
    """What a model is made of, for a bundle: arrays by name and plain values; nothing executable."""

    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    scalars: Mapping[str, Any] = field(default_factory=dict)


def below(arrays: Mapping[str, NDArray[Any]], start: str) -> dict[str, NDArray[Any]]:
    """Return the arrays whose names begin with `start`, by what follows it."""
    return {name[len(start) :]: array for name, array in arrays.items() if name.startswith(start)}


class Scorer(Protocol):
    """A model. `fit` and `extend` return a fitted one; `score` changes nothing."""

    def fit(self, data: Dataset, knowledge: Knowledge, *, rng: Generator) -> Self:
        """Learn from the events of `data` and from what language says of its items."""
        ...

    def score(self, queries: Sequence[Query], items: Rows | None = None) -> Scores:
        """Score all items, or those in `items` of shape (C,) or (Q, C), for each query: (Q, I) or (Q, C)."""
        ...

    def retrieve(self, queries: Sequence[Query], n: int) -> tuple[Rows, Scores]:
        """Return the n best items for each query, best first, with their scores: (Q, n) each."""
        ...

    def extend(self, items: Catalogue, knowledge: Knowledge) -> Self:
        """Let new items join without a refit: `items` and `knowledge` begin with all the old rows."""
        ...

    def state(self) -> State:
        """Return what the model is made of."""
        ...

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Build the model again."""
        ...


def best(scores: Scores, n: int) -> tuple[Rows, Scores]:
    """Return the n highest scores of each row of (Q, I) with their columns, best first, ties by column."""
    n = min(n, scores.shape[1])
    if n < scores.shape[1]:
        rows = np.argpartition(-scores, n - 1, axis=1)[:, :n]
    else:
        rows = np.broadcast_to(np.arange(n), scores.shape).copy()
    rows.sort(axis=1)
    order = np.argsort(-np.take_along_axis(scores, rows, axis=1), axis=1, kind="stable")
    rows = np.take_along_axis(rows, order, axis=1)
    return rows, np.take_along_axis(scores, rows, axis=1)


def pick(scores: Scores, items: Rows | None) -> Scores:
    """Return the scores of (Q, I) at `items`: all of them, one list (C,), or one for each, (Q, C)."""
    if items is None:
        return scores
    if items.ndim == 1:
        return scores[:, items]
    return np.take_along_axis(scores, items, axis=1)
