"""The kinds of baselines: which settings each may have, and how a model is fitted with them.

`searched` may share work between settings, and may leave rare items out where that only costs time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Protocol

import numpy as np
from numpy.random import default_rng

from penchant.data.dataset import Dataset
from penchant.data.vocabulary import scatter
from penchant.evaluate.alternating import Alternating
from penchant.evaluate.neighbours import Nearest, Neighbours, by_content, by_users, by_walks
from penchant.language.knowledge import Knowledge
from penchant.models.habit import Habit
from penchant.models.popularity import Popularity
from penchant.models.similarity import Similarity
from penchant.types import Query, Scores

Settings = Mapping[str, Any]

LAMBDAS = (20.0, 50.0, 100.0, 200.0, 300.0, 500.0, 1000.0, 2000.0, 5000.0)
SEARCHED_ITEMS = 4_000
"""EASE is searched over the most frequent items only where there are more; the final fit is over all."""
EASE_ITEMS = 12_000
"""EASE is over so many items at most, the most frequent: its matrix is dense."""
ALS = (
    (32, 10.0, 1.0),
    (32, 30.0, 2.0),
    (64, 3.0, 1.0),
    (64, 10.0, 1.0),
    (64, 10.0, 2.0),
    (64, 30.0, 2.0),
    (64, 30.0, 4.0),
    (64, 100.0, 8.0),
    (64, 100.0, 16.0),
    (128, 10.0, 1.0),
    (128, 30.0, 2.0),
    (128, 30.0, 8.0),
    (128, 100.0, 8.0),
)
"""Factors, l2 and confidence."""
SHRINKS, SIZES, WEIGHINGS = (0.0, 20.0, 100.0, 500.0), (10, 30, 100, 300), ("cosine", "tf-idf")
ALPHAS, BETAS, WALKED = (0.0, 0.3, 1.0, 1.75), (0.0, 0.3, 0.5, 0.65), (30, 100, 300)
"""RP3β: exponent of the chances of a step, of the popularity that is divided out, and neighbours."""
SHARES, NEAR = (0.0, 0.25, 0.5, 0.75, 1.0), (5, 10, 20, 50, 100, 300)


class Scoring(Protocol):
    """Anything that scores all items for queries."""

    def score(self, queries: Sequence[Query]) -> Scores:
        """Return scores, shape (Q, n_items)."""
        ...


@dataclass(frozen=True, slots=True)
class Family:
    """`grid` lists settings for a training part, `fitted` fits with one, `searched` with each in turn.

    A `quick` family is searched with a fit for each fold of the validation, others with one for all.
    """

    grid: Callable[[Dataset], list[Settings]]
    fitted: Callable[[Dataset, Settings], Scoring]
    searched: Callable[[Dataset, list[Settings]], Iterator[Scoring]]
    quick: bool = False


def family(
    grid: Callable[[Dataset], list[Settings]], fitted: Callable[[Dataset, Settings], Scoring], *, quick: bool
) -> Family:
    """Return a family whose settings share no work."""
    return Family(grid, fitted, lambda data, settings: (fitted(data, one) for one in settings), quick)


def popularity() -> Family:
    """All events alike: nothing to search."""
    return family(lambda _: [{"half_life": float("inf")}], _popularity, quick=True)


def recent() -> Family:
    """Popularity that fades, with half-lives from the span of the log down to a thousandth of it and less."""

    def grid(data: Dataset) -> list[Settings]:
        span = data.interactions.end - data.interactions.start
        halvings = range(14) if span > 0 else range(0)
        return [{"half_life": span / 2**k} for k in halvings] or [{"half_life": float("inf")}]

    return family(grid, _popularity, quick=True)


def habit() -> Family:
    """A person's own most frequent items."""

    def fitted(data: Dataset, settings: Settings) -> Scoring:
        return Habit(**settings).fit(data, Knowledge.none(data.n_items), rng=default_rng(0))

    return family(lambda _: [{"half_life": float("inf")}], fitted, quick=True)


def item_knn() -> Family:
    """Items by users in common: plain cosine or users weighed by idf, shrinkage, number of neighbours."""
    return _nearest(by_users, ("weighing", WEIGHINGS), ("shrink", SHRINKS), SIZES)


def rp3beta() -> Family:
    """RP3β (Paudel et al. 2017) by α, β and the number of neighbours."""
    return _nearest(by_walks, ("alpha", ALPHAS), ("beta", BETAS), WALKED)


