"""Text into words, also where no spaces divide them: Chinese by the dictionary of `jieba`, or by pairs."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from typing import Any, Literal, TypeAlias, get_args

from penchant.data.terms import terms_of
from penchant.errors import LanguageError

Division: TypeAlias = Literal["jieba", "pairs"]
"""How a run of Chinese becomes terms: words of a dictionary, or all pairs of neighbouring characters."""
DIVISIONS = get_args(Division)
NEEDED = "jieba"
LONGEST_RUN = 2_000
"""Characters of one run that are looked up at once."""


def best_division() -> Division:
    """Return "jieba" where that package is installed, else "pairs"."""
    return "jieba" if find_spec(NEEDED) else "pairs"


def chinese_words(run: str) -> list[str]:
    """Return the words of a run of Chinese, long ones followed by the shorter words inside them.

    Words are the most probable ones by the dictionary's counts; what it does not know is divided into signs,
    whose pairs are added.
    Raises LanguageError where jieba is not installed.
    """
    found: list[str] = []
    single = ""
    for start in range(0, len(run), LONGEST_RUN):
        for word in dictionary()(run[start : start + LONGEST_RUN]):
            if len(word) == 1:
                single += word
                continue
            found += _pairs(single)
            single = ""
            found.append(word)
    return found + _pairs(single)


def _pairs(signs: str) -> list[str]:
    return [first + second for first, second in pairwise(signs)] or ([signs] if signs else [])


def segmented(texts: Sequence[str], division: Division) -> list[list[str]]:
    """Return the terms of each text, in lower case: words, and Chinese as `division` says.

    Other scripts without spaces (Japanese kana, Thai, …) are divided into pairs in any case.
    """
    return terms_of(texts, chinese_words if division == "jieba" else None)


@cache
def dictionary() -> Callable[[str], Iterable[str]]:
    """Return what divides a run of Chinese into words; the dictionary is read once, in about a second.

    Raises LanguageError where jieba is not installed.
    """
    try:
        with warnings.catch_warnings():
            # Old escapes in its patterns, and a look for pkg_resources, are no concern of the user's.
            warnings.simplefilter("ignore")
            import jieba
    except ImportError as error:
        raise LanguageError(
            "the texts of this model were divided into words by jieba, which is not installed",
            hint="pip install 'penchant[chinese]'",
        ) from error
    known: Any = jieba.Tokenizer()
    # As its own `initialize` does, without the copy that it would leave in the folder for temporary files.
    known.FREQ, known.total = known.gen_pfdict(known.get_dict_file())
    known.initialized = True
    return lambda run: known.cut_for_search(run, HMM=False)
