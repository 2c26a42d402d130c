"""The linear algebra that the closed forms share, in float32: half the memory and time of float64.

scipy.linalg is imported where a fit needs it: serving a bundle does without.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from penchant.errors import SettingError
from penchant.types import Rows, Vectors


def inverse(gram: Vectors) -> Vectors:
    """Invert a symmetric positive definite matrix, shape (n, n), through Cholesky; `gram` is overwritten.

    Raises SettingError where the regularisation is too small for the matrix.
    """
    from scipy.linalg import lapack

    factor, failed = lapack.spotrf(gram.T, lower=0, clean=0, overwrite_a=1)
    if failed:
        raise SettingError("the item matrix is not positive definite", hint="raise the regularisation")
    upper, _ = lapack.spotri(factor, lower=0, overwrite_c=1)
    upper = np.triu(upper)
    upper += np.triu(upper, 1).T
    return np.ascontiguousarray(upper, dtype=np.float32)


def solution(left: NDArray[np.float64], right: NDArray[np.float64]) -> Vectors:
    """Solve left · x = right, (n, n) and (n, m), `left` symmetric and positive semidefinite.

    Where rounding leaves `left` singular (many items described alike), its diagonal is raised a little.
    """
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    more = 1e-9 * float(np.trace(left)) / max(1, len(left)) + 1e-30
    for _ in range(8):
        try:
            factor = cho_factor(left, check_finite=False)
        except LinAlgError:
            left[np.diag_indices_from(left)] += more
            more *= 10.0
        else:
            return np.asarray(cho_solve(factor, right, check_finite=False), dtype=np.float32)
    raise SettingError("the matrix of a regression is not positive definite", hint="raise the regularisation")


def directions(matrix: Vectors, rank: int, rng: Generator, *, rounds: int = 2) -> Vectors:
    """Return the strongest directions of the columns' space of `matrix` (n, n) as a basis (n, rank).

    Randomised range finder with power iterations (Halko, Martinsson and Tropp, SIAM Review 2011).
    """
    n = matrix.shape[0]
    if n <= rank:
        return np.eye(n, dtype=np.float32)
    basis = matrix @ rng.standard_normal((n, rank)).astype(np.float32)
    for _ in range(rounds):
        basis, _ = np.linalg.qr(basis)
        basis = matrix @ (matrix.T @ basis)
    basis, _ = np.linalg.qr(basis)
    return np.asarray(basis, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Prior:
    """What language says of which items go together: EASE on the text vectors, kept as its factors.

    S = −P / diag(P) with a zero diagonal and P = (E Eᵀ + l·I)⁻¹. By Woodbury's identity the part off
    the diagonal is E C Eᵀ / (l·diag P) with C = (EᵀE + l·I)⁻¹, so that P₂ S costs n²·d and not n³.
    """

    vectors: Vectors
    """E, shape (n, d); zero rows for items without text."""
    inner: Vectors
    """C, shape (d, d)."""
    diagonal: Vectors
    """diag(E C Eᵀ), shape (n,)."""

    @classmethod
    def of(cls, vectors: Vectors, *, ridge: float = 5.0) -> "Prior":
        """Build from centred text vectors, shape (n, d)."""
        wide = vectors.astype(np.float64)
        inner = np.linalg.inv(wide.T @ wide + ridge * np.eye(wide.shape[1]))
        diagonal = np.einsum("nd,de,ne->n", wide, inner, wide, optimize=True)
        return cls(vectors, inner.astype(np.float32), diagonal.astype(np.float32))

    def after(self, matrix: Vectors) -> Vectors:
        """Return matrix @ S, shape (m, n)."""
        product = ((matrix @ self.vectors) @ self.inner) @ self.vectors.T
        product -= matrix * self.diagonal
        product /= np.maximum(1.0 - self.diagonal, 1e-3)
        return np.asarray(product, dtype=np.float32)

    def columns(self, places: Rows) -> Vectors:
        """Return the columns of S at `places`, shape (len(places), n)."""
        product = (self.vectors[places] @ self.inner) @ self.vectors.T
        product[np.arange(len(places)), places] = 0.0
        product /= np.maximum(1.0 - self.diagonal[places, None], 1e-3)
        return np.asarray(product, dtype=np.float32)
