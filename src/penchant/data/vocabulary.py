"""Ids and row numbers: the only place where one becomes the other."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b

import numpy as np
import polars as pl

from penchant.types import Rows


def canonical(ids: pl.Series) -> pl.Series:
    """Return ids as whole numbers (Int64) where that loses nothing, else as text; 007 in text stays 007."""
    if ids.dtype.is_integer():
        return ids.cast(pl.Int64)
    return ids.cast(pl.String)


def scatter(text: str) -> bytes:
    """Hash an id for an order that follows nothing in the id."""
    return blake2b(text.encode(), digest_size=8).digest()


class Vocabulary:
    """The ids of one side (items or users) in a fixed order.

    Rows follow a hash of the id, not the id: ids often follow popularity or age, and a tie that is
    broken in row order would quietly profit from it. The order does not depend on the order of the
    tables. `ids` keeps the caller's type (Int64 or String).
    """

    def __init__(self, ids: pl.Series) -> None:
        self.ids = ids
        self._texts: list[str] = ids.cast(pl.String).to_list()
        self._rows = {text: row for row, text in enumerate(self._texts)}

    @classmethod
    def of(cls, *columns: pl.Series) -> "Vocabulary":
        """Build from columns of ids (nulls are left out), each id once."""
        columns = tuple(canonical(column.drop_nulls().unique()) for column in columns if column.len())
        if len({column.dtype for column in columns}) > 1:
            columns = tuple(column.cast(pl.String) for column in columns)
        unique = pl.concat(columns).unique() if columns else pl.Series([], dtype=pl.String)
        texts = unique.cast(pl.String).to_list()
        order = sorted(range(len(texts)), key=lambda i: scatter(texts[i]))
        return cls(unique.gather(order))

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, text: object) -> bool:
        return text in self._rows

    def row(self, text: str) -> int:
        """Return the row of an id given as text, -1 where there is none."""
        return self._rows.get(text, -1)

    def rows(self, ids: Iterable[object]) -> Rows:
        """Return the rows of ids of any type, -1 for each unknown one; shape (n,)."""
        if isinstance(ids, pl.Series):
            ids = canonical(ids).cast(pl.String)
        return np.fromiter((self._rows.get(str(i), -1) for i in ids), dtype=np.int64)

    def texts(self, rows: Rows | Sequence[int]) -> list[str]:
        """Return ids as text; every row must be known."""
        return [self._texts[row] for row in np.asarray(rows).tolist()]
