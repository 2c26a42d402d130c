"""Content: from texts and attributes to the space of behaviour, for items without one event.

A teacher B (EASE on the events alone) says which items belong to which history; kernel ridge regression
learns to foretell an item's column of B from what is written about it, that of a later item as well:

    k(i, j) = ½ exp(−2‖d_i − d_j‖² / s) + ½ exp(−‖d_i − d_j‖² / 2s),
    V = K_{·L} (K_{LA} K_{AL} + λ K_LL)⁻¹ K_{LA} (Bᵀ C),   score = x C Vᵀ.

d joins the whitened text vector, the whitened vectors of media, and each attribute's features; the weight of
media is the one that foretells items best that are left out one by one. L are landmark items (Nyström; all
of them in a small catalogue), A the items with events, C the strongest directions of B, x a history without
decay.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.random import Generator

from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.language.knowledge import Knowledge
from penchant.language.whiten import Whitening
from penchant.models.algebra import directions, solution
from penchant.models.description import Attributes, Description
from penchant.models.history import histories, times_dense
from penchant.models.item_to_item import DENSE, active_items, pairs
from penchant.models.scorer import State, below, best, pick
from penchant.models.similarity import Similarity
from penchant.types import NO_ROWS, Query, Rows, Scores, Vectors

FLAT = np.zeros((0, 0), dtype=np.float32)
MEDIA_WEIGHTS, MEDIA_EPS, PRESS_ITEMS = (0.0, 0.25, 0.5, 0.75, 1.0), 10.0, 1_000
"""Weights of media that are tried, the shrinkage of their whitening, and on how many items they are tried."""
ARRAYS = ("active", "tastes", "vectors", "map", "media_mean", "media_axes")


@dataclass(kw_only=True)
class Content:
    """`ridge` is λ, `scale` is s; `text` and `attribute` weigh the parts of a description (of length one).

    `media` is the weight of media vectors, learned by `fit`; `media_mean` and `media_axes` whiten them.
    """

    ridge: float = 1.0
    scale: float = 2.0
    text: float = 0.7
    attribute: float = 0.35
    teacher_l2: float = 200.0
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
    media_mean: Vectors = field(default_factory=lambda: np.empty(0, dtype=np.float32))
    media_axes: Vectors = field(default_factory=lambda: FLAT)

    def fit(self, data: Dataset, knowledge: Knowledge, *, rng: Generator) -> Self:
        """Learn the map from descriptions to the teacher's columns."""
        self.attributes = Attributes.fit(data.items)
        self.media = 0.0
        if knowledge.media.shape[1]:
            shown = np.asarray(knowledge.media.any(axis=1))
            seen = Whitening.fit(knowledge.media, shown, eps=MEDIA_EPS)
            self.media_mean, self.media_axes, self.media = seen.mean, seen.axes, MEDIA_WEIGHTS[-1]
        described = self.describe(data.items, knowledge)
        self.active = active_items(data, cap=DENSE)  # the teacher is dense; its map serves all items
        usable = self.active[described.norms[self.active] > 0]
        if not len(usable):
            self.tastes = np.zeros((len(self.active), 1), dtype=np.float32)
            self.map, self.anchors = np.zeros((0, 1), dtype=np.float32), described.rows(NO_ROWS)
        else:
            teacher = Similarity(l2=self.teacher_l2).solve(pairs(data)[:, self.active], FLAT)
            self.tastes = directions(teacher, self.factors, rng)
            targets = (teacher.T @ self.tastes)[np.searchsorted(self.active, usable)]
            if knowledge.media.shape[1]:
                self.media = self.trusted(data.items, knowledge, usable, targets, rng)
                described = self.describe(data.items, knowledge)
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
        attributes = self.attributes.of(items) * np.float32(self.attribute)
        texts = knowledge.vectors * np.float32(self.text)
        if self.media and knowledge.media.shape[1]:
            seen = Whitening(self.media_mean, self.media_axes).apply(knowledge.media)
            texts = np.concatenate((texts, seen * np.float32(self.media)), axis=1)
        return Description(texts, sp.csr_matrix(attributes, dtype=np.float32))

    def trusted(
        self, items: Catalogue, knowledge: Knowledge, usable: Rows, targets: Vectors, rng: Generator
    ) -> float:
        """Return the weight of media, 0 among them, with which items left out one by one are foretold best.

        With α = (K + λI)⁻¹T, the residual of a row that is left out is α_i / (K + λI)⁻¹_ii (the PRESS
        statistic; Allen, Technometrics 1974).
        """
        picked = np.sort(rng.choice(len(usable), min(len(usable), PRESS_ITEMS), replace=False))
        rows, wanted, errors = usable[picked], targets[picked].astype(np.float64), []
        for weight in MEDIA_WEIGHTS:
            part = replace(self, media=weight).describe(items, knowledge).rows(rows)
            gram = part.kernel(part, self.scale).astype(np.float64)
            gram[np.diag_indices_from(gram)] += self.ridge
            inverse = np.linalg.inv(gram)
            errors.append(float((((inverse @ wanted) / np.diag(inverse)[:, None]) ** 2).sum()))
        return MEDIA_WEIGHTS[int(np.argmin(errors))]

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
        x = histories([query], len(self.vectors))
        inside = np.isin(x.indices, self.active)
        given = np.zeros((len(x.indices), len(items)), dtype=np.float32)
        rows = np.searchsorted(self.active, x.indices[inside])
        given[inside] = x.data[inside, None] * (self.tastes[rows] @ self.vectors[items].T)
        return x.indices.astype(np.int64), given

    def extend(self, items: Catalogue, knowledge: Knowledge) -> Self:
        """Place new items by what is written about them."""
        start, n = len(self.vectors), len(items)
        placed = self.place(self.describe(items, knowledge).rows(np.arange(start, n)))
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
        own = ("ridge", "scale", "text", "attribute", "media", "teacher_l2", "landmarks", "factors")
        settings = {name: getattr(self, name) for name in own}
        return State(arrays, {"settings": settings, "written": written.scalars, "width": anchors.shape[1]})

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Build the model again."""
        arrays: dict[str, Any] = dict(state.arrays)
        texts = arrays.pop("anchors_texts")
        sparse = tuple(arrays.pop(f"anchors_{name}") for name in ("data", "indices", "indptr"))
        attributes = sp.csr_matrix(sparse, shape=(len(texts), state.scalars["width"]))
        written = State(below(arrays, "written/"), state.scalars["written"])
        arrays = {name: value for name, value in arrays.items() if not name.startswith("written/")}
        return cls(
            **state.scalars["settings"],
            **arrays,
            anchors=Description(texts, attributes),
            attributes=Attributes.from_state(written),
        )
