"""Features: what people of the same age, place or trade take more often than everybody.

    E[x_ui] = n_u p_i (1 + f_u · w_i),   w_i ~ N(0, 1/κ),   score = f_u · w_i.

f_u are attributes of the user, n_u counts the items that the user has, p_i is the item's part of all events:
x·θ over the crosses of user attributes with items, so that a newcomer is served by what the form says. w is
one Newton step of Poisson regression from popularity, in closed form: in the eigenbasis of Σ_u n_u f_u f_uᵀ
each item and direction is a number of its own. κ is the one under which other people's events are most
likely; where none helps, the model says nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np
import scipy.sparse as sp
from numpy.random import Generator

from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.language.knowledge import Knowledge
from penchant.models.item_to_item import pairs
from penchant.models.scorer import State, best, pick
from penchant.types import Query, Rows, Scores, Vectors

FLAT = np.zeros((0, 0), dtype=np.float32)
SHRINKS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
DIRECTIONS = 128
"""Directions of the users' attributes that are kept."""
TRIED, ASKED = 2_000, 1_000
"""Most frequent items on which κ is chosen, and how many people are asked for it."""
MOST = 10.0
"""A logarithm of odds beyond this is an estimate gone astray."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What some people did: `taken` are Zᵀ(X − n pᵀ), (r, I), `energies` the eigenvalues (r,), `parts` p."""

    taken: Vectors
    energies: Vectors
    parts: Vectors

    @classmethod
    def of(cls, traits: Vectors, x: sp.csr_matrix) -> Self:
        """Count; `traits` are Z, shape (U, r), and `x` is (U, I)."""
        sizes, total = np.asarray(x.sum(axis=1)).ravel(), max(float(x.sum()), 1.0)
        parts = np.asarray(x.sum(axis=0)).ravel() / total
        taken = np.asarray((x.T @ traits).T - np.outer(traits.T @ sizes, parts), dtype=np.float32)
        return cls(taken, np.asarray(sizes @ traits**2, dtype=np.float32), parts.astype(np.float32))

    def weights(self, shrink: float) -> Vectors:
        """Return w, (I, r)."""
        energy = np.outer(self.parts, self.energies)
        return np.asarray(self.taken.T / (energy + shrink), dtype=np.float32)


@dataclass(kw_only=True)
class Features:
    """`weights`, (I, r), are the w of the items; `basis`, (F, r), turns attributes into their directions.

    `shrink` is κ, 0 where the attributes tell nothing.
    """

    reads_text: ClassVar[bool] = False
    serves_cold: ClassVar[bool] = False

    shrink: float = 0.0
    basis: Vectors = field(default_factory=lambda: FLAT)
    weights: Vectors = field(default_factory=lambda: FLAT)

    def fit(self, data: Dataset, knowledge: Knowledge, *, rng: Generator) -> Self:
        """Learn from the events of people with attributes."""
        self.shrink, self.basis = 0.0, FLAT
        self.weights = np.zeros((data.n_items, 0), dtype=np.float32)
        x = pairs(data).sign()
        if data.traits is None or not x.nnz:
            return self
        basis = eigenbasis(data.traits, x)
        z = np.asarray(data.traits @ basis)
        self.shrink = chosen(z, x, rng)
        if self.shrink:
            self.basis, self.weights = basis, Counts.of(z, x).weights(self.shrink)
        return self

    def people(self, queries: Sequence[Query]) -> Vectors:
        """Return the attributes of those who ask in the model's directions, (Q, r); 0 where unknown."""
        found = np.zeros((len(queries), len(self.basis)), dtype=np.float32)
        for place, query in enumerate(queries):
            if query.features is not None and len(query.features) == len(self.basis):
                found[place] = query.features
        return np.asarray(found @ self.basis)

    def score(self, queries: Sequence[Query], items: Rows | None = None) -> Scores:
        """Multiply attributes with items."""
        return pick(np.asarray(self.people(queries) @ self.weights.T, dtype=np.float32), items)

    def retrieve(self, queries: Sequence[Query], n: int) -> tuple[Rows, Scores]:
        """Return the n best items for each query."""
        return best(self.score(queries), n)

    def extend(self, items: Catalogue, knowledge: Knowledge) -> Self:
        """New items wait for their events."""
        return replace(self, weights=np.pad(self.weights, ((0, len(items) - len(self.weights)), (0, 0))))

    def state(self) -> State:
        """Return the weights."""
        return State({"basis": self.basis, "weights": self.weights}, {"shrink": self.shrink})

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Build the model again."""
        basis, weights = state.arrays["basis"], state.arrays["weights"]
        return cls(shrink=float(state.scalars["shrink"]), basis=basis, weights=weights)


def eigenbasis(traits: sp.csr_matrix, x: sp.csr_matrix) -> Vectors:
    """Return the strongest directions of the attributes of those who did something, (F, r)."""
    sizes = np.asarray(x.sum(axis=1)).ravel()
    gram = (traits.T @ sp.diags(sizes) @ traits).toarray().astype(np.float64)
    energies, basis = np.linalg.eigh(gram)
    kept = np.flatnonzero(energies > 1e-6 * max(float(energies[-1]), 1e-12))[-DIRECTIONS:]
    return np.asarray(basis[:, kept], dtype=np.float32)


def chosen(z: Vectors, x: sp.csr_matrix, rng: Generator) -> float:
    """Return the κ under which the events of some people are most likely, learned from the others.

    0 where popularity alone makes them as likely.
    """
    told = np.flatnonzero((np.asarray(x.sum(axis=1)).ravel() > 0) & np.asarray(z.any(axis=1)))
    told = rng.permutation(told)
    asked, learned = told[: min(ASKED, len(told) // 2)], told[min(ASKED, len(told) // 2) :]
    if not len(asked):
        return 0.0
    head = np.sort(np.argsort(-np.asarray(x[learned].sum(axis=0)).ravel(), kind="stable")[:TRIED])
    x = sp.csr_matrix(x[:, head])
    counts, found = Counts.of(z[learned], x[learned]), {0.0: 0.0}
    for shrink in SHRINKS:
        scores = z[asked] @ counts.weights(shrink).T
        found[shrink] = likelihood(counts.parts, scores, sp.csr_matrix(x[asked]))
    return max(found, key=lambda one: found[one])


def likelihood(parts: Vectors, scores: Scores, x: sp.csr_matrix) -> float:
    """Return how much more likely than by popularity the events x, (Q, I), are under scores, (Q, I)."""
    scores, logs = np.clip(scores, -MOST, MOST), np.log(np.maximum(parts, 1e-9))
    totals = np.log(np.exp(logs + scores).sum(axis=1)) - np.log(np.exp(logs).sum())
    return float(x.multiply(scores).sum() - np.asarray(x.sum(axis=1)).ravel() @ totals)
