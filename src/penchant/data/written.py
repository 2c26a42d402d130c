"""A table of what a model wrote about items joins the catalogue, in columns that are marked as written."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from penchant.data.cells import ids
from penchant.data.dataset import Dataset
from penchant.data.roles import MISSING
from penchant.data.tables import Table, load
from penchant.errors import TableError

MARK = "written_"
WRITTEN = ("tags", "description", "audience", "mood")
SIGN = "|"
"""What divides tags where a table cannot hold lists."""


def with_written(data: Dataset, path: Path) -> tuple[Dataset, list[str]]:
    """Return the data with what `penchant write` wrote as columns `written_…` of the items; and report lines.

    Raises:
        TableError: no table of written things, of other items, or its columns are there already.
    """
    table = load(path)
    names = [name for name in WRITTEN if name in table.frame.columns]
    if "item_id" not in table.frame.columns or not names:
        seen = ", ".join(table.frame.columns)
        raise TableError(
            f"{path}: what was written has item_id and some of {', '.join(WRITTEN)}; seen: {seen}",
            hint="penchant write DIR -o TABLE makes one",
        )
    twice = [MARK + name for name in names if MARK + name in data.items.table.columns]
    if twice:
        raise TableError(f"{path}: the items have a column {twice[0]} already", hint="join it once")
    keys = ids(table.frame["item_id"], table.name)
    rows = np.where(keys.is_null(), -1, data.items.vocabulary.rows(keys))
    known = np.flatnonzero(rows >= 0)
    if not len(known):
        raise TableError(
            f"{path}: none of its {len(rows):,} ids is an item of the tables", hint="ids are written as there"
        )
    first = np.sort(known[np.unique(rows[known], return_index=True)[1]])
    lines = [f"{table.name}: written texts of {len(first):,} of {data.n_items:,} items"]
    dropped = (
        (len(rows) - len(known), "items that the tables do not have"),
        (len(known) - len(first), "rows of an item that was there before"),
    )
    lines += [f"{table.name}: {n:,} {what}: dropped" for n, what in dropped if n]
    place = np.full(data.n_items, -1, dtype=np.int64)
    place[rows[first]] = first
    where = pl.Series(place).replace(-1, None)
    added = []
    for name in names:
        cells = _cells(table, name, path)
        column = cells.gather(where).alias(MARK + name)
        filled = int(column.is_not_null().sum())
        lines.append(f"{table.name}: {name} of {filled:,} items join as {column.name}")
        added += [column] if filled else []
    items = replace(data.items, table=data.items.table.with_columns(added))
    return replace(data, items=items), lines


def _cells(table: Table, name: str, path: Path) -> pl.Series:
    """Return a column as text, or as lists of tags, null where nothing is known."""
    column = table.frame[name]
    if name == "tags":
        if column.dtype == pl.String:
            column = column.str.split(SIGN)
        if column.dtype != pl.List(pl.String):
            raise TableError(
                f"{path}: tags are neither lists of text nor text", hint=f"write a{SIGN}b{SIGN}c"
            )
        parts = column.list.eval(pl.element().str.strip_chars())
        parts = parts.list.eval(pl.element().filter(~pl.element().str.to_lowercase().is_in(list(MISSING))))
        return pl.select(pl.when(parts.list.len() > 0).then(parts)).to_series()
    if column.dtype != pl.String:
        raise TableError(f"{path}: {name} holds no text", hint="penchant write DIR -o TABLE makes one")
    missing = column.str.strip_chars().str.to_lowercase().is_in(list(MISSING))
    return pl.select(pl.when(~missing).then(column)).to_series()
