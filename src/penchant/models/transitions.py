"""Transitions in closed form: what came next after a decayed past, with language as the prior.

Each position t of each sequence gives one row of a ridge regression, from the decayed past
s_t = Σ_{a<t} γ^(t−1−a) e_a to the decayed future f_t = Σ_{b≥t} γ^(b−t) e_b:

    M = (Σ s sᵀ + λ + κ)⁻¹ (Σ s fᵀ + κ S).

Both sums are over pairs of events k steps apart, with weights known in closed form, so one pass over
the pairs is enough: Σ s fᵀ gives k·γ^(k−1) to each pair, Σ s sᵀ gives γ^k (1 − γ^2m) / (1 − γ²), m positions
before the end. See SLIT in Choi et al., Session-aware linear item-item models, WWW 2021, and TALE, WSDM 2025.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.random import Generator

from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.language.knowledge import Knowledge
from penchant.models.algebra import Prior, inverse
from penchant.models.item_to_item import NOTHING, ItemToItem, active_items
from penchant.types import NO_ROWS, Vectors


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

    def fit(self, data: Dataset, knowledge: Knowledge, *, rng: Generator) -> Self:
        """Solve the closed form over the items with enough events."""
        self.n_items, self.active = data.n_items, active_items(data)
        events = data.interactions
        if not len(self.active) or events.clock == "none":
            self.active, self.weights = NO_ROWS, NOTHING
            return self
        gram, cross = self.moments(events)
        texts = knowledge.raw[self.active]
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
        places = np.full(self.n_items, -1, dtype=np.int64)
        places[self.active] = np.arange(len(self.active))
        kept = (places[events.items] >= 0) & (events.weights > 0)
        users, times, items = events.users[kept], events.times[kept], places[events.items[kept]]
        sizes = np.bincount(users)
        left = np.repeat(np.cumsum(sizes), sizes) - np.arange(len(users)) - 1  # positions before the end
        scale = (np.repeat(sizes, sizes) ** -self.user_power).astype(np.float32)
        n, decays = len(self.active), self.gamma ** (2 * left)
        gram, cross = np.zeros(n * n, dtype=np.float32), np.zeros(n * n, dtype=np.float32)
        at = np.bincount(items, weights=scale * (1 - decays) / (1 - self.gamma**2), minlength=n)
        for k in range(1, self.reach + 1):
            first = np.flatnonzero(left >= k)
            if not len(first):
                break
            if not self.together:
                first = first[times[first + k] > times[first]]
            a, b = items[first], items[first + k]
            np.add.at(cross, a * n + b, scale[first] * np.float32(k * self.gamma ** (k - 1)))
            rest = 1 - decays[first + k]
            both = (scale[first] * self.gamma**k * rest / (1 - self.gamma**2)).astype(np.float32)
            np.add.at(gram, a * n + b, both)
        square = gram.reshape(n, n)
        square += square.T.copy()
        square[np.diag_indices_from(square)] += at
        return square, cross.reshape(n, n)
