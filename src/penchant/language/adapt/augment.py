"""Copies of a description that say the same in part, and in another order."""

from collections.abc import Sequence

from numpy.random import Generator

LONGEST = 4
"""Words of one part, at most, for which the parts of a line are a list whose order says nothing."""


def varied(texts: Sequence[str], part: float, rng: Generator) -> list[str]:
    """Return a copy of each text: lines but the first are left out with the chance `part`, and shuffled.

    The first line, which is the title where there is one, stays; the parts of a list after a colon are
    shuffled too. A text of one line stays as it is.
    """
    return [_varied(text, part, rng) for text in texts]


def _varied(text: str, part: float, rng: Generator) -> str:
    first, *rest = text.split("\n")
    kept = [_shuffled(line, rng) for line in rest if rng.random() >= part]
    return "\n".join([first, *(kept[n] for n in rng.permutation(len(kept)))])


def _shuffled(line: str, rng: Generator) -> str:
    name, colon, values = line.partition(": ")
    parts = values.split(", ")
    if not colon or len(parts) < 2 or any(len(value.split()) > LONGEST for value in (name, *parts)):
        return line
    return name + colon + ", ".join(parts[n] for n in rng.permutation(len(parts)))
