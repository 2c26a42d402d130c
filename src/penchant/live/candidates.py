"""The items that stood to choose from when a list was made: what the next choice is compared with."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from penchant.types import Rows, Scores

MOST = 100


@dataclass(frozen=True, slots=True)
class Candidates:
    """The best items, (C,), their log odds as listed, and what a balance of 1 adds to each.

    `length` is that of the history that they were listed for.
    """

    length: int
    rows: Rows
    odds: Scores
    added: Scores

    @classmethod
    def of(cls, length: int, odds: Scores, added: Scores) -> Self:
        """Return the best of all items, (n_items,); what cannot be taken has odds of −inf."""
        rows = foremost(odds)
        return cls(length, rows, odds[rows], added[rows])


def foremost(odds: Scores) -> Rows:
    """Return the rows of the best items, in no order; those of −inf are left out."""
    rows = np.argpartition(-odds, min(MOST, len(odds)) - 1)[:MOST]
    return rows[np.isfinite(odds[rows])]
