"""Whether English texts speak for or against, by the lexicon of the library TextBlob (an extra).

The lexicon lies inside its wheel; nothing is downloaded. Other languages are left alone: German "die" is no
threat.
"""

from importlib.util import find_spec

import numpy as np
import polars as pl
from numpy.typing import NDArray

from penchant.data.languages import FEWEST_LETTERS, SAMPLE, language_of, languages

LIBRARY, EXTRA = "textblob", "pip install 'penchant[sentiment]'"
ENGLISH, LONGEST = 0.9, 20_000
"""The share of English from which on every text is taken for it; characters of a text that are read."""


def installed() -> bool:
    """Tell whether the library is there."""
    return find_spec(LIBRARY) is not None


def by_lexicon(texts: pl.Series) -> NDArray[np.float64]:
    """Return the sentiment of texts in [-1, 1], shape (N,), NaN for those that are no English.

    About a millisecond a text; texts that are alike are read once.
    """
    from textblob.en import sentiment

    different = texts.drop_nulls().unique().sort()
    shares = dict(languages(different.gather_every(max(1, len(different) // SAMPLE)).to_list()))
    english = shares.get("en", 0.0)
    every = not shares or english >= ENGLISH
    told = [
        sentiment(text[:LONGEST])[0] if every or (english and _english(text)) else None for text in different
    ]
    read = texts.replace_strict(different, pl.Series(told, dtype=pl.Float64), default=None)
    return read.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _english(text: str) -> bool:
    return len(text) >= FEWEST_LETTERS and language_of(text) == "en"
