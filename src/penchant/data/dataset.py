"""A data set: events, what is known of the items, what is known of the people, requests in words."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

import numpy as np
import polars as pl
from scipy import sparse

from penchant.data.catalogue import Catalogue
from penchant.data.features import AttributeSpace
from penchant.data.interactions import Interactions
from penchant.types import Query, Rows, Vectors

TRAITS = 100
"""Most tokens of one column of the users: a query carries all its features."""
SAID = {"user": pl.String, "item": pl.String, "time": pl.Float64, "text": pl.String}
"""Columns of the texts of events."""
Basis: TypeAlias = Literal["words", "lexicon", ""]
"""By what texts are told to be for or against: words learned from ratings, a lexicon, or nothing."""


@dataclass(frozen=True, slots=True)
class Reviews:
    """What the texts of events say, counted; the texts themselves are not kept but for a `sample`.

    `texts` events have one; `signed` of them were told to be for or against, and `against` speak against, by
    `basis`.
    """

    texts: int
    sample: tuple[str, ...] = ()
    basis: Basis = ""
    signed: int = 0
    against: int = 0


@dataclass(frozen=True, slots=True)
class Dataset:
    """Everything that a model may learn from; frozen, so that nothing is changed behind its back.

    Users and items may have no event, events may speak of items that no table describes: both are
    normal. `requests` has the columns text, items (a list of row numbers), user (-1: unknown)
    and time (null: unknown). `graph` has the text columns head, relation and tail, as given; `links` has the
    columns entity (as the graph writes it) and item (a row number): which entities are items. `scale` are the
    ends of the scale where the values of the events are ratings, None where they are anything else. `traits`
    are the attributes of the users as features of `space`, sparse (n_users, F), None where nothing was asked
    of them (see `with_traits`). `reviews` counts what the texts of events say, None where they have none;
    `said` are those texts where they were to be kept, with the columns user and item (ids as text), time and
    text, empty otherwise.
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
    space: AttributeSpace = field(default_factory=lambda: AttributeSpace(()))
    traits: sparse.csr_matrix | None = None
    reviews: Reviews | None = None
    said: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SAID))

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

    def with_traits(self) -> "Dataset":
        """Return the same world with the users' attributes as features, for models and queries."""
        space = AttributeSpace.fit(self.users, most=TRAITS)
        return replace(self, space=space, traits=space.transform(self.users) if len(space) else None)

    def features(self, users: Rows) -> Sequence[Vectors | None]:
        """Return what is known of people besides their events, for their queries: (F,) each, or None."""
        return [None] * len(users) if self.traits is None else list(self.traits[users].toarray())

    def item_counts(self) -> Rows:
        """Count the events of each item, shape (n_items,)."""
        return np.bincount(self.interactions.items, minlength=self.n_items)

    def queries(self, users: Rows | None = None, *, at: float | None = None) -> list[Query]:
        """Return a query for each user (all of them by default): all its history, asked at `at` (the end)."""
        events, at = self.interactions, self.end if at is None else at
        users = np.arange(self.n_users) if users is None else users
        begin, end = events.spans(users)
        keys, queries = self.users.vocabulary.texts(users), []
        for first, last, key, traits in zip(begin, end, keys, self.features(users), strict=True):
            part = slice(first, last)
            queries.append(
                Query(
                    events.items[part], events.times[part], events.weights[part], events.values[part],
                    features=traits, at=at, key=key,
                )
            )  # fmt: skip
        return queries
