"""Numbers far outside all others: said, never changed, since features only look at the place among others."""

import numpy as np
from numpy.typing import NDArray

FEWEST, FAR = 50, 30.0
"""Fewest numbers to tell; so many times the middle half's width from the middle is far out."""


def outliers(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mark numbers that are far out (|x − median| > 30 × the interquartile range), shape as given."""
    known = values[np.isfinite(values)]
    if len(known) < FEWEST:
        return np.zeros(values.shape, dtype=bool)
    low, middle, high = np.quantile(known, [0.25, 0.5, 0.75])
    if high <= low:
        return np.zeros(values.shape, dtype=bool)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.isfinite(values) & (np.abs(values - middle) > FAR * (high - low)))
