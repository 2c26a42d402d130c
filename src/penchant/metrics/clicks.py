"""How well scores tell what was clicked from what was not: order (AUC), likelihood, and calibration.

All take `clicked`, shape (N,), 0 or 1 (or booleans), and a score or a probability for each, shape (N,).
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from penchant.metrics.paired import Column, paired
from penchant.types import Rows

LEAST = float(np.finfo(np.float64).eps)
"""Probabilities are kept so far from 0 and 1: one sure mistake would cost infinitely much."""


class Reliability(NamedTuple):
    """Ranges of probability: bounds (B + 1,), rows in each, mean prediction and mean click, (B,) each."""

    bounds: Column
    counts: Rows
    predicted: Column
    clicked: Column


def auc(clicked: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the chance that a click scores above a non-click, ties counting half (midranks).

    AUC = (Σ ranks of the clicks − n₁(n₁ + 1)/2) / (n₁ n₀); NaN where one of the two kinds is missing.
    Raises ValueError for other lengths or labels. See Hanley and McNeil, Radiology 1982.

    >>> auc(np.array([0, 1, 1]), np.array([0.5, 0.5, 0.9]))
    0.75
    """
    labels, values = _judged(clicked, scores)
    return float(_areas(labels, values, np.zeros(len(labels), dtype=np.int64))[0]) if len(labels) else np.nan


def auc_by_user(clicked: NDArray[Any], scores: NDArray[Any], users: Rows) -> tuple[Rows, Column]:
    """Return the users, ascending, shape (U,), and the AUC among each one's own rows, shape (U,).

    Who has only clicks or only non-clicks gets NaN: leave them out of a mean. Their mean is not the global
    AUC, which also rewards knowing who clicks a lot. Raises ValueError for other lengths or labels.
    """
    labels, values = _judged(clicked, scores)
    if np.shape(users) != labels.shape:
        raise ValueError(f"one user a row: shapes {np.shape(users)} and {labels.shape}")
    unique, place = np.unique(users, return_inverse=True)
    return unique, _areas(labels, values, place)


def log_loss(clicked: NDArray[Any], probabilities: NDArray[Any]) -> float:
    """Return −mean(y ln p + (1 − y) ln(1 − p)), NaN without rows.

    Raises ValueError for other lengths or labels, or for probabilities outside 0 and 1.
    """
    labels, p = _probable(clicked, probabilities)
    if not len(labels):
        return float("nan")
    p = p.clip(LEAST, 1 - LEAST)
    return float(-np.where(labels > 0, np.log(p), np.log1p(-p)).mean())


def reliability(clicked: NDArray[Any], probabilities: NDArray[Any], *, bins: int = 10) -> Reliability:
    """Divide rows by predicted probability into equally wide ranges, and say what was clicked in each.

    An empty range has NaN for both means. Raises ValueError as `log_loss`.
    """
    labels, p = _probable(clicked, probabilities)
    place = np.minimum((p * bins).astype(np.int64), bins - 1)
    counts = np.bincount(place, minlength=bins)
    sums = [np.bincount(place, weights=column, minlength=bins) for column in (p, labels)]
    means = [np.divide(total, counts, out=np.full(bins, np.nan), where=counts > 0) for total in sums]
    return Reliability(np.linspace(0, 1, bins + 1), counts, *means)


def expected_calibration_error(
    clicked: NDArray[Any], probabilities: NDArray[Any], *, bins: int = 10
) -> float:
    """Return Σ over ranges of (rows in it / N) · |mean click − mean prediction|, NaN without rows.

    See Naeini, Cooper and Hauskrecht, AAAI 2015. Raises ValueError as `log_loss`.
    """
    found = reliability(clicked, probabilities, bins=bins)
    if not found.counts.sum():
        return float("nan")
    gaps = np.nan_to_num(np.abs(found.clicked - found.predicted))
    return float(gaps @ found.counts / found.counts.sum())


def _areas(labels: Column, values: Column, groups: Rows) -> Column:
    """Return the AUC within each group, shape (G,), by midranks."""
    order = np.lexsort((values, groups))
    group, ordered, label = groups[order], values[order], labels[order]
    starts = np.flatnonzero(np.append(True, np.diff(group) != 0)) if len(group) else np.empty(0, np.int64)
    first = np.repeat(starts, np.diff(np.append(starts, len(group))))
    # Rows of one group with one score share the mean of their ranks.
    new = np.append(True, (np.diff(group) != 0) | (np.diff(ordered) != 0))[: len(group)]
    tie = np.cumsum(new) - 1
    midranks = np.bincount(tie, weights=np.arange(len(group)) - first + 1.0) / np.bincount(tie)
    n = int(groups.max(initial=-1)) + 1
    ones = np.bincount(group, weights=label, minlength=n)
    zeros = np.bincount(group, minlength=n) - ones
    sums = np.bincount(group, weights=label * midranks[tie], minlength=n)
    whole = ones * zeros
    areas = np.full(n, np.nan)
    np.divide(sums - ones * (ones + 1) / 2, whole, out=areas, where=whole > 0)
    return areas


def _judged(clicked: NDArray[Any], scores: NDArray[Any]) -> tuple[Column, Column]:
    labels, values = paired(clicked, scores)
    if not np.isin(labels, (0.0, 1.0)).all():
        raise ValueError("labels are 0 or 1")
    return labels, values


def _probable(clicked: NDArray[Any], probabilities: NDArray[Any]) -> tuple[Column, Column]:
    labels, p = _judged(clicked, probabilities)
    if ((p < 0) | (p > 1)).any():
        raise ValueError("probabilities lie between 0 and 1")
    return labels, p
