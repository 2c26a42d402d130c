"""How evenly lists show a catalogue: coverage, concentration and entropy of exposure."""

import numpy as np

from penchant.metrics.paired import Column
from penchant.types import Rows


def coverage(recommended: Rows, n_items: int) -> float:
    """Return the part of a catalogue of `n_items` that appears in lists (Q, k); padding (-1) is no item."""
    shown = np.unique(recommended[recommended >= 0])
    return len(shown) / n_items if n_items else 0.0


def exposure(recommended: Rows, n_items: int, weights: Column | None = None) -> Column:
    """Return how often lists (Q, k) show each item, shape (n_items,); `weights`, (Q,), count lists."""
    shown = recommended >= 0
    given = None if weights is None else np.broadcast_to(weights[:, None], recommended.shape)[shown]
    return np.bincount(recommended[shown], weights=given, minlength=n_items).astype(np.float64)


def gini(exposures: Column) -> float:
    """Return the Gini coefficient of shares (n,): 0 where all items are shown alike, 1 − 1/n where one is.

    G = Σ_i (2i − n − 1) x_i / (n Σ x), x ascending, i from 1; NaN where nothing is shown.

    >>> gini(np.array([0.0, 0.0, 0.0, 8.0]))
    0.75
    """
    x = np.sort(np.asarray(exposures, dtype=np.float64))
    n, total = len(x), x.sum()
    if not total > 0:
        return float("nan")
    return float(max((2 * np.arange(1, n + 1) - n - 1) @ x / (n * total), 0.0))


def entropy(exposures: Column) -> float:
    """Return −Σ p log2 p of shares p in bits, from 0 (one item) to log2 n (all alike); NaN for nothing.

    >>> entropy(np.array([3.0, 3.0, 3.0, 3.0]))
    2.0
    """
    x = np.asarray(exposures, dtype=np.float64)
    if not x.sum() > 0:
        return float("nan")
    p = x[x > 0] / x.sum()
    return float(abs(p @ np.log2(p)))
