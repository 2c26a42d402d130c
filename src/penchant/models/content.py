"""Content: from texts and attributes to the space of behaviour, for items without one event.

A teacher B (EASE on the events alone) says which items belong to which history; kernel ridge regression
learns to foretell an item's column of B from what is written about it, that of a later item as well:

    k(i, j) = ½ exp(−2‖d_i − d_j‖² / s) + ½ exp(−‖d_i − d_j‖² / 2s),
    V = K_{·L} (K_{LA} K_{AL} + λ K_LL)⁻¹ K_{LA} (Bᵀ C),   score = x C Vᵀ.

d joins the whitened text vector (where no encoder read the texts: TF-IDF of their words), the whitened
vectors of media, and each attribute's features; the weights of words and media are those that foretell
items best that are left out one by one. L are landmark items (Nyström; all of them in a small catalogue),
A the items with events, C the strongest directions of B, x a history without decay.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.random import Generator

from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.data.terms import TermSpace
from penchant.language.knowledge import Knowledge
from penchant.language.whiten import Whitening
from penchant.models.algebra import directions, solution
from penchant.models.description import Attributes, Description, Parts
from penchant.models.history import decayed, distinct, histories, times_dense
from penchant.models.item_to_item import DENSE, active_items, pairs
from penchant.models.scorer import State, below, best, pick
from penchant.models.similarity import Similarity
from penchant.types import NO_ROWS, Query, Rows, Scores, Vectors

FLAT = np.zeros((0, 0), dtype=np.float32)
WEIGHTS, MEDIA_EPS, PRESS_ITEMS = (0.0, 0.25, 0.5, 0.75, 1.0), 10.0, 1_000
"""Weights of words and of media that are tried, on how many items, and the shrinkage of media's whitening."""
ARRAYS = ("active", "tastes", "vectors", "map", "media_mean", "media_axes")


