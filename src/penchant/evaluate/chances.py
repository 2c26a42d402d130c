"""Who foretells what is taken: the product's probabilities, and the simple ones that they must beat.

Each is calibrated alike: slopes and an offset by maximum likelihood on the last slice of the training part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.random import default_rng

from penchant.data.dataset import Dataset
from penchant.evaluate.contest import Entrant
from penchant.language.knowledge import Knowledge
from penchant.models.popularity import Popularity
from penchant.rank.calibration import Calibration, Pairs, asked, most_likely, sampled, span_of
from penchant.rank.ranking import Ranking
from penchant.rank.rehearsal import rehearse
from penchant.types import Query, Rows, Scores, Vectors

Settings = Mapping[str, Any]


class Foreteller(Protocol):
    """Learns from a training part; what it answers rests on the history in the query."""

    @property
    def name(self) -> str:
        """What tables call it."""
        ...

    @property
    def settings(self) -> Settings:
        """What was learned at the first fit."""
        ...

    @property
    def span(self) -> float | None:
        """The time that its probabilities are about, 0 where there is no clock; None where it has none."""
        ...

    def fit(self, data: Dataset, *, first: bool) -> Self:
        """Learn from `data`: slopes and offset where this is the `first` time, else keep those found."""
        ...

    def chances(self, queries: Sequence[Query], places: Rows, items: Rows) -> Vectors:
        """Return the probability that each pair `queries[places[p]]`, `items[p]` comes true, (P,)."""
        ...


@dataclass
class Taken:
    """The product's probabilities; its recommender was fitted as a contender of the same fold."""

    entrant: Entrant

    @property
    def name(self) -> str:
        """What tables call the contender."""
        return self.entrant.name

    @property
    def settings(self) -> Settings:
        """α, β and the span."""
        found = self._ranking.plan.calibration
        return {} if found is None else {"slopes": found.slopes, "offset": found.offset, "span": found.span}

    @property
    def span(self) -> float | None:
        """The time that the probabilities are about."""
        found = self._ranking.plan.calibration
        return None if found is None else found.span

    @property
    def _ranking(self) -> Ranking:
        ranking: Ranking = self.entrant.ranker.ranking  # type: ignore[union-attr]
        return ranking

    def fit(self, data: Dataset, *, first: bool) -> Self:
        """Do nothing: the contender was fitted on the same training part."""
        return self

    def chances(self, queries: Sequence[Query], places: Rows, items: Rows) -> Vectors:
        """Return the probabilities, also for what was met before."""
        return self._ranking.probability(queries, places, items)


@dataclass
class Popular:
    """The item's popularity as a probability: ln of its share of recent events, calibrated as ours.

    With `alike` every item is given the same: the base rate.
    """

    name: str
    alike: bool = False
    seed: int = 0
    calibration: Calibration | None = None
    scores: Scores | None = None

    @property
    def settings(self) -> Settings:
        """The slope and the offset."""
        found = self.calibration
        return {} if found is None else {"slopes": found.slopes, "offset": found.offset}

    @property
    def span(self) -> float | None:
        """The time that the probabilities are about."""
        return None if self.calibration is None else self.calibration.span

    def fit(self, data: Dataset, *, first: bool) -> Self:
        """Count; the first time, calibrate on the questions that the product learns its own on."""
        if first or self.calibration is None:
            self.calibration = self._calibrated(data)
        self.scores = self._scored(data)
        return self

    def chances(self, queries: Sequence[Query], places: Rows, items: Rows) -> Vectors:
        """Return the same for everybody."""
        if self.calibration is None or self.scores is None:
            return np.full(len(items), np.nan, dtype=np.float32)
        return self.calibration.probability(self.scores[items][:, None])

    def _scored(self, data: Dataset) -> Scores:
        if self.alike:
            return np.zeros(data.n_items, dtype=np.float32)
        nothing = Knowledge.none(data.n_items)
        return np.asarray(Popularity().fit(data, nothing, rng=default_rng(self.seed)).scores)

    def _calibrated(self, data: Dataset) -> Calibration | None:
        rehearsal, rng = rehearse(data, default_rng(self.seed)), default_rng(self.seed)
        groups, lessons = [group for group in asked(rehearsal) if group.queries], []
        for group in groups:
            some = sampled(group, rng)
            pairs = Pairs.of(some, rng, data.n_items)
            known = data.with_interactions(group.known) if len(group.known) else rehearsal.train
            scores = self._scored(known).astype(np.float64)
            lessons.append((scores[pairs.items], pairs.taken, pairs.weights))
        if not lessons:
            return None
        scores, taken, weights = (np.concatenate(column) for column in zip(*lessons, strict=True))
        return Calibration(*most_likely(scores[:, None], taken, weights), span_of(groups))


def floors(seed: int = 0) -> list[Popular]:
    """Return what probabilities have to beat."""
    return [Popular("popularity", seed=seed), Popular("base rate", alike=True, seed=seed)]
