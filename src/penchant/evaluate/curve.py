"""One foreteller's probabilities judged: AUC, log loss, calibration with its curve, each with an interval."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from penchant.evaluate.statistics import Interval, clustered, draws
from penchant.metrics import auc, auc_by_user, equal_clicks, expected_calibration_error, log_losses, range_of
from penchant.types import Rows

DRAWS = 200
"""Draws of users for what is no mean of rows; percentiles of so many are good to about a tenth."""
Values = NDArray[np.float64]


class Judged(NamedTuple):
    """Pairs, (P,) each: whether taken, the user, the list it belongs to, how many pairs it stands for."""

    taken: NDArray[np.bool_]
    users: Rows
    lists: Rows
    weights: Values


class Point(NamedTuple):
    """One range of probability: how likely taken, as foretold on average and as it came; how many pairs."""

    foretold: float
    taken: Interval
    pairs: float


@dataclass(frozen=True, slots=True)
class Line:
    """One foreteller: `by_user` is the AUC among each one's items, `ratio` clicks foretold for each taken.

    `error` is the expected calibration error over ranges in each of which as many clicks are foretold, which
    are those of the `curve`; `within` the AUC within what was shown, None where that is not known.
    """

    name: str
    auc: Interval
    by_user: Interval
    loss: Interval
    error: Interval
    ratio: Interval
    curve: tuple[Point, ...]
    within: Interval | None = None


def judged_line(
    name: str,
    p: Values,
    told_of: Judged,
    rng: Generator,
    within: Values | None = None,
    whose: Rows | None = None,
) -> Line:
    """Judge probabilities `p`, (P,), of pairs; `within`, (L,), are AUCs of shown lists, `whose` they are."""
    taken, users, lists, weights = told_of
    loss = clustered(log_losses(taken, p)[:, None], users, weights=weights, rng=rng)[0]
    _, first = np.unique(lists, return_index=True)
    areas = auc_by_user(taken, p, lists, weights=weights)[1]
    shown = None if within is None or whose is None else mean(within, whose, rng)
    unique, place = np.unique(users, return_inverse=True)
    n = len(unique)
    times = np.concatenate(list(draws(n, rng=rng, n=DRAWS)))
    bounds = equal_clicks(p, weights=weights)
    inside = place * (len(bounds) - 1) + range_of(p, bounds)
    sums = [
        np.bincount(inside, weights=weights * column, minlength=n * (len(bounds) - 1)).reshape(n, -1)
        for column in (np.ones(len(p)), p, taken.astype(np.float64))
    ]
    counts, foretold, came = (times @ part for part in sums)
    error = expected_calibration_error(taken, p, weights=weights, bounds=bounds)
    errors = np.abs(came - foretold).sum(axis=1) / counts.sum(axis=1)
    whole, told, hit = (part.sum(axis=0) for part in sums)
    with np.errstate(
        divide="ignore", invalid="ignore"
    ):  # a draw may hold nothing taken; `around` leaves it out
        ratios = foretold.sum(axis=1) / came.sum(axis=1)
        shares = came / counts
    curve = [
        Point(float(told[b] / whole[b]), around(float(hit[b] / whole[b]), shares[:, b]), float(whole[b]))
        for b in np.flatnonzero(whole)
    ]
    return Line(
        name,
        around(auc(taken, p, weights=weights), _areas(taken, p, weights, place, times)),
        mean(areas, users[first], rng),
        loss,
        around(error, errors),
        around(float(told.sum() / hit.sum()), ratios),
        tuple(curve),
        shown,
    )


def mean(values: Values, users: Rows, rng: Generator) -> Interval:
    """Return the mean of what is known, its interval from drawing users as a whole."""
    known = np.isfinite(values)
    return clustered(values[known][:, None], users[known], rng=rng)[0]


def around(value: float, drawn: Values) -> Interval:
    """Return a value with the bounds within which 95 % of the draws fall, those without one left out."""
    known = drawn[np.isfinite(drawn)]
    low, high = np.quantile(known, (0.025, 0.975)).tolist() if len(known) else (np.nan, np.nan)
    return Interval(value, low, high)


def _areas(taken: NDArray[np.bool_], p: Values, weights: Values, place: Rows, times: Values) -> Values:
    """Return the AUC in each draw of users, (D,): the rows are put in order once."""
    _, tie = np.unique(p, return_inverse=True)
    found = np.full(len(times), np.nan)
    for number, drawn in enumerate(times):
        given = weights * drawn[place]
        ones = np.bincount(tie[taken], weights=given[taken], minlength=int(tie.max()) + 1)
        zeros = np.bincount(tie[~taken], weights=given[~taken], minlength=len(ones))
        both = ones.sum() * zeros.sum()
        if both > 0:
            found[number] = ones @ (np.cumsum(zeros) - zeros / 2) / both
    return found
