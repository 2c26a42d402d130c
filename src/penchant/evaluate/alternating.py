"""Implicit ALS as the library `implicit` has it, histories folded in by the library as well.

See Hu, Koren and Volinsky, ICDM 2008. The confidence of an event is `confidence`, that of no event is 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from penchant.data.dataset import Dataset
from penchant.models.history import histories
from penchant.models.item_to_item import pairs
from penchant.types import Query, Scores

EPOCHS = 15


@dataclass(frozen=True, slots=True)
class Alternating:
    """`model` is the library's, fitted; None where there was nothing to learn from."""

    model: Any
    n_items: int

    @classmethod
    def fit(cls, data: Dataset, *, factors: int, l2: float, confidence: float) -> Self:
        """Alternate between users and items."""
        from implicit.cpu.als import AlternatingLeastSquares  # takes long to import

        x = pairs(data)
        x.data[:] = 1.0
        if not x.nnz:
            return cls(None, data.n_items)
        model = AlternatingLeastSquares(
            factors=factors, regularization=l2, alpha=confidence, iterations=EPOCHS, random_state=0
        )
        model.fit(x, show_progress=False)
        return cls(model, data.n_items)

    def score(self, queries: Sequence[Query]) -> Scores:
        """Fold the histories in and multiply with the items, shape (Q, n_items)."""
        if self.model is None:
            return np.zeros((len(queries), self.n_items), dtype=np.float32)
        x = histories(queries, self.n_items, soften=False)
        users = self.model.recalculate_user(np.arange(len(queries)), x)
        return np.asarray(users @ self.model.item_factors.T, dtype=np.float32)
