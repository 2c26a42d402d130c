"""What every recommender must beat: simple methods, tuned as carefully as ours, fitted in the same run.

Settings are chosen by NDCG@10 on a validation cut from the training part in the manner of the protocol, for
each kind of table apart; where items may be repeated, so is whether lists leave out the history.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped, unused-ignore]

from penchant.data.dataset import Dataset
from penchant.evaluate import families
from penchant.evaluate.contest import Search, ranked
from penchant.evaluate.families import Family, Scoring, Settings
from penchant.evaluate.protocols import Fold, Protocol, Task
from penchant.language.knowledge import Knowledge
from penchant.metrics import counts, hits, ndcg
from penchant.types import Query, Rows, Scores

CHUNK = 512
"""Queries scored at once."""
MOST_ROWS = 2_000
"""Queries of the validation that settings are chosen on, drawn where there are more."""
FILLING = np.float32(1e-5)
"""How much recent popularity adds to scores between -1 and 1: it only orders what else is alike."""


Found = dict[tuple[bool, bool], list[list[NDArray[np.float64]]]]
"""NDCG@10 by kind of table and treatment of the history, then by settings, then by task."""


class Choice(NamedTuple):
    """Settings, whether lists leave out the history where they need not, and the validation's NDCG@10."""

    settings: Settings
    leaves_out: bool
    value: float


@dataclass
class Validation:
    """The folds that settings are chosen on; all baselines of a run share them: cutting takes time."""

    protocol: Protocol
    data: Dataset | None = None
    kept: list[Fold] = field(default_factory=list)

    def folds(self, data: Dataset) -> list[Fold]:
        """Cut a training part, or return what was cut of it before."""
        if data is not self.data:
            self.data, self.kept = data, thinned(list(self.protocol.validation(data)))
        return self.kept


@dataclass
class Baseline:
    """One family of models with its search. `filling` orders what the model does not tell apart.

    Somebody without a history thus gets the list of `filling`, and nobody is compared with an empty list.
    """

    name: str
    family: Family
    validation: Validation
    filling: "Baseline | None" = None
    only_repeats: bool = False
    chosen: dict[bool, Choice] = field(default_factory=dict)
    models: dict[bool, Scoring] = field(default_factory=dict)
    data: Dataset | None = None
    searched: Search = field(default_factory=Search)

    @property
    def settings(self) -> Mapping[str, Any]:
        """What was chosen, by kind of table."""
        return {
            "with repeats" if repeat else "new items": {
                **choice.settings,
                "leaves out history": choice.leaves_out,
                "validation NDCG@10": round(choice.value, 5),
            }
            for repeat, choice in self.chosen.items()
        }

    def fit(self, data: Dataset, *, first: bool) -> Self:
        """Choose settings where this is the first time, and fit with them."""
        if data is self.data:  # it fills up others, and was fitted with them
            return self
        if self.filling is not None:
            self.filling.fit(data, first=first)
        # Threads of linear algebra wait by spinning: beside other work they make it many times slower;
        # alternating least squares have threads of their own, and warn of these.
        with threadpool_limits(limits=1, user_api="blas"):
            if first:
                start = perf_counter()
                self.chosen = self.search(data)
                self._count(perf_counter() - start)
            self.data, self.models = data, {}
            for repeat, choice in self.chosen.items():
                other = next((r for r in self.models if self.chosen[r].settings == choice.settings), None)
                fitted = self.family.fitted(data, choice.settings) if other is None else self.models[other]
                self.models[repeat] = fitted
        return self

    def _count(self, seconds: float) -> None:
        """Add up what searches cost."""
        folds = self.validation.kept
        trials = len(self.family.grid(folds[0].train)) if folds else 0
        queries = sum(len(task) for fold in folds for task in fold.tasks)
        old = self.searched
        self.searched = Search(old.trials + trials, old.queries + queries, old.seconds + seconds)

    def search(self, data: Dataset) -> dict[bool, Choice]:
        """Return the best settings for new items (False) and for tables with repeats (True)."""
        folds = self.validation.folds(data)
        grid = self.family.grid(folds[0].train if folds else data)
        kinds = {task.repeat for fold in folds for task in fold.tasks} or {False, True}
        wanted = [True] if self.only_repeats else sorted(kinds)
        options = [(repeat, out) for repeat in wanted for out in ([False, True] if repeat else [True])]
        found: Found = {option: [[] for _ in grid] for option in options}
        for train, judged in self._rounds(folds):
            filling = None if self.filling is None else self.filling.again(train)
            for place, model in enumerate(self.family.searched(train, grid)):
                for fold in judged:
                    for option, values in _tried(model, filling, fold, options):
                        found[option][place].append(values)
        return {repeat: _best(grid, repeat, found) for repeat in wanted}

    def again(self, data: Dataset) -> Scoring:
        """Fit to other data with the settings for new items, beside the fit that is kept."""
        return self.family.fitted(data, self.chosen[False].settings)

    def rank(
        self, queries: Sequence[Query], k: int, *, candidates: Rows | None = None, repeat: bool = False
    ) -> Rows:
        """Return the k best items for each query, shape (Q, k)."""
        kind = repeat if repeat in self.chosen else next(iter(self.chosen))
        kept = repeat and not self.chosen[kind].leaves_out
        filling = None if self.filling is None else self.filling.models[False]
        lists = [np.empty((0, k), dtype=np.int64)]
        with threadpool_limits(limits=1, user_api="blas"):
            for start in range(0, len(queries), CHUNK):
                part = queries[start : start + CHUNK]
                scores = scored(self.models[kind], filling, part)
                lists.append(ranked(scores, part, k, candidates=candidates, repeat=kept))
        return np.concatenate(lists)

    def _rounds(self, folds: list[Fold]) -> Iterator[tuple[Dataset, list[Fold]]]:
        """Pair training parts with the folds that a fit on them is judged by."""
        if self.family.quick:
            yield from ((fold.train, [fold]) for fold in folds)
        elif folds:
            yield folds[0].train, folds


