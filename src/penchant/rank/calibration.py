"""From a score to a probability: how likely somebody takes an item within a span of time.

    P(u takes i within the span) = σ(α·y(u, i) + γ·ln(1 + c_i) + δ·ln(1 + |history of u|) + β),

c_i counting the item's recent events: a score orders one list, and says little of how much is taken at all.
α ≥ 0, γ, δ and β by maximum likelihood on the questions "return" of the rehearsal: all items that were
taken, and a sample of those that were not, each of which counts for as many as it was drawn from, so that
rare things keep a small probability. See Platt, Probabilistic outputs for support vector machines, 1999.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from penchant.rank.blend import Blend, Sources
from penchant.rank.moments import Moments
from penchant.rank.rehearsal import Questions, Rehearsal, sample
from penchant.types import Query, Rows, Scores, Vectors

TREND = "trend"
MOST_QUERIES, OTHERS = 150, 100
"""Queries of each window that are looked at, and items of each that were not taken."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """`slopes` are α, γ and δ, `offset` is β; `span` is in seconds, 0 where the log has no clock."""

    slopes: tuple[float, ...]
    offset: float
    span: float

    def probability(self, clues: Vectors) -> Vectors:
        """Return the probabilities of pairs by their clues (P, K), one column a slope; shape (P,)."""
        logits = clues @ np.array(self.slopes) + self.offset
        return np.asarray(1.0 / (1.0 + np.exp(-logits)), dtype=np.float32)


def clues_of(queries: Sequence[Query], places: Rows, scores: Scores, trend: Scores) -> Vectors:
    """Return the clues of pairs, (P, 3): their `scores`, the `trend` of their items, and who asks."""
    lengths = np.array([len(query.rows) for query in queries], dtype=np.float64)
    return np.stack((scores, trend, np.log1p(lengths)[places]), axis=1)


def learned_calibration(
    rehearsal: Rehearsal, moments: Moments, blend: Blend, seed: int
) -> Calibration | None:
    """Learn the slopes with models fitted on the rehearsal's training part; None without questions."""
    groups = asked(rehearsal)
    queries = [query for group in groups for query in group.queries]
    if not queries:
        return None
    taste = {name: moments.scorers[name] for name in blend.names[:-1]}
    measured, rng = Sources.measured(taste, queries), np.random.default_rng(seed)
    lessons = []
    for group in groups:
        some = sampled(group, rng)
        scores, trend = _scored(some, moments, measured, blend)
        pairs = Pairs.of(some, rng, scores.shape[1])
        own = scores[pairs.places, pairs.items], trend[pairs.items]
        lessons.append((clues_of(some.queries, pairs.places, *own), pairs.taken, pairs.weights))
    clues, taken, weights = (np.concatenate(column) for column in zip(*lessons, strict=True))
    return Calibration(*most_likely(clues, taken, weights), span_of(groups))


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of a query and an item, (P,) each: which query, which item, whether it was taken afterwards.

    `weights` say how many pairs each stands for.
    """

    places: Rows
    items: Rows
    taken: NDArray[np.bool_]
    weights: NDArray[np.float64]

    @classmethod
    def of(cls, group: Questions, rng: Generator, n_items: int, most: int = OTHERS) -> "Pairs":
        """Take all items that came true, and a sample of those that are neither that nor in the history."""
        places, items, taken, weights = [], [], [], []
        for place, (query, targets) in enumerate(zip(group.queries, group.targets, strict=True)):
            others = np.setdiff1d(np.arange(n_items), np.concatenate((query.rows, targets)))
            drawn = others[sample(len(others), most, rng)]
            places.append(np.full(len(targets) + len(drawn), place))
            items += [targets, drawn]
            taken += [np.ones(len(targets), dtype=bool), np.zeros(len(drawn), dtype=bool)]
            weights += [np.ones(len(targets)), np.full(len(drawn), len(others) / max(1, len(drawn)))]
        return cls(*map(np.concatenate, (places, items, taken, weights)))


def asked(rehearsal: Rehearsal) -> list[Questions]:
    """Return the questions that probabilities are learned on: "return", or where there is none "visit"."""
    groups = [group for group in rehearsal.questions if group.kind == "return"]
    return groups or [group for group in rehearsal.questions if group.kind == "visit"]


def span_of(groups: Sequence[Questions]) -> float:
    """Return the mean time between the windows of the questions; 0 where there is no such time."""
    moments = np.unique([query.at for group in groups for query in group.queries])
    return float(np.diff(moments).mean()) if len(moments) > 1 and groups[0].kind == "return" else 0.0


def sampled(group: Questions, rng: Generator) -> Questions:
    """Return at most `MOST_QUERIES` of the questions."""
    kept = sample(len(group.queries), MOST_QUERIES, rng)
    queries, targets = [group.queries[i] for i in kept], [group.targets[i] for i in kept]
    return Questions(group.kind, queries, targets, group.known, group.again)


def _scored(group: Questions, moments: Moments, measured: Sources, blend: Blend) -> tuple[Scores, Scores]:
    """Return the scores of all items, (Q, I), as of the moment of asking, and their trend, (I,)."""
    sources, evidence = moments.as_of(group, measured)
    n = len(evidence.counts)
    standard = sources.standard(group.queries, None, n)
    scores = blend.score(standard, evidence.features(group.queries, np.arange(n)))
    return scores, trend_of(sources)


def trend_of(sources: Sources) -> Scores:
    """Return the logarithm of each item's recent events, (I,)."""
    return np.asarray(sources.scorers[TREND].score([Query()])[0])


def most_likely(
    clues: NDArray[np.floating[Any]], taken: NDArray[np.bool_], weights: NDArray[np.float64]
) -> tuple[tuple[float, ...], float]:
    """Return the slopes of clues (P, K), the first not below 0, and the offset.

    `weights` say how many pairs each stands for.
    """
    from scipy.optimize import minimize

    signs, wide = np.where(taken, 1.0, -1.0), np.asarray(clues, dtype=np.float64)
    wide = np.concatenate((wide, np.ones((len(wide), 1))), axis=1)
    ridge = np.append(np.full(clues.shape[1], 1e-6), 0.0)

    def loss(given: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margins = signs * (wide @ given)
        value = (weights * np.logaddexp(0.0, -margins)).sum() / weights.sum() + ridge @ given**2
        errors = -signs * weights / (1.0 + np.exp(np.minimum(margins, 500.0)))
        return float(value), wide.T @ errors / weights.sum() + 2 * ridge * given

    start = np.zeros(wide.shape[1])
    start[0], start[-1] = 1.0, np.log(max(taken.sum(), 1) / max(weights[~taken].sum(), 1.0))
    bounds = [(0.0, None), *[(None, None)] * clues.shape[1]]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return tuple(found[:-1].tolist()), float(found[-1])
