"""What people say when they ask for something: the tables of all languages, joined.

A phrase is looked up word by word, a Chinese character counting as a word. To add a language, write its
tables as `phrases_en` and `phrases_zh` hold them, and add it to `TONGUES`.
"""

from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

from penchant.requests import phrases_en, phrases_zh
from penchant.requests.reading import key

TONGUES = {"en": phrases_en, "zh": phrases_zh}
K = TypeVar("K", bound=Hashable)


def _listed(text: str) -> list[str]:
    return text.split(", ") if text else []


def _turned(tables: Iterable[Mapping[K, str]]) -> dict[str, K]:
    """Return what each phrase means, from tables that hold the phrases of each meaning."""
    return {key(said): meant for table in tables for meant, text in table.items() for said in _listed(text)}


def _words(*texts: str) -> frozenset[str]:
    return frozenset(word for text in texts for word in text.split())


def _phrases(*texts: str) -> Mapping[str, bool]:
    return {key(said): True for text in texts for said in _listed(text)}


_ALL = tuple(TONGUES.values())

CUES: Mapping[str, str] = _turned(tongue.CUES for tongue in _ALL)
"""What begins something, by kind.

"not": what follows is not wanted. "plain" holds a word of that and refuses nothing. "like", "unlike": a title
that follows is liked or disliked. "varied", "recent", "cheap", "fair" and "dear" are whole by themselves.
"below" to "after" stand before a number, "by" before a name.
"""
AFTER_NUMBER: Mapping[str, str] = _turned(tongue.AFTER_NUMBER for tongue in _ALL)
"""What may stand behind a number, or behind a number and its unit."""
AFTER_RANGE = _phrases(*(tongue.AFTER_RANGE for tongue in _ALL))
"""What may stand behind two numbers."""
AFTER_LIKING = _phrases(*(tongue.AFTER_LIKING for tongue in _ALL))
"""What stands behind a title that is liked: "《活着》那样的"."""
AFTER_REFUSAL = _phrases(*(tongue.AFTER_REFUSAL for tongue in _ALL))
"""What may end a refusal: "除了恐怖片以外"."""
MAKERS = _phrases(*(tongue.MAKERS for tongue in _ALL))
"""What stands behind the name of an author or an actor: "余华写的"."""
MEANINGS: Mapping[str, str] = {
    said: meant for tongue in _ALL for meant, text in tongue.MEANINGS.items() for said in _listed(text)
}
"""Words that name a column of numbers, or its unit, and what it means."""
SIGNS: Mapping[str, str] = {"$": "price", "€": "price", "£": "price", "¥": "price", "￥": "price"}
DECADES: Mapping[str, int] = _turned(tongue.DECADES for tongue in _ALL)
PARTS: Mapping[str, str] = _turned(tongue.PARTS for tongue in _ALL)
"""Parts of a decade."""
SAME: Mapping[str, tuple[str, ...]] = {
    name: tuple(said for tongue in _ALL for said in _listed(tongue.SAME.get(name, "")))
    for name in dict.fromkeys(name for tongue in _ALL for name in tongue.SAME)
}
"""Categories that go by several names, by the one that English tables write most."""
VERBS = _words(*(tongue.VERBS for tongue in _ALL))
"""A "not" after one of these belongs to a verb ("has not arrived") and refuses nothing by itself."""
OR = _words("/ 、", *(tongue.OR for tongue in _ALL))
AND = _words(*(tongue.AND for tongue in _ALL))
JOINS = OR | AND | {",", "者"}
"""What joins titles or refusals; 或者 ends in a character of its own."""
BREAKS = _words(". ; ! ? : , 。 ； ！ ？ ， ： ( ) （ ）", *(tongue.BREAKS for tongue in _ALL)) | {"\n"}
ARTICLES = _words(*(tongue.ARTICLES for tongue in _ALL))
KINDS = _words(*(tongue.KINDS for tongue in _ALL))
"""Words that may stand between "like" and a title."""
FILLERS = _words("'", *(tongue.FILLERS for tongue in _ALL))
"""Words that may stand before a number."""
FROM = _words(*(tongue.FROM for tongue in _ALL))
TO = _words("- – — ~ ～", *(tongue.TO for tongue in _ALL))
"""Words before a year or the first of two numbers, and between two."""
ENDS = _words("—", *(tongue.ENDS for tongue in _ALL))
"""Words before which a title may end."""
COUNTERS = _words(*(tongue.COUNTERS for tongue in _ALL))
"""Words that stand between a number and what is counted."""
STOPWORDS = _words(*(tongue.STOPWORDS for tongue in _ALL))
STOP_PHRASES = _phrases(*(tongue.STOP_PHRASES for tongue in _ALL))
"""Words, and phrases of several, that tell nothing of what is wanted."""
EVERYDAY: Mapping[str, tuple[str, ...]] = {name: tongue.EVERYDAY for name, tongue in TONGUES.items()}
"""Sentences about everything under the sun: what they score is what a request scores that nothing fits."""
AGAIN = _phrases(*(tongue.AGAIN for tongue in _ALL))
"""What ends a conversation and begins another."""
POINTING: Mapping[str, str] = _turned(tongue.POINTING for tongue in _ALL)
"""What speaks of the list that was shown; "more" alone asks for the next of it."""
NUMBER_WORDS = _words("#", *(tongue.NUMBER_WORDS for tongue in _ALL))
ORDINALS: Mapping[str, int] = _turned(tongue.ORDINALS for tongue in _ALL)
CHANGES: Mapping[str, tuple[str, int, tuple[str, ...]]] = {
    said: (*meant, tuple(said.split())) for said, meant in _turned(tongue.CHANGES for tongue in _ALL).items()
}
"""Comparatives: they compare with the list that was shown."""


def called(tongue: str, meaning: str) -> str:
    """Return what a meaning is called in a language.

    >>> called("zh", "price"), called("en", "price")
    ('价格', 'price')
    """
    return str(TONGUES[tongue].NAMES.get(meaning, meaning))


def said(tongue: str, what: str, /, **parts: object) -> str:
    """Say something in a language, with its parts filled in.

    >>> said("zh", "holds", words="“面条”")
    '含有“面条”'
    """
    return str(TONGUES[tongue].SAID[what]).format(**parts)
