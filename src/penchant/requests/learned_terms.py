"""Words and pieces of words of a request as sparse features, weighted by how rare they are.

x_t = (1 + log n_t) · log((1 + N) / (1 + N_t)), rows at unit length; n_t counts the term t in the text, N_t
the texts of the fit that have it, N all of them (Salton and Buckley, Information Processing and Management
1988).
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from scipy import sparse

from penchant.types import Vectors

WORD = re.compile(r"[^\W_]+")
PIECES = (3, 4)
"""Lengths of the pieces of words: they find what spelling and endings hide, and words of unspaced scripts."""
MOST = 50_000


def terms_of(text: str) -> Counter[str]:
    """Count the words, pairs of words and pieces of words of a text; a sign before it tells them apart."""
    words = WORD.findall(text.lower())
    found = Counter("w" + word for word in words)
    found.update(f"p{first} {second}" for first, second in pairwise(words))
    for word in words:
        edged = f" {word} "
        for size in PIECES:
            found.update("c" + edged[at : at + size] for at in range(len(edged) - size + 1))
    return found


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms that at least two texts of the fit had (`MOST` of them at most), and their weights, (T,)."""

    names: tuple[str, ...] = ()
    weights: Vectors = field(default_factory=lambda: np.zeros(0, dtype=np.float32))

    @classmethod
    def fit(cls, texts: Sequence[str]) -> "Terms":
        """Learn which terms there are and how rare each is."""
        seen: Counter[str] = Counter()
        for text in texts:
            seen.update(terms_of(text).keys())
        kept = sorted(sorted(name for name, count in seen.items() if count > 1), key=lambda name: -seen[name])
        names = tuple(kept[:MOST])
        counts = np.array([seen[name] for name in names], dtype=np.float64)
        return cls(names, np.log((1 + len(texts)) / (1 + counts)).astype(np.float32))

    def apply(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Return the rows at unit length, sparse (R, T); a text without a known term is zero."""
        place = {name: at for at, name in enumerate(self.names)}
        bounds, columns, values = [0], [], []
        for text in texts:
            found = {place[name]: count for name, count in terms_of(text).items() if name in place}
            row = np.fromiter(found, dtype=np.int64, count=len(found))
            value = (
                1 + np.log(np.fromiter(found.values(), dtype=np.float64, count=len(found)))
            ) * self.weights[row]
            length = float(np.sqrt((value**2).sum()))
            columns.append(row)
            values.append(value / length if length else value)
            bounds.append(bounds[-1] + len(row))
        return sparse.csr_matrix(
            (
                np.concatenate([*values, []]).astype(np.float32),
                np.concatenate([*columns, []]).astype(np.int64),
                bounds,
            ),
            shape=(len(texts), len(self.names)),
        )
