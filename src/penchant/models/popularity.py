"""Popularity that fades: what everybody does, for those of whom nothing is known.

score_i = ln(1 + n · Σ_k a_k p_k(i)), where p_k is the share of item i among all events, each weighted by
2^(−age / h_k), n the number of events, and the mixture a is learned: it maximises the likelihood of the last
fifth of the log given what came before (expectation maximisation), everybody's events together counting as
one in each of five windows, so that a news site and a library get other half-lives and no heavy user decides.
See Ji et al., A re-visit of the popularity baseline, SIGIR 2020.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar, Self

import numpy as np
from numpy.random import Generator

from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.language.knowledge import Knowledge
from penchant.models.scorer import State, best, pick
from penchant.types import Query, Rows, Scores, Vectors

CERTAIN: Vectors = np.ones(1, dtype=np.float32)
HALVINGS = 12
"""Half-lives tried: the span of the log divided by 1, 2, 4, … and no decay at all."""


@dataclass
class Popularity:
    """`half_life` in seconds; infinity counts all alike, None learns a mixture of half-lives."""

    knows: ClassVar[str] = "popularity"
    reads_text: ClassVar[bool] = False
    quick: ClassVar[bool] = True

    half_life: float | None = None
    scores: Scores = field(default_factory=lambda: np.empty(0, dtype=np.float32))
    half_lives: Vectors = field(default_factory=lambda: np.empty(0, dtype=np.float32))
    mixture: Vectors = field(default_factory=lambda: np.empty(0, dtype=np.float32))

    def fit(self, data: Dataset, knowledge: Knowledge, *, rng: Generator) -> Self:
        """Count the events of each item, the recent ones more."""
        events = data.interactions.where(data.interactions.weights > 0)
        if self.half_life is not None:
            self.half_lives, self.mixture = np.array([self.half_life], dtype=np.float32), CERTAIN
        else:
            self.half_lives, self.mixture = learned_decay(events, data.n_items)
        shares = np.stack([share(events, h, events.end, data.n_items) for h in self.half_lives])
        self.scores = np.log1p(len(events) * (self.mixture @ shares)).astype(np.float32)
        return self

    def score(self, queries: Sequence[Query], items: Rows | None = None) -> Scores:
        """Give everybody the same scores."""
        return pick(np.tile(self.scores, (len(queries), 1)), items)

    def retrieve(self, queries: Sequence[Query], n: int) -> tuple[Rows, Scores]:
        """Return the n most popular items for each query."""
        return best(self.score(queries), n)

    def extend(self, items: Catalogue, knowledge: Knowledge) -> Self:
        """New items begin with no event."""
        scores = np.concatenate((self.scores, np.zeros(len(items) - len(self.scores), dtype=np.float32)))
        return type(self)(self.half_life, scores, self.half_lives, self.mixture)

    def state(self) -> State:
        """Return the scores and the decay that led to them."""
        arrays = {"scores": self.scores, "half_lives": self.half_lives, "mixture": self.mixture}
        fixed = None if self.half_life is None else str(self.half_life)
        return State(arrays, {"half_life": fixed})

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Build the model again."""
        fixed = state.scalars["half_life"]
        return cls(None if fixed is None else float(fixed), **dict(state.arrays))


def share(events: Interactions, half_life: float, at: float, n_items: int) -> Vectors:
    """Return each item's part of all events before `at`, weighted by 2^(−age / half_life); adds up to 1."""
    weights = events.weights.astype(np.float64)
    if np.isfinite(half_life):
        weights = weights * np.exp2(-(at - events.times) / half_life)
    counts = np.bincount(events.items, weights=weights, minlength=n_items)
    return np.asarray(counts / max(counts.sum(), 1e-12))


def learned_decay(events: Interactions, n_items: int, *, windows: int = 5) -> tuple[Vectors, Vectors]:
    """Return half-lives and their mixture that best foretells the last fifth of the log in windows."""
    span = events.end - events.start
    if events.clock == "none" or len(events) < 100 or span <= 0:
        return np.array([np.inf], dtype=np.float32), CERTAIN
    half_lives = np.concatenate(([np.inf], span / np.exp2(np.arange(HALVINGS))))
    ordered = np.sort(events.times)
    cuts = ordered[np.linspace(0.8 * (len(ordered) - 1), len(ordered) - 1, windows + 1).astype(int)]
    likelihoods, voices = [], []
    for start, end in pairwise(cuts.tolist()):
        before = events.where(events.times < start)
        inside = (events.times >= start) & (events.times <= end)
        if len(before) and inside.any():
            users = events.users[inside]
            voice = np.bincount(events.items[inside], 1.0 / np.bincount(users)[users], minlength=n_items)
            shares = np.stack([share(before, h, start, n_items) for h in half_lives], axis=1)
            known = (voice > 0) & (shares.sum(axis=1) > 0)
            likelihoods.append(shares[known])
            voices.append(voice[known])
    if not likelihoods:
        return np.array([np.inf], dtype=np.float32), CERTAIN
    mixture = expectation_maximisation(np.concatenate(likelihoods), np.concatenate(voices))
    kept = mixture > 0.01
    return half_lives[kept].astype(np.float32), (mixture[kept] / mixture[kept].sum()).astype(np.float32)


def expectation_maximisation(likelihoods: Vectors, weights: Vectors, *, steps: int = 100) -> Vectors:
    """Return the mixture, (K,), of components with likelihoods (N, K) of observations weighted by (N,)."""
    mixture = np.full(likelihoods.shape[1], 1.0 / likelihoods.shape[1])
    for _ in range(steps if len(likelihoods) else 0):
        joint = likelihoods * mixture
        joint *= (weights / joint.sum(axis=1))[:, None]
        mixture = joint.sum(axis=0) / weights.sum()
    return mixture
