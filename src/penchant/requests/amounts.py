"""Numbers, years and degrees in a request: "under 50", "between 10 and 20", "from the nineties", "cheap"."""

from dataclasses import dataclass, replace

import numpy as np

from penchant.requests.attributes import Attributes
from penchant.requests.phrases import AFTER_NUMBER, AFTER_RANGE, AND, CUES, FILLERS, FROM, TO, called, said
from penchant.requests.quantities import decade_at, number_at, skip_fillers
from penchant.requests.reading import Word, chinese, longest, tongue
from penchant.requests.wanted import Filter

MOST = 5
CHEAP, DEAR, RECENT = 1 / 3, 2 / 3, 5
"""Parts of all prices that are cheap, and that are not yet dear; years up to the newest that are recent."""
COMPARING = frozenset({"below", "above", "before", "after"})
DEGREES = frozenset({"recent", "cheap", "fair", "dear"})
_LONGEST_UNIT = 3
_BEFORE = 5
"""Chinese characters before an amount that may say what it is about: 价格在."""


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
    place = skip_fillers(words, start + 1) if words[start].text in FROM else start
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
    return Amount(end, Filter(column, low=bound) if kind == "dear" else Filter(column, high=bound))


def _compared(words: list[Word], start: int, place: int, kind: str, known: Attributes) -> Amount | None:
    """Read what stands behind "under", "at least", "before" and the like."""
    place = skip_fillers(words, place)
    decade = decade_at(words, place)
    if decade:
        column = known.meanings.get("year")
        first, last, end = decade
        if column is None:
            return Amount(end, unclear=_told(words, "no year"))
        since = words[start].text in ("since", "from")
        if kind in ("below", "before"):
            return Amount(end, Filter(column, high=float(first - 1)))
        return Amount(end, Filter(column, low=float(first if since else last + 1)))
    spanned = _range(words, start, place, known, sure=True) if chinese(words[start].text) else None
    number = number_at(words, place)
    if spanned or number is None:  # 预算50到100
        return spanned
    value, end, sign = number
    unit, end = _unit(words, end, known)
    about = sign or unit or _before(words, start, known)
    behind = longest(words, end, AFTER_NUMBER, MOST)
    found = _bounded(
        words, kind, value, end, about, known, exact=words[start].text in ("since", "until", "up")
    )
    return replace(found, end=behind[0]) if behind and behind[1] == kind else found  # 预算两百以内


def _compared_behind(words: list[Word], start: int, known: Attributes) -> Amount | None:
    """Read "50 or less", "4 stars or more", "2000年以后", "50以下", "两百块以内"."""
    number = number_at(words, start)
    if number is None:
        return None
    value, end, sign = number
    unit, behind = _unit(words, end, known)
    cue = longest(words, behind, AFTER_NUMBER, MOST) or longest(words, end, AFTER_NUMBER, MOST)
    if cue is None:
        return None
    about = sign or unit or _before(words, start, known)
    return _bounded(words, cue[1], value, cue[0], about, known, exact=True)


def _bounded(
    words: list[Word], kind: str, value: float, end: int, about: str, known: Attributes, *, exact: bool
) -> Amount:
    """Make a condition of a number, what it is about, and on which side of it the wanted ones are."""
    if kind in ("before", "after") and not about:
        about = "year" if _is_year(value) else about
    column, unclear = _column(words, about, value, known)
    if column is None:
        return Amount(end, unclear=_told(words, "number", value=f"{value:g}", why=unclear))
    if kind in ("before", "after") and not exact and column == known.meanings.get("year"):
        value += -1 if kind == "before" else 1
    below = kind in ("below", "before")
    return Amount(end, Filter(column, high=value) if below else Filter(column, low=value))


def _range(words: list[Word], start: int, place: int, known: Attributes, *, sure: bool) -> Amount | None:
    """Read two numbers; without "between" they need a unit, or be years, to be told from other numbers."""
    first = number_at(words, skip_fillers(words, place))
    if first is None:
        return None
    between = first[1] if sure or first[1] < len(words) else len(words)
    _, between_unit = _unit(words, between, known)
    join = between if between < len(words) and words[between].text in TO else between_unit
    if join >= len(words) or words[join].text not in TO:
        return None
    second = number_at(words, skip_fillers(words, join + 1))
    if second is None:
        return None
    unit, end = _unit(words, second[1], known)
    behind = longest(words, end, AFTER_RANGE, MOST)
    sure, end = (True, behind[0]) if behind else (sure, end)
    low, high = sorted((first[0], second[0]))
    about = first[2] or second[2] or unit or _before(words, start, known)
    if not about and _is_year(low) and _is_year(high):
        about = "year"
    if not (sure or about) or (not sure and words[join].text in AND):
        return None
    column, unclear = _column(words, about, low, known)
    if column is None:
        span = _told(words, "to", low=low, high=high)
        return Amount(end, unclear=_told(words, "number", value=span, why=unclear))
    return Amount(end, Filter(column, low, high))


def _decade(words: list[Word], place: int, known: Attributes) -> Amount | None:
    found = decade_at(words, place)
    if found is None:
        return None
    first, last, end = found
    column = known.meanings.get("year")
    if column is None:
        return Amount(end, unclear=_told(words, "no years", first=first, last=last))
    behind = longest(words, end, AFTER_NUMBER, MOST)
    if behind and behind[1] == "before":
        return Amount(behind[0], Filter(column, high=float(first - 1)))
    if behind and behind[1] == "after":
        return Amount(behind[0], Filter(column, low=float(first)))
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


def _unit(words: list[Word], place: int, known: Attributes) -> tuple[str, int]:
    """Return what the unit at a word says, and the word after it."""
    for length in range(_LONGEST_UNIT, 0, -1):
        name = "".join(word.text for word in words[place : place + length])
        if len(words) >= place + length and known.meant(name):
            return known.meant(name), place + length
    return "", place


def _before(words: list[Word], start: int, known: Attributes) -> str:
    """Return what the word before an amount says of it: "price under 50", "rated over 4", "价格在50到100"."""
    near = [word.text for word in words[max(0, start - 2) : start]]
    names = ["".join(near), *reversed(near)]
    if near and chinese(near[-1]):
        run = [word.text for word in words[max(0, start - _BEFORE) : start]]
        while run and run[-1] in FILLERS:
            run.pop()
        names = ["".join(run[-size:]) for size in range(len(run), 0, -1)]
    said_of = [known.meant(name) for name in names if name]
    return next((one for one in said_of if one), "")


def _column(words: list[Word], about: str, value: float, known: Attributes) -> tuple[str | None, str]:
    """Return the column that a number is about, or why there is none."""
    if about:
        return known.meanings.get(about), _told(words, "no column", about=called(_spoken(words), about))
    if _is_year(value) and "year" in known.meanings and "price" not in known.meanings:
        return known.meanings["year"], ""
    years = known.meanings.get("year")
    numbers = [column for column in known.values if column != years]
    if "price" in known.meanings:
        return known.meanings["price"], ""
    if len(numbers) == 1:
        return numbers[0], ""
    which = _told(words, "which column", columns=", ".join(numbers))
    return None, which if numbers else _told(words, "no numbers")


def _told(words: list[Word], what: str, **parts: object) -> str:
    """Say why an amount makes no condition, in the language of the request."""
    return said(_spoken(words), what, **parts)


def _spoken(words: list[Word]) -> str:
    return tongue(" ".join(word.text for word in words))


def _is_year(value: float) -> bool:
    return value == int(value) and 1800 <= value <= 2100
