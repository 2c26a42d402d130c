"""What a protocol makes of a data set: folds to learn from, and the tasks that follow each."""

from dataclasses import dataclass

from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.types import Query, Rows

NEW, REPEATS, FROZEN = "new items", "with repeats", "new items, histories frozen"
"""Names of tables: items that are not in the history, and all items; `FROZEN` asks the rows of NEW again."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked after a fit: parallel lists of users, their queries and the items they then took.

    `candidates` are the only items that may be listed (None: all); `repeat` says whether items of the history
    may be. Results of the same `table` are put together over folds.
    """

    table: str
    users: Rows
    queries: list[Query]
    targets: list[Rows]
    candidates: Rows | None = None
    repeat: bool = False

    def __len__(self) -> int:
        return len(self.queries)


@dataclass(frozen=True, slots=True)
class Fold:
    """A training part with the tasks that follow it; with `first`, settings are to be searched on it.

    `later` are the events behind the tasks, whose ratings may be foretold.
    """

    name: str
    train: Dataset
    tasks: tuple[Task, ...]
    first: bool = True
    later: Interactions | None = None
