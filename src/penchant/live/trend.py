"""What is known of items moves with every event: popularity, by the half-lives that the fit found, and how
often and since when they were met.

S_k(i) = Σ_e w_e 2^((t_e − r) / h_k) over events with item i, r a moment of reference: shares S_k(i) / Σ S_k
do not depend on r nor on the moment asked, so only a new event changes them.
"""

from collections.abc import Sequence

import numpy as np

from penchant.data.interactions import Interactions
from penchant.models.popularity import Popularity
from penchant.rank.evidence import ItemEvidence
from penchant.types import Rows, Scores, Times, Weights

FAR = 60.0
"""Half-lives from the moment of reference at which it is moved."""


class Trend:
    """What a popularity model would be after further events; not safe to share between threads."""

    def __init__(self, model: Popularity, events: Interactions, n_items: int) -> None:
        liked = events.where(events.weights > 0)
        self.model, self.events, self.reference = model, len(liked), events.end
        self.half_lives = model.half_lives.astype(np.float64)
        self.sums = np.zeros((len(self.half_lives), n_items))
        for place, half_life in enumerate(self.half_lives):
            faded = liked.weights.astype(np.float64)
            if np.isfinite(half_life):
                faded = faded * np.exp2((liked.times - self.reference) / half_life)
            self.sums[place] = np.bincount(liked.items, weights=faded, minlength=n_items)

    def add(self, rows: Sequence[int], times: Times, weights: Weights) -> None:
        """Count further events with items (rows), those of no positive weight left out."""
        kept = weights > 0
        at = np.asarray(rows, dtype=np.int64)[kept]
        if not len(at):
            return
        self.events += len(at)
        away = times[kept] - self.reference
        finite = self.half_lives[np.isfinite(self.half_lives)]
        if len(finite) and away.max() > FAR * finite.min():
            self.move(float(times[kept].max()))
            away = times[kept] - self.reference
        for place, half_life in enumerate(self.half_lives):
            grown = np.exp2(np.minimum(away / half_life, FAR)) if np.isfinite(half_life) else np.ones(len(at))
            np.add.at(self.sums[place], at, weights[kept] * grown)

    def move(self, moment: float) -> None:
        """Tell all sums as of another moment of reference."""
        fading = np.exp2((self.reference - moment) / self.half_lives)
        self.sums *= np.where(np.isfinite(self.half_lives), fading, 1.0)[:, None]
        self.reference = moment

    def grow(self, n_items: int) -> None:
        """Let new items join, to which nothing happened yet."""
        self.sums = np.pad(self.sums, ((0, 0), (0, n_items - self.sums.shape[1])))

    def scores(self) -> Scores:
        """Return ln(1 + n · Σ_k a_k S_k(i) / Σ S_k), (n_items,), as `Popularity` does."""
        shares = self.sums / np.maximum(self.sums.sum(axis=1, keepdims=True), 1e-12)
        return np.asarray(np.log1p(self.events * (self.model.mixture @ shares)), dtype=np.float32)


class Met:
    """How often items were met and since when, with further events; not safe to share between threads."""

    def __init__(self, evidence: ItemEvidence) -> None:
        self.span, self.counts, self.first = evidence.span, evidence.counts.copy(), evidence.first.copy()

    def add(self, rows: Rows, times: Times) -> None:
        """Count further events."""
        np.add.at(self.counts, rows, 1)
        np.minimum.at(self.first, rows, times)

    def grow(self, n_items: int) -> None:
        """Let new items join, to which nothing happened yet."""
        grown = self.evidence().extend(n_items)
        self.counts, self.first = grown.counts, grown.first

    def evidence(self) -> ItemEvidence:
        """Return it as the blends take it, (n_items,) each."""
        return ItemEvidence(self.counts.copy(), self.first.copy(), self.span)
