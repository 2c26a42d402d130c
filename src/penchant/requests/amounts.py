"""Numbers, years and degrees in a request: "under 50", "between 10 and 20", "from the nineties", "cheap"."""

import re
from dataclasses import dataclass

import numpy as np

from penchant.requests.attributes import Attributes
from penchant.requests.phrases import AFTER_NUMBER, CUES, DECADES, SIGNS
from penchant.requests.reading import Word, longest
from penchant.requests.wanted import Filter

MOST = 5
CHEAP, DEAR, RECENT = 1 / 3, 2 / 3, 5
"""Parts of all prices that are cheap, and that are not yet dear; years up to the newest that are recent."""
COMPARING = frozenset({"below", "above", "before", "after"})
DEGREES = frozenset({"recent", "cheap", "dear"})
_NUMBER = re.compile(r"^\d{1,12}(?:[.,]\d{1,6})*$")
_THOUSANDS = re.compile(r"^\d{1,3}(,\d{3})+(\.\d+)?$")
_DECADE = re.compile(r"^(\d\d)?(\d)0s$")
_PART = {"early": (0, 3), "mid": (3, 7), "late": (6, 9)}
_RANGE = frozenset({"to", "and", "-", "–", "—", "~", "到", "至", "和"})
_FILLERS = frozenset({"the", "year", "about", "around", "'", "of", "于", "a"})


@dataclass(frozen=True, slots=True)
class Amount:
    """The word after an amount, the condition that it makes, or why it makes none."""

    end: int
    condition: Filter | None = None
    unclear: str = ""


def amount_at(words: list[Word], start: int, known: Attributes) -> Amount | None:
    """Return the amount that begins at a word, None where there is none."""
    cue = longest(words, start, CUES, MOST)
    kind = cue[1] if cue else ""
    if cue and kind in DEGREES:
        return _degree(cue[0], kind, known)
    if cue and kind in COMPARING:
        return _compared(words, start, cue[0], kind, known)
    if cue and kind == "between":
        return _range(words, start, cue[0], known, sure=True)
    place = _skip(words, start + 1) if words[start].text in ("from", "in", "of", "自", "从") else start
    return (
        _decade(words, place, known)
        or _range(words, start, place, known, sure=False)
        or _compared_behind(words, start, known)
        or _single_year(words, start, place, known)
    )


def _degree(end: int, kind: str, known: Attributes) -> Amount | None:
    column = known.meanings.get("year" if kind == "recent" else "price")
    if column is None:
        return None  # the word stays in the text that is searched for
    if kind == "recent":
        newest = np.floor(known.quantile(column, 0.99))
        return Amount(end, Filter(column, low=float(newest - RECENT)))
    bound = round(known.quantile(column, CHEAP if kind == "cheap" else DEAR), 2)
    return Amount(end, Filter(column, high=bound) if kind == "cheap" else Filter(column, low=bound))


def _compared(words: list[Word], start: int, place: int, kind: str, known: Attributes) -> Amount | None:
    """Read what stands behind "under", "at least", "before" and the like."""
    place = _skip(words, place)
    decade = decade_at(words, place)
    if decade:
        column = known.meanings.get("year")
        first, last, end = decade
        if column is None:
            return Amount(end, unclear="a year, but the catalogue tells none")
        since = words[start].text in ("since", "from")
        if kind in ("below", "before"):
            return Amount(end, Filter(column, high=float(first - 1)))
        return Amount(end, Filter(column, low=float(first if since else last + 1)))
    number = number_at(words, place)
    if number is None:
        return None
    value, end, sign = number
    unit, end = _unit(words, end, known)
    about = sign or unit or _before(words, start, known)
    return _bounded(kind, value, end, about, known, exact=words[start].text in ("since", "until", "up"))


def _compared_behind(words: list[Word], start: int, known: Attributes) -> Amount | None:
    """Read "50 or less", "4 stars or more", "2000年以后", "50以下"."""
    number = number_at(words, start)
    if number is None:
        return None
    value, end, sign = number
    unit, behind = _unit(words, end, known)
    cue = longest(words, behind, AFTER_NUMBER, MOST) or longest(words, end, AFTER_NUMBER, MOST)
    if cue is None:
        return None
    about = sign or unit or _before(words, start, known)
    return _bounded(cue[1], value, cue[0], about, known, exact=True)


def _bounded(kind: str, value: float, end: int, about: str, known: Attributes, *, exact: bool) -> Amount:
    """Make a condition of a number, what it is about, and on which side of it the wanted ones are."""
    if kind in ("before", "after") and not about:
        about = "year" if _is_year(value) else about
    column, unclear = _column(about, value, known)
    if column is None:
        return Amount(end, unclear=f"{value:g}: {unclear}")
    if kind in ("before", "after") and not exact and column == known.meanings.get("year"):
        value += -1 if kind == "before" else 1
    below = kind in ("below", "before")
    return Amount(end, Filter(column, high=value) if below else Filter(column, low=value))