def baselines(protocol: Protocol, knowledge: Knowledge | None = None) -> list[Baseline]:
    """Return the baselines of a protocol; those that read texts take `knowledge`."""
    shared = Validation(protocol)
    if protocol.name == "cold20":  # no event: popularity and behaviour have nothing to say
        return [
            Baseline("random", families.chance(), shared),
            Baseline("content kNN", families.content_knn(knowledge), shared),
        ]
    recent = Baseline("recent popularity", families.recent(), shared)
    habit = Baseline("own most frequent items", families.habit(), shared, recent, only_repeats=True)
    return [
        recent,
        Baseline("popularity", families.popularity(), shared),
        *([habit] if protocol.name in ("time", "prequential") else []),
        Baseline("item kNN", families.item_knn(), shared, recent),
        Baseline("RP3beta", families.rp3beta(), shared, recent),
        Baseline("EASE", families.ease(), shared, recent),
        Baseline("implicit ALS", families.als(), shared, recent),
    ]


def scored(model: Scoring, filling: Scoring | None, queries: Sequence[Query]) -> Scores:
    """Score all items, shape (Q, I), filled up."""
    scores = model.score(queries)
    return scores if filling is None else filled_up(scores, filling.score(queries[:1]))


def filled_up(scores: Scores, popularity: Scores) -> Scores:
    """Bring scores, shape (Q, I), between -1 and 1, and let popularity, (1, I), order what is alike."""
    highest = np.abs(scores).max(axis=1, keepdims=True, initial=0.0)
    small = popularity * (FILLING / max(float(popularity.max(initial=0.0)), 1e-9))
    return np.asarray(scores / np.where(highest > 0, highest, 1.0) + small, dtype=np.float32)


def thinned(folds: list[Fold]) -> list[Fold]:
    """Draw MOST_ROWS users from the folds where there are more, equally from each."""
    return [_drawn(fold, MOST_ROWS // len(folds)) for fold in folds]


def _drawn(fold: Fold, n: int) -> Fold:
    users = _widest(fold).users
    drawn = default_rng(0).permutation(users)[:n]
    tasks = []
    for task in fold.tasks:
        kept = np.flatnonzero(np.isin(task.users, drawn))
        queries, targets = [task.queries[i] for i in kept], [task.targets[i] for i in kept]
        tasks.append(replace(task, users=task.users[kept], queries=queries, targets=targets))
    return replace(fold, tasks=tuple(tasks))


def _widest(fold: Fold) -> Task:
    """Return the task that asks all users whom the others ask, too."""
    return max(fold.tasks, key=len)


def _tried(
    model: Scoring, filling: Scoring | None, fold: Fold, options: list[tuple[bool, bool]]
) -> Iterator[tuple[tuple[bool, bool], NDArray[np.float64]]]:
    """Return the NDCG@10 of each task under each option; scores are made once for all of them."""
    asked = {id(query): query for task in fold.tasks for query in task.queries}
    row = {key: place for place, key in enumerate(asked)}
    scores = scored(model, filling, list(asked.values()))
    for task in fold.tasks:
        rows = [row[id(query)] for query in task.queries]
        for repeat, out in (option for option in options if option[0] == task.repeat):
            lists = ranked(scores[rows], task.queries, 10, candidates=task.candidates, repeat=not out)
            yield (repeat, out), ndcg(hits(lists, task.targets), counts(task.targets))


def _best(grid: list[Settings], repeat: bool, found: Found) -> Choice:
    """Return the settings with the highest mean over all queries; those in the middle without any query."""
    tried = [
        Choice(settings, out, float(np.concatenate(values).mean()))
        for (kind, out), row in found.items()
        if kind == repeat
        for settings, values in zip(grid, row, strict=True)
        if sum(map(len, values))
    ]
    return max(tried, key=lambda choice: choice.value, default=Choice(grid[len(grid) // 2], not repeat, 0.0))
