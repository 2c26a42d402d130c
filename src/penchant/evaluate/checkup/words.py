"""How much the texts of a catalogue say, and in which languages."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from penchant.data.catalogue import Catalogue
from penchant.data.languages import FEWEST_LETTERS, languages
from penchant.data.roles import roles
from penchant.data.terms import TermSpace
from penchant.data.vocabulary import Vocabulary
from penchant.types import Rows

READ, NAMED, KEYWORDS = 20_000, 3, 4
"""Rows that keywords are learned from at most; items that are shown, and keywords of each."""


@dataclass(frozen=True, slots=True)
class Words:
    """Rows with a title and with prose, words of each row that has any, languages with their shares."""

    titles: int
    prose: int
    lengths: NDArray[np.int64]
    languages: tuple[tuple[str, float], ...]


def words(catalogue: Catalogue) -> Words:
    """Count the words of a catalogue; languages are told from an even sample of its longer texts."""
    found = roles(catalogue)
    prose = [name for name, role in found.items() if role == "text"]
    titles = [name for name, role in found.items() if role == "title"]
    told, named = _joined(catalogue, prose), _joined(catalogue, titles)
    both = [f"{a} {b}".strip() for a, b in zip(named, told, strict=True)]
    lengths = np.array([len(text.split()) for text in both if text], dtype=np.int64)
    source = told if any(len(text) >= FEWEST_LETTERS for text in told) else both
    return Words(sum(map(bool, named)), sum(map(bool, told)), lengths, languages(source))


def keywords(catalogue: Catalogue, order: Rows) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the first items of `order` that have prose, by title, with the terms that tell most of each."""
    prose = [name for name, role in roles(catalogue).items() if role == "text"]
    told = np.array([bool(text) for text in _joined(catalogue, prose)], dtype=bool)
    shown = order[told[order]][:NAMED]
    if not len(shown):
        return ()
    step = -(-len(catalogue) // READ)
    space = TermSpace.fit(_some(catalogue, np.arange(0, len(catalogue), step)))
    found = space.keywords(_some(catalogue, shown), KEYWORDS)
    return tuple(zip(catalogue.titles(shown), map(tuple, found), strict=True))


def _some(catalogue: Catalogue, rows: Rows) -> Catalogue:
    return Catalogue(
        Vocabulary(catalogue.vocabulary.ids.gather(rows)), catalogue.table[rows], catalogue.title
    )


def _joined(catalogue: Catalogue, names: list[str]) -> list[str]:
    if not names:
        return [""] * len(catalogue)
    parts = []
    for name in names:
        cells = catalogue.table[name]
        lists = cells.dtype.is_nested()
        text = (
            cells.cast(pl.List(pl.String)).list.join(" ", ignore_nulls=True)
            if lists
            else cells.cast(pl.String)
        )
        parts.append(text.fill_null("").to_list())
    return [" ".join(filter(None, row)).strip() for row in zip(*parts, strict=True)]
