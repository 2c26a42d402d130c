"""Transitions in closed form: what came next after a decayed past, with language as the prior.

Each position t of each sequence gives one row of a ridge regression, from the decayed past
s_t = Σ_{a<t} γ^(t−1−a) e_a to the decayed future f_t = Σ_{b≥t} γ^(b−t) e_b:

    M = (Σ s sᵀ + λ + κ)⁻¹ (Σ s fᵀ + κ S).

Both sums are over pairs of events k steps apart, with weights known in closed form, so one pass over
the pairs is enough: Σ s fᵀ gives k·γ^(k−1) to each pair, Σ s sᵀ gives γ^k (1 − γ^2m) / (1 − γ²), m positions
before the end. See SLIT in Choi et al., Session-aware linear item-item models, WWW 2021, and TALE, WSDM 2025.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.random import Generator
from numpy.typing import NDArray

from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.language.knowledge import Knowledge
from penchant.models.algebra import Prior, inverse
from penchant.models.item_to_item import DENSE, NOTHING, ItemToItem, active_items
from penchant.models.neighbourhood import among_neighbours
from penchant.types import NO_ROWS, Rows, Vectors


@dataclass(kw_only=True)
class Transitions(ItemToItem):
    """`gamma` is γ of the equation, `reach` how far apart two events may be; `user_power` tames length.

    `together` says whether events of one moment (a basket) follow one another too.
    """

    decay: float = 0.9
    limit: int = 60
    l2: float = 500.0
    prior: float = 300.0
    gamma: float = 0.9
    reach: int = 60
    user_power: float = 0.0
    together: bool = True
    dense: int = DENSE

    def fit(self, data: Dataset, knowledge: Knowledge, *, rng: Generator) -> Self:
        """Solve the closed form over the items with enough events."""
        self.n_items, self.active = data.n_items, active_items(data)
        events = data.interactions
        if not len(self.active) or events.clock == "none":
            self.active, self.weights = NO_ROWS, NOTHING
            return self
        texts = knowledge.raw[self.active]
        if len(self.active) > self.dense:
            self.weights = among_neighbours(
                *self.sparse_moments(events), texts, l2=self.l2, prior=self.prior, diagonal=True
            )
            return self
        gram, cross = self.moments(events)
        prior = self.prior if texts.shape[1] and texts.any() else 0.0
        gram[np.diag_indices_from(gram)] += self.l2 + prior
        p = inverse(gram)
        self.weights = p @ cross
        if prior:
            given = Prior.of(texts).after(p)
            given *= np.float32(prior)
            self.weights += given
        return self

    def moments(self, events: Interactions) -> tuple[Vectors, Vectors]:
        """Return Σ s sᵀ and Σ s fᵀ over the active items, shape (A, A) each."""
        n = len(self.active)
        gram, cross = np.zeros(n * n, dtype=np.float32), np.zeros(n * n, dtype=np.float32)
        at = np.zeros(n)
        for own, first, second, together, following in self.steps(events):
            at += own
            np.add.at(cross, first * n + second, following)
            np.add.at(gram, first * n + second, together)
        square = gram.reshape(n, n)
        square += square.T.copy()
        square[np.diag_indices_from(square)] += at
        return square, cross.reshape(n, n)

    def sparse_moments(self, events: Interactions) -> tuple[sp.csr_matrix, sp.csr_matrix]:
        """Return the same as sparse matrices."""
        n = len(self.active)
        shape, at = (n, n), np.zeros(n)
        gram, cross = (sp.csr_matrix(shape, dtype=np.float32) for _ in range(2))
        for own, first, second, together, following in self.steps(events):
            at += own
            gram += sp.csr_matrix((together, (first, second)), shape=shape, dtype=np.float32)
            cross += sp.csr_matrix((following, (first, second)), shape=shape, dtype=np.float32)
        return sp.csr_matrix(gram + gram.T + sp.diags(at), dtype=np.float32), cross

    def steps(self, events: Interactions) -> Iterator[tuple[NDArray[Any], Rows, Rows, Vectors, Vectors]]:
        """Yield what events k apart add, k from 0: to the diagonal, and to Σ s sᵀ and Σ s fᵀ by cells."""
        places = np.full(self.n_items, -1, dtype=np.int64)
        places[self.active] = np.arange(len(self.active))
        kept = (places[events.items] >= 0) & (events.weights > 0)
        users, times, items = events.users[kept], events.times[kept], places[events.items[kept]]
        sizes = np.bincount(users)
        left = np.repeat(np.cumsum(sizes), sizes) - np.arange(len(users)) - 1  # positions before the end
        scale = (np.repeat(sizes, sizes) ** -self.user_power).astype(np.float32)
        n, decays = len(self.active), self.gamma ** (2 * left)
        none = np.empty(0, dtype=np.float32)
        own = np.bincount(items, weights=scale * (1 - decays) / (1 - self.gamma**2), minlength=n)
        yield own, NO_ROWS, NO_ROWS, none, none
        for k in range(1, self.reach + 1):
            first = np.flatnonzero(left >= k)
            if not len(first):
                break
            if not self.together:
                first = first[times[first + k] > times[first]]
            a, b = items[first], items[first + k]
            following = (scale[first] * np.float32(k * self.gamma ** (k - 1))).astype(np.float32)
            rest = 1 - decays[first + k]
            both = (scale[first] * self.gamma**k * rest / (1 - self.gamma**2)).astype(np.float32)
            yield np.zeros(n), a, b, both, following
