"""Numbers and decades as people write them: $1,000.50, 3万, 两百五, late 70s, 九十年代初."""

import re

from penchant.requests.numerals import multiplied, numeral_at
from penchant.requests.phrases import AFTER_NUMBER, DECADES, FILLERS, MEANINGS, PARTS, SIGNS, TO
from penchant.requests.reading import Word, chinese, longest

MOST = 5
_NUMBER = re.compile(r"^\d{1,12}(?:[.,]\d{1,6})*$")
_THOUSANDS = re.compile(r"^\d{1,3}(,\d{3})+(\.\d+)?$")
_DECADE = re.compile(r"^(\d\d)?(\d)0s$")
_PART = {"early": (0, 3), "mid": (3, 7), "late": (6, 9)}


def decade_at(words: list[Word], place: int) -> tuple[int, int, int] | None:
    """Return the first and last year of a decade, or of a part of one, and the word after it."""
    named = longest(words, place, PARTS, 2)
    part = named[1] if named else ""
    if named:
        place = named[0] + (named[0] < len(words) and words[named[0]].text == "-")
    found = _whole_decade(words, skip_fillers(words, place))
    if found is None:
        return None
    first, end = found
    behind = longest(words, end, PARTS, 2) if not part and chinese(words[end - 1].text) else None
    if behind:  # 九十年代初
        end, part = behind
    low, high = _PART.get(part, (0, 9))
    return first + low, first + high, end


def _whole_decade(words: list[Word], place: int) -> tuple[int, int] | None:
    if place >= len(words):
        return None
    named = longest(words, place, DECADES, 4)
    if named:
        return named[1], named[0]
    text, end = words[place].text, place + 1
    if [word.text for word in words[place + 1 : place + 3]] == ["年", "代"] and text.isdigit():
        text, end = f"{text}s", place + 3
    found = _DECADE.match(text)
    if found is None:
        return None
    century = int(found[1]) if found[1] else (20 if int(found[2]) < 2 else 19)
    return 100 * century + 10 * int(found[2]), end


def number_at(words: list[Word], place: int) -> tuple[float, int, str] | None:
    """Return a number, the word after it, and what a sign of money before or behind it says."""
    sign = ""
    if place < len(words) and words[place].text in SIGNS:
        sign, place = SIGNS[words[place].text], place + 1
    found = _figures(words, place) or _numeral(words, place)
    if found is None:
        return None
    value, end = found
    if end < len(words) and words[end].text in SIGNS:
        sign, end = SIGNS[words[end].text], end + 1
    return value, end, sign


def _figures(words: list[Word], place: int) -> tuple[float, int] | None:
    if place >= len(words) or not words[place].text.isascii() or not _NUMBER.match(words[place].text):
        return None
    text = words[place].text
    if not _THOUSANDS.match(text) and text.count(",") + text.count(".") > 1:
        return None
    value = float(text.replace(",", "") if _THOUSANDS.match(text) else text.replace(",", "."))
    return multiplied(value, words, place + 1)


def _numeral(words: list[Word], place: int) -> tuple[float, int] | None:
    """Read a Chinese numeral; a single sign needs a unit or a bound behind it, as 一 begins many words."""
    found = numeral_at(words, place)
    if found is None or found[1] - place > 1:
        return found
    end = found[1]
    units = ("".join(word.text for word in words[end : end + size]) for size in (1, 2))
    bounded = longest(words, end, AFTER_NUMBER, MOST) or (end < len(words) and words[end].text in TO)
    return found if bounded or any(unit in MEANINGS for unit in units) else None


def skip_fillers(words: list[Word], place: int) -> int:
    """Return the first word from a place on that is no mere filler before a number."""
    while place < len(words) and words[place].text in FILLERS:
        place += 1
    return place
