"""What a mean over users is worth: intervals, paired differences, tests, and a correction for many tests.

The functions take one number a user, shape (Q,), or (`clustered`) one a row with the user it belongs to, and
draw from the generator that they are given. They know nothing of models or metrics. Memory stays within
tens of megabytes for millions of users and any number of draws.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from penchant.types import Rows

Values = NDArray[np.floating]
"""One number a user, shape (Q,)."""

CHUNK = 1 << 21
"""Random numbers held at once."""


class Interval(NamedTuple):
    """A mean with the bounds of its interval."""

    mean: float
    low: float
    high: float


def bootstrap(values: Values, *, rng: Generator, n: int = 2000, level: float = 0.95) -> Interval:
    """Return the mean of `values` with the percentile interval of `n` resamples (Efron and Tibshirani 1993).

    Without any value all three numbers are NaN: nothing is known.
    """
    values = np.asarray(values, dtype=np.float64)
    if not len(values):
        return Interval(np.nan, np.nan, np.nan)
    means = np.concatenate(
        [
            values[rng.integers(len(values), size=shape, dtype=np.int32)].mean(axis=1)
            for shape in _chunks(n, values)
        ]
    )
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(values.mean()), float(low), float(high))


def clustered(
    values: NDArray[np.floating],
    users: Rows,
    *,
    rng: Generator,
    weights: Values | None = None,
    n: int = 2000,
    level: float = 0.95,
) -> list[Interval]:
    """Return the weighted mean of each column of `values`, its interval from drawing users as a whole.

    A user with many rows is drawn with all of them: the mean is the ratio Σ w·v / Σ w of two sums over users
    (Davison and Hinkley 1997). All columns see the same draws, so that a column of differences is a paired
    comparison. With one row a user it is `bootstrap`.

    Args:
        values: One row for each user and occasion, shape (R, M).
        users: Whose row it is, shape (R,).
        rng: Draws the users.
        weights: How much a row counts, shape (R,); all alike by default.
        n: Draws.
        level: What part of the draws lies inside the interval.
    """
    sums, counts = totals(values, users, weights)
    if not len(counts):
        return [Interval(np.nan, np.nan, np.nan)] * sums.shape[1]
    means = []
    for times in draws(len(counts), rng=rng, n=n):
        means.append((times @ sums) / (times @ counts)[:, None])
    bounds = np.quantile(np.concatenate(means), [(1 - level) / 2, (1 + level) / 2], axis=0)
    middle = sums.sum(axis=0) / counts.sum()
    rows = zip(middle.tolist(), *bounds.tolist(), strict=True)
    return [Interval(mean, low, high) for mean, low, high in rows]


def draws(n_users: int, *, rng: Generator, n: int = 2000) -> Iterator[NDArray[np.float64]]:
    """Yield how often each user is drawn, (D, n_users) at a time, `n` draws of as many users in all."""
    for size, width in _chunks(n, np.empty(n_users)):
        drawn = rng.integers(width, size=(size, width), dtype=np.int32)
        drawn += np.arange(0, size * width, width, dtype=np.int32)[:, None]
        yield np.bincount(drawn.ravel(), minlength=size * width).reshape(size, width).astype(np.float64)


def totals(
    values: NDArray[np.floating], users: Rows, weights: Values | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the weighted sums of each user's rows, shape (U, M), and of their weights, shape (U,)."""
    given = np.ones(len(users)) if weights is None else np.asarray(weights, dtype=np.float64)
    unique, place = np.unique(users, return_inverse=True)
    sums = np.zeros((len(unique), values.shape[1]))
    np.add.at(sums, place, given[:, None] * values)
    counts = np.zeros(len(unique))
    np.add.at(counts, place, given)
    return sums, counts


def paired_bootstrap(a: Values, b: Values, *, rng: Generator, n: int = 2000, level: float = 0.95) -> Interval:
    """Return the mean of a - b, user by user, with its interval: above 0 throughout, a is better."""
    return bootstrap(_differences(a, b), rng=rng, n=n, level=level)


def randomisation(a: Values, b: Values, *, rng: Generator, n: int = 10_000) -> float:
    """Return the two-sided p value of the mean of a - b under random swaps of a and b for each user.

    p = (1 + draws at least as far from 0 as the observed) / (1 + n), never 0 (Smucker et al. 2007).
    """
    differences = _differences(a, b)
    differences = differences[differences != 0]  # a swap of equals changes nothing
    if not len(differences):
        return 1.0
    total, size = differences.sum(), np.abs(differences).sum()
    # Sums of the same numbers in other signs differ in the last digits: those count as equal.
    far = abs(total) - 1e-12 * size
    extreme = 0
    for shape in _chunks(n, differences):
        kept = rng.integers(2, size=shape, dtype=np.int8).astype(np.float64)
        extreme += int((np.abs(2 * (kept @ differences) - total) >= far).sum())
    return (1 + extreme) / (1 + n)


def holm(p: Sequence[float] | Values) -> NDArray[np.float64]:
    """Return p values corrected for their number, in the given order (Holm 1979).

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    given = np.asarray(p, dtype=np.float64)
    order = np.argsort(given, kind="stable")
    corrected = np.empty(len(given))
    corrected[order] = np.maximum.accumulate(given[order] * np.arange(len(given), 0, -1)).clip(max=1)
    return corrected


def _differences(a: Values, b: Values) -> NDArray[np.float64]:
    """Subtract user by user; other lengths are a mistake of the caller."""
    if np.shape(a) != np.shape(b):
        raise ValueError(f"paired values must belong to the same users: {np.shape(a)} and {np.shape(b)}")
    return np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)


def _chunks(n: int, values: Values) -> Iterator[tuple[int, int]]:
    """Cut n draws over `values` into shapes of at most CHUNK numbers."""
    step = max(1, CHUNK // len(values))
    for start in range(0, n, step):
        yield min(step, n - start), len(values)
