"""A toy world with a known answer: two tastes, even users like even items, odd users odd ones.

Each user holds one item of their taste back; a model that understands taste puts it above all items of
the other taste. Some items of a taste are more popular than others, by the same amount in both. The last
items are cold: nobody met them, only their text tells the taste.
"""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.data.vocabulary import Vocabulary
from penchant.language.knowledge import Knowledge
from penchant.types import Query, Rows, Vectors

N_USERS, N_WARM, N_COLD = 80, 20, 6
N_ITEMS = N_WARM + N_COLD
DAY, START = 86_400.0, 1.6e9
WORDS = ("A quiet drama about a friendship in a village", "A loud battle of robots in deep space")


@dataclass(frozen=True)
class World:
    """What a model gets, and what it should find: `withheld`, one item a user."""

    data: Dataset
    knowledge: Knowledge
    withheld: Rows

    def queries(self) -> list[Query]:
        """Every user with the whole history, asked at the end; read-only."""
        return [frozen(query) for query in self.data.queries()]

    def first(self, n_items: int) -> "World":
        """The world before the items from `n_items` on appeared."""
        items = Catalogue(Vocabulary(self.data.items.vocabulary.ids[:n_items]), item_table(n_items), "title")
        data = replace(self.data, items=items)
        return World(data, knowledge(self.knowledge.vectors[:n_items]), self.withheld)

    def without_text(self) -> "World":
        """The same events of items that nobody described."""
        return World(self.data, Knowledge.none(self.data.n_items), self.withheld)

    def without_order(self) -> "World":
        """The same events without a clock."""
        events = self.data.interactions
        times = locked(np.zeros(len(events)))
        unordered = Interactions(events.users, events.items, times, events.weights, events.values, "none")
        return World(self.data.with_interactions(unordered), self.knowledge, self.withheld)


def world(seed: int = 0) -> World:
    """Make the world; all its arrays are read-only, so that a model that writes into its input fails."""
    rng = np.random.default_rng(seed)
    users, items, times, withheld = [], [], [], []
    for user in range(N_USERS):
        own = np.arange(user % 2, N_WARM, 2)
        # The first items of a taste are met by nearly all of it, the last ones by half.
        met = rng.permutation(own[rng.random(len(own)) < np.linspace(1.0, 0.5, len(own))])
        withheld.append(met[0])
        users += [user] * (len(met) - 1)
        items += met[1:].tolist()
        times += np.sort(rng.uniform(START, START + 300 * DAY, len(met) - 1)).tolist()
    columns = np.array(users), np.array(items), np.array(times)
    ones = np.ones(len(users), dtype=np.float32)
    events = Interactions.sorted(*columns, ones, 4 * ones, "time")
    for column in (events.users, events.items, events.times, events.weights, events.values):
        locked(column)
    asked = {"age": [20 + u % 40 for u in range(N_USERS)], "club": [f"club {u % 2}" for u in range(N_USERS)]}
    people = Catalogue(Vocabulary(user_ids()), pl.DataFrame(asked))
    described = Catalogue(Vocabulary(item_ids(N_ITEMS)), item_table(N_ITEMS), "title")
    return World(
        Dataset(events, described, people).with_traits(), knowledge(text_vectors(rng)), np.array(withheld)
    )


def user_ids() -> pl.Series:
    """Ids from 120 on, as text."""
    return pl.Series([str(120 + user) for user in range(N_USERS)])


def item_ids(n_items: int) -> pl.Series:
    """Ids with leading zeros, which must survive."""
    return pl.Series([f"{item:03}" for item in range(n_items)])


def item_table(n_items: int) -> pl.DataFrame:
    """Titles and texts; the text tells the taste."""
    return pl.DataFrame(
        {
            "title": [f"Film {item}" for item in range(n_items)],
            "text": [f"{WORDS[item % 2]}, part {item}" for item in range(n_items)],
        }
    )


def text_vectors(rng: np.random.Generator) -> Vectors:
    """Vectors of unit length in which the first of eight numbers shows the taste."""
    vectors = rng.normal(0, 0.3, (N_ITEMS, 8))
    vectors[:, 0] = 1 - 2.0 * (np.arange(N_ITEMS) % 2)
    unit: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


def knowledge(vectors: Vectors) -> Knowledge:
    """Build knowledge in which every item has a text: the only place in tests that knows its fields."""
    raw = np.pad(vectors, ((0, 0), (0, 4)))  # wider, as an encoder's own vectors are
    known = np.ones(len(vectors), dtype=bool)
    return Knowledge(vectors=locked(vectors), raw=locked(raw), known=locked(known))


def frozen(query: Query) -> Query:
    """Make a query's arrays read-only."""
    for array in (query.rows, query.times, query.weights, query.wanted, query.unwanted, query.excluded):
        locked(array)
    return query


def locked(array: NDArray[Any]) -> NDArray[Any]:
    """Make an array read-only."""
    array.flags.writeable = False
    return array


@cache
def tables() -> dict[str, pl.DataFrame]:
    """The same world as the tables that somebody would bring."""
    data = world().data
    events = data.interactions
    interactions = pl.DataFrame(
        {
            "user_id": data.users.vocabulary.texts(events.users),
            "item_id": data.items.vocabulary.texts(events.items),
            "rating": events.values,
            "timestamp": events.times.astype(np.int64),
        }
    )
    items = data.items.table.select(data.items.vocabulary.ids.alias("item_id"), pl.all())
    return {"interactions": interactions, "items": items}


def write_tables(folder: Path) -> Path:
    """Write the tables as CSV."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables().items():
        table.write_csv(folder / f"{name}.csv")
    return folder
