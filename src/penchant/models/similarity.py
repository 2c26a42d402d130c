"""Item–item similarity in closed form, with what language says as its prior.

min_B ‖X − X B‖² weighted by users + λ‖B‖² + κ‖B − S‖² with a zero diagonal, S the prior from texts:

    G = Xᵀ diag(n_u^−β) X,   Λ = λ + p/(1−p)·diag G,   P = (G + Λ + κ)⁻¹,   Q = κ P S,
    B = Q − P·diag((1 + diag Q) / diag P) off the diagonal,   W_ij = n_i^α B_ij n_j^−α.

EASE (Steck, WWW 2019) is κ = β = p = α = 0, EDLAE (Steck, NeurIPS 2020) adds p, DAN (SIGIR 2025) β and α,
L3AE (CIKM 2025) is κ alone. With more than `dense` items each column is solved among its neighbours. Items
with too few events to say anything take no part; other models serve them.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.random import Generator

from penchant.data.dataset import Dataset
from penchant.language.knowledge import Knowledge
from penchant.models.algebra import Prior, inverse
from penchant.models.item_to_item import DENSE, NOTHING, ItemToItem, active_items, pairs
from penchant.models.neighbourhood import among_neighbours
from penchant.types import Vectors


@dataclass(kw_only=True)
class Similarity(ItemToItem):
    """Settings carry the letters of the equation: λ, κ, p, β and α."""

    l2: float = 200.0
    prior: float = 100.0
    dropout: float = 0.0
    user_power: float = 0.0
    item_power: float = 0.0
    dense: int = DENSE

    def fit(self, data: Dataset, knowledge: Knowledge, *, rng: Generator) -> Self:
        """Solve the closed form over the items with enough events."""
        self.n_items, self.active = data.n_items, active_items(data)
        x = pairs(data)[:, self.active]
        solve = self.solve if len(self.active) <= self.dense else self.solve_sparse
        self.weights = solve(x, knowledge.raw[self.active])
        return self

    def solve(self, x: sp.csr_matrix, texts: Vectors) -> Vectors:
        """Return W for a matrix of users and items, shape (U, A), and the items' centred text vectors."""
        if not x.shape[1]:
            return NOTHING
        gram = self.gram(x).toarray()
        prior = self.prior if texts.shape[1] and texts.any() else 0.0
        gram[np.diag_indices_from(gram)] += self.l2 + self.dropped(gram) + prior
        p = inverse(gram)
        if prior:
            b = Prior.of(texts).after(p)
            b *= np.float32(prior)
            b -= p * ((1.0 + b.diagonal()) / p.diagonal())
        else:
            b = p * (-1.0 / p.diagonal())
        b[np.diag_indices_from(b)] = 0.0
        if self.item_power:
            scale = self.scale(x)
            b = scale[:, None] * b / scale
        return b.astype(np.float32)

    def solve_sparse(self, x: sp.csr_matrix, texts: Vectors) -> sp.csr_matrix:
        """Return W as `solve` does, each column among its neighbours only."""
        cross = self.gram(x)
        gram = sp.csr_matrix(cross + sp.diags(self.dropped(cross)), dtype=np.float32)
        b = among_neighbours(gram, cross, texts, l2=self.l2, prior=self.prior)
        if self.item_power:
            scale = self.scale(x)
            b = sp.csr_matrix(sp.diags(scale) @ b @ sp.diags(1 / scale), dtype=np.float32)
        return b

    def gram(self, x: sp.csr_matrix) -> sp.csr_matrix:
        """Return Xᵀ diag(n_u^−β) X, shape (A, A)."""
        lengths = np.maximum(np.asarray(x.sum(axis=1)).ravel(), 1.0)
        scaled = sp.diags((lengths ** (-self.user_power / 2)).astype(np.float32)) @ x
        return sp.csr_matrix(scaled.T @ scaled, dtype=np.float32)

    def dropped(self, gram: Any) -> Vectors:
        """Return p/(1−p)·diag G, shape (A,)."""
        return np.asarray(self.dropout / (1 - self.dropout) * gram.diagonal(), dtype=np.float32)

    def scale(self, x: sp.csr_matrix) -> Vectors:
        """Return n_i^α, shape (A,)."""
        counts = np.maximum(np.asarray(x.sum(axis=0)).ravel(), 1.0)
        return np.asarray(counts**self.item_power, dtype=np.float32)
