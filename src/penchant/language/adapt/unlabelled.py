"""Items without events take part in the lessons: two views must agree, and sure guesses count as labels.

    consistency   ‖v_j − v'_j‖² / r    v, v' the places of two views of a text: other dropout, other copies
    pseudo-label  ‖v_j − t̂_j‖² / r     where the guess t̂_j is sure: s_j ≥ GATE

t̂_j = Σ_k w_k t_k is the mean place of the taught items whose texts are nearest, w_k ∝ exp(SHARP · cos); s_j
is how far these places agree with it, Σ_k w_k cos(t_k, t̂_j), both less the mean of all places. Guesses are
made anew before each epoch. (Π-model: Laine & Aila, ICLR 2017; labels with a gate: Sohn et al., FixMatch,
NeurIPS 2020.)
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from penchant.types import Rows, Vectors, Weights

NEAREST, SHARP, GATE = 10, 10.0, 0.5
"""Taught items behind a guess; how much more the nearest of them count; agreement that makes it a label."""
DRAWN = 32
"""Items without events in each step."""


@dataclass(frozen=True, slots=True)
class Guesses:
    """Where items without events are thought to be, (m, r), and how far their neighbours agree, (m,)."""

    places: Vectors
    agreement: Weights

    @property
    def sure(self) -> Rows:
        """Which of them count as labels."""
        return np.flatnonzero(self.agreement >= GATE)


def guessed(vectors: Vectors, taught: Rows, places: Vectors, rows: Rows) -> Guesses:
    """Guess the places of items `rows` from those of `taught`, (n, r), by the vectors of all items."""
    nearest = min(NEAREST, len(taught))
    likeness = vectors[rows] @ vectors[taught].T
    order = np.argpartition(-likeness, nearest - 1, axis=1)[:, :nearest]
    weights = np.exp(SHARP * np.take_along_axis(likeness, order, axis=1))
    weights /= weights.sum(axis=1, keepdims=True)
    mean = places.mean(axis=0)
    away = (places - mean)[order]
    found = np.einsum("mk,mkr->mr", weights, away)
    lengths = np.linalg.norm(away, axis=2) * np.linalg.norm(found, axis=1)[:, None]
    cosines = np.einsum("mkr,mr->mk", away, found) / np.maximum(lengths, 1e-12)
    agreement = (weights * cosines).sum(axis=1)
    return Guesses(np.asarray(found + mean, dtype=np.float32), np.asarray(agreement, dtype=np.float32))


def disagreement(first: Any, second: Any, guesses: Guesses, drawn: Rows) -> Any:
    """Return the loss of two views' places, (B, r), of the items that were drawn among those guessed."""
    import torch

    loss = ((first - second) ** 2).mean()
    sure = np.flatnonzero(guesses.agreement[drawn] >= GATE)
    if len(sure):
        labels = torch.from_numpy(guesses.places[drawn[sure]])
        there = torch.from_numpy(sure)
        loss = loss + ((first[there] - labels) ** 2).mean() * len(sure) / len(drawn)
    return loss
