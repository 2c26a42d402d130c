"""Settings of the closed forms, searched on the rehearsal; recorded in the bundle, reused by a refit."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Literal, TypeAlias

import numpy as np

from penchant.data.dataset import Dataset
from penchant.language.knowledge import Knowledge
from penchant.metrics import counts, hits, ndcg
from penchant.models.content import Content
from penchant.models.factors import Factors
from penchant.models.features import Features
from penchant.models.habit import Habit
from penchant.models.item_to_item import ItemToItem
from penchant.models.popularity import Popularity
from penchant.models.scorer import Scorer, best
from penchant.models.similarity import Similarity
from penchant.models.transitions import Transitions
from penchant.models.words import Words
from penchant.rank.rehearsal import Questions, Rehearsal, sample
from penchant.tune.coordinates import Settings, search
from penchant.types import Query, Rows

Effort: TypeAlias = Literal["quick", "standard", "best"]
TRIALS: Mapping[str, int] = {"quick": 0, "standard": 12, "best": 40}
DECAYS = {"similarity": {"": 0.98, ".recent": 0.9, ".all": 1.0}, "transitions": {"": 0.95, ".recent": 0.8}}
SPACES: Mapping[str, Mapping[str, list[Any]]] = {
    "similarity": {
        "l2": [20.0, 60.0, 200.0, 600.0, 2000.0],
        "user_power": [0.0, 0.3, 0.6],
        "prior": [0.0, 30.0, 100.0, 300.0, 1000.0],
        "dropout": [0.0, 0.2, 0.4],
        "item_power": [0.0, 0.2],
    },
    "transitions": {
        "l2": [30.0, 120.0, 500.0, 2000.0],
        "gamma": [0.6, 0.8, 0.9, 0.95],
        "prior": [0.0, 30.0, 100.0, 300.0, 1000.0],
        "user_power": [0.0, 0.5],
        "together": [True, False],
    },
}
STARTS: Mapping[str, Settings] = {
    "similarity": {"l2": 200.0, "user_power": 0.0, "prior": 100.0, "dropout": 0.0, "item_power": 0.0},
    "transitions": {"l2": 500.0, "gamma": 0.9, "prior": 300.0, "user_power": 0.0, "together": True},
}
KINDS: Mapping[str, type[ItemToItem]] = {"similarity": Similarity, "transitions": Transitions}
HEAD, ASKED = 2_500, 400


def found_settings(
    rehearsal: Rehearsal, knowledge: Knowledge, effort: Effort, seed: int, say: Callable[[str], None]
) -> dict[str, Settings]:
    """Search the closed forms' settings, on the most frequent items only where there are many."""
    settings = {name: dict(start) for name, start in STARTS.items()}
    asked = _asked(rehearsal, seed)
    if not TRIALS[effort] or not asked[0]:
        return settings
    head, asked = _head(rehearsal.train, *asked)

    def searched(name: str) -> tuple[Settings, float, int]:
        def score(trial: Settings) -> float:
            model = KINDS[name](**trial).fit(head, knowledge, rng=np.random.default_rng(seed))  # type: ignore[attr-defined]
            return max(_quality(replace(model, decay=decay), *asked) for decay in DECAYS[name].values())

        return search(STARTS[name], SPACES[name], score, trials=TRIALS[effort])

    with ThreadPoolExecutor(len(KINDS)) as pool:  # algebra leaves the interpreter free
        for name, (found, top, tried) in zip(KINDS, pool.map(searched, KINDS), strict=True):
            settings[name] = found
            chosen = ", ".join(f"{key} {value:g}" for key, value in found.items())
            say(f"{name}: {chosen} (NDCG@20 {top:.3f}, {tried} trials)")
    return settings


def build(
    settings: Mapping[str, Settings], data: Dataset, knowledge: Knowledge, seed: int
) -> dict[str, Scorer]:
    """Fit every source on a data set; views of one closed form with other decays share its matrix."""

    def rng() -> np.random.Generator:
        return np.random.default_rng(seed)

    built: dict[str, Scorer] = {
        "popularity": Popularity(half_life=float("inf")).fit(data, knowledge, rng=rng()),
        "trend": Popularity().fit(data, knowledge, rng=rng()),
    }
    for name, kind in KINDS.items():
        model = kind(**settings[name]).fit(data, knowledge, rng=rng())  # type: ignore[attr-defined]
        built |= {name + suffix: replace(model, decay=decay) for suffix, decay in DECAYS[name].items()}
    built["factors"] = Factors().fit(data, knowledge, rng=rng())
    built["content"] = Content().fit(data, knowledge, rng=rng())
    if data.traits is not None:
        built["features"] = Features().fit(data, knowledge, rng=rng())
    built["habit"] = Habit().fit(data, knowledge, rng=rng())
    built["habit.recent"] = Habit(half_life=max(data.end - data.interactions.start, 1.0) / 8).fit(
        data, knowledge, rng=rng()
    )
    if knowledge.known.any():
        built["words"] = Words().fit(data, knowledge, rng=rng())
    return built


def _asked(rehearsal: Rehearsal, seed: int) -> tuple[list[Query], list[Rows]]:
    """Return questions with a history, as many of "visit" as of "return" where there are enough."""
    rng, queries, targets = np.random.default_rng(seed), [], []
    for kind in ("visit", "return"):
        groups: list[Questions] = [group for group in rehearsal.questions if group.kind == kind]
        pairs = [pair for group in groups for pair in zip(group.queries, group.targets, strict=True)]
        pairs = [pair for pair in pairs if len(pair[0].rows)]
        for place in sample(len(pairs), ASKED, rng):
            queries.append(pairs[place][0])
            targets.append(pairs[place][1])
    return queries, targets


def _head(
    data: Dataset, queries: list[Query], targets: list[Rows]
) -> tuple[Dataset, tuple[list[Query], list[Rows]]]:
    """Keep the events of the most frequent items; the rows stay as they are."""
    items = data.item_counts()
    if (items > 0).sum() <= HEAD:
        return data, (queries, targets)
    rare = np.ones(len(items), dtype=bool)
    rare[np.argsort(-items, kind="stable")[:HEAD]] = False
    kept = data.with_interactions(data.interactions.where(~rare[data.interactions.items]))
    return kept, (queries, [rows[~rare[rows]] for rows in targets])


def _quality(model: ItemToItem, queries: list[Query], targets: list[Rows]) -> float:
    """Return the mean NDCG@20 over the questions; the history is left out of the lists."""
    total = counts(targets)
    lists = []
    for start in range(0, len(queries), 256):
        chunk = queries[start : start + 256]
        scores = model.score(chunk)
        for place, query in enumerate(chunk):
            scores[place, query.rows] = -np.inf
        lists.append(best(scores, 20)[0])
    return float(ndcg(hits(np.concatenate(lists), targets), total)[total > 0].mean())