@dataclass(kw_only=True)
class Content:
    """`ridge` is λ, `scale` is s; `text` and `attribute` weigh the parts of a description (of length one).

    `word` and `media` are the weights of the words' TF-IDF and of media vectors, learned by `fit`;
    `media_mean` and `media_axes` whiten the latter.
    """

    ridge: float = 1.0
    scale: float = 2.0
    text: float = 0.7
    attribute: float = 0.35
    teacher_l2: float = 200.0
    word: float = 0.0
    media: float = 0.0
    landmarks: int = 2_000
    factors: int = 256
    active: Rows = field(default_factory=lambda: NO_ROWS)
    tastes: Vectors = field(default_factory=lambda: FLAT)
    vectors: Vectors = field(default_factory=lambda: FLAT)
    map: Vectors = field(default_factory=lambda: FLAT)
    anchors: Description = field(
        default_factory=lambda: Description(FLAT, sp.csr_matrix((0, 0), dtype=np.float32))
    )
    attributes: Attributes = field(default_factory=Attributes)
    terms: TermSpace = field(default_factory=TermSpace)
    media_mean: Vectors = field(default_factory=lambda: np.empty(0, dtype=np.float32))
    media_axes: Vectors = field(default_factory=lambda: FLAT)

    def fit(self, data: Dataset, knowledge: Knowledge, *, rng: Generator) -> Self:
        """Learn the map from descriptions to the teacher's columns."""
        self.attributes = Attributes.fit(data.items)
        self.terms = TermSpace() if knowledge.known.any() else TermSpace.fit(data.items)
        self.word, self.media = WEIGHTS[-1] if len(self.terms) else 0.0, 0.0
        if knowledge.media.shape[1]:
            shown = np.asarray(knowledge.media.any(axis=1))
            seen = Whitening.fit(knowledge.media, shown, eps=MEDIA_EPS)
            self.media_mean, self.media_axes, self.media = seen.mean, seen.axes, WEIGHTS[-1]
        parts = self.parts_of(data.items, knowledge)
        described = self.weigh(parts)
        self.active = active_items(data, cap=DENSE)  # the teacher is dense; its map serves all items
        usable = self.active[described.norms[self.active] > 0]
        if not len(usable):
            self.tastes = np.zeros((len(self.active), 1), dtype=np.float32)
            self.map, self.anchors = np.zeros((0, 1), dtype=np.float32), described.rows(NO_ROWS)
        else:
            teacher = Similarity(l2=self.teacher_l2).solve(pairs(data)[:, self.active], FLAT)
            self.tastes = directions(teacher, self.factors, rng)
            targets = (teacher.T @ self.tastes)[np.searchsorted(self.active, usable)]
            if self.word or self.media:
                described = self.trust(parts, usable, targets, rng)
            self.learn(described.rows(usable), targets, rng)
        self.vectors = self.place(described)
        return self

    def learn(self, described: Description, targets: Vectors, rng: Generator) -> None:
        """Solve the ridge regression on landmarks drawn by `rng`."""
        n = targets.shape[0]
        chosen = (
            np.arange(n) if n <= self.landmarks else np.sort(rng.choice(n, self.landmarks, replace=False))
        )
        self.anchors = described.rows(chosen)
        among = self.anchors.kernel(self.anchors, self.scale).astype(np.float64)
        if len(chosen) == n:
            left, right = among, targets.astype(np.float64)
            left[np.diag_indices_from(left)] += self.ridge
        else:
            across = described.kernel(self.anchors, self.scale)
            left = (across.T @ across).astype(np.float64) + self.ridge * among
            left[np.diag_indices_from(left)] += 1e-6 * n
            right = (across.T @ targets).astype(np.float64)
        self.map = solution(left, right)

    def describe(self, items: Catalogue, knowledge: Knowledge) -> Description:
        """Weigh the parts of each item's description."""
        return self.weigh(self.parts_of(items, knowledge))

    def parts_of(self, items: Catalogue, knowledge: Knowledge) -> Parts:
        """Return the parts of each item's description; words and media have no weight yet."""
        attributes = self.attributes.of(items) * np.float32(self.attribute)
        words = self.terms.transform(items) if self.word else sp.csr_matrix((len(items), 0), dtype=np.float32)
        media = np.zeros((len(items), 0), dtype=np.float32)
        if self.media and knowledge.media.shape[1]:
            media = Whitening(self.media_mean, self.media_axes).apply(knowledge.media)
        return Parts(knowledge.vectors * np.float32(self.text), media, attributes, words)

    def weigh(self, parts: Parts) -> Description:
        """Join the parts by the weights of words and media."""
        texts = np.concatenate((parts.texts, parts.media * np.float32(self.media)), axis=1)
        joined = sp.hstack((parts.attributes, parts.words * np.float32(self.word)), format="csr")
        return Description(texts, sp.csr_matrix(joined, dtype=np.float32))

    def trust(self, parts: Parts, usable: Rows, targets: Vectors, rng: Generator) -> Description:
        """Learn the weights of words and media, 0 among them, and return the descriptions with them.

        Those win with which items left out one by one are foretold best: with α = (K + λI)⁻¹T, the residual
        of a row that is left out is α_i / (K + λI)⁻¹_ii (the PRESS statistic; Allen, Technometrics 1974).
        """
        picked = np.sort(rng.choice(len(usable), min(len(usable), PRESS_ITEMS), replace=False))
        sample, wanted = parts.rows(usable[picked]), targets[picked].astype(np.float64)
        for name in ("word", "media"):
            errors = []
            for weight in WEIGHTS if getattr(self, name) else ():
                setattr(self, name, weight)
                part = self.weigh(sample)
                gram = part.kernel(part, self.scale).astype(np.float64)
                gram[np.diag_indices_from(gram)] += self.ridge
                inverse = np.linalg.inv(gram)
                errors.append(float((((inverse @ wanted) / np.diag(inverse)[:, None]) ** 2).sum()))
            if errors:
                setattr(self, name, WEIGHTS[int(np.argmin(errors))])
        if not self.word:  # a bundle needs not carry what has no weight
            self.terms, parts = TermSpace(), replace(parts, words=parts.words[:, :0])
        return self.weigh(parts if self.media else replace(parts, media=parts.media[:, :0]))

    def place(self, described: Description) -> Vectors:
        """Return vectors in the space of behaviour, shape (n, factors); zero where nothing is written."""
        placed = np.zeros((described.texts.shape[0], self.map.shape[1]), dtype=np.float32)
        for start in range(0, len(placed) if len(self.map) else 0, 4096):
            part = described.rows(np.arange(start, min(start + 4096, len(placed))))
            vectors = part.kernel(self.anchors, self.scale) @ self.map
            placed[start : start + 4096] = np.where(part.norms[:, None] > 0, vectors, 0.0)
        return placed

    def users(self, queries: Sequence[Query]) -> Vectors:
        """Return histories in the space of behaviour, shape (Q, factors)."""
        return times_dense(histories(queries, len(self.vectors))[:, self.active], self.tastes)

    def score(self, queries: Sequence[Query], items: Rows | None = None) -> Scores:
        """Multiply histories with items, both in the space of behaviour."""
        return pick(self.users(queries) @ self.vectors.T, items)

    def retrieve(self, queries: Sequence[Query], n: int) -> tuple[Rows, Scores]:
        """Return the n best items for each query."""
        return best(self.score(queries), n)

    def parts(self, query: Query, items: Rows) -> tuple[Rows, Scores]:
        """Return the items of the history, shape (T,), and what each gives to `items`, shape (T, C)."""
        had, x = decayed(*distinct(query, len(self.vectors)))
        inside = np.isin(had, self.active)
        given = np.zeros((len(had), len(items)), dtype=np.float32)
        rows = np.searchsorted(self.active, had[inside])
        given[inside] = x[inside, None] * (self.tastes[rows] @ self.vectors[items].T)
        return had, given

    def extend(self, items: Catalogue, knowledge: Knowledge) -> Self:
        """Place new items by what is written about them."""
        new = np.arange(len(self.vectors), len(items))
        placed = self.place(self.describe(items.rows(new), knowledge.rows(new)))
        return replace(self, vectors=np.concatenate((self.vectors, placed)))

    def state(self) -> State:
        """Return the vectors, the map that places new items, and the settings."""
        written = self.attributes.state()
        arrays = {name: getattr(self, name) for name in ARRAYS}
        anchors = self.anchors.attributes
        sparse = {"data": anchors.data, "indices": anchors.indices, "indptr": anchors.indptr}
        arrays |= {f"anchors_{name}": value for name, value in sparse.items()} | {
            "anchors_texts": self.anchors.texts
        }
        arrays |= {f"written/{name}": value for name, value in written.arrays.items()}
        arrays["terms_weights"] = self.terms.weights
        own = ("ridge", "scale", "text", "attribute", "word", "media", "teacher_l2", "landmarks", "factors")
        settings = {name: getattr(self, name) for name in own}
        told = {"columns": list(self.terms.columns), "terms": list(self.terms.terms)}
        scalars = {"settings": settings, "written": written.scalars, "width": anchors.shape[1], "terms": told}
        return State(arrays, scalars)

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Build the model again."""
        arrays: dict[str, Any] = dict(state.arrays)
        texts = arrays.pop("anchors_texts")
        sparse = tuple(arrays.pop(f"anchors_{name}") for name in ("data", "indices", "indptr"))
        attributes = sp.csr_matrix(sparse, shape=(len(texts), state.scalars["width"]))
        written = State(below(arrays, "written/"), state.scalars["written"])
        arrays = {name: value for name, value in arrays.items() if not name.startswith("written/")}
        terms = TermSpace(
            **{k: tuple(v) for k, v in state.scalars["terms"].items()}, weights=arrays.pop("terms_weights")
        )
        return cls(
            **state.scalars["settings"],
            **arrays,
            anchors=Description(texts, attributes),
            attributes=Attributes.from_state(written),
            terms=terms,
        )
