"""Requests as a model learns from them: vector, terms, items named in the text, items they were for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from penchant.requests.learned_terms import Terms
from penchant.types import Rows, Vectors

TOKEN = re.compile(r"[^\W_]+")
LONGEST = 12
"""Words of a title that are compared."""


@dataclass(frozen=True, slots=True)
class Names:
    """Titles of at least two words, to find in a text: single words are too often meant as words."""

    rows: dict[tuple[str, ...], int]
    n_items: int

    @classmethod
    def of(cls, titles: Sequence[str]) -> "Names":
        """Learn the titles of the items, in the order of their rows; of equal ones the first counts."""
        found: dict[tuple[str, ...], int] = {}
        for row, title in enumerate(titles):
            words = tuple(TOKEN.findall(title.lower()))
            if 2 <= len(words) <= LONGEST:
                found.setdefault(words, row)
        return cls(found, len(titles))

    def named(self, text: str) -> list[int]:
        """Return the rows of the items named in a text, the longest title first at every place."""
        found: dict[int, None] = {}
        for line in text.lower().split("\n"):
            words, at = tuple(TOKEN.findall(line)), 0
            while at < len(words) - 1:
                for size in range(min(LONGEST, len(words) - at), 1, -1):
                    row = self.rows.get(words[at : at + size])
                    if row is not None:
                        found[row] = None
                        at += size - 1
                        break
                at += 1
        return list(found)

    def matrix(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Return which items each text names, sparse (R, I)."""
        return incidence([self.named(text) for text in texts], self.n_items)


@dataclass(frozen=True, slots=True)
class Examples:
    """R requests: `vectors` (R, width), `terms` sparse (R, T), `named` and `wanted` sparse (R, I)."""

    vectors: Vectors
    terms: sparse.csr_matrix
    named: sparse.csr_matrix
    wanted: sparse.csr_matrix

    @classmethod
    def read(
        cls,
        texts: Sequence[str],
        vectors: Vectors,
        terms: Terms,
        names: Names,
        wanted: Sequence[Sequence[int]] | None = None,
    ) -> "Examples":
        """Prepare requests; without `wanted`, nobody knows what they are for."""
        answers = incidence([[]] * len(texts) if wanted is None else wanted, names.n_items)
        return cls(vectors, terms.apply(texts), names.matrix(texts), answers)

    def __len__(self) -> int:
        return len(self.vectors)

    def at(self, rows: Rows) -> "Examples":
        """Return some of the requests."""
        return Examples(self.vectors[rows], self.terms[rows], self.named[rows], self.wanted[rows])


def incidence(lists: Sequence[Sequence[int]], width: int) -> sparse.csr_matrix:
    """Return ones at the places of each list, sparse (len(lists), width), each place once."""
    once = [sorted(set(row)) for row in lists]
    bounds = np.cumsum([0] + [len(row) for row in once])
    columns = np.array([column for row in once for column in row], dtype=np.int64)
    ones = np.ones(len(columns), dtype=np.float32)
    return sparse.csr_matrix((ones, columns, bounds), shape=(len(lists), width))


def scaled(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return the rows divided by their sums; empty rows stay empty."""
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    return sparse.csr_matrix(sparse.diags((1 / np.where(sums > 0, sums, 1)).astype(np.float32)) @ matrix)


def conversations(texts: Sequence[str]) -> Rows:
    """Number the requests, (R,), so that turns of one conversation share a number.

    A later turn begins with the whole text of an earlier one: those that learn and those that judge must not
    hold parts of the same talk.
    """
    order = sorted(range(len(texts)), key=lambda row: texts[row])
    groups, start = np.zeros(len(texts), dtype=np.int64), ""
    for place, row in enumerate(order):
        text = texts[row]
        same = place > 0 and (text == start or text.startswith(start + "\n"))
        groups[row] = groups[order[place - 1]] + (0 if same else 1) if place else 0
        start = start if same else text
    return groups
