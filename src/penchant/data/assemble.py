"""From tables of items and users to catalogues, from a table of relations to a graph."""

import numpy as np
import polars as pl

from penchant.data.catalogue import Catalogue
from penchant.data.cells import ids, numbers
from penchant.data.columns import Choice
from penchant.data.report import Journal
from penchant.data.tables import Table
from penchant.data.vocabulary import Vocabulary
from penchant.types import Rows

NUMERIC_SHARE, LONGEST_NUMBER = 0.95, 2.0**53


def described(table: Table, choice: Choice, role: str, journal: Journal) -> pl.DataFrame:
    """Return the table with its ids in a column `__id`, each id once, attributes of text tables typed."""
    frame = table.frame.with_columns(ids(table.frame[choice[role]], table.name).alias("__id")).drop(
        choice[role]
    )
    journal.count(table.name, frame["__id"].null_count(), f"rows without {role}", then="dropped")
    frame = frame.filter(pl.col("__id").is_not_null())
    kept = frame.unique(subset="__id", keep="first", maintain_order=True)
    journal.count(table.name, len(frame) - len(kept), f"rows whose {role} was there before", then="dropped")
    title = choice.get("title")
    if title is not None and isinstance(kept[title].dtype, pl.List):  # RecBole's token_seq
        kept = kept.with_columns(pl.col(title).cast(pl.List(pl.String)).list.join(" "))
    if not table.typed:
        typed = [
            _typed(kept[name], table, journal)
            for name in kept.columns
            if name not in ("__id", choice.get("title"))
        ]
        kept = kept.with_columns(typed)
    return kept


def _typed(column: pl.Series, table: Table, journal: Journal) -> pl.Series:
    """Make numbers of a text column that holds little else; codes (leading zeros, many digits) stay text."""
    if column.dtype != pl.String:
        return column
    filled = column.drop_nulls().str.strip_chars()
    filled = filled.filter(filled != "")
    parsed, unreadable = numbers(column)
    mostly = len(filled) > 0 and unreadable <= (1 - NUMERIC_SHARE) * len(filled)
    padded, long = filled.str.contains(r"^[+-]?0\d").any(), (parsed.abs() > LONGEST_NUMBER).any()
    if not mostly or padded or long:
        return column
    what = f"cells of '{column.name}' that are no finite number"
    journal.count(table.name, unreadable, what, then="taken as unknown")
    whole = bool((parsed.drop_nulls().round() == parsed.drop_nulls()).all())
    return parsed.cast(pl.Int64) if whole else parsed


def catalogue(vocabulary: Vocabulary, frame: pl.DataFrame | None, title: str | None) -> Catalogue:
    """Bring a described table into the order of a vocabulary."""
    keys = pl.DataFrame({"__key": vocabulary.ids.cast(pl.String)})
    if frame is None:
        return Catalogue(vocabulary, pl.DataFrame(height=len(vocabulary)))
    frame = frame.with_columns(pl.col("__id").cast(pl.String).alias("__key")).drop("__id")
    return Catalogue(
        vocabulary, keys.join(frame, on="__key", how="left", maintain_order="left").drop("__key"), title
    )


def rows_of(vocabulary: Vocabulary, column: pl.Series) -> Rows:
    """Return the vocabulary rows of a long column of ids, -1 for each unknown one; shape (n,)."""
    if isinstance(column.dtype, pl.Enum):  # as many look-ups as there are ids, not as there are events
        places = vocabulary.rows(column.dtype.categories)
        found: Rows = np.append(places, -1)[column.to_physical().cast(pl.Int64).fill_null(-1).to_numpy()]
        return found
    known = pl.DataFrame({"id": vocabulary.ids.cast(pl.String), "row": np.arange(len(vocabulary))})
    asked = column.cast(pl.String).alias("id").to_frame()
    joined = asked.join(known, on="id", how="left", maintain_order="left")
    return joined["row"].fill_null(-1).cast(pl.Int64).to_numpy().copy()


def graph(table: Table, choice: Choice, journal: Journal) -> pl.DataFrame:
    """Return the relations as text columns head, relation and tail; rows with a hole are dropped."""
    parts = ("head", "relation", "tail")
    frame = pl.DataFrame(
        [ids(table.frame[choice[part]], table.name).cast(pl.String).alias(part) for part in parts]
    )
    kept = frame.drop_nulls()
    journal.count(table.name, len(frame) - len(kept), "rows without head, relation or tail", then="dropped")
    once = kept.unique(keep="first", maintain_order=True)
    journal.count(table.name, len(kept) - len(once), "rows that repeat another row", then="dropped")
    return once


def by_title(items: Catalogue) -> dict[str, int]:
    """Map titles in lower case to rows; of items that share a title, the first row."""
    if items.title is None:
        return {}
    found: dict[str, int] = {}
    for row, title in enumerate(items.table[items.title].cast(pl.String).to_list()):
        if title and title.strip():
            found.setdefault(title.strip().lower(), row)
    return found
