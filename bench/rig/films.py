"""MovieLens-100K as tables of text, cut for the protocols last20 and cold20, written as a user's folders."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

from penchant.types import Rows

Mask = NDArray[np.bool_]
"""One truth value an event."""
ENDINGS = {"interactions": "inter", "items": "item", "users": "user"}
DRAWS = 3


@dataclass(frozen=True)
class Films:
    """The tables as given; events also as rows of users and items, both in the order of their numbers."""

    interactions: pl.DataFrame
    items: pl.DataFrame
    people: pl.DataFrame
    users: Rows
    films: Rows
    times: NDArray[np.float64]

    @property
    def shape(self) -> tuple[int, int]:
        """Users and items."""
        return len(self.people), len(self.items)

    def matrix(self, events: Mask) -> sp.csr_matrix:
        """Return who met what in some of the events, 0 or 1."""
        cells = (np.ones(int(events.sum())), (self.users[events], self.films[events]))
        found = sp.csr_matrix(cells, shape=self.shape, dtype=np.float64)
        found.data[:] = 1.0
        return found

    def per_user(self, events: Mask) -> list[Rows]:
        """Return each user's items in some of the events."""
        found = self.matrix(events)
        return [
            found.indices[found.indptr[u] : found.indptr[u + 1]].astype(np.int64)
            for u in range(len(self.people))
        ]


@dataclass(frozen=True)
class Cut:
    """Which events are learned from and which are asked for; `candidates` are all that may be shown."""

    name: str
    train: Mask
    test: Mask
    candidates: Rows | None = None


def read(folder: Path) -> Films:
    """Read what `penchant data movielens-100k` wrote: atomic files, all columns as text."""
    tables = {}
    for name, ending in ENDINGS.items():
        paths = sorted(folder.glob(f"*.{ending}"))
        if len(paths) != 1:
            raise SystemExit(
                f"{folder}: no single file *.{ending}; penchant data movielens-100k DIR makes one"
            )
        raw = pl.read_csv(paths[0], separator="\t", quote_char=None, infer_schema=False)
        tables[name] = raw.rename({column: column.partition(":")[0] for column in raw.columns})
    items, people = (
        tables[name].sort(pl.col(column).cast(pl.Int64))
        for name, column in (("items", "item_id"), ("users", "user_id"))
    )
    events = tables["interactions"]
    return Films(
        events,
        items,
        people,
        rows_of(events["user_id"], people["user_id"]),
        rows_of(events["item_id"], items["item_id"]),
        events["timestamp"].cast(pl.Float64).to_numpy(),
    )


def rows_of(ids: pl.Series, known: pl.Series) -> Rows:
    """Return the place of each id among the known ones."""
    place = {text: row for row, text in enumerate(known.to_list())}
    return np.array([place[text] for text in ids.to_list()], dtype=np.int64)


def late(films: Films, events: Mask) -> Mask:
    """Mark each user's last among some events, from position floor(0.8 n) on, by time, then item number."""
    chosen = np.flatnonzero(events)
    order = chosen[np.lexsort((films.films[chosen], films.times[chosen], films.users[chosen]))]
    owners = films.users[order]
    n = np.bincount(owners, minlength=films.shape[0])
    first = np.cumsum(n) - n
    marked = np.zeros(len(events), dtype=bool)
    marked[order] = np.arange(len(order)) - first[owners] >= 4 * n[owners] // 5
    return marked


def last20(films: Films) -> Cut:
    """Ask for the last fifth of each user."""
    everything = np.ones(len(films.users), dtype=bool)
    test = late(films, everything)
    return Cut("last20", ~test, test)


def cold20(films: Films) -> Iterator[Cut]:
    """Ask for items without any event: three draws of a fifth, from one generator, over items in id order."""
    rng, n = np.random.default_rng(0), films.shape[1]
    for draw in range(DRAWS):
        yield without(films, np.sort(rng.permutation(n)[: n // 5]), f"cold20 draw {draw}")


def without(films: Films, cold: Rows, name: str, events: Mask | None = None) -> Cut:
    """Take all events of some items out of the training part."""
    events = np.ones(len(films.users), dtype=bool) if events is None else events
    test = np.isin(films.films, cold)
    return Cut(name, events & ~test, events & test, cold)


def write(films: Films, cut: Cut, folder: Path) -> None:
    """Write what a user would have: three tables of CSV, the events of the training part in their order."""
    folder.mkdir(parents=True)
    films.interactions.filter(pl.Series(cut.train)).write_csv(folder / "interactions.csv")
    films.items.write_csv(folder / "items.csv")
    films.people.write_csv(folder / "users.csv")


def write_candidates(films: Films, cut: Cut, file: Path) -> None:
    """Write the ids that may be shown, one a line."""
    assert cut.candidates is not None
    file.write_text(
        "".join(f"{text}\n" for text in films.items["item_id"].gather(cut.candidates)), encoding="utf-8"
    )