def _range(words: list[Word], start: int, place: int, known: Attributes, *, sure: bool) -> Amount | None:
    """Read two numbers; without "between" they need a unit, or be years, to be told from other numbers."""
    first = number_at(words, _skip(words, place))
    if first is None:
        return None
    between = first[1] if sure or first[1] < len(words) else len(words)
    _, between_unit = _unit(words, between, known)
    join = between if between < len(words) and words[between].text in _RANGE else between_unit
    if join >= len(words) or words[join].text not in _RANGE:
        return None
    second = number_at(words, _skip(words, join + 1))
    if second is None:
        return None
    unit, end = _unit(words, second[1], known)
    low, high = sorted((first[0], second[0]))
    about = first[2] or second[2] or unit or _before(words, start, known)
    if not about and _is_year(low) and _is_year(high):
        about = "year"
    if not (sure or about) or (not sure and words[join].text in ("and", "和")):
        return None
    column, unclear = _column(about, low, known)
    if column is None:
        return Amount(end, unclear=f"{low:g} to {high:g}: {unclear}")
    return Amount(end, Filter(column, low, high))


def _decade(words: list[Word], place: int, known: Attributes) -> Amount | None:
    found = decade_at(words, place)
    if found is None:
        return None
    first, last, end = found
    column = known.meanings.get("year")
    if column is None:
        return Amount(end, unclear=f"the years {first}–{last}, but the catalogue tells none")
    return Amount(end, Filter(column, float(first), float(last)))


def _single_year(words: list[Word], start: int, place: int, known: Attributes) -> Amount | None:
    """Read "from 1994", "in 1994", "1994年": a bare number is no year."""
    number = number_at(words, place)
    if number is None or number[2] or not _is_year(number[0]):
        return None
    value, end, _ = number
    marked = end < len(words) and words[end].text == "年"
    column = known.meanings.get("year")
    if column is None or not (marked or place > start):
        return None
    open_end = end < len(words) and words[end].text in ("on", "onwards", "onward")
    return Amount(end + (marked or open_end), Filter(column, value, None if open_end else value))


def decade_at(words: list[Word], place: int) -> tuple[int, int, int] | None:
    """Return the first and last year of a decade and the word after it."""
    part = (0, 9)
    if place < len(words) and words[place].text in _PART:
        part = _PART[words[place].text]
        place += 1 + (place + 1 < len(words) and words[place + 1].text == "-")
    place = _skip(words, place)
    if place >= len(words):
        return None
    named = longest(words, place, DECADES, 4)
    if named:
        return named[1] + part[0], named[1] + part[1], named[0]
    text, end = words[place].text, place + 1
    if [word.text for word in words[place + 1 : place + 3]] == ["年", "代"] and text.isdigit():
        text, end = f"{text}s", place + 3
    found = _DECADE.match(text)
    if found is None:
        return None
    century = int(found[1]) if found[1] else (20 if int(found[2]) < 2 else 19)
    first = 100 * century + 10 * int(found[2])
    return first + part[0], first + part[1], end


def number_at(words: list[Word], place: int) -> tuple[float, int, str] | None:
    """Return a number, the word after it, and what a sign of money before or behind it says."""
    sign = ""
    if place < len(words) and words[place].text in SIGNS:
        sign, place = SIGNS[words[place].text], place + 1
    if place >= len(words) or not words[place].text.isascii() or not _NUMBER.match(words[place].text):
        return None
    text = words[place].text
    if not _THOUSANDS.match(text) and text.count(",") + text.count(".") > 1:
        return None
    value = float(text.replace(",", "") if _THOUSANDS.match(text) else text.replace(",", "."))
    if place + 1 < len(words) and words[place + 1].text in SIGNS:
        sign, place = SIGNS[words[place + 1].text], place + 1
    return value, place + 1, sign


def _unit(words: list[Word], place: int, known: Attributes) -> tuple[str, int]:
    """Return what the unit at a word says, and the word after it."""
    for length in (2, 1):
        name = "".join(word.text for word in words[place : place + length])
        if len(words) >= place + length and known.meant(name):
            return known.meant(name), place + length
    return "", place


def _before(words: list[Word], start: int, known: Attributes) -> str:
    """Return what the word before an amount says of it: "price under 50", "rated over 4"."""
    near = [word.text for word in words[max(0, start - 2) : start]]
    said = [known.meant(name) for name in ("".join(near), *reversed(near)) if name]
    return next((one for one in said if one), "")


def _column(about: str, value: float, known: Attributes) -> tuple[str | None, str]:
    """Return the column that a number is about, or why there is none."""
    if about:
        return known.meanings.get(about), f"the catalogue has no column {about}"
    if _is_year(value) and "year" in known.meanings and "price" not in known.meanings:
        return known.meanings["year"], ""
    years = known.meanings.get("year")
    numbers = [column for column in known.values if column != years]
    if "price" in known.meanings:
        return known.meanings["price"], ""
    if len(numbers) == 1:
        return numbers[0], ""
    return None, f"of {', '.join(numbers)}?" if numbers else "the catalogue has no column of numbers"


def _is_year(value: float) -> bool:
    return value == int(value) and 1800 <= value <= 2100


def _skip(words: list[Word], place: int) -> int:
    while place < len(words) and words[place].text in _FILLERS:
        place += 1
    return place
