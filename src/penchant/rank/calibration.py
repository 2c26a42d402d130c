"""From a score to a probability: how likely somebody takes an item within a span of time.

    P(u takes i within the span) = 1 / (1 + exp(−(α·y(u, i) + β))),

α and β by maximum likelihood on the questions "return" of the rehearsal: all items that were taken, and a
sample of those that were not, each of which counts for as many as it was drawn from, so that rare things keep
a small probability. See Platt, Probabilistic outputs for support vector machines, 1999.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from penchant.language.knowledge import Knowledge
from penchant.models.scorer import Scorer
from penchant.rank.blend import Blend, Sources
from penchant.rank.rehearsal import Questions, Rehearsal, sample
from penchant.rank.trust import as_of
from penchant.types import Scores, Vectors

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
    groups = [group for group in rehearsal.questions if group.kind == "return"]
    groups = groups or [group for group in rehearsal.questions if group.kind == "visit"]
    queries = [query for group in groups for query in group.queries]
    if not queries:
        return None
    taste = {name: scorers[name] for name in blend.names[:-1]}
    measured, rng = Sources.measured(taste, queries), np.random.default_rng(seed)
    parts = [_lesson(_some(group, rng), rehearsal, measured, blend, knowledge, rng=rng) for group in groups]
    scores, taken, weights = (np.concatenate(column) for column in zip(*parts, strict=True))
    moments = np.unique([query.at for query in queries])
    span = float(np.diff(moments).mean()) if len(moments) > 1 and groups[0].kind == "return" else 0.0
    return Calibration(*most_likely(scores, taken, weights), span)


def _some(group: Questions, rng: Generator) -> Questions:
    kept = sample(len(group.queries), MOST_QUERIES, rng)
    queries, targets = [group.queries[i] for i in kept], [group.targets[i] for i in kept]
    return Questions(group.kind, queries, targets, group.known, group.again)


def _lesson(
    group: Questions,
    rehearsal: Rehearsal,
    measured: Sources,
    blend: Blend,
    knowledge: Knowledge,
    *,
    rng: Generator,
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]:
    """Return scores of pairs, whether they came true, and how many pairs each stands for."""
    sources, evidence = as_of(group, rehearsal.train, measured, knowledge)
    n = len(evidence.counts)
    standard = sources.standard(group.queries, None, n)
    scores = blend.score(standard, evidence.features(group.queries, np.arange(n))).astype(np.float64)
    found: list[NDArray[np.float64]] = []
    flags: list[NDArray[np.bool_]] = []
    weights: list[NDArray[np.float64]] = []
    for own, query, targets in zip(scores, group.queries, group.targets, strict=True):
        others = np.setdiff1d(np.arange(n), np.concatenate((query.rows, targets)))
        drawn = others[sample(len(others), OTHERS, rng)]
        found += [own[targets], own[drawn]]
        flags += [np.ones(len(targets), dtype=bool), np.zeros(len(drawn), dtype=bool)]
        weights += [np.ones(len(targets)), np.full(len(drawn), len(others) / max(1, len(drawn)))]
    return np.concatenate(found), np.concatenate(flags), np.concatenate(weights)


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
