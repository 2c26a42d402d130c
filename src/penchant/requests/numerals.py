"""Chinese numerals, a character a word: 两百五, 一千零一, 3万, 一九九四."""

from penchant.requests.reading import Word

DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "俩": 2}
UNITS = {"十": 10, "百": 100, "千": 1_000, "万": 10_000}
MOST = 12
"""Characters of one numeral."""


def numeral_at(words: list[Word], place: int) -> tuple[float, int] | None:
    """Return the numeral that begins at a word and the word after it, None for none or for no sensible one.

    A year may be spelled digit by digit; a last digit without its unit counts in tenths of the unit before.
    """
    end = place
    while end < min(len(words), place + MOST) and words[end].text in DIGITS.keys() | UNITS.keys():
        end += 1
    signs = [word.text for word in words[place:end]]
    if not signs:
        return None
    if all(sign in DIGITS for sign in signs):
        if len(signs) not in (1, 4):
            return None
        return float("".join(str(DIGITS[sign]) for sign in signs)), end
    value = _value(signs)
    return None if value is None else (value, end)


def multiplied(value: float, words: list[Word], place: int) -> tuple[float, int]:
    """Return a number in figures times the unit behind it, and the word after: 3万, 1.5千."""
    if place < len(words) and words[place].text in ("百", "千", "万"):
        return value * UNITS[words[place].text], place + 1
    return value, place


def _value(signs: list[str]) -> float | None:
    """Add up digits and units; units may only fall, but for a 万 that takes all before it."""
    total, section, digit, last = 0.0, 0.0, None, 0
    zero = False
    for sign in signs:
        if sign in DIGITS:
            if digit is not None and digit:
                return None
            digit, zero = DIGITS[sign], zero or DIGITS[sign] == 0
            continue
        unit = UNITS[sign]
        if sign == "万":
            if not section and not digit:
                return float(unit) if len(signs) == 1 else None
            total, section, digit, last = (section + (digit or 0)) * unit, 0.0, None, unit
        elif (section and unit >= last) or (digit is None and sign != "十" and len(signs) > 1):
            return None
        else:
            section += (1 if digit is None else digit) * unit
            digit, last = None, unit
    if digit and last >= 100 and not zero:
        digit = digit * last // 10
    return total + section + (digit or 0)
