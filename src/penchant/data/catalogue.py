"""What the tables say of items, or of people."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from penchant.data.vocabulary import Vocabulary
from penchant.types import Rows


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

    def rows(self, rows: Rows) -> "Catalogue":
        """Return what is said of some rows, in their order."""
        shown = tuple(self.pictures[row] for row in rows.tolist()) if self.pictures else ()
        return Catalogue(Vocabulary(self.vocabulary.ids.gather(rows)), self.table[rows], self.title, shown)

    def titles(self, rows: Rows) -> list[str]:
        """Return what people read for items: the title, or the id where there is none."""
        ids = self.vocabulary.texts(rows)
        if self.title is None:
            return ids
        titles = self.table[self.title].gather(rows).cast(pl.String).to_list()
        return [title or text for title, text in zip(titles, ids, strict=True)]
