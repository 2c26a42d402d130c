"""A query's history as a row of weights over items: what every model of behaviour multiplies.

x_i = w_i · decay^s, s counting back over the distinct items of the history (the last one has s = 0),
then x is divided by (Σ x)^½ so that a long history speaks louder than a short one, but not in proportion.
"""

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

from penchant.types import NO_ROWS, Query, Rows, Vectors, Weights


def distinct(query: Query, n_items: int) -> tuple[Rows, Weights]:
    """Return the known items of a query, latest first and each once, with their weights.

    Items named as wanted come before everything that was done, those named as unwanted count against. What
    has weight 0, such as an impression, is left out: it neither hides an older click nor takes a place.
    """
    rows = np.concatenate((query.rows, query.unwanted, query.wanted))[::-1]
    signs = (np.ones(len(query.wanted)), -np.ones(len(query.unwanted)), query.weights[::-1])
    weights = np.concatenate(signs).astype(np.float32)
    inside = (rows >= 0) & (rows < n_items) & (weights != 0)
    rows, weights = rows[inside], weights[inside]
    order, place = np.arange(len(rows)), np.empty(n_items, dtype=np.int64)
    place[rows[::-1]] = order[::-1]  # of an item that comes twice, the latest event is written last
    first = place[rows] == order
    return rows[first], weights[first]


def decayed(
    rows: Rows, weights: Weights, decay: float = 1.0, limit: int = 0, *, soften: bool = True
) -> tuple[Rows, Weights]:
    """Return the x of a distinct history, latest first, with its rows; `limit` > 0 keeps the latest."""
    if limit:
        rows, weights = rows[:limit], weights[:limit]
    x = weights * np.float32(decay) ** np.arange(len(rows), dtype=np.float32)
    if soften and len(x):
        x = x / np.sqrt(max(float(np.abs(x).sum()), 1e-6))
    return rows, x.astype(np.float32)


def histories(
    queries: Sequence[Query], n_items: int, *, decay: float = 1.0, limit: int = 0, soften: bool = True
) -> sp.csr_matrix:
    """Return the histories as a sparse matrix (Q, n_items), float32; `limit` > 0 keeps the latest."""
    columns, values, sizes = [NO_ROWS], [np.empty(0, dtype=np.float32)], []
    for query in queries:
        rows, x = decayed(*distinct(query, n_items), decay, limit, soften=soften)
        columns.append(rows)
        values.append(x)
        sizes.append(len(rows))
    pointer = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))
    matrix = (np.concatenate(values), np.concatenate(columns), pointer)
    return sp.csr_matrix(matrix, shape=(len(queries), n_items), dtype=np.float32)


def times_dense(left: sp.csr_matrix, right: Vectors) -> Vectors:
    """Multiply (Q, n) sparse by (n, m) dense in float32."""
    return np.asarray(left @ right, dtype=np.float32).reshape(left.shape[0], right.shape[1])