def _nearest(
    find: Callable[[Dataset, Any, Sequence[float], int], Iterator[Nearest]],
    outer: tuple[str, Sequence[Any]],
    inner: tuple[str, Sequence[float]],
    sizes: Sequence[int],
) -> Family:
    """Return the family of what `find` gives, by two settings of it and the number of neighbours."""
    (first, firsts), (second, seconds) = outer, inner
    settings = [{first: a, second: b, "neighbours": size} for a, b, size in product(firsts, seconds, sizes)]

    def searched(data: Dataset, grid: list[Settings]) -> Iterator[Scoring]:
        for value in firsts:  # in the order of the settings
            for nearest in find(data, value, seconds, max(sizes)):
                for size in sizes:
                    yield Neighbours(nearest.matrix(data.n_items, size))

    def fitted(data: Dataset, one: Settings) -> Scoring:
        nearest = next(find(data, one[first], [one[second]], one["neighbours"]))
        return Neighbours(nearest.matrix(data.n_items, one["neighbours"]))

    return Family(lambda _: list(settings), fitted, searched)


def ease() -> Family:
    """EASE (Steck, WWW 2019) by its λ."""

    def searched(data: Dataset, grid: list[Settings]) -> Iterator[Scoring]:
        part = most_frequent(data, SEARCHED_ITEMS)
        return (_ease(part, one) for one in grid)

    return Family(lambda _: [{"l2": value} for value in LAMBDAS], _ease, searched)


def als() -> Family:
    """Implicit ALS by factors, l2 and confidence."""
    names = ("factors", "l2", "confidence")
    settings = [dict(zip(names, point, strict=True)) for point in ALS]
    return family(lambda _: list(settings), lambda data, one: Alternating.fit(data, **one), quick=False)


def content_knn(knowledge: Knowledge | None) -> Family:
    """Items by what is written about them: how much the text counts beside attributes, and neighbours."""
    shares = SHARES if knowledge is not None and knowledge.raw.any() else (0.0,)
    settings = [{"text": share, "neighbours": size} for share, size in product(shares, NEAR)]

    def searched(data: Dataset, grid: list[Settings]) -> Iterator[Scoring]:
        known = knowledge or Knowledge.none(data.n_items)
        for nearest in by_content(data, known, shares, max(NEAR)):
            for size in NEAR:
                yield Neighbours(nearest.matrix(data.n_items, size).T.tocsr())

    def fitted(data: Dataset, one: Settings) -> Scoring:
        known = knowledge or Knowledge.none(data.n_items)
        nearest = next(by_content(data, known, [one["text"]], one["neighbours"]))
        return Neighbours(nearest.matrix(data.n_items, one["neighbours"]).T.tocsr())

    return Family(lambda _: list(settings), fitted, searched)


@dataclass(frozen=True, slots=True)
class Chance:
    """Scores at random, other ones for each key."""

    n_items: int

    def score(self, queries: Sequence[Query]) -> Scores:
        """Draw scores, shape (Q, n_items)."""
        scores = np.empty((len(queries), self.n_items), dtype=np.float32)
        for row, query in zip(scores, queries, strict=True):
            row[:] = default_rng(list(scatter(query.key))).random(self.n_items, dtype=np.float32)
        return scores


def chance() -> Family:
    """Lists at random."""
    return family(lambda _: [{}], lambda data, _: Chance(data.n_items), quick=True)


def most_frequent(data: Dataset, n: int) -> Dataset:
    """Return the data set with the events of its n most frequent items only."""
    counts = data.item_counts()
    if (counts > 0).sum() <= n:
        return data
    kept = np.zeros(data.n_items, dtype=bool)
    kept[np.argsort(-counts, kind="stable")[:n]] = True
    return data.with_interactions(data.interactions.where(kept[data.interactions.items]))


def _popularity(data: Dataset, settings: Settings) -> Scoring:
    return Popularity(**settings).fit(data, Knowledge.none(data.n_items), rng=default_rng(0))


def _ease(data: Dataset, settings: Settings) -> Scoring:
    model = Similarity(prior=0.0, decay=1.0, dense=EASE_ITEMS, **settings)
    return model.fit(most_frequent(data, EASE_ITEMS), Knowledge.none(data.n_items), rng=default_rng(0))
