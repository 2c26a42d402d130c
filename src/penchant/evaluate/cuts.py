"""Slices of a table: which of its rows, and which of their items, are looked at apart."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.data.roles import roles
from penchant.evaluate.answers import HEAD, MID, TAIL, UNMET, Answers
from penchant.evaluate.neighbours import unit_attributes
from penchant.models.item_to_item import pairs
from penchant.types import Rows

DAY = 86_400.0
LENGTHS = (("history 1-4", 1, 4), ("history 5-19", 5, 19), ("history 20+", 20, np.inf))
THIRDS = (("head items", HEAD), ("mid items", MID), ("tail items", TAIL))
AGES = (
    ("items up to 30 days", 0.0, 30 * DAY),
    ("items up to a year", 30 * DAY, 365 * DAY),
    ("items over a year", 365 * DAY, np.inf),
)
"""By the time since an item's first event; one without any is a cold item."""
MOST_GROUPS = 8
"""An attribute of users with more values makes no groups."""
Mask = NDArray[np.bool_]
Inside = Callable[[Rows, Rows], Mask]
"""Tells for rows of a table and items, parallel arrays, whether the items belong to a slice."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Rows of a table, shape (Q,), and which items count as targets (None: all)."""

    by: str
    title: str
    rows: Mask
    items: Inside | None = None


@dataclass(frozen=True, slots=True)
class Groups:
    """Users by the values of one attribute: `codes`, shape (n_users,), are places in `labels`, −1 unknown."""

    attribute: str
    labels: tuple[str, ...]
    codes: Rows


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the data set says beyond its folds: groups of users, a clock, and vectors of items.

    `vectors`, shape (n_items, dim), say how alike items are, and `source` where they come from: attributes,
    or else who took them; never texts, which rankings and re-rankers go by.
    """

    groups: Groups | None
    clock: bool
    vectors: Any
    source: str

    @classmethod
    def of(cls, data: Dataset, train: Dataset) -> "Surroundings":
        """Look at the tables, and at the events of the first training part where items have no attributes."""
        vectors, source = unit_attributes(data), "attributes of the items"
        if not vectors.nnz:
            vectors, source = pairs(train).T.tocsr(), "users in common before the first cut"
        return cls(groups(data.users), data.interactions.clock == "time", vectors, source)


def groups(people: Catalogue) -> Groups | None:
    """Group users by the first attribute with 2 to 8 values that half of them have; None without one."""
    for name, role in roles(people).items():
        column = people.table[name].cast(pl.String, strict=False) if role == "category" else None
        if column is None or 2 * column.null_count() > len(column):
            continue
        labels = column.drop_nulls().unique().sort().to_list()
        if 2 <= len(labels) <= MOST_GROUPS:
            codes = column.replace_strict(labels, list(range(len(labels))), default=-1, return_dtype=pl.Int64)
            return Groups(name, tuple(labels), codes.fill_null(-1).to_numpy().astype(np.int64))
    return None


def cuts(answers: Answers, around: Surroundings) -> Iterator[Cut]:
    """Yield all rows, then the slices: known or not, history, popularity, age, user group, fold."""
    lengths, places = np.array(answers.lengths, dtype=np.int64), np.array(answers.places, dtype=np.int64)
    everyone = np.ones(len(lengths), dtype=bool)
    yield Cut("", "all", everyone)
    yield Cut("known", "warm users", lengths > 0)
    yield Cut("known", "cold users", lengths == 0)
    yield Cut("known", "cold items", everyone, _of_popularity(answers, UNMET))
    for title, least, most in LENGTHS:
        yield Cut("history", title, (lengths >= least) & (lengths <= most))
    for title, third in THIRDS:
        yield Cut("popularity", title, everyone, _of_popularity(answers, third))
    for title, youngest, oldest in AGES if around.clock else ():
        yield Cut("age", title, everyone, _of_age(answers, youngest, oldest))
    if around.groups is not None:
        codes = around.groups.codes[answers.asked]
        for code, label in enumerate(around.groups.labels):
            yield Cut(around.groups.attribute, f"{around.groups.attribute} {label}", codes == code)
    if len(answers.folds) > 1:
        for place, name in enumerate(answers.folds):
            yield Cut("fold", name, places == place)


def _of_popularity(answers: Answers, kind: int) -> Inside:
    kinds = np.stack([facts.popularity == kind for facts in answers.facts])
    places = np.array(answers.places, dtype=np.int64)
    return lambda rows, items: kinds[places[rows], items]


def _of_age(answers: Answers, youngest: float, oldest: float) -> Inside:
    first = np.stack([facts.first for facts in answers.facts])
    places, at = np.array(answers.places, dtype=np.int64), np.array(answers.at)

    def inside(rows: Rows, items: Rows) -> Mask:
        age = at[rows] - first[places[rows], items]
        found: Mask = (age >= youngest) & (age < oldest) if youngest else (age < oldest) & (age > -np.inf)
        return found

    return inside
