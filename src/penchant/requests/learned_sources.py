"""What requests with known answers teach, source by source: each scores all items for a request.

`asked` and `meant` are kernel ridge regressions over the requests that were answered, from
k(r, s) = exp(g·(cos(v_r, v_s) − 1)) + t·cos(x_r, x_s), v the vectors of the language model and x the terms,
to the items that were right and to the text vectors of those items. With landmarks Z among the requests
(Nyström's approximation; Williams and Seeger, NIPS 2000), A = (K_ZR K_RZ + l·K_ZZ)⁻¹ K_ZR Y and
f(r) = k(r, Z) A. `together` is EASE (Steck, WWW 2019) over what conversations name and what answered them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from penchant.models.algebra import inverse, solution
from penchant.requests.learned_examples import Examples, scaled
from penchant.types import Rows, Scores, Vectors

SOURCES = (
    "asked", "meant", "text", "popularity", "mentions", "together", "alike", "attributes", "named",
)  # fmt: skip
LANDMARKS, ACTIVE = 2500, 2500
RIDGE_TOGETHER = 20.0
FEW = 0.3
"""What an item that nobody asked for counts as, in the logarithms of counts."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The settings: `sharp` g, `share` t of the terms, `ridge` l."""

    sharp: float = 2.0
    share: float = 0.2
    ridge: float = 1.0


@dataclass(frozen=True, slots=True)
class Shelf:
    """The items as requests meet them: `raw` (I, width), `vectors` (I, dim), `attributes` sparse (I, F)."""

    raw: Vectors
    vectors: Vectors
    attributes: sparse.csr_matrix


