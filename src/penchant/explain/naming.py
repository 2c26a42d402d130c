"""Which words of an item's text carried a reason: found by leaving each out, and named in the reason's text.

What nearness to a request gives and what the content map gives are told apart, so that each of the two
reasons names its own words.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from penchant.explain.attribution import WORD, Asker, Placed, Reader, Way, content_of
from penchant.explain.wording import Lang, listed, said, source
from penchant.language.segment import best_division, segmented
from penchant.types import Query, Reason, Rows, Vectors

TEXTS = ("content", "words")
"""Sources of the score that read an item's text: a list whose words are named tells them as a whole."""
MOST = 60
"""Distinct words of a text that are tried, from its beginning: a list of k items costs k·60 short texts."""
NAMED = 3
"""Words that are named, those that gave most."""
LEAST = 0.25
"""Part of what the best word gave, below which a word is not named."""
WEIGHTY = 0.05
"""Part of what speaks for an item, below which a reason is left as it is."""


@dataclass(frozen=True, slots=True)
class Tried:
    """The distinct words of an item's text, and what the text comes to whole and without each of them."""

    words: tuple[str, ...]
    placed: Placed


@dataclass(frozen=True, slots=True)
class Namer:
    """Names words in the reasons of lists; an item that comes back in another list is not read again."""

    reader: Reader
    lang: Lang = "en"
    read: dict[int, Tried | None] = field(default_factory=dict)

    def name(
        self, query: Query, rows: Rows, told: Sequence[Sequence[Reason]], *, repeat: bool = False
    ) -> list[list[Reason]]:
        """Return the reasons of the items in `rows`, those of texts with the words that carried them.

        Raises LanguageError where the text is not the one that the model was fitted with.
        """
        if not len(rows):
            return []
        asker = Asker.of(self.reader, query)
        trust = self.reader.ranking.unit(query, rows, repeat=repeat)["content"].tolist()
        return [
            self._one(asker, row, float(unit), list(reasons))
            for row, unit, reasons in zip(rows.tolist(), trust, told, strict=True)
        ]

    def _one(self, asker: Asker, row: int, trust: float, told: list[Reason]) -> list[Reason]:
        least = WEIGHTY * sum(reason.share for reason in told if reason.share > 0)
        texts = {source(self.lang, name): place for place, name in enumerate(TEXTS)}
        asked = [at for at, one in enumerate(told) if one.text in texts and one.share > least]
        tried = self._tried(row) if asked else None
        if tried is None:
            return told
        given = asker.given(tried.placed, trust)
        for at in asked:
            carried = best_words(tried.words, given[texts[told[at].text]])
            if carried:
                quoted = listed(self.lang, [said(self.lang, "word", word=word) for word in carried])
                text = said(self.lang, "carried", text=told[at].text, words=quoted)
                told[at] = replace(told[at], text=text)
        return told

    def _tried(self, row: int) -> Tried | None:
        if self.reader.encoder is None and not content_of(self.reader.ranking).word:
            return None  # texts count for nothing in this model
        if row not in self.read:
            text = self.reader.text(row)
            words = distinct(text)
            placed = Way(self.reader, row).placed([text, *(without(text, word) for word in words)])
            self.read[row] = Tried(words, placed) if words else None
        return self.read[row]


def best_words(words: Sequence[str], given: Vectors) -> list[str]:
    """Return the words that gave most, in order, where any gave anything.

    >>> best_words(["a", "robot", "fights", "robots"], np.array([0.01, 0.5, 0.3, -0.2], dtype=np.float32))
    ['robot', 'fights']
    """
    order = np.argsort(-given, kind="stable")[:NAMED].tolist()
    least = LEAST * max(0.0, float(given.max(initial=0.0)))
    return [words[place] for place in order if given[place] > 0 and given[place] >= least]


def distinct(text: str) -> tuple[str, ...]:
    """Return the first distinct words of a text as they are first written; Chinese by its dictionary.

    >>> distinct("War, and the war again: 1999.")
    ('War', 'and', 'the', 'again', '1999')
    """
    found: dict[str, str] = {}
    for match in WORD.finditer(text):
        found.setdefault(match[0].lower(), match[0])
    single = [word for word in found if not word.isascii() and len(word) == 1]
    if single:
        longer = [term for term in segmented([text], best_division())[0] if not term.isascii()]
        found = {word: told for word, told in found.items() if word not in single}
        found |= {term: term for term in longer if term in text}
    return tuple(list(found.values())[:MOST])


def without(text: str, word: str) -> str:
    """Return a text without a word, wherever it stands.

    >>> without("War, and the war again", "war")
    ', and the  again'
    """
    if not word.isascii() and WORD.fullmatch(word) is None:  # several signs of a script without spaces
        return text.replace(word, "")
    kept, at = [], 0
    for match in WORD.finditer(text):
        if match[0].lower() == word.lower():
            kept.append(text[at : match.start()])
            at = match.end()
    return "".join([*kept, text[at:]])
