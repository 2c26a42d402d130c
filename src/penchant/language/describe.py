"""Rows of a table as text that a language model can read.

This file knows tables and wording, and no language model.
"""

import html
import math
import re
from collections.abc import Sequence

import polars as pl

from penchant.data.catalogue import Catalogue
from penchant.data.roles import MISSING, roles, separator
from penchant.language.template import Template

NAMED = frozenset({"category", "multi", "year"})
"""Roles that are read as `Name: value`; numbers and dates say nothing to a text encoder."""
REPEATED = 0.8
"""Part of what a column says that another one may say before it is left out."""
SAMPLE = 2000
PARTS = 12
TAG = re.compile(r"<(?:/?[a-zA-Z][^<>]*|!--.*?--)>", re.DOTALL)
INSIDE = re.compile(
    r"</?(?:a|abbr|b|cite|code|em|font|i|q|s|small|span|strong|sub|sup|u)\b[^<>]*>", re.IGNORECASE
)
"""Markup inside a word or before a full stop: no space is left in its place."""
YEAR, YEAR_IN_TITLE = re.compile(r"\b[12]\d{3}\b"), re.compile(r"\([12]\d{3}\)")
SHARED = 0.5
"""Different texts among all rows, at most, for which a catalogue's categories are called re-used."""
SPACE = re.compile(r"\s+")


def describe(
    catalogue: Catalogue, template: Template | None = None, *, columns: Sequence[str] | None = None
) -> list[str]:
    """Return one text a row, "" for a row of which nothing is known.

    `columns` names the columns that the usual template may use; it reads the first twelve parts of a
    list, so that a long tail of tags does not push the prose out of what an encoder reads.

    Raises:
        SettingError: the template names a column that the table does not have.
    """
    most, own = (PARTS, False) if template is None else (None, True)
    template = usual(catalogue, columns) if template is None else template
    template.check(catalogue.table.columns)
    if not template.columns:
        return [""] * len(catalogue)
    said = {
        name: words(catalogue.table[name], None if name == catalogue.title else most)
        for name in template.columns
    }
    if not own and catalogue.title in said:
        said[catalogue.title] = dated(said[catalogue.title], catalogue, columns)
    return [template.fill(dict(zip(said, row, strict=True))) for row in zip(*said.values(), strict=True)]


def dated(titles: Sequence[str], catalogue: Catalogue, columns: Sequence[str] | None = None) -> list[str]:
    """Put the year behind each title that has none: language models know things by both."""
    years = [name for name, role in roles(catalogue).items() if role == "year"]
    years = [name for name in years if columns is None or name in columns]
    if not years:
        return list(titles)
    found = [YEAR.search(year) for year in words(catalogue.table[years[0]])]
    return [
        f"{title} ({year[0]})" if title and year and not YEAR_IN_TITLE.search(title) else title
        for title, year in zip(titles, found, strict=True)
    ]


def reused(catalogue: Catalogue) -> list[str]:
    """Return the columns of categories that many rows fill alike: they are worth a vector of their own."""
    names = [name for name, role in roles(catalogue).items() if role in ("category", "multi")]
    texts = [
        text for text in zip(*(words(catalogue.table[name]) for name in names), strict=True) if any(text)
    ]
    return names if names and len(set(texts)) <= SHARED * len(texts) else []


def usual(catalogue: Catalogue, columns: Sequence[str] | None = None) -> Template:
    """Return the template that is used where the caller gives none; long texts come last."""
    found = {name: role for name, role in roles(catalogue).items() if columns is None or name in columns}
    spoken = [name for name, role in found.items() if role in NAMED]
    if catalogue.title in found:
        spoken = [name for name in spoken if found[name] != "year"]  # it stands behind the title
    named = once(catalogue.table, spoken)
    long = [name for name, role in found.items() if role == "text"]
    return Template.of(catalogue.title if catalogue.title in found else None, named, long)


def once(table: pl.DataFrame, names: Sequence[str]) -> list[str]:
    """Return the columns without those whose parts another one says as well: they only take its room."""
    parts = {name: [set(text.lower().split(", ")) - {""} for text in words(table[name].head(SAMPLE))]
             for name in names}  # fmt: skip
    kept = list(names)
    for name in reversed(names):
        said = sum(map(len, parts[name]))
        for other in (other for other in kept if other != name):
            again = sum(len(a & b) for a, b in zip(parts[name], parts[other], strict=True))
            if again > REPEATED * said:
                kept.remove(name)
                break
    return kept


def words(column: pl.Series, most: int | None = None) -> list[str]:
    """Return the cells of a column as text, "" where a table means nothing.

    The parts of a cell (a list, or text with a separator) are joined by commas, the first `most` of them.
    """
    if isinstance(column.dtype, pl.List | pl.Array):
        lists = ([] if row is None else row for row in column.to_list())
        return [joined([clean(str(part)) for part in row if part is not None], most) for row in lists]
    if column.dtype.is_float():
        return ["" if value is None or math.isnan(value) else f"{value:.15g}" for value in column.to_list()]
    texts = [clean(text) if text else "" for text in column.cast(pl.String).to_list()]
    sign = separator(pl.Series(texts).filter(pl.Series(texts) != "")) if column.dtype == pl.String else None
    if sign is not None:
        texts = [joined(text.split(sign), most) for text in texts]
    return ["" if text.lower() in MISSING else text for text in texts]


def joined(parts: Sequence[str], most: int | None) -> str:
    """Return the first parts that are not empty, with commas between them."""
    return ", ".join([part.strip() for part in parts if part.strip()][:most])


def clean(text: str) -> str:
    """Return a text without markup, entities and runs of white space."""
    if "<" in text:
        text = TAG.sub(" ", INSIDE.sub("", text))
    if "&" in text:
        text = html.unescape(text)
    return SPACE.sub(" ", text).strip()
