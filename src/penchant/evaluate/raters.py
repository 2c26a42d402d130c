"""Who foretells ratings: the product's model, and the simple ones that it must beat, tuned in the same run.

Settings are chosen by the squared error on the last tenth of the training part, as ours are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import numpy as np
import scipy.sparse as sp
from numpy.random import default_rng
from numpy.typing import NDArray

from penchant.data.dataset import Dataset
from penchant.data.split import id_ranks, last_fraction, windows
from penchant.language.knowledge import Knowledge
from penchant.models.ratings import Ratings
from penchant.rank.rating import fitted_ratings
from penchant.types import Query, Rows, Vectors

Settings = Mapping[str, Any]
Wide = NDArray[np.float64]
MOST_ITEMS, NEAREST = 4_000, 40
"""Items that item kNN compares, the most rated; neighbours that foretell a rating."""


class Rater(Protocol):
    """Learns from rated events; what it answers rests on the history in the query."""

    @property
    def name(self) -> str:
        """What tables call it."""
        ...

    @property
    def settings(self) -> Settings:
        """What was chosen at the first fit."""
        ...

    def fit(self, data: Dataset, *, first: bool) -> Self:
        """Learn from `data`: search settings where this is the `first` time, else keep those found."""
        ...

    def rate(self, queries: Sequence[Query], places: Rows, items: Rows) -> Vectors:
        """Return the ratings expected of pairs `queries[places[p]]`, `items[p]`, shape (P,)."""
        ...


@dataclass
class Ours:
    """The product's rating model, with the half-life that the first training part tells."""

    knowledge: Knowledge
    seed: int = 0
    name: str = "penchant"
    model: Ratings | None = None

    @property
    def settings(self) -> Settings:
        """The half-life of ratings, in seconds."""
        return {} if self.model is None else {"half": self.model.half}

    def fit(self, data: Dataset, *, first: bool) -> Self:
        """Fit, with the half-life found before but for the first time."""
        half = None if first or self.model is None else self.model.half
        self.model = fitted_ratings(data, self.knowledge, self.seed, half)
        return self

    def rate(self, queries: Sequence[Query], places: Rows, items: Rows) -> Vectors:
        """Return the ratings expected."""
        assert self.model is not None
        return self.model.predict(queries, places, items)


@dataclass
class Biases:
    """r = μ + b_u + b_i, both shrunk (Koren, KDD 2008); what all baselines build on.

    With a "shrink" in the settings, plus what is left of the ratings of the nearest items; with "factors",
    plus the product of two factors, learned by alternating least squares.
    """

    name: str
    grid: list[Settings]
    settings: Settings = field(default_factory=dict)
    level: float = 0.0
    bias: Wide = field(default_factory=lambda: np.zeros(0))
    near: Any = None
    factors: Wide = field(default_factory=lambda: np.zeros((0, 0)))

    def fit(self, data: Dataset, *, first: bool) -> Self:
        """Search the grid on the last tenth the first time; fit with what was found."""
        if first or not self.settings:
            self.settings = self._best(data)
        return self._fitted(data, self.settings)

    def _best(self, data: Dataset) -> Settings:
        events = data.interactions.valued()
        found = windows(events, 0.1, 1) if events.clock == "time" else []
        if found:
            late = events.times >= found[0].start
            before, later = events.where(~late), events.where(late)
        else:
            before, later = last_fraction(events, data.n_users, 0.1, id_ranks(data.items.vocabulary))
        if not len(later) or not len(before):
            return self.grid[0]
        past = data.with_interactions(before)
        users, places = np.unique(later.users, return_inverse=True)
        queries = past.queries(users)

        def error(settings: Settings) -> float:
            away = self._fitted(past, settings).rate(queries, places, later.items) - later.values
            return float((away.astype(np.float64) ** 2).mean())

        return min(self.grid, key=error)

    def _fitted(self, data: Dataset, settings: Settings) -> Self:
        events, self.settings = data.interactions.valued(), settings
        n, given = data.n_items, events.values.astype(np.float64)
        self.level = float(given.mean()) if len(given) else 0.0
        above, user = given - self.level, np.zeros(data.n_users)
        per_item = settings["items"] + np.bincount(events.items, minlength=n).astype(np.float64)
        per_user = settings["users"] + np.bincount(events.users, minlength=data.n_users).astype(np.float64)
        for _ in range(8):
            self.bias = np.bincount(events.items, above - user[events.users], n) / per_item
            user = np.bincount(events.users, above - self.bias[events.items], data.n_users) / per_user
        rest = above - self.bias[events.items] - user[events.users]
        left = sp.csr_matrix((rest, (events.users, events.items)), shape=(data.n_users, n))
        self.near = neighbours(left, settings["shrink"]) if "shrink" in settings else None
        if "factors" in settings:
            self.factors = factorised(left, settings["factors"], settings["l2"])
        return self

    def rate(self, queries: Sequence[Query], places: Rows, items: Rows) -> Vectors:
        """Return the ratings expected."""
        found = np.full(len(items), self.level)
        order = np.argsort(places, kind="stable")
        parts = np.split(order, np.searchsorted(places[order], np.arange(1, len(queries))))
        for query, own in zip(queries, parts, strict=True):
            found[own] += self._above(query, items[own])
        return found.astype(np.float32)

    def _above(self, query: Query, items: Rows) -> Wide:
        """Return what is expected above the level."""
        known = np.isfinite(query.values) if len(query.values) else np.zeros(0, dtype=bool)
        rows, given = query.rows[known], query.values[known].astype(np.float64) - self.level
        own = float((given - self.bias[rows]).sum() / (self.settings["users"] + len(rows)))
        found, rest = self.bias[items] + own, given - self.bias[rows] - own
        if self.near is not None and len(rows):
            alike = np.asarray(self.near[items][:, rows].toarray())
            drop = np.argsort(-np.abs(alike), axis=1)[:, NEAREST:]
            np.put_along_axis(alike, drop, 0.0, axis=1)
            found += (alike @ rest) / (np.abs(alike).sum(axis=1) + 0.5)
        if "factors" in self.settings and len(rows):
            v = self.factors[rows]
            u = np.linalg.solve(v.T @ v + self.settings["l2"] * np.eye(v.shape[1]), v.T @ rest)
            found += self.factors[items] @ u
        return np.asarray(found)


