"""Nearest neighbours among items, the classics of the field: by who took both or by what is written.

score_i = Σ over items j of the history of sim(j, i), only the strongest similarities of each item kept:

    sim(i, j) = x_i·x_j / (‖x_i‖ ‖x_j‖ + shrink)

with x_i the column of users of item i (each user weighed by the idf of their activity, or alike), or the
cosine of texts and of attributes. See Deshpande and Karypis, ACM TOIS 2004.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from penchant.data.dataset import Dataset
from penchant.language.knowledge import Knowledge
from penchant.models.description import Attributes
from penchant.models.history import histories
from penchant.models.item_to_item import pairs
from penchant.types import Query, Rows, Scores, Vectors

CHUNK = 512
"""Items whose similarities are held at once."""


class Nearest(NamedTuple):
    """Each item's neighbours, strongest first: `items`, shape (A,), their `rows` and `values`, (A, depth)."""

    items: Rows
    rows: Rows
    values: Vectors

    def matrix(self, n_items: int, neighbours: int) -> sp.csr_matrix:
        """Return the similarities with the strongest neighbours only, shape (n_items, n_items)."""
        rows, values = self.rows[:, :neighbours], self.values[:, :neighbours]
        cells = (values.ravel(), (np.repeat(self.items, rows.shape[1]), rows.ravel()))
        matrix = sp.csr_matrix(cells, shape=(n_items, n_items), dtype=np.float32)
        matrix.eliminate_zeros()
        return matrix


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Adds up the rows of `matrix`, shape (n_items, n_items), that belong to the history."""

    matrix: sp.csr_matrix

    def score(self, queries: Sequence[Query]) -> Scores:
        """Return scores, shape (Q, n_items)."""
        x = histories(queries, self.matrix.shape[0])
        return np.asarray((x @ self.matrix).toarray(), dtype=np.float32)


def by_users(data: Dataset, weighing: str, shrinks: Sequence[float], depth: int) -> Iterator[Nearest]:
    """Find the neighbours by users in common, for each shrinkage; `weighing` is "cosine" or "tf-idf"."""
    x = pairs(data)
    items = np.flatnonzero(x.getnnz(axis=0))
    x = x[:, items]
    if weighing == "tf-idf":
        activity = np.asarray(x.getnnz(axis=1)).ravel()
        x = sp.diags(np.log(max(len(items), 1)) - np.log1p(activity)).maximum(0) @ x
    x = sp.csc_matrix(x, dtype=np.float32)
    norms = np.sqrt(np.asarray(x.multiply(x).sum(axis=0)).ravel())
    across = x.T.tocsr()
    found: list[list[tuple[Rows, Vectors]]] = [[] for _ in shrinks]
    for start in range(0, len(items), CHUNK):
        part = np.arange(start, min(start + CHUNK, len(items)))
        common = (across[part] @ x).toarray()
        common[np.arange(len(part)), part] = 0.0
        for place, shrink in enumerate(shrinks):
            found[place].append(strongest(common / (norms[part, None] * norms + shrink + 1e-9), depth))
    for lists in found:
        yield _joined(items, items, lists)


def by_walks(data: Dataset, alpha: float, betas: Sequence[float], depth: int) -> Iterator[Nearest]:
    """Find the items that random walks of two steps over users reach, for each β: RP3β.

        sim(i, j) = d_j^(−β) Σ over users u of both (1 / d_i)^α (1 / d_u)^α

    with d the number of users of an item, or of items of a user. A walk of three steps from a user is the sum
    of these over the history. See Paudel, Christoffel, Newell and Bernstein, ACM TiiS 2017.
    """
    x = pairs(data)
    x.data[:] = 1.0
    items = np.flatnonzero(x.getnnz(axis=0))
    x = x[:, items]
    degrees = np.asarray(x.getnnz(axis=0), dtype=np.float32).ravel()
    activity = np.maximum(np.asarray(x.getnnz(axis=1), dtype=np.float32).ravel(), 1.0)
    back = sp.csr_matrix(sp.diags(activity**-alpha) @ x, dtype=np.float32)
    across = sp.csr_matrix(sp.diags(degrees**-alpha) @ x.T, dtype=np.float32)
    found: list[list[tuple[Rows, Vectors]]] = [[] for _ in betas]
    for start in range(0, len(items), CHUNK):
        part = np.arange(start, min(start + CHUNK, len(items)))
        reached = (across[part] @ back).toarray()
        reached[np.arange(len(part)), part] = 0.0
        for place, beta in enumerate(betas):
            found[place].append(strongest(reached * degrees ** np.float32(-beta), depth))
    for lists in found:
        yield _joined(items, items, lists)


def by_content(data: Dataset, knowledge: Knowledge, shares: Sequence[float], depth: int) -> Iterator[Nearest]:
    """Find each item's neighbours among the items with events; `shares` say how much the text counts."""
    texts, attributes = knowledge.raw, unit_attributes(data)
    warm = np.flatnonzero(data.item_counts())
    found: list[list[tuple[Rows, Vectors]]] = [[] for _ in shares]
    for start in range(0, data.n_items, CHUNK):
        part = np.arange(start, min(start + CHUNK, data.n_items))
        said = texts[part] @ texts[warm].T
        alike = (attributes[part] @ attributes[warm].T).toarray()
        itself = np.flatnonzero(np.isin(part, warm))
        for place, share in enumerate(shares):
            mixed = np.maximum(share * said + (1 - share) * alike, 0.0)
            mixed[itself, np.searchsorted(warm, part[itself])] = 0.0
            found[place].append(strongest(mixed.astype(np.float32), depth))
    for lists in found:
        yield _joined(np.arange(data.n_items), warm, lists)


def unit_attributes(data: Dataset) -> sp.csr_matrix:
    """Return the attributes of items as unit rows, shape (n_items, F), each column weighed alike."""
    x = Attributes.fit(data.items).of(data.items)
    lengths = np.sqrt(np.asarray(x.multiply(x).sum(axis=1)).ravel())
    return sp.csr_matrix(sp.diags(1 / np.maximum(lengths, 1e-9)) @ x, dtype=np.float32)


def strongest(similar: Vectors, depth: int) -> tuple[Rows, Vectors]:
    """Return the columns of each row's highest values, highest first, and the values; (n, depth) each."""
    depth = min(depth, similar.shape[1])
    if depth < similar.shape[1]:
        columns = np.argpartition(-similar, depth - 1, axis=1)[:, :depth]
    else:
        columns = np.tile(np.arange(depth), (len(similar), 1))
    values = np.take_along_axis(similar, columns, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    return np.take_along_axis(columns, order, axis=1), np.take_along_axis(values, order, axis=1)


def _joined(items: Rows, targets: Rows, lists: list[tuple[Rows, Vectors]]) -> Nearest:
    rows = np.concatenate([columns for columns, _ in lists]) if lists else np.empty((0, 0), dtype=np.int64)
    values = np.concatenate([v for _, v in lists]) if lists else np.empty((0, 0), dtype=np.float32)
    return Nearest(items, targets[rows], values)
