"""Whitening: vectors of a language model crowd in one direction; this spreads them evenly.

Mean removed, rotated onto the principal axes, each axis divided by its spread. The spread is
shrunk towards the mean of all axes, so that axes which the fit saw little of are not blown up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from penchant.errors import BundleError, SettingError
from penchant.language.encode import unit
from penchant.types import Vectors

BLOCK = 16384
"""Rows brought to double precision at a time."""
NOTHING = 1e-10
"""A mean variance below this is rounding, not spread."""


@dataclass(frozen=True, slots=True)
class Whitening:
    """A map from unit vectors (n, d) to whitened unit vectors (n, dim): (x - mean) @ axes.

    `mean` has shape (d,), `axes` (d, dim).
    """

    mean: Vectors
    axes: Vectors

    @classmethod
    def fit(
        cls, vectors: Vectors, known: NDArray[np.bool_], *, dim: int | None = None, eps: float = 0.1
    ) -> Self:
        """Learn from the `known` rows, shape (n,), of `vectors`, shape (n, d).

        `dim` keeps the strongest axes only; `eps` is the share of the mean variance that is added to
        each. Where the rows do not differ at all (one item, or none) nothing is changed.
        Raises SettingError for a `dim` or an `eps` outside its range.
        """
        width = vectors.shape[1]
        if dim is not None and dim < 1:
            raise SettingError(f"dim {dim} is below 1")
        if not eps > 0:
            raise SettingError(f"eps {eps} is not above 0", hint="0.1 is usual")
        keep = min(width, width if dim is None else dim)
        mean, covariance = moments(vectors[known])
        level = float(np.trace(covariance)) / max(1, width)
        if level < NOTHING:
            return cls(np.zeros(width, dtype=np.float32), np.eye(width, keep, dtype=np.float32))
        spread, axes = np.linalg.eigh(covariance)
        spread, axes = spread[::-1][:keep], axes[:, ::-1][:, :keep]
        # An eigenvector may come with either sign: the largest entry is made positive.
        peak = axes[np.abs(axes).argmax(axis=0), np.arange(keep)]
        axes = axes * np.where(peak < 0, -1.0, 1.0) / np.sqrt(np.maximum(spread, 0.0) + eps * level)
        return cls(mean.astype(np.float32), axes.astype(np.float32))

    def apply(self, vectors: Vectors) -> Vectors:
        """Return whitened rows of unit length, shape (n, dim); zero rows stay zero."""
        return unit(self._centred(vectors) @ self.axes)

    def rotate(self, centred: Vectors) -> Vectors:
        """Whiten rows that `centre` gave, shape (n, d); returns unit rows (n, dim), zero rows stay zero."""
        return unit(centred @ self.axes)

    def centre(self, vectors: Vectors) -> Vectors:
        """Return rows of unit length without the mean, not whitened, shape (n, d); zero rows stay zero."""
        return unit(self._centred(vectors))

    def _centred(self, vectors: Vectors) -> Vectors:
        return np.where(vectors.any(axis=1, keepdims=True), vectors - self.mean, np.float32(0))

    def state(self) -> dict[str, NDArray[Any]]:
        """Return what it is made of, for a bundle."""
        return {"mean": self.mean, "axes": self.axes}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """Build it again. Raises BundleError where the arrays do not belong together."""
        if not {"mean", "axes"} <= state.keys():
            raise BundleError("the whitening of this bundle is incomplete", hint="fit the model again")
        mean, axes = (np.asarray(state[name], dtype=np.float32) for name in ("mean", "axes"))
        if mean.ndim != 1 or axes.ndim != 2 or len(mean) != len(axes):
            raise BundleError(
                "the whitening of this bundle has impossible shapes", hint="fit the model again"
            )
        return cls(mean, axes)


def moments(vectors: Vectors) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean (d,) and covariance (d, d) of rows, zero where there are none, in blocks of rows."""
    width, count = vectors.shape[1], max(1, len(vectors))
    mean, products = np.zeros(width), np.zeros((width, width))
    for start in range(0, len(vectors), BLOCK):
        mean += vectors[start : start + BLOCK].sum(axis=0, dtype=np.float64)
    mean /= count
    for start in range(0, len(vectors), BLOCK):
        rows = vectors[start : start + BLOCK].astype(np.float64) - mean
        products += rows.T @ rows
    return mean, products / count
