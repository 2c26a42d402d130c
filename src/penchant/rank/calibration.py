"""From a score to a probability: how likely somebody takes an item within a span of time.

    P(u takes i within the span) = 1 / (1 + exp(−(α·y(u, i) + β))),

α and β by maximum likelihood on the questions "return" of the rehearsal: all items that were taken, and a
sample of those that were not, each of which counts for as many as it was drawn from, so that rare things keep
a small probability. See Platt, Probabilistic outputs for support vector machines, 1999.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from penchant.language.knowledge import Knowledge
from penchant.models.scorer import Scorer
from penchant.rank.blend import Blend, Sources
from penchant.rank.rehearsal import Questions, Rehearsal, sample
from penchant.rank.trust import as_of
from penchant.types import Rows, Scores, Vectors

MOST_QUERIES, OTHERS = 150, 100
"""Queries of each window that are looked at, and items of each that were not taken."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """`slope` is α, `offset` β; `span` is in seconds, 0 where the log has no clock."""

    slope: float
    offset: float
    span: float

    def probability(self, scores: Scores) -> Vectors:
        """Return the probabilities of scores, the same shape."""
        return np.asarray(1.0 / (1.0 + np.exp(-(self.slope * scores + self.offset))), dtype=np.float32)


def learned_calibration(
    rehearsal: Rehearsal, scorers: Mapping[str, Scorer], blend: Blend, knowledge: Knowledge, seed: int
) -> Calibration | None:
    """Learn α and β with models that were fitted on the rehearsal's training part; None without questions."""
    groups = asked(rehearsal)
    queries = [query for group in groups for query in group.queries]
    if not queries:
        return None
    taste = {name: scorers[name] for name in blend.names[:-1]}
    measured, rng = Sources.measured(taste, queries), np.random.default_rng(seed)
    lessons = []
    for group in groups:
        some = sampled(group, rng)
        scores = _scored(some, rehearsal, measured, blend, knowledge)
        pairs = Pairs.of(some, rng, scores.shape[1])
        lessons.append((scores[pairs.places, pairs.items], pairs.taken, pairs.weights))
    scores, taken, weights = (np.concatenate(column) for column in zip(*lessons, strict=True))
    return Calibration(*most_likely(scores, taken, weights), span_of(groups))


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


def _scored(
    group: Questions, rehearsal: Rehearsal, measured: Sources, blend: Blend, knowledge: Knowledge
) -> NDArray[np.float64]:
    """Return the scores of all items, (Q, I), as of the moment of asking."""
    sources, evidence = as_of(group, rehearsal.train, measured, knowledge)
    n = len(evidence.counts)
    standard = sources.standard(group.queries, None, n)
    return blend.score(standard, evidence.features(group.queries, np.arange(n))).astype(np.float64)


def most_likely(
    scores: NDArray[np.float64], taken: NDArray[np.bool_], weights: NDArray[np.float64]
) -> tuple[float, float]:
    """Return α and β; `weights` say how many pairs each stands for."""
    from scipy.optimize import minimize

    signs = np.where(taken, 1.0, -1.0)

    def loss(given: NDArray[np.float64]) -> float:
        margins = signs * (given[0] * scores + given[1])
        return float((weights * np.logaddexp(0.0, -margins)).sum() / weights.sum() + 1e-6 * given[0] ** 2)

    base = float(np.log(max(taken.sum(), 1) / max(weights[~taken].sum(), 1.0)))
    slope, offset = minimize(loss, np.array([1.0, base]), method="L-BFGS-B").x
    return max(float(slope), 0.0), float(offset)
