"""How far predicted ratings are from the given ones: numbers in the scale of the ratings, lower is better.

Both take the given and the predicted values, shape (N,) each, and return NaN without any.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.metrics.paired import paired


def rmse(given: NDArray[Any], predicted: NDArray[Any]) -> float:
    """Return √(mean (given − predicted)²). Raises ValueError for other lengths.

    >>> round(rmse(np.array([1, 3]), np.array([1, 5])), 3)
    1.414
    """
    one, other = paired(given, predicted)
    return float(np.sqrt(np.square(one - other).mean())) if len(one) else float("nan")


def mae(given: NDArray[Any], predicted: NDArray[Any]) -> float:
    """Return the mean of |given − predicted|. Raises ValueError for other lengths."""
    one, other = paired(given, predicted)
    return float(np.abs(one - other).mean()) if len(one) else float("nan")
