"""What the closed forms have in common once they are solved: a matrix of items, times a history."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Self, cast

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.language.knowledge import Knowledge
from penchant.models.history import decayed, distinct, histories, times_dense
from penchant.models.scorer import State, best, pick
from penchant.types import NO_ROWS, Query, Rows, Scores, Vectors

NOTHING = np.zeros((0, 0), dtype=np.float32)
DENSE = 8_000
"""Items up to which a closed form is solved whole; beyond, among neighbours (see `neighbourhood.py`)."""
MOST = 200_000
"""Items that a closed form is over at all, the most frequent ones."""
SPARSE = ("data", "indices", "indptr")


@dataclass(kw_only=True)
class ItemToItem:
    """`decay` is that of the history, `limit` its length (0: all of it).

    `weights`, shape (A, A), dense or sparse, is over the `active` items: those with enough events to say
    something. Other items score nothing here and are served by other models.
    """

    serves_cold: ClassVar[bool] = False

    decay: float = 0.97
    limit: int = 0
    n_items: int = 0
    active: Rows = field(default_factory=lambda: NO_ROWS)
    weights: Any = field(default_factory=lambda: NOTHING)

    def score(self, queries: Sequence[Query], items: Rows | None = None) -> Scores:
        """Multiply the decayed histories with the matrix."""
        scores = np.zeros((len(queries), self.n_items), dtype=np.float32)
        if len(self.active):
            x = histories(queries, self.n_items, decay=self.decay, limit=self.limit)
            scores[:, self.active] = times(x[:, self.active], self.weights)
        return pick(scores, items)

    def retrieve(self, queries: Sequence[Query], n: int) -> tuple[Rows, Scores]:
        """Return the n best items for each query."""
        return best(self.score(queries), n)

    def parts(self, query: Query, items: Rows) -> tuple[Rows, Scores]:
        """Return the items of the history, shape (T,), and what each gives to `items`, shape (T, C)."""
        had, x = decayed(*distinct(query, self.n_items), self.decay, self.limit)
        places = np.full(self.n_items, -1, dtype=np.int64)
        places[self.active] = np.arange(len(self.active))
        rows, columns = places[had], places[items]
        given = np.zeros((len(rows), len(columns)), dtype=np.float32)
        cells = np.ix_(rows >= 0, columns >= 0)
        block = cut(self.weights, rows[rows >= 0], columns[columns >= 0])
        given[cells] = x[rows >= 0, None] * block
        return had, given

    def extend(self, items: Catalogue, knowledge: Knowledge) -> Self:
        """New items wait for their events."""
        return replace(self, n_items=len(items))

    def state(self) -> State:
        """Return the matrix, the items it is over, and the settings."""
        arrays: dict[str, NDArray[Any]] = {"active": self.active}
        if sp.issparse(self.weights):
            arrays |= {f"weights.{part}": getattr(self.weights, part) for part in SPARSE}
        else:
            arrays["weights"] = self.weights
        names = [f.name for f in fields(self) if f.name not in ("active", "weights")]
        return State(arrays, {name: getattr(self, name) for name in names})

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Build the model again."""
        arrays = cast(dict[str, Any], dict(state.arrays))
        if "weights" not in arrays:
            parts = tuple(arrays.pop(f"weights.{part}") for part in SPARSE)
            n = len(arrays["active"])
            arrays["weights"] = sp.csr_matrix(parts, shape=(n, n))
        return cls(**state.scalars, **arrays)


def times(x: sp.csr_matrix, weights: Any) -> Vectors:
    """Multiply histories, (Q, A) sparse, with dense or sparse weights, (A, A)."""
    if sp.issparse(weights):
        return np.asarray((x @ weights).toarray(), dtype=np.float32)
    return times_dense(x, weights)


def cut(weights: Any, rows: Rows, columns: Rows) -> Vectors:
    """Return the cells of rows and columns, dense."""
    if sp.issparse(weights):
        return np.asarray(weights[rows][:, columns].toarray(), dtype=np.float32)
    return np.asarray(weights[np.ix_(rows, columns)])


def pairs(data: Dataset) -> sp.csr_matrix:
    """Return who did what as a sparse matrix (n_users, n_items): the highest positive weight of each pair."""
    events = data.interactions.where(data.interactions.weights > 0)
    key = events.users * data.n_items + events.items
    order = np.lexsort((events.weights, key))
    last = np.append(np.diff(key[order]) > 0, True) if len(key) else np.empty(0, dtype=bool)
    kept = order[last]
    cells = (events.weights[kept], (events.users[kept], events.items[kept]))
    return sp.csr_matrix(cells, shape=(data.n_users, data.n_items), dtype=np.float32)


def active_items(data: Dataset, *, small: int = 2_000, least: int = 3, cap: int = MOST) -> Rows:
    """Return the items a closed form is over: those with `least` events (any, in a small catalogue)."""
    positive = data.interactions.items[data.interactions.weights > 0]
    counts = np.bincount(positive, minlength=data.n_items)
    active = np.flatnonzero(counts >= (1 if (counts > 0).sum() <= small else least))
    if len(active) > cap:
        active = np.sort(active[np.argsort(-counts[active], kind="stable")[:cap]])
    return active
