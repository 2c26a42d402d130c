"""Whether what a model wrote rests on what it was given: names, numbers and words must be there."""

import re
from collections.abc import Iterable

from penchant.data.terms import terms_of

STEM = 5
"""Letters by which words count as the same: "detective" and "detectives" do not differ."""
SHORT = 4
"""Letters up to which a word carries grammar rather than meaning."""
SHARE = 0.6
"""Part of the words with a meaning that the evidence must hold."""
NAME = re.compile(r"(?<![.!?]\s)(?<!^)(?<![\"“'(])\b[A-Z][\w'\u2019-]*")
NUMBER = re.compile(r"\d+")


def stems(text: str) -> Iterable[str]:
    """Yield the beginnings of a text's words, in lower case."""
    return (word[:STEM] for word in terms_of([text])[0])


def supported(said: str, evidence: str) -> bool:
    """Tell whether a text rests on its evidence.

    All numbers and names (capitals within a sentence) must be there, and `SHARE` of the longer words, by
    their first letters; a text without any of them says nothing, and is not supported.
    """
    known = set(stems(evidence))
    if any(number not in NUMBER.findall(evidence) for number in NUMBER.findall(said)):
        return False
    if any(stem not in known for name in NAME.findall(said) for stem in stems(name)):
        return False
    weighty = [word[:STEM] for word in terms_of([said])[0] if len(word) > SHORT]
    return bool(weighty) and sum(word in known for word in weighty) >= SHARE * len(weighty)
