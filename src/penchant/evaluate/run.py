"""An evaluation from a data set to tables: fit, ask, judge, compare.

This file knows nothing of any model, and nothing of how results are shown.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from time import perf_counter
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from penchant.data.cleaning.aggregates import aggregates
from penchant.data.dataset import Dataset
from penchant.errors import SettingError
from penchant.evaluate.answers import Answers
from penchant.evaluate.chances import Foreteller
from penchant.evaluate.clicks import Guesses
from penchant.evaluate.contest import Contender, Searching
from penchant.evaluate.cuts import Surroundings
from penchant.evaluate.judge import judged
from penchant.evaluate.protocols import FROZEN, NEW, Fold, Protocol, Task
from penchant.evaluate.rated import Answers as RatingAnswers
from penchant.evaluate.raters import Rater
from penchant.evaluate.report import Evaluation
from penchant.evaluate.results import Seconds
from penchant.evaluate.seal import Openings, Seal
from penchant.types import Rows

K = 20
"""Length of a list."""
Progress = Callable[[str, int, int], None]
"""Called with what is being done, and how many steps of how many are done."""


@dataclass
class Clock:
    """How long a contender took: its first fit with the search, each further fit, and all its lists."""

    fits: list[float] = field(default_factory=list)
    ranking: float = 0.0
    queries: int = 0

    def seconds(self) -> Seconds:
        """Return the sums."""
        return Seconds(self.fits[0], sum(self.fits[1:]), self.ranking, self.queries)


def evaluate(
    data: Dataset,
    contenders: Sequence[Contender],
    protocol: Protocol,
    *,
    against: Sequence[Contender] = (),
    rng: Generator,
    progress: Progress | None = None,
    openings: Openings | None = None,
    raters: Sequence[Rater] = (),
    foretellers: Sequence[Foreteller] = (),
    seal: Seal | None = None,
) -> Evaluation:
    """Fit and judge contenders, and the baselines `against` which they are compared, on the same folds.

    The test part is opened once, and `openings` keeps a record; or `seal` opens it, where not lists alone
    look at it. The first of `raters`, who foretell ratings, is compared with the others; so is the first of
    `foretellers`, who say how likely things are taken.
    Raises SettingError where the protocol finds nothing to judge by.
    """
    everyone = [*contenders, *against]
    names = [contender.name for contender in everyone]
    if len(set(names)) < len(names):
        raise ValueError(f"two contenders have the same name: {names}")
    check_judgeable(data, protocol)
    check_columns(data)
    clocks, tables = {name: Clock() for name in names}, dict[str, Answers]()
    around: Surroundings | None = None
    seal = Seal(data, protocol, openings) if seal is None else seal
    ratings, guesses = RatingAnswers.of(raters), Guesses(foretellers, rng.spawn(1)[0])
    for fold in seal.folds():
        around = around or Surroundings.of(data, fold.train)
        for task in fold.tasks:
            tables.setdefault(task.table, Answers()).add(task, fold)
        for place, contender in enumerate(everyone):
            if progress is not None:
                progress(f"{fold.name}: {contender.name}", place, len(everyone))
            for table, lists in _answered(contender, fold, clocks[contender.name]):
                tables[table].lists.setdefault(contender.name, []).append(lists)
        ratings.add(fold, progress)
        guesses.add(data, fold, progress)
    assert around is not None  # there is a fold: check_judgeable
    ours, theirs, frozen = [c.name for c in contenders], [c.name for c in against], tables.pop(FROZEN, None)
    return Evaluation(
        protocol=protocol.name,
        summary=protocol.summary,
        warning=protocol.warning,
        data={"users": data.n_users, "items": data.n_items, "events": len(data.interactions)},
        tables=tuple(
            judged(name, answers, ours, theirs, protocol, around, rng, frozen if name == NEW else None)
            for name, answers in tables.items()
        ),
        settings=_chosen(everyone, raters, foretellers),
        seconds={name: clock.seconds() for name, clock in clocks.items()},
        searches={c.name: asdict(c.searched) for c in everyone if isinstance(c, Searching)},
        opening=seal.told(),
        diversity=around.source,
        ratings=ratings.judged(data, rng),
        clicks=guesses.judged(data.interactions.clock),
    )


def _chosen(
    everyone: Sequence[Contender], raters: Sequence[Rater], foretellers: Sequence[Foreteller]
) -> dict[str, dict[str, Any]]:
    """Return what the searches of all that took part chose."""
    return (
        {contender.name: dict(contender.settings) for contender in everyone}
        | {f"ratings, {rater.name}": dict(rater.settings) for rater in raters if rater.settings}
        | {f"probabilities, {one.name}": dict(one.settings) for one in foretellers if one.settings}
    )


def _answered(contender: Contender, fold: Fold, clock: Clock) -> Iterator[tuple[str, Rows]]:
    """Fit a contender and ask it for the lists of the tables that it takes part in."""
    start = perf_counter()
    contender.fit(fold.train, first=fold.first)
    clock.fits.append(perf_counter() - start)
    for table in dict.fromkeys(task.table for task in fold.tasks):
        tasks = [task for task in fold.tasks if task.table == table]
        if contender.only_repeats and not tasks[0].repeat:
            continue
        queries = [query for task in tasks for query in task.queries]
        start = perf_counter()
        lists = contender.rank(queries, K, candidates=tasks[0].candidates, repeat=tasks[0].repeat)
        clock.ranking += perf_counter() - start
        clock.queries += len(queries)
        check(contender.name, lists, replace(tasks[0], queries=queries))
        yield table, lists


def check_judgeable(data: Dataset, protocol: Protocol) -> None:
    """Raise SettingError where the protocol finds nothing to judge by, and say why."""
    if next(protocol.folds(data), None) is not None:
        return
    if not len(data.interactions):
        raise SettingError(
            f"protocol {protocol.name}: there are no events, so none can be held out",
            hint="bring interactions (user_id, item_id, timestamp)",
        )
    if protocol.name in ("time", "prequential") and data.interactions.clock == "none":
        raise SettingError(
            f"protocol {protocol.name}: the events have neither times nor an order",
            hint="use --protocol last20",
        )
    raise SettingError(
        f"protocol {protocol.name}: no event is left to judge by",
        hint="bring more events, or a log with times",
    )


def check_columns(data: Dataset) -> None:
    """Raise SettingError for columns that sum up the whole log: they tell the past about the future."""
    found = aggregates(data)
    if found:
        raise SettingError(
            f"{found[0].table}: {found[0]}: such a column cannot be judged with",
            hint="leave the column out; read() does so unless it is asked to keep it",
        )


def check(name: str, lists: Rows, task: Task) -> None:
    """Raise ValueError for lists of another shape, or with items that may not be in them."""
    if lists.shape != (len(task), K):
        raise ValueError(f"{name}: lists of shape {lists.shape}, not {(len(task), K)}")
    if task.candidates is not None and not np.isin(lists, np.append(task.candidates, -1)).all():
        raise ValueError(f"{name}: lists hold items that are no candidates")
    if not task.repeat:
        known: NDArray[np.bool_] = np.array(
            [np.isin(row, query.rows).any() for row, query in zip(lists, task.queries, strict=True)],
            dtype=bool,
        )
        if known.any():
            raise ValueError(f"{name}: {int(known.sum())} lists hold items of the history")
