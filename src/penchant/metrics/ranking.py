"""How well lists put what is relevant first: one number a query, between 0 and 1, higher is better.

All take `hits`, shape (Q, k), and `n_relevant`, shape (Q,), the number of items that there were to hit,
and return shape (Q,). A query with nothing to hit gets 0: leave it out beforehand if it should not count.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.metrics.hits import Hits
from penchant.types import Rows

Values = NDArray[np.float64]
"""One number a query, shape (Q,)."""


def ndcg(hits: Hits, n_relevant: Rows) -> Values:
    """Discount each hit by log2(place + 1), relative to the best list: min(k, n_relevant) hits first.

    >>> ndcg(np.array([[False, True]]), np.array([1])).round(4).tolist()
    [0.6309]
    """
    discounts = 1 / np.log2(np.arange(hits.shape[1]) + 2)
    ideal = np.concatenate([[0.0], np.cumsum(discounts)])
    return _ratio(hits @ discounts, ideal[_reachable(hits, n_relevant)])


def recall(hits: Hits, n_relevant: Rows) -> Values:
    """Return the part found of what k places could hold: hits / min(k, n_relevant)."""
    return _ratio(hits.sum(axis=1), _reachable(hits, n_relevant))


def precision(hits: Hits, n_relevant: Rows) -> Values:
    """Return the part of the k places that hit; `n_relevant` is not looked at."""
    return _ratio(hits.sum(axis=1), np.full(len(hits), hits.shape[1]))


def f1(hits: Hits, n_relevant: Rows) -> Values:
    """Return the harmonic mean of `precision` and `recall`: 2 · hits / (k + min(k, n_relevant))."""
    return _ratio(2 * hits.sum(axis=1), hits.shape[1] + _reachable(hits, n_relevant))


def hit_rate(hits: Hits, n_relevant: Rows) -> Values:
    """Return 1 where at least one place hits; `n_relevant` is not looked at."""
    return _ratio(hits.max(axis=1, initial=False), np.ones(len(hits)))


def mrr(hits: Hits, n_relevant: Rows) -> Values:
    """Return 1 / place of the first hit, 0 without any; `n_relevant` is not looked at."""
    places = 1.0 + np.arange(hits.shape[1])
    return _ratio((hits / places).max(axis=1, initial=0.0), np.ones(len(hits)))


def average_precision(hits: Hits, n_relevant: Rows) -> Values:
    """Return the precision at each hit's place, summed over hits, relative to min(k, n_relevant).

    The mean over queries is known as MAP.
    """
    places = 1.0 + np.arange(hits.shape[1])
    at_hits = (hits * np.cumsum(hits, axis=1) / places).sum(axis=1)
    return _ratio(at_hits, _reachable(hits, n_relevant))


def _reachable(hits: Hits, n_relevant: Rows) -> Rows:
    """How many hits a list of k places can have."""
    return np.minimum(hits.shape[1], n_relevant)


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> Values:
    """Divide, with 0 where there is nothing to divide by."""
    values = np.zeros(len(part))
    np.divide(part, whole, out=values, where=whole > 0)
    # The same discounts summed in another order may exceed the ideal by one last digit.
    return values.clip(max=1.0)
