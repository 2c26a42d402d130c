"""Titles of a catalogue, found again in what people write: without case, articles, brackets and subtitles."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from penchant.data.catalogue import Catalogue
from penchant.requests.reading import Word, chinese, key, longest
from penchant.types import Rows

WORDS, SIGNS = 12, 24
"""Words of a title that are compared, and characters of a Chinese one."""
_BRACKETS = re.compile(r"\s*[(\[（【].*?[)\]）】]")
_YEAR = re.compile(r"[(（\[](\d{4})[)）\]]")
_MOVED = re.compile(r"^(.*), (the|a|an|la|le|les|el|il|der|die|das)$", re.IGNORECASE)
_ARTICLE = re.compile(r"^(the|a|an) (?=\S+)")


@dataclass(frozen=True, slots=True)
class Title:
    """A title that was found: the item's row, the word after it, and how many other items are called so."""

    row: int
    end: int
    others: int = 0


@dataclass(frozen=True, slots=True)
class Titles:
    """Rows by what a title is looked up by, the most popular first, and the year of each row, 0 for none."""

    rows: Mapping[str, tuple[int, ...]]
    years: Rows

    @classmethod
    def of(cls, items: Catalogue, counts: Rows, years: Rows) -> Self:
        """Read a catalogue once; `counts`, events of each item, tell what most people mean."""
        if items.title is None:
            return cls({}, years)
        titles = items.titles(np.arange(len(items)))
        exact: dict[str, list[int]] = {}
        loose: dict[str, list[int]] = {}
        for row in np.argsort(-counts, kind="stable").tolist():
            first, *rest = _keys(titles[row])
            exact.setdefault(first, []).append(row)
            for other in rest:
                loose.setdefault(other, []).append(row)
        found = {**loose, **exact}  # a subtitle left out gives way to a title that is written so
        return cls({name: tuple(dict.fromkeys(rows)) for name, rows in found.items() if name}, years)

    def at(self, words: list[Word], start: int) -> Title | None:
        """Return the longest title that begins at a word; a year in brackets behind it tells which."""
        most = SIGNS if start < len(words) and chinese(words[start].text) else WORDS
        found = longest(words, start, self.rows, most)
        if found is None:
            return None
        end, rows = found
        behind = [word.text for word in words[end : end + 3]]
        if len(behind) == 3 and behind[0] in "([（" and len(behind[1]) == 4 and behind[1].isdigit():
            named = [row for row in rows if self.years[row] == int(behind[1])]
            return Title(named[0], end + 3, len(named) - 1) if named else None
        return Title(rows[0], end, len(rows) - 1)


def year_in(title: str) -> int:
    """Return the year in brackets of a title, 0 without one."""
    found = _YEAR.search(title)
    return int(found[1]) if found else 0


def _keys(title: str) -> list[str]:
    """Return what a title is looked up by, the nearest to how it is written first.

    >>> _keys("Matrix, The (1999)")
    ['the matrix', 'matrix', 'matrix the 1999']
    """
    bare = _BRACKETS.sub("", title).strip()
    moved = _MOVED.match(bare)
    bare = f"{moved[2]} {moved[1]}" if moved else bare
    main = key(bare)
    short = key(re.split(r":| - |：", bare)[0])
    own = [main, _ARTICLE.sub("", main), key(title)]
    if len(short) > 3:
        own += [short, _ARTICLE.sub("", short)]
    return list(dict.fromkeys(name for name in own if name)) or [""]
