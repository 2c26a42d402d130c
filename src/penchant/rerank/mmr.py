"""Maximal marginal relevance: relevant, but not the same thing ten times.

Greedily picks argmax (1 − d)·r_i − d·max_{j picked} cos(e_i, e_j), r scaled to 0…1 over the candidates.
See Carbonell and Goldstein, SIGIR 1998.
"""

import numpy as np

from penchant.types import Rows, Scores, Vectors

POOL = 100
"""Candidates among which a list is made diverse."""


def mmr(scores: Scores, vectors: Vectors, *, k: int, diversity: float) -> Rows:
    """Return the places of k candidates in the order picked, from scores (n,) and unit vectors (n, dim)."""
    n = len(scores)
    relevance = (scores - scores.min(initial=np.inf)) / max(float(np.ptp(scores)) if n else 0.0, 1e-12)
    nearest, picked = np.full(n, -1.0), np.zeros(n, dtype=bool)
    order: list[int] = []
    for _ in range(min(k, n)):
        gain = (1 - diversity) * relevance - (diversity * np.maximum(nearest, 0.0) if order else 0.0)
        gain = np.where(picked, -np.inf, gain)
        place = int(gain.argmax())
        order.append(place)
        picked[place] = True
        nearest = np.maximum(nearest, vectors @ vectors[place])
    return np.array(order, dtype=np.int64)


def diversified(
    rows: Rows, scores: Scores, vectors: Vectors, k: int, diversity: float
) -> tuple[Rows, Scores]:
    """Return the k picked of each list, (Q, k), from candidates and their scores, (Q, n), −1 for none.

    `vectors`, (n_items, dim), are of unit length; the arrays that are given are spoilt.
    """
    for place in range(len(rows)):
        found = rows[place] >= 0
        order = mmr(scores[place][found], vectors[rows[place][found]], k=k, diversity=diversity)
        rows[place, : len(order)], scores[place, : len(order)] = rows[place][order], scores[place][order]
    return rows[:, :k], scores[:, :k]