def rivals() -> list[Biases]:
    """Return the baselines with their grids."""
    shrunk = [{"users": u, "items": i} for u in (3.0, 10.0) for i in (3.0, 10.0)]
    middle = {"users": 10.0, "items": 5.0}
    sizes = [(8, 5.0), (8, 20.0), (24, 5.0), (24, 20.0), (24, 60.0)]
    return [
        Biases("biases", [*shrunk, middle]),
        Biases("item kNN", [middle | {"shrink": shrink} for shrink in (5.0, 30.0, 100.0)]),
        Biases("factorisation", [middle | {"factors": size, "l2": l2} for size, l2 in sizes]),
    ]


def neighbours(left: sp.csr_matrix, shrink: float) -> sp.csr_matrix:
    """Return the shrunk cosine of items over what is left of their ratings, (I, I), the most rated alone."""
    counts = np.diff(left.tocsc().indptr)
    kept = np.sort(np.argsort(-counts, kind="stable")[:MOST_ITEMS])
    part = left[:, kept]
    both = part.copy()
    both.data = np.ones_like(both.data)
    common = np.asarray((both.T @ both).toarray())
    alike = np.asarray((part.T @ part).toarray())
    size = np.sqrt(np.maximum(alike.diagonal(), 1e-12))
    alike *= common / (common + shrink) / size[:, None] / size
    np.fill_diagonal(alike, 0.0)
    spread = sp.csr_matrix(
        (np.ones(len(kept)), (kept, np.arange(len(kept)))), shape=(left.shape[1], len(kept))
    )
    return sp.csr_matrix(spread @ sp.csr_matrix(alike) @ spread.T)


def factorised(left: sp.csr_matrix, factors: int, l2: float, rounds: int = 8) -> Wide:
    """Return item factors, (I, factors), by alternating least squares on the cells that are given."""
    v = default_rng(0).normal(0.0, 0.1, (left.shape[1], factors))
    for _ in range(rounds):
        u = _solved(left, v, l2)
        v = _solved(left.T.tocsr(), u, l2)
    return v


def _solved(left: sp.csr_matrix, other: Wide, l2: float) -> Wide:
    """Return the ridge solution of each row, given the other side's factors."""
    given, size = left.copy(), other.shape[1]
    given.data = np.ones_like(given.data)
    outer = (other[:, :, None] * other[:, None, :]).reshape(len(other), -1)
    gram = np.asarray(given @ outer).reshape(-1, size, size) + l2 * np.eye(size)
    return np.asarray(np.linalg.solve(gram, np.asarray(left @ other)[..., None])[..., 0])
