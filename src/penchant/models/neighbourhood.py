"""Closed forms among neighbours only: a sparse matrix where a dense one fits neither memory nor patience.

Each column j of the solution is a ridge regression on the items N that were most often seen with it,

    w_j = (G_NN + λ + κ)⁻¹ (c_jN + κ S_jN),

N the `size` items of the highest c_ij / √(G_ii G_jj), and with a language prior half as many more, nearest in
text; all other cells are zero. Solving n systems of `size` unknowns costs n·size³ and not n³. The selection
of neighbours before the regression is fsSLIM's (Ning and Karypis, ICDM 2011), without its L1 part.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from penchant.models.algebra import Prior
from penchant.types import Rows, Vectors

CHUNK = 256
WORKERS = 2
"""Blocks of columns that are solved side by side; what comes out does not depend on it."""


def among_neighbours(
    gram: sp.csr_matrix,
    cross: sp.csr_matrix,
    texts: Vectors,
    *,
    l2: float,
    prior: float,
    size: int = 64,
    diagonal: bool = False,
) -> sp.csr_matrix:
    """Return the sparse solution W, (A, A), for sparse moments `gram` and `cross`, (A, A).

    `l2` is λ, `prior` κ, `texts`, (A, width), centred vectors; `diagonal` lets an item foretell itself.
    """
    n = gram.shape[0]
    own = np.maximum(np.asarray(gram.diagonal(), dtype=np.float32), 1e-6)
    source = Prior.of(texts) if prior and texts.shape[1] and texts.any() else None
    kappa = prior if source else 0.0
    columns = sp.csc_matrix(cross)
    scale: Vectors = np.asarray(1.0 / np.sqrt(own), dtype=np.float32)

    def solved(start: int) -> tuple[Rows, Vectors]:
        at = np.arange(start, min(start + CHUNK, n))
        wanted = np.ascontiguousarray(columns[:, at].toarray().T, dtype=np.float32)
        chosen = _most(wanted * scale, at, min(size, n - 1), diagonal)
        if source:
            said = source.columns(at)
            wanted += np.float32(kappa) * said
            np.put_along_axis(said, chosen, -np.inf, axis=1)
            more = _most(said, at, min(size // 2, n - 1 - chosen.shape[1]), False)
            chosen = np.concatenate((chosen, more), axis=1)
        chosen.sort(axis=1)
        return chosen, _solved(gram, wanted, chosen, l2 + kappa)

    with ThreadPoolExecutor(WORKERS) as pool:
        rows, values = zip(*pool.map(solved, range(0, n, CHUNK)), strict=True)
    sizes = np.repeat([block.shape[1] for block in rows], [block.shape[0] for block in rows])
    target = np.repeat(np.arange(n), sizes)
    cells = (np.concatenate([value.ravel() for value in values]), (_flat(rows), target))
    return sp.csr_matrix(cells, shape=(n, n), dtype=np.float32)


def _most(near: Vectors, at: Rows, size: int, diagonal: bool) -> NDArray[np.int64]:
    """Return the places of the `size` highest cells of each row, (Q, size); `near` is used up."""
    if not diagonal:
        near[np.arange(len(at)), at] = -np.inf
    np.negative(near, out=near)
    return np.argpartition(near, size - 1, axis=1)[:, :size].astype(np.int64)


def _solved(gram: sp.csr_matrix, wanted: Vectors, chosen: Rows, ridge: float) -> Vectors:
    """Return the regression weights of each row's chosen items, the shape of `chosen`."""
    width = chosen.shape[1]
    squares = np.empty((len(chosen), width, width), dtype=np.float32)
    for place, items in enumerate(chosen):
        squares[place] = gram[items][:, items].toarray()
    squares[:, np.arange(width), np.arange(width)] += np.float32(ridge)
    aims = np.take_along_axis(wanted, chosen, axis=1)
    return np.asarray(np.linalg.solve(squares, aims[..., None])[..., 0], dtype=np.float32)


def _flat(rows: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate([block.ravel() for block in rows])
