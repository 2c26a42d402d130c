"""A text as words with their places; a Chinese character counts as a word."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

LONGEST = 4000
"""Characters that are looked at for conditions; all of a text is searched for."""
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(
    rf"[{_HAN}]|\d+(?:[.,]\d+)*(?:st|nd|rd|th|s)?|[^\W\d_{_HAN}]+(?:['’][^\W\d_{_HAN}]+)*|\S|\n"
)
_HAN_CHARACTER = re.compile(rf"[{_HAN}]")
_QUOTED = re.compile("《[^》]*》|「[^」]*」|“[^”]*”")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Word:
    """One word in lower case, where it begins and ends in the text, and whether it was capitalised."""

    text: str
    start: int
    end: int
    capital: bool = False


def read_words(text: str) -> list[Word]:
    """Divide the beginning of a text into words, numbers and signs."""
    return [
        Word(folded(found[0]), found.start(), found.end(), found[0][:1].isupper() or found[0][:1].isdigit())
        for found in _WORD.finditer(text[:LONGEST])
    ]


def folded(text: str) -> str:
    """Return a text in lower case, with plain apostrophes and without accents.

    >>> folded("Amélie’s")
    "amelie's"
    """
    parts = unicodedata.normalize("NFKD", text.replace("’", "'")).casefold()
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


def key(text: str) -> str:
    """Return what a phrase is looked up by: its words and numbers, with a space between them.

    >>> key("Spider-Man: Far from Home")
    'spider man far from home'
    """
    return " ".join(word.text for word in read_words(text) if word.text[:1].isalnum())


def chinese(text: str) -> bool:
    """Tell whether a text holds Chinese characters."""
    return bool(_HAN_CHARACTER.search(text))


def tongue(text: str) -> str:
    """Return the language in which somebody is answered, "zh" or "en", whatever titles are quoted.

    >>> [tongue(text) for text in ("像《Heat》那样的电影", "films like 《活着》")]
    ['zh', 'en']
    """
    bare = _QUOTED.sub("", text[:LONGEST])
    signs = len(_HAN_CHARACTER.findall(bare))
    words = sum(1 for word in read_words(bare) if word.text[:1].isascii() and word.text[:1].isalpha())
    return "zh" if signs > 2 * words or (signs and not words) else "en"


def singular(word: str) -> str:
    """Return an English noun without the sign of the plural; other words mostly stay.

    >>> [singular(word) for word in ("comedies", "thrillers", "dress", "boxes")]
    ['comedy', 'thriller', 'dress', 'box']
    """
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ses", "xes", "ches", "shes")):
        return word[:-2]
    return (
        word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word
    )


def longest(words: list[Word], start: int, known: Mapping[str, T], most: int) -> tuple[int, T] | None:
    """Return the end of the longest run of words from `start` that is known, and what it is known as.

    Signs between the words do not count.
    """
    parts: list[str] = []
    found: tuple[int, T] | None = None
    for place in range(start, min(len(words), start + 2 * most)):
        if not words[place].text[:1].isalnum():
            if place == start or words[place].text not in "-:'&/.":
                break
            continue
        parts.append(words[place].text)
        if len(parts) > most:
            break
        name = " ".join(parts)
        if name in known:
            found = (place + 1, known[name])
    return found
