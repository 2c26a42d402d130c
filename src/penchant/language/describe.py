"""Rows of a table as text that a language model can read.

This file knows tables and wording, and no language model.
"""

import html
import math
import re
from collections.abc import Sequence

import polars as pl

from penchant.data.dataset import Catalogue
from penchant.language.template import Template

TAG = re.compile(r"<(?:/?[a-zA-Z][^<>]*|!--.*?--)>", re.DOTALL)
SPACE = re.compile(r"\s+")
LONG = 60
"""A text column whose values are longer than this on average comes last."""


def describe(
    catalogue: Catalogue, template: Template | None = None, *, columns: Sequence[str] | None = None
) -> list[str]:
    """Return one text a row, "" for a row of which nothing is known.

    `columns` restricts the usual template to these columns of the table. Raises SettingError for a
    template that names a column which is not there.
    """
    table = catalogue.table
    if template is None:
        template = usual(catalogue, columns)
    template.check(table.columns)
    if not template.columns:
        return [""] * len(catalogue)
    said = {name: words(table[name]) for name in template.columns}
    return [template.fill(dict(zip(said, row, strict=True))) for row in zip(*said.values(), strict=True)]


def usual(catalogue: Catalogue, columns: Sequence[str] | None = None) -> Template:
    """Return the template that is used where the caller gives none."""
    kinds = informative(catalogue)
    names = [name for name in (kinds if columns is None else columns) if name != catalogue.title]
    long = [name for name in names if kinds.get(name) == "text"]
    return Template.of(catalogue.title, [name for name in names if name not in long], long)


def informative(catalogue: Catalogue) -> dict[str, str]:
    """Return the columns worth reading, each as "text" or "named"."""
    found = {}
    for column in catalogue.table:
        filled = column.drop_nulls()
        if not len(filled) or column.name.lower().endswith(("id", "url", "link")):
            continue
        if column.dtype == pl.String:
            lengths = filled.str.len_chars().mean()
            found[column.name] = "text" if isinstance(lengths, float) and lengths > LONG else "named"
        elif isinstance(column.dtype, pl.List) or column.name.lower().endswith("year"):
            found[column.name] = "named"
    return found


def words(column: pl.Series) -> list[str]:
    """Return the values of a column as text, "" for nulls; lists are joined with commas."""
    if isinstance(column.dtype, (pl.List, pl.Array)):
        lists = ([] if row is None else row for row in column.to_list())
        return [", ".join(clean(str(part)) for part in row if part is not None) for row in lists]
    if column.dtype.is_float():
        return ["" if value is None or math.isnan(value) else f"{value:g}" for value in column.to_list()]
    return [clean(value) if value else "" for value in column.cast(pl.String).to_list()]


def clean(text: str) -> str:
    """Return a text without markup, entities and runs of white space."""
    if "<" in text:
        text = TAG.sub(" ", text)
    if "&" in text:
        text = html.unescape(text)
    return SPACE.sub(" ", text).strip()
