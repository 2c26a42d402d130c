"""Factors of implicit feedback: U·V by weighted alternating least squares, with exact fold-in.

u = (VᵀV + Σ_{i in S} (|c_i| − 1) v_i v_iᵀ + λ·I)⁻¹ Σ_{i in S} c_i v_i, c_i the confidence in an event, below
zero for negative feedback. The item factors come from the library `implicit`; user factors are not kept: the
history travels in the query. See Hu et al., ICDM 2008.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Self, cast

import numpy as np
from numpy.random import Generator
from threadpoolctl import threadpool_limits

from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.language.knowledge import Knowledge
from penchant.models.history import distinct
from penchant.models.item_to_item import pairs
from penchant.models.scorer import State, best, pick
from penchant.types import Query, Rows, Scores, Vectors


@dataclass(kw_only=True)
class Factors:
    """`factors` is the width, `l2` is λ, `confidence` is c for an event of weight 1."""

    reads_text: ClassVar[bool] = False

    factors: int = 64
    l2: float = 0.05
    confidence: float = 4.0
    epochs: int = 12
    limit: int = 300
    vectors: Vectors = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))

    def fit(self, data: Dataset, knowledge: Knowledge, *, rng: Generator) -> Self:
        """Alternate between users and items."""
        from implicit.cpu.als import AlternatingLeastSquares

        # In a small catalogue as many factors as items would learn each history by heart.
        x, width = pairs(data), min(self.factors, max(2, data.n_items // 8))
        if not x.nnz:
            self.vectors = np.zeros((data.n_items, width), dtype=np.float32)
            return self
        with threadpool_limits(1, "blas"):  # the library parallelises by itself, and warns otherwise
            als = AlternatingLeastSquares(
                factors=width,
                regularization=self.l2,
                alpha=self.confidence,
                iterations=self.epochs,
                random_state=int(rng.integers(2**31)),
            )
            als.fit(x, show_progress=False)
        self.vectors = np.array(als.item_factors, dtype=np.float32)
        self.vectors[np.bincount(x.indices, minlength=data.n_items) == 0] = 0.0
        return self

    def users(self, queries: Sequence[Query]) -> Vectors:
        """Fold histories in, exactly; shape (Q, factors)."""
        width = self.vectors.shape[1]
        gram = (self.vectors.T @ self.vectors).astype(np.float64) + self.l2 * np.eye(width)
        folded = np.zeros((len(queries), width), dtype=np.float32)
        for place, query in enumerate(queries):
            rows, weights = distinct(query, len(self.vectors))
            rows, weights = rows[: self.limit], weights[: self.limit]
            if len(rows):
                v, c = self.vectors[rows].astype(np.float64), self.confidence * weights
                folded[place] = np.linalg.solve(gram + (v.T * (np.abs(c) - 1.0)) @ v, c @ v)
        return folded

    def score(self, queries: Sequence[Query], items: Rows | None = None) -> Scores:
        """Multiply the folded-in users with the item factors."""
        return pick(self.users(queries) @ self.vectors.T, items)

    def retrieve(self, queries: Sequence[Query], n: int) -> tuple[Rows, Scores]:
        """Return the n best items for each query."""
        return best(self.score(queries), n)

    def extend(self, items: Catalogue, knowledge: Knowledge) -> Self:
        """New items wait for their events."""
        new = np.zeros((len(items) - len(self.vectors), self.vectors.shape[1]), dtype=np.float32)
        return replace(self, vectors=np.concatenate((self.vectors, new)))

    def state(self) -> State:
        """Return the item factors and the settings."""
        scalars = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "vectors"}
        return State({"vectors": self.vectors}, scalars)

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Build the model again."""
        return cls(**state.scalars, **cast(dict[str, Any], state.arrays))
