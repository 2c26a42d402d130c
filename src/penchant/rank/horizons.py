"""Which sources look at recent taste and which at long-term taste, for a balance between the two.

A query's balance b, between −1 and 1, changes the trust in source k to (1 + b·d_k) of what it is, with
d_k = 1 for recent views of a history, −1 for those that see all of it alike, 0 for all others.
"""

from collections.abc import Sequence

import numpy as np

from penchant.types import Vectors

RECENT = ("similarity.recent", "transitions", "transitions.recent")
LONG = ("similarity.all", "factors", "content")


def directions(names: Sequence[str]) -> Vectors:
    """Return the d of each source, (K,)."""
    return np.array([(name in RECENT) - (name in LONG) for name in names], dtype=np.float32)
