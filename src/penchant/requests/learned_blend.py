"""How far to trust each source of the requests, learned where the sources did not."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from penchant.models.scorer import best
from penchant.requests.learned_examples import Examples
from penchant.requests.learned_sources import SOURCES, Memory, Shape, Shelf
from penchant.types import Rows, Scores, Vectors

CANDIDATES = 200
CHUNK = 128
SHRINK = 2e-3
LEAST = 0.1
"""The weight of taste beside the words is not taken below this: both are told on its scale."""


def blended(
    examples: Examples,
    shelf: Shelf,
    shape: Shape,
    folds: Rows,
    taste: Callable[[Rows], Scores] | None,
    most: int,
) -> tuple[Vectors, float]:
    """Return the weights of the sources, (9,), on the scale of `taste` where it is given.

    The second value is the mean log-likelihood of the answers among the candidates, by which shapes compare.
    """
    found, answers = [], []
    for fold in np.unique(folds).tolist():
        memory = Memory.fit(examples.at(np.flatnonzero(folds != fold)), shape, shelf)
        judged = np.flatnonzero(folds == fold)[:most]
        for start in range(0, len(judged), CHUNK):
            rows = judged[start : start + CHUNK]
            part = examples.at(rows)
            parts = memory.parts(part)
            if taste is not None:
                parts = np.concatenate((parts, taste(rows)[None]))
            values, right = _candidates(parts, part.wanted.toarray() > 0)
            found.append(values)
            answers.append(right)
    values, right = np.concatenate(found), np.concatenate(answers)
    spread = values.std(axis=1).mean(axis=0)
    spread[spread < 1e-6] = 1.0
    weights, likelihood = _most_likely(values / spread, right / right.sum(axis=1, keepdims=True))
    weights /= spread
    sources: Vectors = weights[: len(SOURCES)].astype(np.float32)
    return sources / np.float32(max(weights[-1], LEAST)) if taste is not None else sources, likelihood


def _candidates(parts: Scores, wanted: NDArray[np.bool_]) -> tuple[Vectors, Vectors]:
    """Return the sources (R, C, S) and the answers (R, C) at the best candidates, where any is among them."""
    level = parts.mean(axis=2, keepdims=True)
    spread = parts.std(axis=(1, 2), keepdims=True) + 1e-6
    total = ((parts - level) / spread)[:8].sum(axis=0)
    rows, _ = best(total, CANDIDATES)
    values = np.take_along_axis(parts, rows[None], axis=2).transpose(1, 2, 0)
    right = np.take_along_axis(wanted, rows, axis=1)
    kept = right.any(axis=1)
    return values[kept], right[kept].astype(np.float32)


def _most_likely(values: Vectors, answers: Vectors) -> tuple[NDArray[np.float64], float]:
    """Return the weights of a conditional logit, (S,), and what it maximises: the likelihood, shrunk."""
    from scipy.optimize import minimize

    wide = values.astype(np.float64)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = wide @ weights
        scores -= scores.max(axis=1, keepdims=True)
        odds = np.exp(scores)
        total = odds.sum(axis=1, keepdims=True)
        gap = odds / total - answers
        told = float((answers * (scores - np.log(total))).sum()) / len(wide)
        slope = np.einsum("rc,rcs->s", gap, wide) / len(wide)
        return SHRINK * float(weights @ weights) / 2 - told, slope + SHRINK * weights

    if not len(wide):
        return np.ones(values.shape[2]), -np.inf
    found = minimize(loss, np.zeros(wide.shape[2]), jac=True, method="L-BFGS-B")
    return np.asarray(found.x), -float(found.fun)


def logistic(clues: NDArray[np.float64], fits: NDArray[np.bool_]) -> Vectors:
    """Return a logistic regression's constant and slopes, (1 + F,), both kinds weighing the same."""
    from scipy.optimize import minimize

    spread = np.maximum(clues.std(axis=0), 1e-6)
    level = clues.mean(axis=0)
    wide = np.column_stack((np.ones(len(clues)), (clues - level) / spread))
    sign, weight = np.where(fits, 1.0, -1.0), np.where(fits, 0.5 / fits.mean(), 0.5 / (1 - fits.mean()))

    def loss(weights: NDArray[np.float64]) -> float:
        told = np.logaddexp(0.0, -sign * (wide @ weights))
        return float((weight * told).mean()) + SHRINK * float(weights[1:] @ weights[1:]) / 2

    found = minimize(loss, np.zeros(wide.shape[1]), method="L-BFGS-B").x
    slopes = found[1:] / spread
    return np.concatenate(([found[0] - level @ slopes], slopes)).astype(np.float32)
