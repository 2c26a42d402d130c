"""The tasks that share one encoder: a loss for each, of one batch of items.

    place   ‖v_i − t_i‖² / r
    rank    −log softmax_i (u · v_i / τ), over the items of the batch, which are drawn alike
    click   −log σ(±(a·u·v_i + b_i + log q_i)), over the items of the batch; q_i are shares of events
    rating  (u · w_i + c_i + m − y)², y on the scale −1 to 1
    request −log softmax_i (e(request) · e_i / τ), over the items of the batch

v_i, b_i, w_i and c_i are read off the text's vector e_i by linear heads; u are people's places, fixed. A
batch holds popular items no likelier than others, so ranking needs no correction of negatives by popularity.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator

from penchant.language.adapt.lessons import Lessons, Task
from penchant.types import Vectors

PEOPLE, TEMPERATURE, ASKED = 256, 0.05, 32
"""People who are asked about a batch; how sharp a request tells items apart; requests a batch."""
RIDGE = 1.0
"""Of the ridge regression by which the first head begins."""
SOFT = 0.1
"""Spread of the scores that rank a batch: sharper ones learn the people by heart (see notes/LOG.md)."""


@dataclass
class Batch:
    """Vectors of some items, (B, width), their places (B, r), and where they are among the lessons' items."""

    vectors: Any
    placed: Any
    rows: Any
    rng: Generator


class Heads:
    """What is read off a text's vector: a place (r), a level of clicks, a level and a direction of stars."""

    def __init__(self, width: int, rank: int, seed: int) -> None:
        import torch

        torch.manual_seed(seed)
        rank = max(1, rank)
        self.place = torch.nn.Linear(width, rank)
        self.click = torch.nn.Linear(width, 1)
        self.stars = torch.nn.Linear(width, rank + 1)
        self.sharp = torch.nn.Parameter(torch.zeros(1))

    def parameters(self) -> list[Any]:
        """Return all that learns here."""
        layers = (self.place, self.click, self.stars)
        return [p for layer in layers for p in layer.parameters()] + [self.sharp]

    def begin(self, vectors: Vectors, places: Vectors) -> None:
        """Let the first head foretell places, (n, r), from vectors, (n, width), by ridge regression."""
        import torch

        vectors, targets = vectors.astype(np.float64), places.astype(np.float64)
        mean = vectors.mean(axis=0)
        away = vectors - mean
        slope = np.linalg.solve(away.T @ away + RIDGE * np.eye(len(mean)), away.T @ targets)
        with torch.no_grad():
            self.place.weight.copy_(torch.from_numpy(slope.T))
            self.place.bias.copy_(torch.from_numpy(targets.mean(axis=0) - mean @ slope))

    def placed(self, vectors: Vectors) -> Vectors:
        """Return the places that the first head foretells, (n, r)."""
        import torch

        with torch.inference_mode():
            found: Vectors = self.place(torch.from_numpy(vectors)).numpy()
        return found


class Weighting:
    """How much tasks weigh beside each other: Σ w_t L_t, or Σ exp(−s_t) L_t + s_t with s_t learned.

    s_t begins at −log w_t, so that the first step is that of the given weights.
    """

    def __init__(self, weights: Mapping[Task, float], *, learned: bool) -> None:
        import torch

        self.given = dict(weights)
        self.doubts = {
            task: torch.nn.Parameter(torch.tensor(-math.log(weight)))
            for task, weight in (weights.items() if learned else ())
        }

    def parameters(self) -> list[Any]:
        """Return what learns here."""
        return list(self.doubts.values())

    def total(self, losses: Mapping[Task, Any]) -> Any:
        """Return the one loss that is made small."""
        if not self.doubts:
            return sum(self.given[task] * loss for task, loss in losses.items())
        return sum((-self.doubts[task]).exp() * loss + self.doubts[task] for task, loss in losses.items())

    def told(self) -> dict[str, float]:
        """Return the weights as they are now, none where they were given."""
        return {task: math.exp(-float(doubt.detach())) for task, doubt in self.doubts.items()}


@dataclass
class Lecture:
    """The lessons as tensors, and how to compute the loss of each task."""

    lessons: Lessons
    heads: Heads
    smoothing: float = 0.0

    def __post_init__(self) -> None:
        import torch

        self.places = torch.from_numpy(self.lessons.places)
        self.people = torch.from_numpy(self.lessons.people)
        self.logs = torch.from_numpy(np.log(self.lessons.shares))
        self.taken = self.lessons.taken.tocsc()
        self.spread = float((self.people @ self.places.T).std()) or 1.0

    def loss(self, task: Task, batch: Batch) -> Any:
        """Return the loss of one task on a batch."""
        return {"place": self._place, "rank": self._rank, "click": self._click, "rating": self._rating}[task](
            batch
        )

    def _place(self, batch: Batch) -> Any:
        return ((batch.placed - self.places[batch.rows]) ** 2).mean()

    def _asked(self, batch: Batch) -> tuple[Any, Any]:
        """Return people who took something of the batch, and what, (P, B)."""
        import torch

        taken = self.taken[:, batch.rows].tocsr()
        able = np.flatnonzero(np.diff(taken.indptr))
        people = batch.rng.permutation(able)[:PEOPLE]
        return torch.from_numpy(people), torch.from_numpy(taken[people].toarray().astype(np.float32))

    def _smooth(self, right: Any, even: float) -> Any:
        """Spread a part of the labels over all answers."""
        return (1 - self.smoothing) * right + self.smoothing * even

    def _rank(self, batch: Batch) -> Any:
        import torch

        people, taken = self._asked(batch)
        scores = self.people[people] @ batch.placed.T * (SOFT / self.spread)
        told = torch.nn.functional.log_softmax(scores, dim=1)
        right = taken / taken.sum(dim=1, keepdim=True)
        return -((self._smooth(right, 1.0 / right.shape[1])) * told).sum(dim=1).mean()

    def _click(self, batch: Batch) -> Any:
        import torch

        people, taken = self._asked(batch)
        scores = self.people[people] @ batch.placed.T / self.spread * self.heads.sharp.exp()
        scores = scores + self.heads.click(batch.vectors).T + self.logs[batch.rows]
        weight = (1 - taken).sum() / taken.sum().clamp(min=1.0)  # as much is at stake on either side
        right = self._smooth(taken, 0.5)
        found = torch.nn.functional.binary_cross_entropy_with_logits(scores, right, pos_weight=weight)
        return found / (1 + weight)

    def _rating(self, batch: Batch) -> Any:
        import torch

        place = self.lessons.among(batch.rows)
        inside = np.flatnonzero(place[self.lessons.rated] >= 0)
        inside = batch.rng.permutation(inside)[: 16 * PEOPLE]
        low, high = self.lessons.scale or (0.0, 1.0)
        stars = torch.from_numpy(2 * (self.lessons.stars[inside] - low) / (high - low) - 1)
        told = self.heads.stars(batch.vectors)[place[self.lessons.rated[inside]]]
        people = self.people[self.lessons.raters[inside]] / self.people.std()
        found = (people * told[:, 1:]).sum(dim=1) / people.shape[1] ** 0.5 + told[:, 0]
        return ((found - stars.float()) ** 2).mean()


def asked_for(requests: Any, vectors: Any, answers: Any, smoothing: float = 0.0) -> Any:
    """Return the loss of requests, (R, width), whose answers are rows of `vectors`, (B, width)."""
    import torch

    scores = requests @ vectors.T / TEMPERATURE
    return torch.nn.functional.cross_entropy(scores, answers, label_smoothing=smoothing)
