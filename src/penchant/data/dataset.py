"""A data set: events, what is known of the items, what is known of the people, requests in words."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import polars as pl

from penchant.data.interactions import Interactions
from penchant.data.vocabulary import Vocabulary
from penchant.types import Query, Rows


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the tables say of items, or of people: one table row for each vocabulary row, in its order.

    `table` has no id column; rows that no table describes are all null. `title` names the column
    that people read, None where there is none. `pictures` are the files that show each row, None for one
    without, or () where there are none at all; bundles do not keep them.
    """

    vocabulary: Vocabulary
    table: pl.DataFrame
    title: str | None = None
    pictures: tuple[Path | None, ...] = ()

    def __len__(self) -> int:
        return len(self.vocabulary)

    def titles(self, rows: Rows) -> list[str]:
        """Return what people read for items: the title, or the id where there is none."""
        ids = self.vocabulary.texts(rows)
        if self.title is None:
            return ids
        titles = self.table[self.title].cast(pl.String).gather(rows).to_list()
        return [title or text for title, text in zip(titles, ids, strict=True)]


@dataclass(frozen=True, slots=True)
class Dataset:
    """Everything that a model may learn from; frozen, so that nothing is changed behind its back.

    Users and items may have no event, events may speak of items that no table describes: both are
    normal. `requests` has the columns text, items (a list of row numbers), user (-1: unknown)
    and time (null: unknown). `graph` has the text columns head, relation and tail, as given; `links` has the
    columns entity (as the graph writes it) and item (a row number): which entities are items. `scale` are the
    ends of the scale where the values of the events are ratings, None where they are anything else.
    """

    interactions: Interactions
    items: Catalogue
    users: Catalogue
    requests: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(
            schema={"text": pl.String, "items": pl.List(pl.Int64), "user": pl.Int64, "time": pl.Float64}
        )
    )
    graph: pl.DataFrame | None = None
    links: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema={"entity": pl.String, "item": pl.Int64})
    )
    scale: tuple[float, float] | None = None

    @property
    def n_items(self) -> int:
        """Items in the vocabulary."""
        return len(self.items)

    @property
    def n_users(self) -> int:
        """Users in the vocabulary."""
        return len(self.users)

    @property
    def end(self) -> float:
        """The moment of the last event: the command line asks as of then."""
        return self.interactions.end

    def with_interactions(self, interactions: Interactions) -> "Dataset":
        """Return the same world with other events."""
        return replace(self, interactions=interactions)

    def item_counts(self) -> Rows:
        """Count the events of each item, shape (n_items,)."""
        return np.bincount(self.interactions.items, minlength=self.n_items)

    def queries(self, users: Rows | None = None, *, at: float | None = None) -> list[Query]:
        """Return a query for each user (all of them by default): all its history, asked at `at` (the end)."""
        events, at = self.interactions, self.end if at is None else at
        users = np.arange(self.n_users) if users is None else users
        bounds, keys = events.bounds(self.n_users), self.users.vocabulary.texts(users)
        queries = []
        for user, key in zip(users.tolist(), keys, strict=True):
            part = slice(bounds[user], bounds[user + 1])
            queries.append(
                Query(
                    events.items[part], events.times[part], events.weights[part], events.values[part],
                    at=at, key=key,
                )
            )  # fmt: skip
        return queries
