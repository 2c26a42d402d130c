"""The blend: one score from all sources, trusting each as far as the evidence goes.

    y(q, i) = Σ_k Σ_f θ_kf · φ_f(q, i) · (s_k(q, i) − m_k) / d_k,

s_k the source's score, m_k and d_k constants stored at fit, φ the evidence (see `evidence.py`), and one
more source, "novelty", that is 1 everywhere. θ maximises the likelihood of what came true among the best
candidates (a conditional logit: convex, one answer), shrunk towards equal trust in everything. The score is
a sum over sources, so each source's share of it is exact.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.models.scorer import Scorer
from penchant.models.words import Words
from penchant.rank.evidence import NAMES, ItemEvidence
from penchant.types import Query, Rows, Scores, Vectors

NOVELTY = "novelty"
CHUNK, OFFSET_SHRINK = 256, 0.03
HEAD = 20
"""Candidates that each source names by itself."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The constants that bring one source to the common scale."""

    mean: float
    spread: float


@dataclass(frozen=True, slots=True)
class Sources:
    """Fitted models by name, each with its scale."""

    scorers: Mapping[str, Scorer]
    scales: Mapping[str, Scale] = field(default_factory=dict)

    @classmethod
    def measured(cls, scorers: Mapping[str, Scorer], queries: Sequence[Query]) -> "Sources":
        """Measure each source's scale on queries that have a history; that of words on items' own texts."""
        asked = [query for query in queries if len(query.rows)] or list(queries)
        asked = asked[:: max(1, len(asked) // 200)]
        scales = {}
        for name, scorer in scorers.items():
            own = scorer.examples() if isinstance(scorer, Words) else asked
            scores = scorer.score(own).astype(np.float64)
            spread = float(scores.std(axis=1).mean()) if scores.size else 0.0
            scales[name] = Scale(
                float(scores.mean()) if scores.size else 0.0, spread if spread > 1e-9 else 1.0
            )
        return cls(scorers, scales)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the sources, the novelty last."""
        return (*self.scorers, NOVELTY)

    def standard(self, queries: Sequence[Query], items: Rows | None, n_items: int) -> Vectors:
        """Return the scores on one scale, (K, Q, C), for all items or those in `items`."""
        width = n_items if items is None else items.shape[-1]
        found = np.ones((len(self.names), len(queries), width), dtype=np.float32)
        for place, (name, scorer) in enumerate(self.scorers.items()):
            scale = self.scales[name]
            np.subtract(scorer.score(queries, items), np.float32(scale.mean), out=found[place])
            found[place] *= np.float32(1.0 / scale.spread)
        return found


@dataclass(frozen=True, slots=True)
class Blend:
    """θ, shape (K, F), over sources and evidence."""

    names: tuple[str, ...]
    theta: NDArray[np.float64]

    @classmethod
    def equal(
        cls, names: tuple[str, ...], trust: Mapping[str, float], newcomers: Mapping[str, float]
    ) -> "Blend":
        """Return the blend that trusts each source as told, whatever the evidence but for newcomers."""
        theta = np.zeros((len(names), len(NAMES)), dtype=np.float64)
        theta[:, NAMES.index("always")] = [trust.get(name, 0.0) for name in names]
        theta[:, NAMES.index("newcomer")] = [newcomers.get(name, 0.0) for name in names]
        return cls(names, theta)

    def trust(self, evidence: Vectors) -> Vectors:
        """Return the weight of each source, (K, …), given the evidence, (F, …)."""
        return np.tensordot(self.theta.astype(np.float32), evidence, axes=1)

    def shares(self, standard: Vectors, evidence: Vectors) -> Vectors:
        """Return what each source gives to each score, (K, …)."""
        return standard * self.trust(evidence)

    def score(self, standard: Vectors, evidence: Vectors) -> Scores:
        """Return the blended scores, (…): the sum of the shares, without making them."""
        mixed = np.tensordot(self.theta.T.astype(np.float32), standard, axes=1)
        mixed *= evidence
        return np.asarray(mixed.sum(axis=0), dtype=np.float32)

    def state(self) -> dict[str, Any]:
        """Return the weights as plain values."""
        return {"names": list(self.names), "theta": self.theta.tolist()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Blend":
        """Build the blend again."""
        return cls(tuple(state["names"]), np.array(state["theta"], dtype=np.float64))


@dataclass(frozen=True, slots=True)
class Lesson:
    """Candidates of some queries: features (Q, C, K, F) flattened to (Q, C, K·F), truth and
    allowed (Q, C).

    `nuisance`, (Q, C), is a column whose weight is learned and thrown away.
    """

    features: Vectors
    truth: Vectors
    allowed: Vectors
    nuisance: Vectors


def learn(start: Blend, lessons: Sequence[Lesson], *, l2: float) -> Blend:
    """Maximise the mean log-likelihood of the truth among the candidates, minus l2·‖θ − start‖².

    The offset of what was seen is shrunk less: how rarely people take again what they had is a fact of the
    log, and may well be an overwhelming one.
    """
    from scipy.optimize import minimize  # only a fit needs it, and it is half of what an import would take

    lessons = [lesson for lesson in lessons if len(lesson.truth)]
    if not lessons:
        return start
    shape, total = start.theta.shape, sum(len(lesson.truth) for lesson in lessons)
    centre = np.append(start.theta.ravel(), 0.0)
    pulls = np.full(shape, l2)
    pulls[start.names.index(NOVELTY), NAMES.index("seen")] *= OFFSET_SHRINK
    shrink = np.append(pulls.ravel(), 0.0)

    def loss(theta: Vectors) -> tuple[float, Vectors]:
        value, gradient = 0.0, np.zeros_like(theta)
        narrow = theta.astype(np.float32)
        for lesson in lessons:
            flat = lesson.features.reshape(-1, len(theta) - 1)
            scores = (flat @ narrow[:-1]).reshape(lesson.truth.shape) + lesson.nuisance * narrow[-1]
            scores = np.where(lesson.allowed, scores, -np.inf)
            scores -= scores.max(axis=1, keepdims=True)
            odds = np.exp(scores)
            total_odds = odds.sum(axis=1, keepdims=True)
            value -= float(
                ((scores - np.log(total_odds))[lesson.truth > 0] * lesson.truth[lesson.truth > 0]).sum()
            )
            error = odds / total_odds - lesson.truth
            gradient[:-1] += error.ravel() @ flat
            gradient[-1] += float((error * lesson.nuisance).sum())
        away = theta - centre
        return value / total + float(shrink @ away**2), gradient / total + 2 * shrink * away

    found = minimize(loss, centre, jac=True, method="L-BFGS-B", options={"maxiter": 150, "ftol": 1e-7})
    return Blend(start.names, found.x[:-1].reshape(shape))


def lesson(
    blend: Blend,
    sources: Sources,
    evidence: ItemEvidence,
    queries: Sequence[Query],
    targets: Sequence[Rows],
    *,
    again: bool,
    cold: Rows | None = None,
    n_candidates: int = 120,
) -> Lesson:
    """Take the best candidates of each query by the blend as it is now and by each source alone."""
    n_items, parts = len(evidence.counts), []
    everything = np.arange(n_items)
    for start in range(0, len(queries), CHUNK):
        chunk, truths = queries[start : start + CHUNK], targets[start : start + CHUNK]
        standard, known = sources.standard(chunk, None, n_items), evidence.features(chunk, everything)
        scores = blend.score(standard, known)
        if not again:
            for place, query in enumerate(chunk):
                scores[place, query.rows[query.rows >= 0]] = -np.inf
        picked = _candidates(scores, cold, min(n_candidates, n_items))
        left_out = np.isneginf(scores)
        picked = np.concatenate((picked, *(_head(own, left_out, n_items) for own in standard[:-1])), axis=1)
        picked.sort(axis=1)
        twice = np.zeros(picked.shape, dtype=bool)
        twice[:, 1:] = picked[:, 1:] == picked[:, :-1]
        at = np.arange(len(chunk))[:, None]
        truth = np.zeros((len(chunk), n_items), dtype=bool)
        for place, rows in enumerate(truths):
            truth[place, rows] = True
        features = np.einsum("kqc,fqc->qckf", standard[:, at, picked], known[:, at, picked])
        flag = np.zeros(n_items, dtype=np.float32)
        flag[[] if cold is None else cold] = 1.0
        parts.append(
            (
                features.reshape(*picked.shape, -1),
                truth[at, picked],
                np.isfinite(scores[at, picked]) & ~twice,
                flag[picked],
            )
        )
    if not parts:
        empty = np.zeros((0, 1), dtype=np.float32)
        return Lesson(np.zeros((0, 1, blend.theta.size), dtype=np.float32), empty, empty, empty)
    features, truth, allowed, nuisance = (np.concatenate(column) for column in zip(*parts, strict=True))
    useful = (truth & allowed).any(axis=1)
    share = (truth & allowed)[useful].astype(np.float32)
    share /= share.sum(axis=1, keepdims=True)
    return Lesson(features[useful], share, allowed[useful], nuisance[useful])


def _head(own: Scores, left_out: NDArray[np.bool_], n_items: int) -> Rows:
    """Return the best items of one source: what only this source finds must be there to be learned."""
    return np.argpartition(np.where(left_out, np.inf, -own), min(HEAD, n_items) - 1, axis=1)[:, :HEAD]


def _candidates(scores: Scores, cold: Rows | None, n: int) -> Rows:
    """Return the columns of the n best scores; with `cold`, half of the places go to the best of those."""
    if cold is None:
        return np.argpartition(-scores, n - 1, axis=1)[:, :n]
    half = min(n // 2, len(cold))
    among = np.argpartition(-scores[:, cold], half - 1, axis=1)[:, :half]
    rest = scores.copy()
    rest[:, cold] = -np.inf
    return np.concatenate((cold[among], np.argpartition(-rest, half - 1, axis=1)[:, :half]), axis=1)
