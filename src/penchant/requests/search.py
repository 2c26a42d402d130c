"""Search by words: BM25 over what is known of each item, through the library bm25s.

score_i = Σ_t idf(t) · tf(t, i) (k₁ + 1) / (tf(t, i) + k₁ (1 − b + b |i| / mean |i|)), with Lucene's
idf. Chinese is searched by pairs of characters, those of phrases that tell nothing left out; words of a
dictionary find no more (docs/language.md). Robertson and Zaragoza, Foundations and Trends in
Information Retrieval 2009.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from penchant.errors import SettingError
from penchant.requests.phrases import STOP_PHRASES, STOPWORDS
from penchant.requests.reading import chinese, folded, singular
from penchant.types import Scores

LONGEST = 20_000
"""Characters of a text that are searched."""
_TERM = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+|[^\W_]+(?:'[^\W_]+)*")
_TELLS_NOTHING = re.compile(
    "|".join(sorted((phrase.replace(" ", "") for phrase in STOP_PHRASES), key=lambda one: (-len(one), one)))
)


def terms(text: str) -> list[str]:
    """Return what a text is searched by: words without endings of the plural, pairs of Chinese characters.

    >>> terms("The dresses of 动作片")
    ['dress', '动作', '作片']
    """
    found: list[str] = []
    for part in _TERM.findall(folded(text[:LONGEST])):
        if chinese(part):
            for own in filter(None, _TELLS_NOTHING.split(part)):
                found += [own[place : place + 2] for place in range(max(1, len(own) - 1))]
        elif part not in STOPWORDS:
            found.append(singular(part.removesuffix("'s")))
    return found


@dataclass(frozen=True, slots=True)
class WordIndex:
    """`index` is the library's own, None where no item says anything; `idf` tells how rare a term is.

    `spread` is the standard deviation of the scores that items' own beginnings get, the unit of `score`.
    """

    index: Any
    idf: dict[str, float]
    sets: tuple[frozenset[str], ...]
    spread: float

    @classmethod
    def of(cls, texts: Sequence[str]) -> Self:
        """Index the items' texts, "" for an item of which nothing is known.

        Raises SettingError where bm25s is not installed.
        """
        try:
            import bm25s
        except ImportError as error:
            raise SettingError(
                "requests in words need the package bm25s", hint="pip install 'penchant[requests]'"
            ) from error
        split = [terms(text) for text in texts]
        sets = tuple(frozenset(one) for one in split)
        uses: dict[str, int] = {}
        for own in sets:
            for term in own:
                uses[term] = uses.get(term, 0) + 1
        n = len(split)
        idf = {term: float(np.log1p((n - used + 0.5) / (used + 0.5))) for term, used in uses.items()}
        if not uses:
            return cls(None, {}, sets, 1.0)
        index = bm25s.BM25(auto_compile=False)
        index.index(split, show_progress=False)
        found = cls(index, idf, sets, 1.0)
        told = [own[:8] for own in split if own]
        examples = [found._raw(own) for own in told[:: max(1, len(told) // 100)]]
        spread = float(np.mean([np.std(scores) for scores in examples])) or 1.0
        return cls(index, idf, sets, spread)

    def score(self, text: str) -> Scores:
        """Return how well each item answers to the words of a request, (n_items,), 0 without any of them."""
        return self._raw(terms(text)) / np.float32(self.spread)

    def _raw(self, asked: list[str]) -> Scores:
        known = [term for term in dict.fromkeys(asked) if term in self.idf]
        if not known:
            return np.zeros(len(self.sets), dtype=np.float32)
        scores: NDArray[np.float32] = self.index.get_scores(known)
        return np.asarray(scores, dtype=np.float32)

    def shared(self, text: str, row: int) -> list[str]:
        """Return the terms of a request that an item holds, the rarest first."""
        return sorted(set(terms(text)) & self.sets[row], key=lambda term: -self.idf[term])

    def coverage(self, text: str, row: int) -> float:
        """Return which part of a request's terms an item holds, rare ones counting more, 0 to 1."""
        asked = set(terms(text))
        rarest = max(self.idf.values(), default=1.0)
        weights = {term: self.idf.get(term, rarest) for term in asked}
        return sum(weights[term] for term in asked & self.sets[row]) / (sum(weights.values()) or 1.0)
