"""Which places of a list hold something relevant."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from penchant.types import Rows

Hits = NDArray[np.bool_]
"""True where the list of query q holds a relevant item at place j; shape (Q, k)."""


def hits(recommended: Rows, relevant: Sequence[Rows]) -> Hits:
    """Mark the relevant items of lists (Q, k): padding (-1) never hits, a repeated item hits once."""
    # One number for each pair of query and item; padding takes the slot before the first item.
    width = 2 + max(int(rows.max(initial=-1)) for rows in (recommended, *relevant))
    lengths = [len(rows) for rows in relevant]
    pairs = np.repeat(np.arange(len(relevant)), lengths) * width
    pairs += np.concatenate([np.empty(0, np.int64), *relevant]) + 1
    listed = np.arange(len(recommended))[:, None] * width + recommended + 1
    found: Hits = np.isin(listed, pairs) & (recommended >= 0)
    return found & _first(recommended)


def counts(relevant: Sequence[Rows]) -> Rows:
    """Count the different items of each query that a list could hit, shape (Q,)."""
    return np.array([len(np.unique(rows[rows >= 0])) for rows in relevant], dtype=np.int64)


def _first(rows: Rows) -> Hits:
    """Mark each item's first place in its list."""
    order = np.argsort(rows, axis=1, kind="stable")
    ranked = np.take_along_axis(rows, order, axis=1)
    first = np.ones(rows.shape, dtype=bool)
    np.put_along_axis(first, order[:, 1:], ranked[:, 1:] != ranked[:, :-1], axis=1)
    return first
