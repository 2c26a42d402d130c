"""How well scores tell what was clicked from what was not: order (AUC), likelihood, and calibration.

All take `clicked`, shape (N,), 0 or 1 (or booleans), and a score or a probability for each, shape (N,). With
`weights`, shape (N,), not below 0, each row counts for so many: a sample stands for what it was drawn from.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from penchant.metrics.paired import Column, paired
from penchant.types import Rows

LEAST = float(np.finfo(np.float64).eps)
"""Probabilities are kept so far from 0 and 1: one sure mistake would cost infinitely much."""


class Reliability(NamedTuple):
    """Ranges of probability: bounds (B + 1,), weight of the rows, mean prediction and mean click, (B,)."""

    bounds: Column
    counts: NDArray[Any]
    predicted: Column
    clicked: Column


def auc(clicked: NDArray[Any], scores: NDArray[Any], *, weights: NDArray[Any] | None = None) -> float:
    """Return the chance that a click scores above a non-click, ties counting half.

    AUC = (Σ ranks of the clicks − n₁(n₁ + 1)/2) / (n₁ n₀), by midranks; with weights w it is
    Σ w_c w_n ([s_c > s_n] + [s_c = s_n]/2) / Σ w_c w_n over pairs of a click and a non-click. NaN where one
    of the two kinds is missing. Raises ValueError for other lengths or labels. See Hanley and McNeil,
    Radiology 1982.

    >>> auc(np.array([0, 1, 1]), np.array([0.5, 0.5, 0.9]))
    0.75
    """
    labels, values = _judged(clicked, scores)
    given = _weighed(weights, labels)
    groups = np.zeros(len(labels), dtype=np.int64)
    return float(_areas(labels, values, groups, given)[0]) if len(labels) else np.nan


def auc_by_user(
    clicked: NDArray[Any], scores: NDArray[Any], users: Rows, *, weights: NDArray[Any] | None = None
) -> tuple[Rows, Column]:
    """Return the users, ascending, shape (U,), and the AUC among each one's own rows, shape (U,).

    Who has only clicks or only non-clicks gets NaN: leave them out of a mean. Their mean is not the global
    AUC, which also rewards knowing who clicks a lot. Raises ValueError for other lengths or labels.
    """
    labels, values = _judged(clicked, scores)
    if np.shape(users) != labels.shape:
        raise ValueError(f"one user a row: shapes {np.shape(users)} and {labels.shape}")
    unique, place = np.unique(users, return_inverse=True)
    return unique, _areas(labels, values, place, _weighed(weights, labels))


def log_losses(clicked: NDArray[Any], probabilities: NDArray[Any]) -> Column:
    """Return −(y ln p + (1 − y) ln(1 − p)) of each row, shape (N,). Raises ValueError as `log_loss`."""
    labels, p = _probable(clicked, probabilities)
    p = p.clip(LEAST, 1 - LEAST)
    return np.asarray(-np.where(labels > 0, np.log(p), np.log1p(-p)))


def log_loss(
    clicked: NDArray[Any], probabilities: NDArray[Any], *, weights: NDArray[Any] | None = None
) -> float:
    """Return the mean of −(y ln p + (1 − y) ln(1 − p)), NaN without rows.

    Raises ValueError for other lengths or labels, or for probabilities outside 0 and 1.
    """
    losses = log_losses(clicked, probabilities)
    given = _weighed(weights, losses)
    return float(losses @ given / given.sum()) if given.sum() > 0 else float("nan")


def equal_clicks(
    probabilities: NDArray[Any], *, weights: NDArray[Any] | None = None, bins: int = 10
) -> Column:
    """Return bounds, (B + 1,), of at most `bins` ranges in each of which as many clicks are foretold.

    Where clicks are rare, equally wide ranges put nearly all rows into the first one and tell nothing.
    """
    p = np.asarray(probabilities, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    sums = np.cumsum((p * _weighed(weights, p))[order])
    if not len(p) or sums[-1] <= 0:
        return np.array([0.0, 1.0])
    inner = p[order][np.searchsorted(sums, sums[-1] * np.arange(1, bins) / bins).clip(max=len(p) - 1)]
    inner = np.unique(inner)
    return np.concatenate(([0.0], inner[(inner > 0) & (inner < 1)], [1.0]))


def reliability(
    clicked: NDArray[Any],
    probabilities: NDArray[Any],
    *,
    bins: int = 10,
    weights: NDArray[Any] | None = None,
    bounds: NDArray[Any] | None = None,
) -> Reliability:
    """Divide rows by predicted probability into ranges, and say what was clicked in each.

    The ranges are equally wide, or those of `bounds`, (B + 1,), ascending from 0 to 1, each with its lower
    bound. An empty range has NaN for both means. Raises ValueError as `log_loss`.
    """
    labels, p = _probable(clicked, probabilities)
    edges = np.linspace(0, 1, bins + 1) if bounds is None else np.asarray(bounds, dtype=np.float64)
    n = len(edges) - 1
    place = np.minimum((p * bins).astype(np.int64), bins - 1) if bounds is None else range_of(p, edges)
    given = None if weights is None else _weighed(weights, p)
    counts = np.bincount(place, weights=given, minlength=n)
    sums = [
        np.bincount(place, weights=column if given is None else column * given, minlength=n)
        for column in (p, labels)
    ]
    means = [np.divide(total, counts, out=np.full(n, np.nan), where=counts > 0) for total in sums]
    return Reliability(edges, counts, *means)


def range_of(probabilities: NDArray[Any], bounds: NDArray[Any]) -> Rows:
    """Return in which of the ranges between `bounds`, (B + 1,), each probability lies, shape (N,)."""
    return np.clip(np.searchsorted(bounds, probabilities, side="right") - 1, 0, len(bounds) - 2)


def expected_calibration_error(
    clicked: NDArray[Any],
    probabilities: NDArray[Any],
    *,
    bins: int = 10,
    weights: NDArray[Any] | None = None,
    bounds: NDArray[Any] | None = None,
) -> float:
    """Return Σ over ranges of (rows in it / N) · |mean click − mean prediction|, NaN without rows.

    See Naeini, Cooper and Hauskrecht, AAAI 2015. Ranges as in `reliability`; raises ValueError as `log_loss`.
    """
    found = reliability(clicked, probabilities, bins=bins, weights=weights, bounds=bounds)
    if not found.counts.sum():
        return float("nan")
    gaps = np.nan_to_num(np.abs(found.clicked - found.predicted))
    return float(gaps @ found.counts / found.counts.sum())


def _areas(labels: Column, values: Column, groups: Rows, weights: Column) -> Column:
    """Return the AUC within each group, shape (G,).

    Sums stand for midranks: a click has all non-clicks below it, and half of those of the same score.
    """
    order = np.lexsort((values, groups))
    group, ordered, label, weight = groups[order], values[order], labels[order], weights[order]
    new = np.append(True, (np.diff(group) != 0) | (np.diff(ordered) != 0))[: len(group)]
    tie = np.cumsum(new) - 1
    ones, zeros = (np.bincount(tie, weights=weight * kind) for kind in (label, 1.0 - label))
    owner, n = group[new], int(groups.max(initial=-1)) + 1
    before = np.cumsum(zeros) - zeros
    first = np.append(True, np.diff(owner) != 0)[: len(owner)]
    below = before - np.repeat(before[first], np.bincount(owner, minlength=n)[owner[first]])
    won = np.bincount(owner, weights=ones * (below + zeros / 2), minlength=n)
    whole = np.bincount(owner, weights=ones, minlength=n) * np.bincount(owner, weights=zeros, minlength=n)
    areas = np.full(n, np.nan)
    np.divide(won, whole, out=areas, where=whole > 0)
    return areas


def _weighed(weights: NDArray[Any] | None, rows: Column) -> Column:
    if weights is None:
        return np.ones(len(rows))
    given = np.asarray(weights, dtype=np.float64)
    if given.shape != rows.shape or not (given >= 0).all():
        raise ValueError(f"one weight a row, not below 0: shapes {given.shape} and {rows.shape}")
    return given


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
