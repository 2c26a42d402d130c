"""Words of titles and prose as a sparse matrix: TF-IDF, without a list of stop words for any language."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import polars as pl
from scipy import sparse

from penchant.data.catalogue import Catalogue
from penchant.data.roles import roles
from penchant.types import Vectors

FEWEST_TEXTS, MOST_TERMS = 2, 20_000
"""Texts that a term must be in, and terms that are kept at most, those in most texts first."""
COMMON, MANY_TEXTS = 0.1, 50
"""The part of all texts that makes a term a stop word, where there are so many texts that it can be told."""
LONGEST_TEXT, LONGEST_TERM = 20_000, 40
_SPACELESS = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]+)"
)
"""Runs of Thai, Lao, Burmese, Khmer, Japanese and Chinese, which put no space between words."""
_HAN = re.compile("[\u3005\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")


def terms_of(texts: Sequence[str], divide: Callable[[str], Iterable[str]] | None = None) -> list[list[str]]:
    """Return the terms of each text: words in lower case; pairs of characters where words have no spaces.

    `divide` gives the terms of a run of Chinese characters in another way than by pairs.
    """
    folded = [unicodedata.normalize("NFKC", text[:LONGEST_TEXT]).casefold() for text in texts]
    signs = {sign for text in folded for sign in set(text)}
    spaces = {ord(sign): " " for sign in signs if unicodedata.category(sign)[0] not in "LMN"}
    return [list(_split(text.translate(spaces), divide)) for text in folded]


def _split(text: str, divide: Callable[[str], Iterable[str]] | None) -> Iterable[str]:
    for part in _SPACELESS.split(text):
        if divide is not None and _HAN.fullmatch(part):
            yield from divide(part)
        elif _SPACELESS.match(part):
            yield from (part[at : at + 2] for at in range(max(1, len(part) - 1)))
        else:
            yield from (word for word in part.split() if 1 < len(word) <= LONGEST_TERM)


def prose_columns(catalogue: Catalogue) -> tuple[str, ...]:
    """Return the columns of titles and prose."""
    return tuple(name for name, role in roles(catalogue).items() if role in ("title", "text"))


def prose(catalogue: Catalogue, names: Sequence[str]) -> list[str]:
    """Return what some columns say of each row as one text, "" where that is nothing."""
    parts: list[pl.Series] = []
    for name in (name for name in names if name in catalogue.table.columns):
        column = catalogue.table[name]
        if isinstance(column.dtype, pl.List | pl.Array):
            column = column.cast(pl.List(pl.String)).list.join(" ", ignore_nulls=True)
        parts.append(column.cast(pl.String).fill_null("").alias(f"part {len(parts)}"))
    if not parts:
        return [""] * len(catalogue)
    return pl.DataFrame(parts).select(pl.concat_str(pl.all(), separator=" ")).to_series().to_list()


@dataclass(frozen=True, slots=True)
class TermSpace:
    """The terms of one catalogue's prose, and how much each of them tells; other rows can be put into it.

    x_t = (1 + ln n_t) ln((1 + N) / (1 + N_t)), scaled to length one: n_t uses of a term in the text, N_t of N
    texts with it (Salton and Buckley, Information Processing and Management 1988).
    """

    columns: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    weights: Vectors = field(default_factory=lambda: np.empty(0, dtype=np.float32))

    @classmethod
    def fit(cls, catalogue: Catalogue, common: float = COMMON) -> Self:
        """Find the terms of a catalogue: in two texts at least, and not in all, or a large part of many."""
        columns = prose_columns(catalogue)
        texts = [own for own in terms_of(prose(catalogue, columns)) if own]
        uses = Counter(term for own in texts for term in set(own))
        most = common * len(texts) if len(texts) >= MANY_TEXTS else len(texts)
        kept = [term for term, n in uses.items() if FEWEST_TEXTS <= n <= most and n < len(texts)]
        kept = sorted(sorted(kept, key=lambda term: (-uses[term], term))[:MOST_TERMS])
        counts = np.array([uses[term] for term in kept], dtype=np.float64)
        return cls(columns, tuple(kept), np.log((1 + len(texts)) / (1 + counts)).astype(np.float32))

    def __len__(self) -> int:
        return len(self.terms)

    def transform(self, catalogue: Catalogue) -> sparse.csr_matrix:
        """Return TF-IDF vectors of length one, float32 of shape (n, T); zero where no term is known."""
        return self.of_texts(prose(catalogue, self.columns) if self.terms else [""] * len(catalogue))

    def of_texts(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Return the same of texts, shape (n, T)."""
        place = {term: at for at, term in enumerate(self.terms)}
        rows: list[int] = []
        at: list[int] = []
        for row, own in enumerate(terms_of(texts)):
            found = [place[term] for term in own if term in place]
            at += found
            rows += [row] * len(found)
        shape, ones = (len(texts), len(self.terms)), np.ones(len(at), dtype=np.float32)
        made = sparse.csr_matrix((ones, (rows, at)), shape=shape, dtype=np.float32)
        made.sum_duplicates()
        made.data = (1 + np.log(made.data)) * self.weights[made.indices]
        lengths = np.sqrt(np.asarray(made.multiply(made).sum(axis=1), dtype=np.float64)).ravel()
        scales = np.where(lengths > 0, 1 / np.where(lengths > 0, lengths, 1), 0).astype(np.float32)
        return sparse.csr_matrix(sparse.diags(scales) @ made, dtype=np.float32)

    def keywords(self, catalogue: Catalogue, most: int = 5) -> list[list[str]]:
        """Return the terms that tell most of each row, the strongest first, `most` at most."""
        vectors = self.transform(catalogue)
        found = []
        for start, end in zip(vectors.indptr[:-1], vectors.indptr[1:], strict=True):
            own = vectors.indices[start:end]
            order = np.lexsort((own, -vectors.data[start:end]))[:most]
            found.append([self.terms[at] for at in own[order]])
        return found
