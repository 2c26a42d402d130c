"""The languages that reasons are told in; another one is a table like `wording_en`, named in `TABLES`."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias, get_args

from penchant.errors import SettingError
from penchant.explain import wording_en, wording_zh

Lang: TypeAlias = Literal["en", "zh"]
"""English or Chinese."""
TABLES = {"en": wording_en, "zh": wording_zh}


def source(lang: Lang, family: str) -> str:
    """Return what a source of the score is called.

    >>> source("en", "trend"), source("zh", "trend")
    ('popular lately', '近来受欢迎')
    """
    words: Mapping[str, str] = TABLES[lang].SOURCES
    return words[family]


def said(lang: Lang, what: str, /, **parts: object) -> str:
    """Say something in a language, with its parts filled in.

    >>> said("zh", "rest", n=3)
    '历史中的另外 3 项'
    """
    words: Mapping[str, str] = TABLES[lang].SAID
    return words[what].format(**parts)


def listed(lang: Lang, parts: Sequence[str]) -> str:
    """Return parts one after the other.

    >>> listed("zh", ["甲", "乙"])
    '甲、乙'
    """
    return said(lang, "comma").join(parts)


def checked(lang: str) -> Lang:
    """Return the name of a language that there is a table of. Raises SettingError for any other."""
    for known in get_args(Lang):
        if lang == known:
            found: Lang = known
            return found
    raise SettingError(f"lang is {lang!r}", hint=f"reasons are told in {' or '.join(get_args(Lang))}")
