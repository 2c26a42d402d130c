"""Metarank's log: one JSON object a line, an event of the kind item, user, ranking or interaction."""

from pathlib import Path

import polars as pl

from penchant.data.columns import Kind
from penchant.data.impressions import SHOWN
from penchant.data.tables import Form, Table, first_object

KINDS = ("item", "user", "ranking", "interaction")
FIELDS = pl.List(pl.Struct({"name": pl.String, "value": pl.String}))
FORM = Form(
    schema={
        **dict.fromkeys(
            ("event", "id", "timestamp", "user", "session", "item", "ranking", "type"), pl.String
        ),
        "items": pl.List(pl.Struct({"id": pl.String})),
        "fields": FIELDS,
    }
)
"""Values of fields come as text: numbers as written, lists as JSON."""


def is_log(path: Path) -> bool:
    """Tell by its first line whether a file of JSON lines is a log of Metarank's."""
    first = first_object(path)
    return first.get("event") in KINDS and bool(first.keys() & {"fields", "items", "item", "user"})


def tables(table: Table) -> dict[Kind, Table]:
    """Divide a log into tables: interactions with what was shown and not chosen, items, users."""
    frame = table.frame.with_columns(pl.coalesce("user", "session").alias("user"))
    parts = {kind: frame.filter(pl.col("event") == kind) for kind in KINDS}
    other = len(frame) - sum(len(part) for part in parts.values())
    notes = (
        (f"{table.name}: {other:,} lines of other kinds than {', '.join(KINDS)}: left out",) if other else ()
    )
    found: dict[Kind, Table] = {}
    acts, shown = parts["interaction"], _not_chosen(parts["ranking"], parts["interaction"])
    if len(acts) or len(shown):
        columns = ("user", "item", "timestamp", "type")
        events = pl.concat([acts.select(columns), shown.select(columns)])
        if len(shown):
            notes = (*notes, f"{table.name}: {len(shown):,} items of rankings that were not chosen: {SHOWN}")
        found["interactions"] = Table(table.path, events, typed=False, notes=notes)
        notes = ()
    for kind, role in (("items", "item"), ("users", "user")):
        if len(parts[role]):
            described, of_old = _described(parts[role], role)
            if of_old:
                said = (
                    f"{table.name}: {of_old:,} older values of fields of {kind}: left out, the latest counts"
                )
                notes = (*notes, said)
            found[kind] = Table(table.path, described, typed=False, notes=notes)  # type: ignore[index]
            notes = ()
    return found


def _not_chosen(rankings: pl.DataFrame, acts: pl.DataFrame) -> pl.DataFrame:
    shown = rankings.select("user", "timestamp", pl.col("id").alias("ranking"), "items").explode("items")
    shown = shown.with_columns(pl.col("items").struct.field("id").alias("item"), pl.lit(SHOWN).alias("type"))
    shown = shown.filter(pl.col("item").is_not_null())
    return shown.join(acts, on=["ranking", "item"], how="anti", nulls_equal=False, maintain_order="left")


def _described(lines: pl.DataFrame, role: str) -> tuple[pl.DataFrame, int]:
    """Give each field a column; of several values of one field the latest counts."""
    key = f"{role}_id"
    moment = pl.col("timestamp").cast(pl.Float64, strict=False)
    cells = lines.select(pl.col(role).alias(key), moment, "fields").sort("timestamp", maintain_order=True)
    cells = cells.explode("fields").with_columns(
        pl.col("fields").struct.field("name"), pl.col("fields").struct.field("value")
    )
    named = cells.filter(pl.col("name").is_not_null())
    latest = named.unique(subset=[key, "name"], keep="last", maintain_order=True)
    wide = latest.pivot("name", index=key, values="value") if len(latest) else latest.select(key).unique()
    ids = cells.select(key).unique(maintain_order=True)
    wide = ids.join(wide, on=key, how="left", maintain_order="left")
    return wide.with_columns(_listed(wide[name]) for name in wide.columns if name != key), len(named) - len(
        latest
    )


def _listed(column: pl.Series) -> pl.Series:
    """Turn cells that are JSON lists of words into lists, where all of a column are."""
    filled = column.drop_nulls()
    if not len(filled) or not filled.str.contains(r'^\["').all():
        return column
    return column.str.json_decode(pl.List(pl.String))
