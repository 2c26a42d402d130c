"""Two bundles on what neither has seen, asked as of the same moments and with the same histories.

A bundle may have been fitted on other tables than the other one: items and people are matched by id, and
histories hold what any of the three logs (the tables', and both bundles') knows of the time before.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import sparse

from penchant import store
from penchant.data.catalogue import Catalogue
from penchant.data.cells import spell
from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.data.split import windows
from penchant.data.vocabulary import Vocabulary
from penchant.errors import SettingError
from penchant.evaluate.comparison import Comparison, Side
from penchant.evaluate.contrast import contrast
from penchant.evaluate.protocols import NEW, REPEATS, Fold, Protocol, Task, over_time
from penchant.evaluate.run import K, check
from penchant.evaluate.seal import Openings, Seal
from penchant.recommender import Recommender
from penchant.types import Query, Rows, Vectors

MOMENTS = 5
Progress = Callable[[str, int, int], None]


@dataclass
class Fitted:
    """A bundle among the ids that all share: `own`, (shared items,), are its rows, -1 where it knows none.

    `people` are those of the tables, who ask with their attributes as the bundle knows them.
    """

    side: Side
    model: Recommender
    own: Rows = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    shared: Rows = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    people: Vocabulary | None = None
    traits: sparse.csr_matrix | None = None

    @classmethod
    def load(cls, label: str, folder: Path) -> Self:
        """Read a bundle with its lineage. Raises BundleError."""
        model = Recommender.load(folder)
        lineage = store.read(folder, verify=False)[1]
        events = model.data.interactions
        counts = {"users": model.data.n_users, "items": model.data.n_items, "events": len(events)}
        version, data = store.current(folder), str(lineage.get("data", ""))
        return cls(Side(label, str(folder), version, data, events.end, counts), model)

    def among(self, items: Vocabulary, people: Catalogue) -> Self:
        """Return the same bundle with its places among the shared items, and asked by `people`."""
        shared = items.rows(self.model.data.items.vocabulary.ids)
        own = np.full(len(items), -1, dtype=np.int64)
        own[shared] = np.arange(len(shared))
        space = self.model.data.space
        traits = space.transform(people) if len(space) else None
        return replace(self, own=own, shared=shared, people=people.vocabulary, traits=traits)

    def lists(self, task: Task) -> Rows:
        """Return lists, shape (Q, K), in shared rows; it is not told of items that it does not know."""
        queries = [self._translated(query) for query in task.queries]
        rows = self.model.rank(queries, K, repeat=task.repeat)[0]
        rows = np.pad(rows, ((0, 0), (0, K - rows.shape[1])), constant_values=-1)
        found = np.where(rows >= 0, np.append(self.shared, -1)[rows], -1)
        check(self.side.label, found, task)
        return found

    def _translated(self, query: Query) -> Query:
        rows = self.own[query.rows]
        known = rows >= 0
        values = query.values[known] if len(query.values) else query.values
        return replace(
            query,
            rows=rows[known],
            times=query.times[known],
            weights=query.weights[known],
            values=values,
            features=self._features(query.key),
        )

    def _features(self, person: str) -> Vectors | None:
        row = -1 if self.people is None else self.people.row(person)
        return None if row < 0 or self.traits is None else self.traits[row].toarray()[0]


def compare(
    data: Dataset,
    folders: tuple[Path, Path],
    *,
    rng: Generator,
    progress: Progress | None = None,
    openings: Openings | None = None,
) -> Comparison:
    """Compare two bundles on the events of `data` that are later than everything both learned from.

    These are a test part as well: it is opened once, and `openings` keeps a record of it.

    Raises:
        BundleError: a folder holds no bundle.
        SettingError: there is no such event, there are no times, or a bundle shares no item with the tables.
    """
    pair = [Fitted.load(label, folder) for label, folder in zip("AB", folders, strict=True)]
    check_comparable(data, pair)
    joint, added = joined(data, [side.model.data for side in pair])
    pair = [side.among(joint.items.vocabulary, data.users) for side in pair]
    held = later(joint, max(one.side.end for one in pair))
    if not held:
        raise SettingError("no later event is a positive one: there is nothing to find")
    said = "what is later than both bundles, in successive windows"
    seal = Seal(data, Protocol("compare", said, "", lambda _: iter(held), lambda _: iter(())), openings)
    folds = list(seal.folds())
    answers: list[tuple[Fold, Task, Mapping[str, Rows]]] = []
    for place, fold in enumerate(folds):
        if progress is not None:
            progress(fold.name, place, len(folds))
        for task in fold.tasks:
            answers.append((fold, task, {side.side.label: side.lists(task) for side in pair}))
    known = {side.side.label: side.own >= 0 for side in pair}
    return Comparison(
        sides=(pair[0].side, pair[1].side),
        data={"users": data.n_users, "items": data.n_items, "events": len(data.interactions)},
        moments=tuple(fold.tasks[-1].queries[0].at for fold in folds),
        opening=seal.told(),
        notes=tuple(_notes(pair, added, answers)),
        contrasts=tuple(contrast(name, rows, known, joint, rng) for name, rows in _by_table(answers).items()),
    )


def check_comparable(data: Dataset, pair: Sequence[Fitted]) -> None:
    """Raise SettingError where no event is later than both bundles, and say how to get there."""
    clocks = {"the tables": data.interactions.clock}
    clocks |= {f"{one.side.label}, {one.side.folder},": one.model.data.interactions.clock for one in pair}
    for name, clock in clocks.items():
        if clock != "time":
            raise SettingError(
                f"--compare: {name} have no times, so nobody knows what both have not seen",
                hint="bring a time column (--map time=COL) and fit with it",
            )
    for one in pair:
        if not (data.items.vocabulary.rows(one.model.data.items.vocabulary.ids) >= 0).any():
            raise SettingError(
                f"--compare: {one.side.folder} shares no item with the tables",
                hint="are the ids written alike?",
            )
    last = max(pair, key=lambda one: one.side.end).side
    if data.interactions.end > last.end:
        return
    kept = windows(data.interactions)
    moment = spell(kept[0].start) if kept else "MOMENT"
    raise SettingError(
        f"--compare: no event of the tables (the last is of {spell(data.interactions.end)}) is later than "
        f"what {last.label}, {last.folder}, learned from (until {spell(last.end)})",
        hint="bring newer tables; or hold a part out: fit both with "
        f"--until {moment}, then compare on all of DIR",
    )


def joined(data: Dataset, others: Sequence[Dataset]) -> tuple[Dataset, int]:
    """Return one data set of the tables and of the bundles' own logs, and how many events these added.

    An event that the tables have as well (the same person, item and moment) counts once, as they have it.
    """
    every = [data, *others]
    items = Vocabulary.of(*(one.items.vocabulary.ids for one in every))
    users = Vocabulary.of(*(one.users.vocabulary.ids for one in every))
    frames: list[pl.DataFrame] = []
    for number, one in enumerate(every):
        events = one.interactions
        columns: dict[str, NDArray[Any]] = {
            "user": users.rows(one.users.vocabulary.ids)[events.users],
            "item": items.rows(one.items.vocabulary.ids)[events.items],
            "time": events.times,
            "weight": events.weights,
            "value": events.values,
        }
        frame = pl.DataFrame(columns)
        keys = ["user", "item", "time"]
        for earlier in frames:
            frame = frame.join(earlier, on=keys, how="anti", maintain_order="left")
        frames.append(frame if not number else frame.unique(keys, keep="first", maintain_order=True))
    whole = pl.concat(frames)
    user, item, time, weight, value = (whole[name].to_numpy() for name in whole.columns)
    events = Interactions.sorted(user, item, time, weight, value, "time")
    titles = pl.DataFrame({"title": _titles(items, every)}, schema={"title": pl.String})
    people = Catalogue(users, pl.DataFrame())
    return Dataset(events, Catalogue(items, titles, "title"), people), len(whole) - len(frames[0])


def later(joint: Dataset, end: float) -> list[Fold]:
    """Cut what is later than `end` into successive windows; each is asked as of its start."""
    times = joint.interactions.times
    # What a float loses must not take the first of the later events away; so little more adds none.
    share = (int((times > end).sum()) + 1e-6) / len(times)
    return list(over_time(joint, share=share, n=MOMENTS))


def _titles(items: Vocabulary, every: Sequence[Dataset]) -> list[str | None]:
    """Take each title from the first data set that has one."""
    found: list[str | None] = [None] * len(items)
    for one in reversed(every):
        if one.items.title is not None:
            rows = items.rows(one.items.vocabulary.ids).tolist()
            for row, title in zip(rows, one.items.titles(np.arange(len(rows))), strict=True):
                found[row] = title
    return found


def _by_table(
    answers: Sequence[tuple[Fold, Task, Mapping[str, Rows]]],
) -> dict[str, list[tuple[Fold, Task, Mapping[str, Rows]]]]:
    """Put answers together by table; without a single repeat, lists with repeats would only say the same."""
    tables: dict[str, list[tuple[Fold, Task, Mapping[str, Rows]]]] = {}
    for fold, task, lists in answers:
        if len(task):
            tables.setdefault(task.table, []).append((fold, task, lists))
    taken = {name: sum(len(t) for _, task, _ in rows for t in task.targets) for name, rows in tables.items()}
    if taken.get(NEW) == taken.get(REPEATS):
        del tables[REPEATS]
    return tables


def _notes(
    pair: Sequence[Fitted], added: int, answers: Sequence[tuple[Fold, Task, Mapping[str, Rows]]]
) -> Iterator[str]:
    """Say what was added, what a bundle does not know, and whether both are the same."""
    if pair[0].side.version == pair[1].side.version:
        yield "A and B are the same version: any difference is a fault"
    elif pair[0].side.fingerprint == pair[1].side.fingerprint:
        yield "A and B were fitted on the same data"
    if not any(
        len(np.intersect1d(q.rows, rows))
        for _, task, _ in answers
        if task.repeat
        for q, rows in zip(task.queries, task.targets, strict=True)
    ):
        yield "nobody took anything again, so there is no table with repeats"
    if added:
        yield f"{added:,} earlier events that only the bundles hold are part of the histories"
    targets = np.concatenate([rows for _, task, _ in answers if task.repeat for rows in task.targets])
    asked = np.concatenate([q.rows for _, task, _ in answers if task.repeat for q in task.queries])
    for one in pair:
        unknown, unread = int((one.own[targets] < 0).sum()), int((one.own[asked] < 0).sum())
        label = one.side.label
        if unknown:
            yield f"{unknown:,} of {len(targets):,} things taken are unknown to {label}: they count as missed"
        if unread:
            yield f"{unread:,} of {len(asked):,} events of the histories are on items unknown to {label}"
