"""Closed forms against references that are slow, naive and obviously right."""

from typing import Any

import numpy as np
import polars as pl
import pytest
import scipy.optimize
import scipy.sparse as sp
from implicit.cpu.als import AlternatingLeastSquares

import toy
from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.data.vocabulary import Vocabulary
from penchant.language.knowledge import Knowledge
from penchant.models.algebra import Prior, directions, inverse, solution
from penchant.models.content import Content
from penchant.models.factors import Factors
from penchant.models.item_to_item import pairs
from penchant.models.popularity import Popularity
from penchant.models.similarity import Similarity
from penchant.models.transitions import Transitions
from penchant.types import Query, Vectors

NO_TEXT = np.zeros((0, 0), dtype=np.float32)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def seen(users: int = 30, items: int = 7) -> sp.csr_matrix:
    """Return who did what, made up."""
    return sp.csr_matrix((rng().random((users, items)) < 0.4).astype(np.float32))


def texts(items: int = 7) -> Vectors:
    vectors = np.random.default_rng(1).normal(size=(items, 4))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def whole(prior: Prior) -> Vectors:
    return prior.columns(np.arange(len(prior.vectors))).T


def test_without_a_prior_similarity_is_ease() -> None:
    x = seen()
    gram = (x.T @ x).toarray().astype(np.float64)
    p = np.linalg.inv(gram + 20.0 * np.eye(7))
    expected = -p / np.diag(p)
    np.fill_diagonal(expected, 0.0)
    np.testing.assert_allclose(Similarity(l2=20.0, prior=0.0).solve(x, NO_TEXT), expected, atol=1e-4)


def test_with_a_prior_similarity_is_the_constrained_minimum() -> None:
    x, written = seen(), texts()
    dense, given = x.toarray().astype(np.float64), whole(Prior.of(written)).astype(np.float64)
    free = ~np.eye(7, dtype=bool)
    penalty = 5.0 + 0.2 / 0.8 * (dense**2).sum(axis=0)

    def loss(values: Vectors) -> float:
        b = np.zeros((7, 7))
        b[free] = values
        away = ((dense - dense @ b) ** 2).sum() + (penalty[:, None] * b**2).sum()
        return float(away + 9.0 * ((b - given) ** 2).sum())

    expected = np.zeros((7, 7))
    expected[free] = scipy.optimize.minimize(loss, np.zeros(42), method="L-BFGS-B", tol=1e-12).x
    found = Similarity(l2=5.0, prior=9.0, dropout=0.2).solve(x, written)
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_the_prior_as_factors_is_the_prior_itself() -> None:
    prior, matrix = Prior.of(texts()), rng().normal(size=(3, 7)).astype(np.float32)
    np.testing.assert_allclose(prior.after(matrix), matrix @ whole(prior), atol=1e-5)
    wide = texts().astype(np.float64)
    p = np.linalg.inv(wide @ wide.T + 5.0 * np.eye(7))
    naive = -p / np.diag(p)
    np.fill_diagonal(naive, 0.0)
    np.testing.assert_allclose(whole(prior), naive, atol=1e-5)


