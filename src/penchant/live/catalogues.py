"""A bundle's tables of items and users with all changes of a journal, typed as they were."""

import json
from collections.abc import Sequence
from typing import Any

import polars as pl

from penchant.data.catalogue import Catalogue
from penchant.data.columns import plain
from penchant.live.log import Log

KEY = "__key"
WHOLE = range(-(2**63), 2**63)


def table(log: Log, subject: str, base: Catalogue | None, lines: list[str]) -> pl.DataFrame:
    """Return ids (as text, in the column KEY) and attributes after all changes; `lines` are told of doubts.

    A field that is null empties the cell. What a column of the bundle cannot hold is left out and counted.
    """
    own = pl.DataFrame({KEY: pl.Series([], dtype=pl.String)})
    if base is not None:
        own = base.table.select(base.vocabulary.ids.cast(pl.String).alias(KEY), pl.all())
    silent = log.refusing("profile") if subject == "user" else set()
    living = {name: entry for name, entry in log.living(subject) if name not in silent}
    if silent:
        lines.append(f"users: attributes of {len(silent):,} whose consent does not cover them: left out")
    patched = own.filter(pl.col(KEY).is_in([name for name, entry in living.items() if not entry.anew]))
    known = {row[KEY]: row for row in patched.to_dicts()}
    rows = [
        {**known.get(name, {}), **_fields(entry.fields, subject), KEY: name} for name, entry in living.items()
    ]
    rest = own.filter(~pl.col(KEY).is_in([*living, *silent, *log.deleted(subject)]))
    if not rows:
        return rest
    names = dict.fromkeys([*own.columns, *(name for row in rows for name in row)])
    columns = []
    for name in names:
        made, wrong = column(name, [row.get(name) for row in rows], own.schema.get(name))
        if wrong:
            lines.append(f"{subject}s: {wrong:,} values of '{name}' are no {made.dtype}: left empty")
        columns.append(made)
    return pl.concat([rest, pl.DataFrame(columns)], how="diagonal")


def column(name: str, values: Sequence[Any], dtype: pl.DataType | None) -> tuple[pl.Series, int]:
    """Return JSON values as a column of a type (the narrowest that fits without one), and the misfits."""
    dtype = dtype or narrowest(values)
    texts = [None if value is None else inner_text(value) for value in values]
    if isinstance(dtype, pl.List):
        listed = [value if value is None or isinstance(value, list) else [value] for value in values]
        inner = str if dtype.inner == pl.String else None
        made = pl.Series(
            name, [v if v is None else [inner_text(x) if inner else x for x in v] for v in listed],
            dtype=dtype, strict=False,
        )  # fmt: skip
    elif dtype == pl.String:
        made = pl.Series(name, texts, dtype=dtype)
    else:
        made = pl.Series(name, values, dtype=dtype, strict=False)
        if dtype.is_numeric():  # a number in quotes is a number
            spelled = pl.Series(name, texts, dtype=pl.String).cast(dtype, strict=False)
            made = made.zip_with(made.is_not_null(), spelled)
    filled = sum(value is not None for value in values)
    return made, filled - (len(made) - made.null_count())


def narrowest(values: Sequence[Any]) -> pl.DataType:
    """Return the type of a column that no bundle knows: truth, whole number, number, list of texts, text."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return pl.Boolean()
    if kinds == {int} and all(value in WHOLE for value in values if value is not None):
        return pl.Int64()
    if kinds and kinds <= {int, float}:
        return pl.Float64()
    return pl.List(pl.String()) if kinds == {list} else pl.String()


def inner_text(value: Any) -> str:
    """Return a JSON value as the text of a cell; halves of characters, which no table holds, become `?`."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return inner_text(", ".join(value))
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()


def _fields(fields: dict[str, Any], subject: str) -> dict[str, Any]:
    """Return fields by names that a table can have; the id has a column already."""
    named = {inner_text(name): value for name, value in fields.items()}
    return {name: value for name, value in named.items() if plain(name) != f"{subject}id" and name != KEY}
