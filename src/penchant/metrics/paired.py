"""Two columns that belong together, row by row."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]
"""One number a row, shape (N,)."""


def paired(one: NDArray[Any], other: NDArray[Any]) -> tuple[Column, Column]:
    """Return both as float64, shape (N,). Raises ValueError where they differ in length or hold a NaN."""
    a, b = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(f"values must belong together row by row: shapes {a.shape} and {b.shape}")
    if np.isnan(a).any() or np.isnan(b).any():
        raise ValueError("values that are not a number cannot be judged: leave these rows out")
    return a, b