def test_folding_in_gives_what_the_library_would(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted: list[AlternatingLeastSquares] = []
    plain = AlternatingLeastSquares.fit

    def kept(self: AlternatingLeastSquares, *given: Any, **named: Any) -> None:
        fitted.append(self)
        plain(self, *given, **named)

    monkeypatch.setattr(AlternatingLeastSquares, "fit", kept)
    world = toy.world()
    model = Factors(factors=3, limit=10**6).fit(world.data, world.knowledge, rng=rng())
    users = np.arange(world.data.n_users)
    expected = fitted[0].recalculate_user(users, pairs(world.data))
    np.testing.assert_allclose(model.users(world.data.queries()), expected, rtol=1e-3, atol=1e-4)


def test_a_singular_regression_is_solved_all_the_same() -> None:
    alike = np.ones((5, 5))
    found = solution(alike.copy(), np.full((5, 2), 3.0))
    np.testing.assert_allclose(alike @ found, 3.0, rtol=1e-5)


def test_the_inverse_is_the_inverse() -> None:
    matrix = (seen().T @ seen()).toarray() + 3.0 * np.eye(7, dtype=np.float32)
    np.testing.assert_allclose(inverse(matrix.copy()) @ matrix, np.eye(7), atol=1e-5)


def test_moments_of_transitions_are_the_sums_over_positions() -> None:
    data, gamma = toy.world().data, 0.8
    model = Transitions(gamma=gamma, reach=100, user_power=0.5)
    model.fit(data, Knowledge.none(data.n_items), rng=rng())
    gram, cross = model.moments(data.interactions)
    n, place = len(model.active), {row: at for at, row in enumerate(model.active.tolist())}
    squares, products = np.zeros((n, n)), np.zeros((n, n))
    for query in data.queries():
        items = [place[row] for row in query.rows.tolist()]
        for t in range(1, len(items) + 1):
            past, future = np.zeros(n), np.zeros(n)
            for a in range(t):
                past[items[a]] += gamma ** (t - 1 - a)
            for b in range(t, len(items)):
                future[items[b]] += gamma ** (b - t)
            # The last position has no future: it would pull towards nothing and is no row of the regression.
            weight = len(items) ** -0.5 * (t < len(items))
            squares += weight * np.outer(past, past)
            products += weight * np.outer(past, future)
    np.testing.assert_allclose(cross, products, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(gram, squares, rtol=1e-3, atol=1e-4)


def test_folding_in_solves_the_normal_equations() -> None:
    world = toy.world()
    model = Factors(factors=3).fit(world.data, world.knowledge, rng=rng())
    rows, v = np.array([0, 4, 6]), model.vectors.astype(np.float64)
    folded = model.users([Query(rows, np.zeros(3), np.ones(3, dtype=np.float32))])[0].astype(np.float64)
    confidence = np.ones(len(v))
    confidence[rows] = model.confidence
    wanted = np.zeros(len(v))
    wanted[rows] = 1.0
    gradient = (confidence * (wanted - v @ folded)) @ v - model.l2 * folded
    np.testing.assert_allclose(gradient, 0.0, atol=1e-4)


def test_content_with_all_landmarks_is_kernel_ridge_regression() -> None:
    world = toy.world()
    model = Content(attribute=0.0).fit(world.data, world.knowledge, rng=rng())
    teacher = Similarity(l2=model.teacher_l2).solve(pairs(world.data)[:, model.active], NO_TEXT)
    vectors = model.text * world.knowledge.vectors.astype(np.float64)
    distance = ((vectors[:, None] - vectors[None]) ** 2).sum(axis=2)
    kernel = (np.exp(-distance / (2 * model.scale)) + np.exp(-2 * distance / model.scale)) / 2
    warm = kernel[np.ix_(model.active, model.active)] + model.ridge * np.eye(len(model.active))
    expected = kernel[:, model.active] @ np.linalg.solve(warm, teacher.T @ model.tastes)
    np.testing.assert_allclose(model.vectors, expected, atol=1e-4)


def test_fewer_landmarks_come_near_to_all_of_them() -> None:
    world, queries = toy.world(), toy.world().queries()
    whole = Content().fit(world.data, world.knowledge, rng=rng()).score(queries)
    fewer = Content(landmarks=15).fit(world.data, world.knowledge, rng=rng()).score(queries)
    assert np.corrcoef(whole.ravel(), fewer.ravel())[0, 1] > 0.9


def test_directions_hold_a_matrix_of_low_rank() -> None:
    low = (rng().normal(size=(60, 5)) @ rng().normal(size=(5, 60))).astype(np.float32)
    basis = directions(low, 8, rng())
    np.testing.assert_allclose(basis @ (basis.T @ low), low, atol=1e-3)


def drifting(speed: float) -> Dataset:
    """Return a log in which what is popular moves on through the catalogue."""
    n, items = 4_000, 60
    times = np.arange(n, dtype=np.float64) * 3_600.0
    rows = (np.arange(n) * speed + np.abs(rng().normal(0, 4, n))).astype(np.int64) % items
    ones = np.ones(n, dtype=np.float32)
    events = Interactions.sorted(np.arange(n) % 50, rows, times, ones, ones, "time")
    names = [Vocabulary(pl.Series([str(i) for i in range(size)])) for size in (items, 50)]
    tables = [Catalogue(name, pl.DataFrame()) for name in names]
    return Dataset(events, tables[0], tables[1])


@pytest.mark.parametrize(("speed", "short"), [(50 / 4_000, True), (0.0, False)])
def test_popularity_forgets_as_fast_as_the_log_moves(speed: float, short: bool) -> None:
    data = drifting(speed)
    model = Popularity().fit(data, Knowledge.none(data.n_items), rng=rng())
    span = data.end - data.interactions.start
    forgetting = model.mixture[model.half_lives <= span / 4].sum()
    assert bool(forgetting > 0.9) is short, dict(zip(model.half_lives, model.mixture, strict=True))
    assert model.mixture.sum() == pytest.approx(1.0, abs=1e-5)
