"""What is written about items, as the models see it: text vectors and weighted attributes."""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
import scipy.sparse as sp

from penchant.data.catalogue import Catalogue
from penchant.data.features import AttributeSpace
from penchant.models.scorer import State
from penchant.types import Rows, Vectors


@dataclass(frozen=True, slots=True)
class Description:
    """What is written about items: text vectors (n, dim) and weighted attributes, sparse (n, F)."""

    texts: Vectors
    attributes: sp.csr_matrix

    def rows(self, rows: Rows) -> "Description":
        """Return the descriptions of some items."""
        return Description(self.texts[rows], self.attributes[rows])

    @property
    def norms(self) -> Vectors:
        """Squared lengths, shape (n,); zero for an item of which nothing is written."""
        squares = self.attributes.multiply(self.attributes).sum(axis=1)
        return np.asarray((self.texts**2).sum(axis=1) + np.asarray(squares, dtype=np.float32).ravel())

    def kernel(self, other: "Description", scale: float) -> Vectors:
        """Return the mean of exp(−2‖d_i − d_j‖² / scale) and exp(−‖d_i − d_j‖² / 2·scale), shape (n, m)."""
        inner = self.texts @ other.texts.T
        inner += (self.attributes @ other.attributes.T).toarray()
        inner *= -2.0
        inner += self.norms[:, None]
        inner += other.norms
        np.maximum(inner, 0.0, out=inner)
        far = np.exp(inner * np.float32(-0.5 / scale))
        far += far**4  # exp(−2 d / s) is the fourth power of exp(−d / 2s)
        far *= np.float32(0.5)
        return np.asarray(far, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Parts:
    """What descriptions are made of: vectors of texts and media, features and words of n items each."""

    texts: Vectors
    media: Vectors
    attributes: sp.csr_matrix
    words: sp.csr_matrix

    def rows(self, rows: Rows) -> "Parts":
        """Return the parts of some items."""
        return Parts(self.texts[rows], self.media[rows], self.attributes[rows], self.words[rows])


@dataclass(frozen=True, slots=True)
class Attributes:
    """Attributes as features; `weights`, shape (F,), give each column a mean squared length of one."""

    space: AttributeSpace = field(default_factory=lambda: AttributeSpace(()))
    weights: Vectors = field(default_factory=lambda: np.empty(0, dtype=np.float32))

    @classmethod
    def fit(cls, items: Catalogue) -> Self:
        """Find the attributes of a catalogue, and their weights."""
        space = AttributeSpace.fit(items)
        features, groups = space.transform(items), np.asarray(space.groups)
        weights = np.zeros(len(groups), dtype=np.float32)
        for group in np.unique(groups):
            block = features[:, groups == group]
            squares = np.asarray(block.multiply(block).sum(axis=1)).ravel()
            weights[groups == group] = 1.0 / np.sqrt(
                max(float(squares[squares > 0].mean()) if squares.any() else 1.0, 1e-6)
            )
        return cls(space, weights)

    def of(self, items: Catalogue) -> sp.csr_matrix:
        """Return the weighted features of items, float32 of shape (n, F)."""
        return sp.csr_matrix(self.space.transform(items) @ sp.diags(self.weights), dtype=np.float32)

    def state(self) -> State:
        """Return what they are made of."""
        arrays, scalars = self.space.state()
        return State({"weights": self.weights, **arrays}, scalars)

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Build them again."""
        arrays = dict(state.arrays)
        weights = arrays.pop("weights")
        return cls(AttributeSpace.from_state(arrays, state.scalars), weights)
