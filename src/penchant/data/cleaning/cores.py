"""The k-core of a log: only users and items with so many events each. Done when asked, never otherwise."""

import numpy as np

from penchant.data.interactions import Interactions
from penchant.data.report import Journal
from penchant.errors import TableError


def k_core(events: Interactions, k: int, journal: Journal) -> Interactions:
    """Drop events until each user and each item that is left has k of them.

    Raises:
        TableError: nothing is left.
    """
    if k < 2 or not len(events):
        return events
    keep = np.ones(len(events), dtype=bool)
    while True:
        users, items = np.bincount(events.users[keep]), np.bincount(events.items[keep])
        few = keep.copy()
        few[keep] = (users[events.users[keep]] < k) | (items[events.items[keep]] < k)
        if not few.any():
            break
        keep &= ~few
    if not keep.any():
        raise TableError(f"--core {k}: no user and item have so many events each", hint="a smaller number")
    what = f"events of users or items with fewer than {k} (--core {k})"
    journal.count("interactions", int((~keep).sum()), what, then="dropped", step="core")
    return events.where(keep)
