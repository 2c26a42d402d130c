"""The rating model against an exact solution, and what text, history and time must do to it."""

from dataclasses import replace

import numpy as np
import pytest

import toy
from penchant.data.dataset import Dataset
from penchant.language.knowledge import Knowledge
from penchant.models.ratings import Ratings
from penchant.rank.rating import fitted_ratings
from penchant.types import Query

WORLD = toy.world()


def rated(seed: int = 0) -> tuple[Dataset, Knowledge]:
    """The toy world with stars: many within a taste, few for the other one."""
    data, rng = WORLD.data, np.random.default_rng(seed)
    events = data.interactions
    agree = events.users % 2 == events.items % 2
    values = np.where(agree, 4.5, 1.5) + rng.normal(0, 0.2, len(events))
    stars = np.clip(np.round(2 * values) / 2, 0.5, 5.0).astype(np.float32)
    return replace(data.with_interactions(replace(events, values=stars)), scale=(0.5, 5.0)), WORLD.knowledge


def test_without_factors_the_means_are_those_of_the_linear_mixed_model() -> None:
    data, _ = rated()
    model = Ratings(factors=0, rounds=400).fit(
        data, Knowledge.none(data.n_items), rng=np.random.default_rng(0)
    )
    events, n = data.interactions, data.n_items
    design = np.zeros((len(events), n + data.n_users))
    design[np.arange(len(events)), events.items] = 1.0
    design[np.arange(len(events)), n + events.users] = 1.0
    prior = np.r_[np.full(n, 1.0 / model.tau[0]), np.full(data.n_users, 1.0 / model.leaning)]
    expected = np.r_[np.full(n, model.prior[0, 0]), np.zeros(data.n_users)]
    left = design.T @ design / model.noise + np.diag(prior)
    right = design.T @ (events.values - model.level) / model.noise + prior * expected
    met = np.bincount(events.items, minlength=n) > 0
    exact = np.linalg.solve(left, right)[:n]
    np.testing.assert_allclose(model.mean[met, 0], exact[met], atol=0.02)


def test_a_taste_is_read_from_ratings_and_texts_serve_items_without_one() -> None:
    data, knowledge = rated()
    model = Ratings(factors=4).fit(data, knowledge, rng=np.random.default_rng(0))
    warm = np.array([0, 2, 4])
    likes = Query(warm, np.zeros(3), np.ones(3, dtype=np.float32), np.full(3, 5.0, dtype=np.float32))
    hates = replace(likes, values=np.full(3, 0.5, dtype=np.float32))
    pairs = np.zeros(1, dtype=np.int64)
    item = np.array([6])
    assert model.predict([likes], pairs, item) > model.predict([hates], pairs, item)


@pytest.mark.parametrize("at", [-1, 0, toy.N_ITEMS - 1])
def test_answers_stay_on_the_scale(at: int) -> None:
    data, knowledge = rated()
    model = Ratings(factors=4).fit(data, knowledge, rng=np.random.default_rng(0))
    queries = [*data.queries(), Query()]
    told = model.predict(queries, np.arange(len(queries)), np.full(len(queries), at))
    assert told.shape == (len(queries),)
    assert np.isfinite(told).all()
    assert told.min() >= 0.5
    assert told.max() <= 5.0


def test_the_state_is_the_model_and_a_seed_is_a_seed() -> None:
    data, knowledge = rated()
    models = [Ratings(factors=3).fit(data, knowledge, rng=np.random.default_rng(1)) for _ in range(2)]
    again = Ratings.from_state(models[0].state())
    queries, places = data.queries(), np.arange(data.n_users)
    items = places % data.n_items
    told = [model.predict(queries, places, items).tobytes() for model in (*models, again)]
    assert told[0] == told[1] == told[2]


def test_new_items_are_as_their_text_says() -> None:
    data, knowledge = rated()
    model = Ratings(factors=3).fit(data, knowledge, rng=np.random.default_rng(1))
    first = toy.N_ITEMS - 2
    cut = replace(model, mean=model.mean[:first], spread=model.spread[:first])
    wider = cut.extend(data.items, knowledge)
    np.testing.assert_allclose(wider.mean, model.mean, atol=1e-5)
    np.testing.assert_allclose(wider.spread, model.spread, atol=1e-5)


def test_where_nobody_rated_there_is_no_model() -> None:
    assert fitted_ratings(WORLD.data, WORLD.knowledge, 0) is None


def test_one_rating_is_enough_to_answer() -> None:
    data, knowledge = rated()
    one = data.with_interactions(data.interactions.where(np.arange(len(data.interactions)) == 0))
    model = fitted_ratings(one, knowledge, 0)
    assert model is not None
    assert np.isfinite(model.predict(one.queries(), np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64)))
