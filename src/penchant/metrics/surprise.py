"""What lists show beyond what is right: how unknown, how unexpected, how different from one another.

All return one number a query, shape (Q,).
"""

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from penchant.metrics.hits import Hits
from penchant.metrics.ranking import Values
from penchant.types import Rows

CHUNK = 1024
"""Lists whose vectors are added up at once."""


def novelty(recommended: Rows, popularity: Values) -> Values:
    """Return the mean −log2 popularity of the items of lists (Q, k), in bits; NaN for an empty list.

    `popularity`, shape (n_items,), is the part of people who know an item, above 0. See Zhou et al.,
    PNAS 2010. Raises ValueError for a popularity of 0 or less: smooth it beforehand.
    """
    if not (np.asarray(popularity) > 0).all():
        raise ValueError("popularity must be above 0: an item that nobody knows would be infinitely new")
    shown = recommended >= 0
    bits = -np.log2(np.append(popularity, 1.0))[recommended]  # -1, padding, takes the last: 0 bits
    return _mean(bits.sum(axis=1), shown.sum(axis=1))


def serendipity(hits: Hits, recommended: Rows, expected: Rows) -> Values:
    """Return the part of the k places that hit with an item which the obvious lists do not hold.

    `recommended`, (Q, k), has `hits`, (Q, k); `expected`, (Q, m), are items that anybody would have listed,
    for instance by popularity; −1 is padding in both. See Ge, Delgado-Battenfeld and Jannach, RecSys 2010.
    """
    obvious = np.zeros(recommended.shape, dtype=bool)
    for column in expected.T:
        obvious |= recommended == column[:, None]
    k = recommended.shape[1]
    return (hits & ~obvious).sum(axis=1) / k if k else np.zeros(len(hits))


def intra_list_diversity(recommended: Rows, vectors: Any) -> Values:
    """Return the mean cosine distance 1 − cos between the items of lists (Q, k), NaN below two items.

    `vectors`, dense or sparse, (n_items, dim), must not be those that a re-ranker made lists diverse by. An
    item whose vector is 0 says nothing and is left out. See Ziegler et al., WWW 2005.
    """
    lengths = np.sqrt(_squares(vectors))
    known = np.append(lengths > 0, False)  # -1, padding, takes the last
    values = np.full(len(recommended), np.nan)
    for start in range(0, len(recommended), CHUNK):
        rows = recommended[start : start + CHUNK]
        kept = known[rows]
        n = kept.sum(axis=1)
        # Σ over ordered pairs of v·w = |Σ v|² − Σ |v|²: no pair is looked at.
        alike = _squares(_sums(rows, kept, vectors, lengths)) - n
        values[start : start + CHUNK] = (1 - _mean(alike, n * (n - 1))).clip(0, 2)
    return values


def _sums(rows: Rows, kept: NDArray[np.bool_], vectors: Any, lengths: Values) -> Any:
    """Add up the unit vectors of each list, (Q, dim)."""
    lists, items = np.nonzero(kept)[0], rows[kept]
    cells = (1 / lengths[items], (lists, items))
    return sp.csr_matrix(cells, shape=(len(rows), len(lengths))) @ vectors


def _squares(vectors: Any) -> Values:
    """Return the sum of squares of each row."""
    squares = vectors.multiply(vectors) if sp.issparse(vectors) else np.square(vectors)
    return np.asarray(squares.sum(axis=1), dtype=np.float64).ravel()


def _mean(sums: NDArray[Any], counts: NDArray[Any]) -> Values:
    """Divide, with NaN where there is nothing to divide by."""
    values = np.full(len(sums), np.nan)
    np.divide(sums, counts, out=values, where=counts > 0)
    return values
