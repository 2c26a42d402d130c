"""Settings of the closed forms, searched on the rehearsal; recorded in the bundle, reused by a refit."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from penchant.data.dataset import Dataset
from penchant.language.knowledge import Knowledge
from penchant.models.content import Content
from penchant.models.factors import Factors
from penchant.models.features import Features
from penchant.models.habit import Habit
from penchant.models.popularity import Popularity
from penchant.models.scorer import Scorer
from penchant.models.words import Words
from penchant.rank.exam import Exam
from penchant.rank.forms import DECAYS, KINDS, SPACES, STARTS, WIDE
from penchant.rank.rehearsal import Rehearsal
from penchant.tune.coordinates import Settings, search
from penchant.tune.study import Budget, Report
from penchant.tune.study import search as studied

Effort: TypeAlias = Literal["quick", "standard", "best"]
TRIALS: Mapping[str, int] = {"quick": 0, "standard": 12, "best": 40}


@dataclass(frozen=True, slots=True)
class Chosen:
    """The settings of each closed form; `searched` says what a search with a budget came to."""

    settings: dict[str, Settings]
    searched: dict[str, dict[str, float]]


def found_settings(
    rehearsal: Rehearsal,
    knowledge: Knowledge,
    effort: Effort,
    seed: int,
    say: Callable[[str], None],
    budget: Budget | None = None,
) -> Chosen:
    """Search the closed forms' settings, on the most frequent items only where there are many.

    With a `budget` the search goes on from what `effort` found, over continuous ranges.
    """
    chosen = Chosen({name: dict(start) for name, start in STARTS.items()}, {})
    if not TRIALS[effort] and budget is None:
        return chosen
    exam = Exam.of(rehearsal, knowledge, seed)
    if not exam.parts:
        return chosen
    asked = [name for name in KINDS if name != "transitions" or exam.data.interactions.clock != "none"]

    def searched(name: str) -> tuple[Settings, float, int]:
        return search(
            STARTS[name], SPACES[name], lambda trial: exam.score(name, trial), trials=TRIALS[effort]
        )

    if TRIALS[effort]:
        with ThreadPoolExecutor(len(KINDS)) as pool:  # algebra leaves the interpreter free
            for name, (found, top, tried) in zip(KINDS, pool.map(searched, KINDS), strict=True):
                chosen.settings[name] = found
                say(f"{name}: {_spelled(found)} (NDCG@20 {top:.3f}, {tried} trials)")
    if budget is not None:
        for name in asked:
            _study(exam.dealt(), name, chosen, budget, 1 / len(asked), say)
    return chosen


def _study(
    exam: Exam, name: str, chosen: Chosen, budget: Budget, share: float, say: Callable[[str], None]
) -> None:
    """Go on with Optuna; what was found before stays where nothing better is found."""
    before = chosen.settings[name]
    starts = [STARTS[name], *([before] if before != STARTS[name] else [])]
    held = exam.score(name, before)

    def score(trial: Settings, report: Report) -> float:
        return exam.score(name, trial, report)

    found = studied(
        starts, WIDE[name], score,
        name=name, seed=exam.seed, budget=budget, share=share, mark=exam.mark(), say=say,
    )  # fmt: skip
    if found.score > held:
        chosen.settings[name] = found.settings
    chosen.searched[name] = {
        "trials": found.trials,
        "pruned": found.pruned,
        "ndcg@20": max(found.score, held),
        "ndcg@20 before": held,
    }
    say(
        f"{name}: {_spelled(chosen.settings[name])} (NDCG@20 {held:.4f} before, {max(found.score, held):.4f} "
        f"after {found.trials} trials, {found.pruned} of them given up early)"
    )


def _spelled(settings: Settings) -> str:
    return ", ".join(f"{key} {value:.4g}" for key, value in settings.items())


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
