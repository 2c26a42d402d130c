"""The same item twice: the same title and attributes, or nearly the same text."""

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from penchant.data.catalogue import Catalogue
from penchant.data.features import tokens_of, values_of
from penchant.data.roles import Role, roles, separator
from penchant.types import Rows

ALIKE, FEWEST_WORDS, MOST_TEXTS, RARE = 0.95, 12, 50_000, 50
"""Cosine of texts that are the same; words of a text from which on it can tell; most texts that are
compared; a word in more texts than this is not looked up (it still counts in the length)."""
WORD = re.compile(r"\w+")
Names = list[frozenset[str]]


@dataclass(frozen=True, slots=True)
class Twins:
    """Groups of rows that are one item each, every group of two or more, rows ascending."""

    groups: tuple[tuple[int, ...], ...]

    def __len__(self) -> int:
        return len(self.groups)

    @property
    def spare(self) -> int:
        """How many items there are too many."""
        return sum(len(group) - 1 for group in self.groups)


def twins(catalogue: Catalogue) -> Twins:
    """Find items that are there more than once."""
    found = roles(catalogue)
    pairs = [*_by_title(catalogue, found), *_by_text(catalogue, found)]
    if not pairs:
        return Twins(())
    a, b = np.array(pairs).T
    graph = sparse.coo_matrix((np.ones(len(a)), (a, b)), shape=(len(catalogue),) * 2)
    _, labels = connected_components(graph, directed=False)
    groups = defaultdict(list)
    for row in np.unique([a, b]).tolist():
        groups[labels[row]].append(row)
    return Twins(tuple(sorted(tuple(group) for group in groups.values())))


def folded(title: str) -> str:
    """Return a title without case, accents, punctuation and white space.

    >>> folded("Amélie  (2001)") == folded("amelie 2001")
    True
    """
    plain = unicodedata.normalize("NFKD", title)
    return "".join(sign for sign in plain if sign.isalnum()).casefold()


def _by_title(catalogue: Catalogue, found: dict[str, Role]) -> list[tuple[int, int]]:
    """Pair items of one title whose other attributes agree wherever both are known."""
    if catalogue.title is None:
        return []
    groups = defaultdict(list)
    for row, title in enumerate(catalogue.table[catalogue.title].cast(pl.String).to_list()):
        if title and (key := folded(title)):
            groups[key].append(row)
    same = [group for group in groups.values() if len(group) > 1]
    if not same:
        return []
    rows = np.array(sorted(row for group in same for row in group))
    place = {row: at for at, row in enumerate(rows.tolist())}
    told = [attribute(catalogue.table[name], role, rows) for name, role in found.items() if role in COMPARED]
    return [
        (a, b)
        for group in same
        for a, b in _pairs(group)
        if all(agree(column[place[a]], column[place[b]]) for column in told)
    ]


COMPARED = frozenset({"category", "multi", "number", "year", "date", "text"})


def _pairs(group: list[int]) -> list[tuple[int, int]]:
    """Return all pairs of a group, of a large one only neighbours."""
    if len(group) > 20:
        return list(pairwise(group))
    return [(a, b) for place, a in enumerate(group) for b in group[place + 1 :]]


def attribute(cells: pl.Series, role: Role, rows: Rows) -> Names:
    """Return what a column says of some rows, as sets that can be compared; empty where it says nothing."""
    part = cells.gather(rows)
    if role in ("number", "year", "date"):
        return [frozenset({f"{v:.6g}"} if np.isfinite(v) else ()) for v in values_of(part, role)]
    if role == "text" and not part.dtype.is_nested():
        texts = part.cast(pl.String).to_list()
        return [frozenset({folded(text)} if text and folded(text) else ()) for text in texts]
    sign = (
        separator(cells.cast(pl.String).drop_nulls())
        if role == "multi" and cells.dtype == pl.String
        else None
    )
    sets: list[set[str]] = [set() for _ in range(len(rows))]
    for row, token in tokens_of(part, sign).iter_rows():
        sets[row].add(token.lower())
    return [frozenset(names) for names in sets]


def agree(a: frozenset[str], b: frozenset[str]) -> bool:
    """Tell whether two rows say the same, or one says no more than a part of the other, or nothing."""
    return a <= b or b <= a


def _by_text(catalogue: Catalogue, found: dict[str, Role]) -> list[tuple[int, int]]:
    """Pair items whose prose is nearly the same, by the cosine of TF-IDF."""
    prose = [
        name for name, role in found.items() if role == "text" and not catalogue.table[name].dtype.is_nested()
    ]
    if not prose:
        return []
    joined = pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in prose], separator=" ")
    texts = catalogue.table.select(joined).to_series().to_list()
    words = [WORD.findall(text.casefold()) for text in texts]
    rows = np.array([row for row, own in enumerate(words) if len(set(own)) >= FEWEST_WORDS], dtype=np.int64)
    if not 2 <= len(rows) <= MOST_TEXTS:
        return []
    return [(int(rows[a]), int(rows[b])) for a, b in near([words[row] for row in rows])]


def near(texts: list[list[str]]) -> list[tuple[int, int]]:
    """Return the pairs of texts, given as words, with a cosine of TF-IDF of at least `ALIKE`."""
    numbered: dict[str, int] = {}
    at = np.array([numbered.setdefault(w, len(numbered)) for text in texts for w in text], dtype=np.int64)
    owner = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    counts = sparse.csr_matrix((np.ones(len(at)), (owner, at)), shape=(len(texts), len(numbered)))
    n_texts = np.bincount(counts.indices, minlength=len(numbered))
    vectors = _weighed(counts, n_texts)
    rare = vectors[:, (n_texts > 1) & (n_texts <= RARE)]
    found = []
    for start in range(0, len(texts), 2000):
        shared = (rare[start : start + 2000] @ rare.T).tocoo()
        a, b = shared.row + start, shared.col
        # Rare words give a lower bound of the cosine: only pairs that share some are worth the whole sum.
        likely = (a < b) & (shared.data > 0.2)
        a, b = a[likely], b[likely]
        cosines = np.asarray(vectors[a].multiply(vectors[b]).sum(axis=1)).ravel()
        found += list(zip(a[cosines >= ALIKE].tolist(), b[cosines >= ALIKE].tolist(), strict=True))
    return found


def _weighed(counts: sparse.csr_matrix, n_texts: NDArray[np.int64]) -> sparse.csr_matrix:
    """Return TF-IDF vectors of length one."""
    weighed = counts.copy()
    weighed.data = (1 + np.log(counts.data)) * np.log(1 + counts.shape[0] / n_texts)[counts.indices]
    lengths = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
    return sparse.csr_matrix(sparse.diags(1 / np.maximum(lengths, 1e-12)) @ weighed)
