"""The fitted ranker: sources, blends and evidence, from a query to a slate."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from typing import Any

import numpy as np

from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.language.knowledge import Knowledge
from penchant.models.content import Content
from penchant.models.factors import Factors
from penchant.models.features import Features
from penchant.models.habit import Habit
from penchant.models.item_to_item import DENSE, active_items
from penchant.models.popularity import Popularity
from penchant.models.ratings import Ratings
from penchant.models.scorer import Scorer, State, below, best
from penchant.models.similarity import Similarity
from penchant.models.transitions import Transitions
from penchant.models.words import Words
from penchant.rank.blend import Blend, Scale, Sources
from penchant.rank.calibration import Calibration, clues_of, learned_calibration, trend_of
from penchant.rank.evidence import ItemEvidence, evidence_of
from penchant.rank.horizons import directions
from penchant.rank.moments import Moments
from penchant.rank.rating import fitted_ratings
from penchant.rank.rehearsal import rehearse
from penchant.rank.request_weight import START, learned_request_weight
from penchant.rank.settings import Effort, build, found_settings
from penchant.rank.trust import Blends, learned_blends
from penchant.tune.coordinates import Settings
from penchant.tune.study import Budget
from penchant.types import Query, Rows, Scores, Slate, Vectors

MODELS: Mapping[str, type[Any]] = {
    "popularity": Popularity, "trend": Popularity, "similarity": Similarity, "transitions": Transitions,
    "factors": Factors, "content": Content, "features": Features, "habit": Habit, "words": Words,
}  # fmt: skip
CHUNK = 256


@dataclass(frozen=True, slots=True)
class Plan:
    """What was learned about learning, and is kept for a refit: settings of the models, and the blends.

    `request_weight` is that of the words of a request, `calibration` makes probabilities of scores, `half` is
    the half-life of ratings in seconds; these two are None where nothing told them. `searched` says what a
    search with a budget came to, by the model's name.
    """

    settings: Mapping[str, Settings]
    blends: Blends
    seed: int
    request_weight: float = START
    calibration: Calibration | None = None
    half: float | None = None
    searched: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ranking:
    """Everything that scores, fitted."""

    plan: Plan
    sources: Sources
    evidence: ItemEvidence
    ratings: Ratings | None = None

    @classmethod
    def fit(
        cls,
        data: Dataset,
        knowledge: Knowledge,
        *,
        effort: Effort,
        seed: int,
        say: Callable[[str], None],
        search: Budget | None = None,
    ) -> "Ranking":
        """Search settings and learn the blends on the last slice of time, then fit all of it on all data."""
        if len(data.interactions):
            say(reach(data))
        rehearsal = rehearse(data, np.random.default_rng(seed))
        chosen = found_settings(rehearsal, knowledge, effort, seed, say, search)
        settings = chosen.settings
        scorers = build(settings, rehearsal.train, knowledge, seed)
        moments = Moments(rehearsal.train, scorers, knowledge)
        blends = learned_blends(rehearsal, moments, say=say)
        weight, asked = learned_request_weight(rehearsal.train, scorers, blends.new, knowledge)
        if asked:
            say(f"words of a request count {weight:.2f} (learned on {asked:,} requests)")
        calibration = learned_calibration(rehearsal, moments, blends.new, seed)
        plan = Plan(settings, blends, seed, weight, calibration, searched=chosen.searched)
        return cls.planned(plan, data, knowledge)

    @classmethod
    def planned(cls, plan: Plan, data: Dataset, knowledge: Knowledge) -> "Ranking":
        """Fit all models on all data, by a plan made before."""
        scorers = build(plan.settings, data, knowledge, plan.seed)
        ratings = fitted_ratings(data, knowledge, plan.seed, plan.half)
        plan = replace(plan, half=ratings.half) if ratings else plan
        return cls(plan, Sources.measured(scorers, data.queries()), evidence_of(data), ratings)

    @property
    def n_items(self) -> int:
        """Items that can be ranked."""
        return len(self.evidence.counts)

    def parts(
        self, queries: Sequence[Query], items: Rows | None, *, repeat: bool
    ) -> tuple[Vectors, Vectors, Vectors]:
        """Return the standard scores (K, Q, C), the evidence (F, Q, C), and what words give, (Q, C) or 0."""
        blend = self.plan.blends.of(repeat=repeat)
        chosen = Sources({name: self.sources.scorers[name] for name in blend.names[:-1]}, self.sources.scales)
        rows = np.arange(self.n_items) if items is None else items
        known = self.evidence.features(queries, rows)
        standard = chosen.standard(queries, items, self.n_items)
        if not repeat and any(query.balance for query in queries):
            balance = np.array([query.balance for query in queries], dtype=np.float32)
            standard *= 1.0 + directions(blend.names)[:, None, None] * balance[:, None]
        return standard, known, self.words(queries, items)

    def words(self, queries: Sequence[Query], items: Rows | None = None) -> Vectors:
        """Return what the words of requests give to the scores, (Q, C); 0 where no query has any."""
        found = np.zeros((), dtype=np.float32)
        if "words" in self.sources.scorers and any(query.text is not None for query in queries):
            weight = np.float32(self.plan.request_weight / self.sources.scales["words"].spread)
            found = weight * self.sources.scorers["words"].score(queries, items)
        rows = np.arange(self.n_items) if items is None else items
        for place, query in enumerate(queries):
            if query.heard is not None:
                found = found if found.ndim else np.zeros((len(queries), rows.shape[-1]), dtype=np.float32)
                found[place] = query.heard[rows[place] if rows.ndim == 2 else rows]
        return found

    def score(self, queries: Sequence[Query], items: Rows | None = None, *, repeat: bool = False) -> Scores:
        """Return the scores, (Q, C)."""
        width = self.n_items if items is None else items.shape[-1]
        scores = np.empty((len(queries), width), dtype=np.float32)
        for start in range(0, len(queries), CHUNK):
            part = slice(start, start + CHUNK)
            own = items[part] if items is not None and items.ndim == 2 else items
            standard, evidence, words = self.parts(queries[part], own, repeat=repeat)
            scores[part] = self.plan.blends.of(repeat=repeat).score(standard, evidence) + words
        return scores

    def top(
        self, queries: Sequence[Query], k: int, *, candidates: Rows | None = None, repeat: bool = False
    ) -> tuple[Rows, Scores]:
        """Return the k best items of each query, (Q, k), best first; −1 and −inf where there are no more."""
        pool = np.arange(self.n_items) if candidates is None else np.unique(candidates)
        rows = np.full((len(queries), k), -1, dtype=np.int64)
        scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
        for start in range(0, len(queries), CHUNK):
            chunk = queries[start : start + CHUNK]
            found = self.score(chunk, None if candidates is None else pool, repeat=repeat)
            for place, query in enumerate(chunk):
                left_out = query.excluded if repeat else np.concatenate((query.rows, query.excluded))
                found[place, np.isin(pool, left_out)] = -np.inf
            places, values = best(found, k)
            part = (slice(start, start + len(chunk)), slice(0, places.shape[1]))
            rows[part], scores[part] = np.where(np.isfinite(values), pool[places], -1), values
        return rows, scores

    def predict(self, queries: Sequence[Query], places: Rows, items: Rows) -> tuple[Vectors, Vectors]:
        """Return ratings and probabilities, (P,) each, of pairs `queries[places[p]]`, `items[p]` (−1: none).

        NaN where nothing in the data tells: no ratings; no questions to learn probabilities from, an item
        that is unknown or that was met before.
        """
        rating = np.full(len(items), np.nan, dtype=np.float32)
        if self.ratings:
            rating = self.ratings.predict(queries, places, items)
        probability = self.probability(queries, places, items)
        met = [np.isin(items[p], queries[place].rows) for p, place in enumerate(places.tolist())]
        probability[np.array(met, dtype=bool)] = np.nan
        return rating, probability

    def probability(self, queries: Sequence[Query], places: Rows, items: Rows) -> Vectors:
        """Return how likely each of the pairs is, (P,), items that were met before like any others.

        NaN for unknown items (−1), and throughout where there were no questions to learn from.
        """
        found, known = np.full(len(items), np.nan, dtype=np.float32), items >= 0
        calibration = self.plan.calibration
        if calibration is None:
            return found
        trend = trend_of(self.sources)
        for start in range(0, len(queries), CHUNK):
            inside = np.flatnonzero(known & (places >= start) & (places < start + CHUNK))
            scores = self.score(queries[start : start + CHUNK])
            own = scores[places[inside] - start, items[inside]], trend[items[inside]]
            found[inside] = calibration.probability(clues_of(queries, places[inside], *own))
        return found

    def slate(self, query: Query, rows: Rows, *, repeat: bool = False) -> Slate:
        """Return what each source gives to the items in `rows`, shape (k,)."""
        blend = self.plan.blends.of(repeat=repeat)
        standard, evidence, words = self.parts([query], rows, repeat=repeat)
        given = dict(zip(blend.names, blend.shares(standard, evidence)[:, 0], strict=True))
        if words.ndim:
            given["words"] = words[0]
        scores = np.asarray(np.sum(list(given.values()), axis=0, dtype=np.float32))
        return Slate(rows, scores, given, np.ones(len(rows), dtype=np.float32))

    def unit(self, query: Query, rows: Rows, *, repeat: bool = False) -> dict[str, Scores]:
        """Return what one unit of each source's own score gives to the items in `rows`, shape (k,) each."""
        blend = self.plan.blends.of(repeat=repeat)
        trust = blend.trust(self.evidence.features([query], rows))[:, 0]
        if query.balance and not repeat:
            trust = trust * (1.0 + np.float32(query.balance) * directions(blend.names))[:, None]
        return {
            name: trust[place] / self.sources.scales[name].spread
            for place, name in enumerate(blend.names[:-1])
        }

    def extend(self, items: Catalogue, knowledge: Knowledge) -> "Ranking":
        """Let new items join without a refit: `items` and `knowledge` begin with all the old rows."""
        scorers = {name: scorer.extend(items, knowledge) for name, scorer in self.sources.scorers.items()}
        ratings = self.ratings.extend(items, knowledge) if self.ratings else None
        sources = replace(self.sources, scorers=scorers)
        return replace(self, sources=sources, evidence=self.evidence.extend(len(items)), ratings=ratings)

    def state(self) -> State:
        """Return all models, scales, blends and the evidence, for a bundle."""
        arrays = {"evidence/counts": self.evidence.counts, "evidence/first": self.evidence.first}
        models: dict[str, Any] = {}
        for name, scorer in self.sources.scorers.items():
            state = scorer.state()
            arrays |= {f"models/{name}/{key}": value for key, value in state.arrays.items()}
            models[name] = dict(state.scalars)
        scales = {name: [scale.mean, scale.spread] for name, scale in self.sources.scales.items()}
        blends = {"new": self.plan.blends.new.state(), "again": self.plan.blends.again.state()}
        settings = {name: dict(values) for name, values in self.plan.settings.items()}
        scalars: dict[str, Any] = {"models": models, "scales": scales, "blends": blends, "settings": settings}
        plan = self.plan
        scalars |= {"seed": plan.seed, "request_weight": plan.request_weight, "span": self.evidence.span}
        scalars["searched"] = {name: dict(told) for name, told in plan.searched.items()}
        scalars["calibration"] = None if plan.calibration is None else list(astuple(plan.calibration))
        scalars["ratings"] = None
        if self.ratings:
            state = self.ratings.state()
            arrays |= {f"ratings/{key}": value for key, value in state.arrays.items()}
            scalars["ratings"] = dict(state.scalars)
        return State(arrays, scalars)

    @classmethod
    def from_state(cls, state: State) -> "Ranking":
        """Build it again."""
        scalars = state.scalars
        scorers: dict[str, Scorer] = {}
        for name, plain in scalars["models"].items():
            arrays = below(state.arrays, f"models/{name}/")
            scorers[name] = MODELS[name.partition(".")[0]].from_state(State(arrays, plain))
        scales = {name: Scale(*pair) for name, pair in scalars["scales"].items()}
        blends = Blends(
            Blend.from_state(scalars["blends"]["new"]), Blend.from_state(scalars["blends"]["again"])
        )
        evidence = ItemEvidence(
            state.arrays["evidence/counts"], state.arrays["evidence/first"], scalars["span"]
        )
        ratings = None
        if scalars["ratings"]:
            arrays = below(state.arrays, "ratings/")
            ratings = Ratings.from_state(State(arrays, scalars["ratings"]))
        calibration = None
        if scalars["calibration"]:
            slopes, offset, span = scalars["calibration"]
            calibration = Calibration(tuple(slopes), offset, span)
        half = ratings.half if ratings else None
        learned = (scalars["seed"], scalars["request_weight"], calibration, half)
        plan = Plan(scalars["settings"], blends, *learned, scalars.get("searched", {}))
        return cls(plan, Sources(scorers, scales), evidence, ratings)


def reach(data: Dataset) -> str:
    """Say over which items the closed forms are, and whether whole or among neighbours."""
    items, active = int((data.item_counts() > 0).sum()), len(active_items(data))
    rest = f"; the other {items - active:,} rest on popularity, factors and content" if active < items else ""
    form = f", each among its neighbours (dense up to {DENSE:,})" if active > DENSE else ""
    return f"closed forms over {active:,} of {items:,} items with events{form}{rest}"
