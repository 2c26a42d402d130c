"""What a table was asked and what each contender answered, with what was known of users and items by then."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from penchant.data.dataset import Dataset
from penchant.evaluate.protocols import Fold, Task
from penchant.types import NO_ROWS, Rows

UNMET, HEAD, MID, TAIL = 0, 1, 2, 3
"""How popular an item was: no event, or by which third of the events, the most popular items first."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a training part says of the items, shape (n_items,) each.

    `popularity` is one of UNMET, HEAD, MID and TAIL; `first` the moment of the first event (infinite without
    any); `known_to` the part of people who met it, (users who did + 1) / (users + 1).
    """

    popularity: Rows
    first: NDArray[np.float64]
    known_to: NDArray[np.float64]

    @classmethod
    def of(cls, train: Dataset) -> "Facts":
        """Look at the events of a training part."""
        events = train.interactions
        first = np.full(train.n_items, np.inf)
        np.minimum.at(first, events.items, events.times)
        met = np.unique(events.users * train.n_items + events.items) % train.n_items
        users = len(np.unique(events.users))
        known_to = (np.bincount(met, minlength=train.n_items) + 1.0) / (users + 1.0)
        return cls(thirds(train.item_counts()), first, known_to.astype(np.float64))


def thirds(counts: Rows) -> Rows:
    """Divide items by popularity so that head, mid and tail hold about a third of the events each.

    >>> thirds(np.array([1, 0, 3, 1, 1, 3])).tolist()
    [3, 0, 1, 3, 3, 2]
    """
    order = np.argsort(-counts, kind="stable")
    before = np.cumsum(counts[order]) - counts[order]
    found = np.empty(len(counts), dtype=np.int64)
    found[order] = HEAD + np.minimum(3 * before // max(int(counts.sum()), 1), 2)
    found[counts == 0] = UNMET
    return found


@dataclass
class Answers:
    """One table, fold after fold: parallel columns over its rows, and the lists (Q, 20) of each contender."""

    lists: dict[str, list[Rows]] = field(default_factory=dict)
    users: list[Rows] = field(default_factory=list)
    targets: list[Rows] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    folds: list[str] = field(default_factory=list)
    facts: list[Facts] = field(default_factory=list)
    n_candidates: int = 0

    def add(self, task: Task, fold: Fold) -> None:
        """Add what a fold asked."""
        if fold.name not in self.folds:
            self.folds.append(fold.name)
            self.facts.append(Facts.of(fold.train))
        self.places += [self.folds.index(fold.name)] * len(task)
        self.users.append(task.users)
        self.targets += task.targets
        self.at += [query.at for query in task.queries]
        self.lengths += [len(query.rows) for query in task.queries]
        self.n_candidates = fold.train.n_items if task.candidates is None else len(task.candidates)

    @property
    def asked(self) -> Rows:
        """Whose rows they are, shape (Q,)."""
        return np.concatenate([NO_ROWS, *self.users])
