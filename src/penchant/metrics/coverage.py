"""How much of a catalogue lists show."""

import numpy as np

from penchant.types import Rows


def coverage(recommended: Rows, n_items: int) -> float:
    """Return the part of a catalogue of `n_items` that appears in lists (Q, k); padding (-1) is no item."""
    shown = np.unique(recommended[recommended >= 0])
    return len(shown) / n_items if n_items else 0.0
