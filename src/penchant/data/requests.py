"""From a table of requests in words to what they asked for, in row numbers."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from penchant.data.assemble import by_title
from penchant.data.catalogue import Catalogue
from penchant.data.cells import ids, moments
from penchant.data.columns import Choice
from penchant.data.report import Journal
from penchant.data.tables import Table


def requests(
    table: Table, choice: Choice, items: Catalogue, users: Catalogue, journal: Journal
) -> pl.DataFrame:
    """Return the columns text, items (row numbers), user (-1: unknown) and time (null: unknown)."""
    texts = [_text(cell) for cell in table.frame[choice["text"]].to_list()]
    found, unresolved = _targets(table, choice, items)
    user_column, time_column = choice.get("user"), choice.get("time")
    asked = [-1] * len(texts)
    if user_column is not None:
        asked = users.vocabulary.rows(ids(table.frame[user_column], table.name)).tolist()
    times = pl.Series([None] * len(texts), dtype=pl.Float64)
    if time_column is not None:
        read = moments(table.frame[time_column], table.name)
        times = read.seconds
        journal.count(table.name, read.unreadable, "unreadable or infinite times", then="taken as unknown")
    frame = pl.DataFrame({"text": texts, "items": found, "user": asked, "time": times}).cast(
        {"text": pl.String, "items": pl.List(pl.Int64), "user": pl.Int64, "time": pl.Float64}
    )
    kept = frame.filter(pl.col("text") != "")
    journal.count(table.name, len(frame) - len(kept), "requests without a word", then="dropped")
    journal.count(
        table.name, unresolved, "items named by requests that are neither id nor title", then="left out"
    )
    empty = int((kept["items"].list.len() == 0).sum())
    journal.count(
        table.name, empty, "requests without any known item", then="kept as requests that nothing answers"
    )
    return kept


def _text(cell: object) -> str:
    """Join the turns of a conversation with newlines."""
    parts = cell if isinstance(cell, list) else [cell]
    return "\n".join(str(part).strip() for part in parts if part is not None and str(part).strip())


def _targets(table: Table, choice: Choice, items: Catalogue) -> tuple[list[list[int]], int]:
    """Find the rows that each request asks for, and count the names that are no item."""
    column = choice.get("item")
    if column is None:
        return [[] for _ in range(len(table.frame))], 0
    cells = table.frame[column]
    if not cells.dtype.is_nested():
        cells = ids(cells, table.name)
    titles, found, unresolved = by_title(items), [], 0
    for cell in cells.to_list():
        rows = [_row(name, items, titles) for name in _names(cell, items, titles)]
        unresolved += rows.count(-1)
        found.append(list(dict.fromkeys(row for row in rows if row >= 0)))
    return found, unresolved


def _names(cell: Any, items: Catalogue, titles: Mapping[str, int]) -> list[str]:
    """Split a cell into names: a list, one name, or several with | or ; between them."""
    if isinstance(cell, list):
        return [_name(part) for part in cell if part is not None]
    if cell is None:
        return []
    name = _name(cell)
    if _row(name, items, titles) >= 0:
        return [name]
    for sign in "|;":
        if sign in name:
            return [part.strip() for part in name.split(sign) if part.strip()]
    return [name]


def _name(part: Any) -> str:
    return str(int(part)) if isinstance(part, float) and part.is_integer() else str(part)


def _row(name: str, items: Catalogue, titles: Mapping[str, int]) -> int:
    row = items.vocabulary.row(name)
    return row if row >= 0 else titles.get(name.strip().lower(), -1)
