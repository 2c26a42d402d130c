"""Floors and peers in a few lines each, tuned on a cut of the training part in the protocol's own manner."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

from penchant.metrics import counts, hits, ndcg
from penchant.types import Rows
from rig.films import DRAWS, Cut, Films, late, without

Matrix: TypeAlias = NDArray[np.float64]
Settings: TypeAlias = dict[str, Any]
Rival: TypeAlias = tuple[Rows, Settings]
"""Lists, shape (U, k), and the settings that were chosen."""
Method: TypeAlias = Callable[[Films, Cut, Sequence[float]], Iterator[Matrix]]
"""Scores, shape (U, I), for each setting in turn."""
L2 = (50.0, 100.0, 200.0, 300.0, 500.0, 1000.0, 2000.0)
NEAREST = (5.0, 10.0, 20.0, 50.0, 100.0)
RIDGES = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
YEARS = np.arange(1920, 2001)


def warm(films: Films, cut: Cut, k: int) -> dict[str, Rival]:
    """Popularity as the floor, EASE (Steck 2019) as the peer."""
    validation = late(films, cut.train)
    inner = Cut("validation", cut.train & ~validation, validation)
    x = films.matrix(cut.train)
    popular = np.tile(np.asarray(x.sum(axis=0)), (x.shape[0], 1))
    return {
        "popularity": (ranked(popular, films, cut, k), {}),
        "EASE": rival(films, cut, k, [inner], ease_scores, "l2", L2),
    }


def cold(films: Films, cut: Cut, k: int) -> dict[str, Rival]:
    """Chance as the floor; neighbours by genre and year, and EASE's columns foretold from them, as peers."""
    met = np.flatnonzero(np.bincount(films.films[cut.train], minlength=films.shape[1]))
    rng = np.random.default_rng(1)
    drawn = [np.sort(rng.permutation(met)[: len(met) // 5]) for _ in range(DRAWS)]
    inner = [without(films, rows, "validation", cut.train) for rows in drawn]
    chance = np.random.default_rng(0).random(films.shape)
    return {
        "chance": (ranked(chance, films, cut, k), {}),
        "neighbours by genre and year": rival(films, cut, k, inner, neighbour_scores, "n", NEAREST),
        "EASE foretold from genre and year": rival(films, cut, k, inner, foretold_scores, "ridge", RIDGES),
    }


def rival(
    films: Films, cut: Cut, k: int, inner: Sequence[Cut], method: Method, setting: str, grid: Sequence[float]
) -> Rival:
    """Choose a setting by NDCG@10 over the validation cuts, and rank with it."""
    found = np.zeros(len(grid))
    for validation in inner:
        relevant = films.per_user(validation.test)
        n = counts(relevant)
        for place, scores in enumerate(method(films, validation, grid)):
            values = ndcg(hits(ranked(scores, films, validation, 10), relevant), n)
            found[place] += values[n > 0].mean()
    best = grid[int(found.argmax())]
    return ranked(next(iter(method(films, cut, [best]))), films, cut, k), {setting: best}


def ease(x: sp.csr_matrix, l2: float) -> Matrix:
    """Return B, the item-item matrix of least squares with a zero diagonal."""
    gram = (x.T @ x).toarray()
    gram[np.diag_indices_from(gram)] += l2
    inverse = np.linalg.inv(gram)
    b: Matrix = -inverse / np.diag(inverse)
    np.fill_diagonal(b, 0.0)
    return b


def ease_scores(films: Films, cut: Cut, grid: Sequence[float]) -> Iterator[Matrix]:
    """Multiply histories with EASE's matrix, for each regularisation."""
    x = films.matrix(cut.train)
    for l2 in grid:
        yield np.asarray(x @ ease(x, l2))


def features(films: Films) -> Matrix:
    """Return genres and year of each film, shape (I, F); the year reaches out to its neighbours."""
    genres = films.items["class"].fill_null("").str.split(" ").to_list()
    names = sorted({genre for row in genres for genre in row if genre})
    flags = np.array([[name in row for name in names] for row in genres], dtype=float)
    year = films.items["release_year"].cast(pl.Float64, strict=False).to_numpy()
    bumps = np.exp(-0.5 * (year[:, None] - YEARS) ** 2)
    return np.hstack([flags, np.nan_to_num(bumps)])


def neighbour_scores(films: Films, cut: Cut, grid: Sequence[float]) -> Iterator[Matrix]:
    """Add up the cosines of those of a film's n nearest films with events that are in the history."""
    x, made = films.matrix(cut.train), features(films)
    made /= np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-9)
    met = np.asarray(x.sum(axis=0)).ravel() > 0
    cosines = made[met] @ made.T
    order = np.argsort(-cosines, axis=0, kind="stable")
    for n in grid:
        nearest, weights = order[: int(n)], np.zeros_like(cosines)
        np.put_along_axis(weights, nearest, np.take_along_axis(cosines, nearest, axis=0), axis=0)
        yield np.asarray(x[:, met] @ weights)


def foretold_scores(films: Films, cut: Cut, grid: Sequence[float]) -> Iterator[Matrix]:
    """Foretell the column of EASE's matrix for a film without events, by ridge regression on its features."""
    x, made = films.matrix(cut.train), features(films)
    met = np.asarray(x.sum(axis=0)).ravel() > 0
    known, b = made[met], ease(x[:, met], 200.0)
    for ridge in grid:
        inner = np.linalg.solve(known.T @ known + ridge * np.eye(known.shape[1]), known.T @ b.T)
        yield np.asarray(x[:, met] @ (inner.T @ made.T))


def ranked(scores: Matrix, films: Films, cut: Cut, k: int) -> Rows:
    """Return each user's k best items that may be shown and are not in the history, shape (U, k)."""
    allowed = films.matrix(cut.train).toarray() == 0
    if cut.candidates is not None:
        allowed[:, np.setdiff1d(np.arange(films.shape[1]), cut.candidates)] = False
    order = np.argsort(-np.where(allowed, scores, -np.inf), axis=1, kind="stable")[:, :k]
    return np.where(np.take_along_axis(allowed, order, axis=1), order, -1)
