"""What a wish for diversity, or for chance, does to a list: what it costs in relevance, and what it gives.

With s the scores, P the list by relevance alone, L the list given, and f the lowest score of the candidates,

    relevance = Σ_L (s − f) / Σ_P (s − f),    variety(L) = mean of 1 − max(cos(e_i, e_j), 0) over its pairs,

what is opposed being as far as what is unrelated, as in `rerank.mmr`.
"""

from dataclasses import replace

import numpy as np

from penchant.live.asked import Asked, Given
from penchant.live.engine import Engine
from penchant.live.lists import listed
from penchant.rerank.mmr import POOL
from penchant.types import Rows, Scores, Vectors

MOST = 200
"""Items of a list among which all pairs are compared."""


def effect(engine: Engine, asked: Asked, given: Given) -> dict[str, float | None]:
    """Return `relevance`, `variety` and `variety_plain`, that of the list by relevance alone.

    The varieties are None where fewer than two items of a list have a text. Costs a second scoring, and
    nothing where the list is by relevance alone.
    """
    with engine.lock:
        world, rules = engine.world, engine.rules
        barred = rules.barred(world.model.data.items.vocabulary, engine.gone)
    raw = world.model.knowledge.raw
    if not (asked.diversity or asked.explore) or given.version != world.version:
        own = variety(raw, given.rows)
        return {"relevance": 1.0, "variety": own, "variety_plain": own}
    plain = listed(world, given.query, replace(asked, diversity=0.0, explore=0.0, k=max(asked.k, POOL)),
                   barred, rules)  # fmt: skip
    return compared(raw, plain.rows, plain.scores, given.rows, given.scores, asked.k)


def compared(
    raw: Vectors, plain: Rows, plain_scores: Scores, rows: Rows, scores: Scores, k: int
) -> dict[str, float | None]:
    """Compare a list with its candidates in plain order, of which the first k are the plain list."""
    floor = float(min(plain_scores.min(initial=np.inf), scores.min(initial=np.inf))) if len(plain) else 0.0
    whole = float((plain_scores[:k] - floor).sum())
    kept = float((scores - floor).sum()) / whole if whole > 0 else 1.0
    return {
        "relevance": min(1.0, max(0.0, kept)),
        "variety": variety(raw, rows),
        "variety_plain": variety(raw, plain[:k]),
    }


def variety(raw: Vectors, rows: Rows) -> float | None:
    """Return the mean distance of the pairs of items that have a text, 0 to 1; None for fewer than two."""
    found = raw[rows[:MOST]] if raw.shape[1] else np.empty((0, 0), dtype=np.float32)
    found = found[found.any(axis=1)] if len(found) else found
    n = len(found)
    if n < 2:
        return None
    near = np.maximum(found @ found.T, 0.0)
    return min(1.0, max(0.0, 1.0 - float(near.sum() - np.trace(near)) / (n * (n - 1))))
