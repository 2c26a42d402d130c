"""Sessions: runs of one user's events without a long pause."""

import numpy as np
from numpy.typing import NDArray

from penchant.types import Rows, Times

GAP = 1800.0
"""Seconds without an event after which a new session begins: half an hour, the custom of web analytics."""


def sessions(users: Rows, times: Times, gap: float = GAP) -> NDArray[np.int64]:
    """Number the sessions of events in the order (user, time): 0, 0, 1, …, shape (N,).

    A session ends where the user changes or a pause is longer than `gap` seconds.
    """
    if not len(users):
        return np.empty(0, dtype=np.int64)
    begins = (np.diff(users) != 0) | (np.diff(times) > gap)
    return np.concatenate(([0], np.cumsum(begins, dtype=np.int64)))


def told(users: Rows, times: Times, gap: float = GAP) -> str:
    """Say how many sessions there are and how long they are."""
    sizes = np.bincount(sessions(users, times, gap))
    return (
        f"sessions: {len(sizes):,} (a pause of more than {gap / 60:g} minutes ends one), "
        f"{len(users) / max(1, len(sizes)):.1f} events each on average, {int(sizes.max(initial=0)):,} at most"
    )