@dataclass(frozen=True, slots=True)
class Kernel:
    """Compares requests with landmarks: `vectors` (Z, width), `terms` sparse (Z, T)."""

    vectors: Vectors
    terms: sparse.csr_matrix
    shape: Shape

    @classmethod
    def over(cls, examples: Examples, shape: Shape) -> "Kernel":
        """Take every so many-th request as a landmark."""
        rows = np.unique(np.linspace(0, len(examples) - 1, min(LANDMARKS, len(examples))).astype(np.int64))
        return cls(examples.vectors[rows], examples.terms[rows], shape)

    def cosine(self, examples: Examples) -> Vectors:
        """Return the cosines of the vectors, (R, Z)."""
        return np.asarray(examples.vectors @ self.vectors.T, dtype=np.float32)

    def __call__(self, examples: Examples) -> Vectors:
        """Return the kernel, (R, Z)."""
        near = np.exp(np.float32(self.shape.sharp) * (self.cosine(examples) - 1))
        near += np.float32(self.shape.share) * (examples.terms @ self.terms.T).toarray()
        return np.asarray(near, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Regression:
    """K_ZR K_RZ, K_ZZ and K_ZR [Y, Y E], kept while ridges are compared."""

    kernel: Kernel
    columns: Rows
    gram: Vectors
    inner: Vectors
    right: Vectors

    @classmethod
    def of(cls, examples: Examples, shape: Shape, shelf: Shelf) -> "Regression":
        """Build from requests with answers."""
        kernel = Kernel.over(examples, shape)
        near = kernel(examples)
        wanted = scaled(examples.wanted)
        columns = np.unique(wanted.indices).astype(np.int64)
        right = np.hstack(((wanted[:, columns].T @ near).T, near.T @ (wanted @ shelf.vectors)))
        nothing = sparse.csr_matrix((len(kernel.vectors), 0), dtype=np.float32)
        own = kernel(Examples(kernel.vectors, kernel.terms, nothing, nothing))
        return cls(kernel, columns, near.T @ near, own, right)

    def solved(self, ridge: float) -> Vectors:
        """Return the coefficients, (Z, columns + dim)."""
        left = self.gram.astype(np.float64) + ridge * self.inner.astype(np.float64)
        left[np.diag_indices_from(left)] += 1e-5 * ridge
        return solution(left, self.right.astype(np.float64))


@dataclass(frozen=True, slots=True)
class Memory:
    """All that was learned but the blend: coefficients (Z, T + dim) of `columns` (T,), counts (I,), EASE."""

    kernel: Kernel
    columns: Rows
    coefficients: Vectors
    popularity: Vectors
    mentions: Vectors
    active: Rows
    together: Vectors
    shelf: Shelf

    @classmethod
    def fit(cls, examples: Examples, shape: Shape, shelf: Shelf) -> "Memory":
        """Learn from requests with answers."""
        found = Regression.of(examples, shape, shelf)
        active, together = _together(examples)
        asked, named = (
            np.log(np.asarray(matrix.sum(axis=0)).ravel() + FEW).astype(np.float32)
            for matrix in (examples.wanted, examples.named)
        )
        return cls(
            found.kernel, found.columns, found.solved(shape.ridge), asked, named, active, together, shelf
        )

    def extend(self, shelf: Shelf) -> "Memory":
        """Let new items join, of which no request told anything: `shelf` begins with all the old rows."""
        more = (0, len(shelf.raw) - len(self.popularity))
        asked, named = (
            np.pad(told, more, constant_values=np.log(FEW)) for told in (self.popularity, self.mentions)
        )
        return replace(self, popularity=asked, mentions=named, shelf=shelf)

    def asked(self, near: Vectors) -> Scores:
        """Return what the answered requests say, (R, T), given the kernel (R, Z)."""
        return np.asarray(near @ self.coefficients[:, : len(self.columns)], dtype=np.float32)

    def parts(self, examples: Examples) -> Scores:
        """Return the scores of the sources in their order, (9, R, I)."""
        near, shelf = self.kernel(examples), self.shelf
        parts = np.zeros((len(SOURCES), len(examples), len(self.popularity)), dtype=np.float32)
        parts[0][:, self.columns] = self.asked(near)
        parts[1] = (near @ self.coefficients[:, len(self.columns) :]) @ shelf.vectors.T
        parts[2] = examples.vectors @ shelf.raw.T
        parts[3], parts[4] = self.popularity, self.mentions
        parts[5][:, self.active] = examples.named[:, self.active] @ self.together
        named = scaled(examples.named)
        parts[6] = (named @ shelf.vectors) @ shelf.vectors.T
        parts[7] = ((named @ shelf.attributes) @ shelf.attributes.T).toarray()
        parts[8] = examples.named.toarray()
        return parts

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the arrays; the shelf is the catalogue's."""
        terms = self.kernel.terms
        return {
            "landmarks": self.kernel.vectors,
            "terms/values": terms.data.astype(np.float32),
            "terms/columns": terms.indices.astype(np.int64),
            "terms/bounds": terms.indptr.astype(np.int64),
            **{name: getattr(self, name) for name in KEPT},
        }

    @classmethod
    def from_state(
        cls, arrays: Mapping[str, NDArray[Any]], shape: Shape, width: int, shelf: Shelf
    ) -> "Memory":
        """Build it again; `width` counts the terms."""
        landmarks = arrays["landmarks"]
        terms = sparse.csr_matrix(
            (arrays["terms/values"], arrays["terms/columns"], arrays["terms/bounds"]),
            shape=(len(landmarks), width),
        )
        return cls(Kernel(landmarks, terms, shape), **{name: arrays[name] for name in KEPT}, shelf=shelf)


KEPT = ("columns", "coefficients", "popularity", "mentions", "active", "together")


def _together(examples: Examples) -> tuple[Rows, Vectors]:
    """Return the items most often named or right, and the weights from one to the other."""
    both = ((examples.named + examples.wanted) > 0).astype(np.float32).tocsc()
    counts = np.asarray(both.sum(axis=0)).ravel()
    active = np.sort(np.argsort(-counts, kind="stable")[: min(ACTIVE, int((counts > 0).sum()))]).astype(
        np.int64
    )
    if not examples.named.nnz:
        active = active[:0]
    gram = np.asarray((both[:, active].T @ both[:, active]).toarray(), dtype=np.float32)
    gram[np.diag_indices_from(gram)] += np.float32(RIDGE_TOGETHER)
    weights = inverse(gram) if len(active) else gram
    weights /= -np.diag(weights)
    np.fill_diagonal(weights, 0.0)
    return active, weights
