"""What each column of a catalogue is: a category, tokens, a number, a year, prose, or nothing of use."""

import re
from typing import Literal, TypeAlias

import polars as pl

from penchant.data.catalogue import Catalogue
from penchant.data.cells import moments, numbers

Role: TypeAlias = Literal[
    "title", "text", "category", "multi", "number", "year", "date", "identifier", "ignored"
]

MISSING = frozenset({"", "unknown", "none", "null", "nan", "n/a", "na", "-", "(no genres listed)"})
"""What tables write where they mean nothing, in lower case."""
FIRST_YEAR, LAST_YEAR = 1800, 2100
REUSED_TOKENS, REUSED_VALUES = 0.5, 0.3
"""Parts of all cells that must hold a token, or a value, which is seen at least twice."""
LONG_TEXT, LONG_TOKEN = 60, 40
"""Characters on average: longer cells than the first are prose, longer parts than the second no tokens."""
MOST_WORDS, WORDS_TO_CELLS = 12, 3
"""Words in a cell, and how many different cells each word must make, for spaces to divide tokens."""
_SIGNS = ",;|\u3001\uff0c\uff1b"
"""What may divide tokens, the last three in Chinese."""
_DENSE = "[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
"""Signs of Japanese, Chinese and Korean."""
_POINTS = re.compile(
    r"(^|[_\s-])(ids?|isbn\d*|ean|upc|asin|url|uri|link|href|image|img|poster|thumbnail|uuid|guid|hash)$",
    re.IGNORECASE,
)
_POINTS_IN_CAMEL = re.compile(r"[a-z](Ids?|ID|Url|URL|Uri|Link|Image)$")


def roles(catalogue: Catalogue) -> dict[str, Role]:
    """Decide what each column of a catalogue is."""
    return {
        column.name: "title" if column.name == catalogue.title else role_of(column)
        for column in catalogue.table.iter_columns()
    }


def says_something(catalogue: Catalogue) -> bool:
    """Tell whether a catalogue says anything of its rows in words: titles, prose, categories."""
    return any(
        role in ("title", "text", "category", "multi") and catalogue.table[name].drop_nulls().len() > 0
        for name, role in roles(catalogue).items()
    )


def role_of(column: pl.Series) -> Role:
    """Decide what one column is."""
    filled = column.drop_nulls()
    if filled.is_empty():
        return "ignored"
    if isinstance(column.dtype, pl.List | pl.Array):
        return _role_of_lists(filled)
    if column.dtype.is_temporal():
        return "date" if column.dtype not in (pl.Time, pl.Duration) else "ignored"
    if column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object):
        return "ignored"
    if column.dtype == pl.Boolean:
        return "category" if filled.n_unique() > 1 else "ignored"
    if column.dtype.is_numeric():
        return _role_of_numbers(filled)
    return _role_of_text(filled.cast(pl.String))


def is_identifier(name: str) -> bool:
    """Tell from its name that a column points somewhere else: imdb_id, imdbId, url."""
    return bool(_POINTS.search(name) or _POINTS_IN_CAMEL.search(name))


def _role_of_numbers(filled: pl.Series) -> Role:
    values = numbers(filled)[0].drop_nulls()
    distinct = values.n_unique()
    if distinct < 2:
        return "ignored"
    if is_identifier(filled.name):
        return "identifier"
    whole = bool((values.round() == values).all())
    if whole and _mostly(values.is_between(FIRST_YEAR, LAST_YEAR), 0.95):
        return "year"
    if whole and len(values) > 50 and distinct > 0.95 * len(values):
        return "identifier"
    return "category" if distinct == 2 else "number"


def _role_of_lists(filled: pl.Series) -> Role:
    tokens = filled.explode().drop_nulls()
    if tokens.is_empty() or tokens.dtype.is_float() or tokens.dtype.is_nested():
        return "ignored"
    tokens = tokens.cast(pl.String)
    if _reused(tokens) >= REUSED_TOKENS and _length(tokens) <= LONG_TOKEN:
        return "multi"
    return "text" if _length(tokens) > LONG_TOKEN else "ignored"


def _role_of_text(filled: pl.Series) -> Role:
    filled = filled.str.strip_chars()
    filled = filled.filter(~filled.str.to_lowercase().is_in(list(MISSING)))
    if filled.n_unique() < 2:
        return "ignored"
    if is_identifier(filled.name) or _mostly(filled.str.contains(r"^https?://"), 0.5):
        return "identifier"
    if _mostly(filled.str.contains(r"^(1[89]|20)\d\d(\.0)?$"), 0.9):
        return "year"
    if numbers(filled)[0].count() >= 0.95 * len(filled) and not filled.str.contains(r"^0\d").any():
        return _role_of_numbers(numbers(filled)[0])
    if _mostly(filled.str.contains(r"^\d{4}-\d"), 0.9) and moments(filled, "").unreadable <= 0.1 * len(
        filled
    ):
        return "date"
    if separator(filled) is not None:
        return "multi"
    if _length(filled) > LONG_TEXT:
        return "text"
    if _reused(filled) >= REUSED_VALUES:
        return "category"
    return "text" if _mostly(filled.str.contains(rf"\s|{_DENSE}{{2}}"), 0.5) else "identifier"


def separator(filled: pl.Series) -> str | None:
    """Return what divides the cells of a text column into tokens that are used again; None: nothing does."""
    for sign in sorted(_SIGNS, key=lambda sign: -int(filled.str.contains(sign, literal=True).sum())):
        if not _mostly(filled.str.contains(sign, literal=True), 0.05):
            continue
        tokens = filled.str.split(sign).explode().str.strip_chars()
        tokens = tokens.filter(tokens != "")
        if _reused(tokens) >= REUSED_TOKENS and _length(tokens) <= LONG_TOKEN:
            return sign
    return " " if _mixes_few_words(filled) else None


def _mixes_few_words(filled: pl.Series) -> bool:
    """Tell cells like "Comedy Drama" and "Drama War": few words, in many more mixtures than words."""
    cells = filled.unique()
    tokens = cells.str.split(" ").explode()
    most = max(cells.str.count_matches(" ").to_list(), default=0)
    return 0 < most < MOST_WORDS and WORDS_TO_CELLS * tokens.n_unique() <= len(cells)


def _mostly(flags: pl.Series, share: float) -> bool:
    return int(flags.sum()) >= share * len(flags) > 0


def _length(texts: pl.Series) -> float:
    """Return the characters of a text on average, those that stand for words or syllables counted twice."""
    signs = int(texts.str.len_chars().sum()) + int(texts.str.count_matches(_DENSE).sum())
    return signs / max(1, len(texts))


def _reused(tokens: pl.Series) -> float:
    """Return which part of the tokens is seen at least twice."""
    return 1.0 - int(tokens.is_unique().sum()) / max(1, len(tokens))
