"""The sources of a single query that depend on a history, each with the algebra that does not depend on it.

Views of one closed form share one product; what a history gives is divided among its items in one more:

    given_ti = (Σ_v x_vt τ_vi) W_ti,

x_v the decayed history of view v over its scale, τ_v the trust in it.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from penchant.models.content import Content
from penchant.models.factors import Factors
from penchant.models.history import decayed
from penchant.models.item_to_item import ItemToItem, cut
from penchant.rank.blend import Scale
from penchant.types import Rows, Vectors

Divided: TypeAlias = tuple[Vectors, dict[int, Vectors]]
"""What each item of a history gives to some items, (T, k), and what each source gives them by it, (k,)."""


@dataclass(frozen=True, slots=True)
class Shared:
    """Views of one matrix of items; `places`, (n_items,), are rows of the matrix, −1 outside, None: all."""

    weights: Any
    active: Rows
    places: Rows | None
    views: tuple[tuple[int, ItemToItem, Scale], ...]

    def fill(self, found: Vectors, rows: Rows, weights: Vectors) -> None:
        """Put the standard scores of all views into their rows of `found`, (K, I)."""
        inside = slice(None) if self.places is None else self.places[rows] >= 0
        at = rows if self.places is None else self.places[rows][inside]
        for k, _, scale in self.views:
            found[k] = np.float32(-scale.mean / scale.spread)
        self.add(found, self.weighed(rows, weights)[:, inside], at)

    def weighed(self, rows: Rows, weights: Vectors) -> Vectors:
        """Return the decayed history of each view over its scale, (V, T)."""
        x = np.zeros((len(self.views), len(rows)), dtype=np.float32)
        for place, (_, model, scale) in enumerate(self.views):
            own = decayed(rows, weights, model.decay, model.limit)[1]
            x[place, : len(own)] = own * np.float32(1.0 / scale.spread)
        return x

    def divided(self, rows: Rows, weights: Vectors, items: Rows, trust: Vectors) -> Divided:
        """Return what each item of a history gives to some items, and what each view gives them in all."""
        at, to = (rows, items) if self.places is None else (self.places[rows], self.places[items])
        block = np.zeros((len(rows), len(items)), dtype=np.float32)
        block[np.ix_(at >= 0, to >= 0)] = cut(self.weights, at[at >= 0], to[to >= 0])
        x, own = self.weighed(rows, weights), trust[[k for k, _, _ in self.views]]
        views = (x @ block) * own
        return (x.T @ own) * block, {k: views[place] for place, (k, _, _) in enumerate(self.views)}

    def add(self, found: Vectors, x: Vectors, at: Rows) -> None:
        """Add the products of (V, T) with the rows `at` of the matrix to the rows of the views."""
        near = self.weights[at]
        if sp.issparse(near):  # few items are neighbours of a history
            items, lengths = self.active[near.indices], np.diff(near.indptr)
            for (k, _, _), own in zip(self.views, x, strict=True):
                np.add.at(found[k], items, np.repeat(own, lengths) * near.data)
            return
        for (k, _, _), given in zip(self.views, x @ near, strict=True):
            if self.places is None:
                found[k] += given
            else:
                found[k, self.active] += given


@dataclass(frozen=True, slots=True)
class Folded:
    """Factors, with the algebra that does not depend on who asks; `vectors` are theirs, column by column."""

    k: int
    model: Factors
    scale: Scale
    gram: NDArray[np.float64]
    vectors: Vectors

    def fill(self, found: Vectors, rows: Rows, weights: Vectors) -> None:
        """Put the standard scores into their row of `found`."""
        rows, weights = rows[: self.model.limit], weights[: self.model.limit]
        found[self.k] = np.float32(-self.scale.mean / self.scale.spread)
        if len(rows) and self.model.vectors.shape[1]:
            v, c = self.model.vectors[rows].astype(np.float64), self.model.confidence * weights
            user = np.linalg.solve(self.gram + (v.T * (np.abs(c) - 1.0)) @ v, c @ v) / self.scale.spread
            found[self.k] += self.vectors @ user.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Placed:
    """Content: a history in the space of behaviour, times items; `vectors` are theirs, column by column."""

    k: int
    model: Content
    scale: Scale
    places: Rows
    vectors: Vectors

    def fill(self, found: Vectors, rows: Rows, weights: Vectors) -> None:
        """Put the standard scores into their row of `found`."""
        found[self.k] = np.float32(-self.scale.mean / self.scale.spread)
        rows, x = decayed(rows, weights)
        at = self.places[rows]
        if (at >= 0).any():
            user = x[at >= 0] @ self.model.tastes[at[at >= 0]] / np.float32(self.scale.spread)
            found[self.k] += self.vectors @ user

    def divided(self, rows: Rows, weights: Vectors, items: Rows, trust: Vectors) -> Divided:
        """Return what each item of a history gives to some items, and what all of it gives them."""
        rows, x = decayed(rows, weights)
        at, given = self.places[rows], np.zeros((len(rows), len(items)), dtype=np.float32)
        inside = at >= 0
        near = self.model.tastes[at[inside]] @ self.model.vectors[items].T
        given[inside] = x[inside, None] * near * (trust[self.k] / np.float32(self.scale.spread))
        return given, {self.k: given.sum(axis=0)}


def places_of(active: Rows, n_items: int) -> Rows:
    """Return the place of each item among the active ones, −1 for others, (n_items,)."""
    places = np.full(n_items, -1, dtype=np.int64)
    places[active] = np.arange(len(active))
    return places


def address(weights: Any) -> int:
    """Return where the numbers of a matrix lie: views of one matrix have them in common."""
    numbers = weights.data if sp.issparse(weights) else weights
    return int(numbers.__array_interface__["data"][0])
