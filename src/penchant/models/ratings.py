"""Ratings: how somebody would rate an item, with the text as what is believed before the first rating.

    r_ui = μ + b_i + a_u + v_i · x_u + ε,   a_u ~ N(0, s²),   x_u ~ N(0, 1),   ε ~ N(0, σ² / w),
    (b_i, v_i) ~ N(W·[1, t_i], diag τ²),

t_i the text vector, W a ridge regression. People's and items' posteriors take turns (mean-field variational
Bayes); s, σ and τ maximise the bound. People are folded in and not kept: the history travels in the query, an
older rating counts w = 1 / (1 + age/half). See Lim and Teh, Variational Bayesian approach to movie rating
prediction, KDD Cup 2007; text as a prior: Wang and Blei, Collaborative topic modeling, KDD 2011.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self, cast

import numpy as np
import scipy.sparse as sp
from numpy.random import Generator
from numpy.typing import NDArray

from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.language.knowledge import Knowledge
from penchant.models.scorer import State
from penchant.types import Query, Rows, Vectors

Wide = NDArray[np.float64]
DAY = 86_400.0
USERS_AT_ONCE = 4_000


@dataclass(kw_only=True)
class Ratings:
    """`factors` is the length of x; `half` is in seconds. `low` and `high` are the ends of the scale.

    `mean`, shape (I, 1 + factors), and `spread`, (I, 1 + factors, 1 + factors), are the items' posterior
    means and covariances of (b, v); `prior` is W and `tau` τ².
    """

    factors: int = 10
    rounds: int = 10
    ridge: float = 5.0
    half: float = float("inf")
    level: float = 0.0
    noise: float = 0.8
    leaning: float = 0.2
    low: float = 0.0
    high: float = 0.0
    mean: Vectors = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))
    spread: Vectors = field(default_factory=lambda: np.zeros((0, 0, 0), dtype=np.float32))
    prior: Vectors = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))
    tau: Vectors = field(default_factory=lambda: np.zeros(0, dtype=np.float32))

    def fit(self, data: Dataset, knowledge: Knowledge, *, rng: Generator) -> Self:
        """Learn from the events that have a value."""
        events = data.interactions.valued()
        self.low, self.high = data.scale or (0.0, 0.0)
        given, n, wide = events.values.astype(np.float64), data.n_items, self.factors + 1
        self.level = float(given.mean()) if len(given) else (self.low + self.high) / 2
        cells = (events.users, events.items)
        made = sp.csr_matrix((np.ones(len(given)), cells), shape=(data.n_users, n))
        above = sp.csr_matrix((given - self.level, cells), shape=(data.n_users, n))
        squares = float(((given - self.level) ** 2).sum())
        items = Items.started(n, wide, rng)
        counts = np.bincount(events.items, minlength=n)
        described = _described(knowledge, n)
        prior = np.zeros((described.shape[1], wide))
        for _ in range(self.rounds):
            precision, aim = self._people(items, made, above, squares, len(given))
            items.posterior(precision / self.noise, aim / self.noise, described @ prior)
            prior = _regression(described, items.mean, counts / (counts + 5.0), self.ridge)
            items.spread_of_prior(described @ prior, counts > 0)
        rated = (counts > 0)[:, None]
        self.mean = np.where(rated, items.mean, described @ prior).astype(np.float32)
        self.spread = np.where(rated[..., None], items.spread, np.diag(items.tau)).astype(np.float32)
        self.prior, self.tau = prior.astype(np.float32), items.tau.astype(np.float32)
        return self

    def _people(
        self, items: "Items", made: sp.csr_matrix, above: sp.csr_matrix, squares: float, n: int
    ) -> tuple[Wide, Wide]:
        """Update people, σ² and s²; return what they tell of the items: precisions and aims, times σ²."""
        n_items, wide = items.mean.shape
        outer, mixed, bias2 = items.moments()
        precision, aim = np.zeros((n_items, wide * wide)), np.zeros((n_items, wide))
        error, leaning, people = squares, 0.0, 0
        error += float((made @ bias2).sum()) - 2 * float((above @ items.mean[:, 0]).sum())
        start = np.diag(np.r_[1.0 / self.leaning, np.ones(wide - 1)])
        for first in range(0, made.shape[0], USERS_AT_ONCE):
            own, rated = made[first : first + USERS_AT_ONCE], above[first : first + USERS_AT_ONCE]
            met = np.diff(own.indptr) > 0
            own, rated = own[met], rated[met]
            gram = np.asarray(own @ outer).reshape(-1, wide, wide)
            right = np.asarray(rated @ items.loadings() - own @ mixed)
            cover = np.linalg.inv(start + gram / self.noise)
            x = np.einsum("ude,ue->ud", cover, right) / self.noise
            second = cover + x[:, :, None] * x[:, None, :]
            error += float((gram * second).sum() - 2 * (right * x).sum())
            leaning, people = leaning + float(second[:, 0, 0].sum()), people + len(x)
            told = second.copy()
            told[:, 0, :], told[:, :, 0] = np.c_[np.ones(len(x)), x[:, 1:]], np.c_[np.ones(len(x)), x[:, 1:]]
            precision += own.T @ told.reshape(len(x), -1)
            aim += rated.T @ told[:, 0] - own.T @ np.c_[x[:, :1], second[:, 0, 1:]]
        self.noise, self.leaning = max(error / max(n, 1), 1e-3), max(leaning / max(people, 1), 1e-3)
        return precision.reshape(n_items, wide, wide), aim

    def predict(self, queries: Sequence[Query], places: Rows, items: Rows) -> Vectors:
        """Return the ratings expected of pairs, (P,), on the scale of the data.

        Pair p is `queries[places[p]]` with item `items[p]`, −1 for one of which nothing is known.
        """
        x = np.stack([self.folded(query) for query in queries])[places] if len(queries) else NOBODY
        own = np.where((items >= 0)[:, None], self.mean[items], self.prior[0])
        expected: Wide = self.level + own[:, 0] + x[:, 0] + (own[:, 1:] * x[:, 1:]).sum(axis=1)
        return np.asarray(np.clip(expected, self.low, self.high), dtype=np.float32)

    def folded(self, query: Query) -> Wide:
        """Return a person's (a, x), shape (1 + factors,)."""
        known = np.flatnonzero(np.isfinite(query.values) & (query.rows >= 0)) if len(query.values) else NONE
        start = np.diag(np.r_[1.0 / self.leaning, np.ones(self.factors)])
        if not len(known):
            return np.zeros(self.factors + 1)
        rows, times = query.rows[known], query.times[known]
        weight = 1.0 / (self.noise * (1.0 + (times.max() - times) / self.half))
        own = Items(self.mean[rows].astype(np.float64), self.spread[rows].astype(np.float64), self.tau)
        outer, mixed, _ = own.moments()
        gram = start + (weight @ outer).reshape(start.shape)
        aim = (weight * (query.values[known] - self.level)) @ own.loadings() - weight @ mixed
        return np.asarray(np.linalg.solve(gram, aim))

    def extend(self, items: Catalogue, knowledge: Knowledge) -> Self:
        """New items are expected to be as their text says."""
        new = slice(len(self.mean), len(items))
        mean = (_described(knowledge, len(items))[new] @ self.prior).astype(np.float32)
        spread = np.broadcast_to(np.diag(self.tau), (len(mean), *self.spread.shape[1:])).astype(np.float32)
        return replace(
            self, mean=np.concatenate((self.mean, mean)), spread=np.concatenate((self.spread, spread))
        )

    def state(self) -> State:
        """Return the posteriors and the settings."""
        names = ("mean", "spread", "prior", "tau")
        scalars = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in names}
        return State({name: getattr(self, name) for name in names}, scalars)

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Build the model again."""
        return cls(**state.scalars, **cast(dict[str, Any], dict(state.arrays)))


NONE, NOBODY = np.empty(0, dtype=np.int64), np.zeros((0, 1))


@dataclass
class Items:
    """The posterior of (b, v) of each item, means (I, D) and covariances (I, D, D); τ² of the prior."""

    mean: Wide
    spread: Wide
    tau: Any

    @classmethod
    def started(cls, n: int, wide: int, rng: Generator) -> "Items":
        """Begin with small random loadings."""
        mean = rng.normal(0.0, 0.1, (n, wide))
        mean[:, 0] = 0.0
        return cls(mean, np.broadcast_to(0.01 * np.eye(wide), (n, wide, wide)), np.full(wide, 0.05))

    def loadings(self) -> Wide:
        """Return (1, v), shape (I, D): what meets a person's (a, x)."""
        return np.asarray(np.c_[np.ones(len(self.mean)), self.mean[:, 1:]])

    def moments(self) -> tuple[Wide, Wide, Wide]:
        """Return E[(1, v)(1, v)ᵀ] flattened, (I, D·D), E[(1, v)·b], (I, D), and E[b²], (I,)."""
        loadings, bias = self.loadings(), self.mean[:, 0]
        outer = loadings[:, :, None] * loadings[:, None, :]
        outer[:, 1:, 1:] += self.spread[:, 1:, 1:]
        mixed = loadings * bias[:, None]
        mixed[:, 1:] += self.spread[:, 0, 1:]
        return outer.reshape(len(loadings), -1), mixed, bias**2 + self.spread[:, 0, 0]

    def posterior(self, precision: Wide, aim: Wide, expected: Wide) -> None:
        """Combine what people tell, (I, D, D) and (I, D), with what is expected beforehand, (I, D)."""
        self.spread = np.asarray(np.linalg.inv(precision + np.diag(1.0 / self.tau)), dtype=np.float64)
        self.mean = np.einsum("ide,ie->id", self.spread, aim + expected / self.tau)

    def spread_of_prior(self, expected: Wide, rated: NDArray[np.bool_]) -> None:
        """Update τ² from the rated items."""
        if rated.any():
            away = (self.mean - expected) ** 2 + np.einsum("idd->id", self.spread)
            self.tau = np.maximum(away[rated].mean(axis=0), 1e-4)


def _described(knowledge: Knowledge, n: int) -> Wide:
    """Return [1, t], shape (I, 1 + dim)."""
    return np.asarray(np.c_[np.ones(n), knowledge.vectors.astype(np.float64)])


def _regression(described: Wide, aims: Wide, weights: Wide, ridge: float) -> Wide:
    """Return W of a ridge regression, weighted; the constant is not shrunk."""
    left = (described * weights[:, None]).T @ described
    left[np.diag_indices_from(left)] += np.r_[1e-3, np.full(described.shape[1] - 1, ridge)]
    return np.asarray(np.linalg.solve(left, (described * weights[:, None]).T @ aims))
