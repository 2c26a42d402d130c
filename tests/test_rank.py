"""The rehearsal leaks nothing, the blend learns what was planted, the ranking keeps its promises."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import toy
from penchant.data.dataset import Dataset
from penchant.language.knowledge import Knowledge
from penchant.models.scorer import State
from penchant.rank.blend import Blend, Lesson, learn
from penchant.rank.calibration import Calibration, most_likely
from penchant.rank.evidence import NAMES
from penchant.rank.ranking import Ranking
from penchant.rank.rehearsal import Rehearsal, rehearse
from penchant.rank.request_weight import START

WORLD = toy.world()


def quiet(_: str) -> None:
    """Say nothing."""


@pytest.fixture(scope="module")
def rehearsal() -> Rehearsal:
    return rehearse(WORLD.data, np.random.default_rng(0))


@pytest.fixture(scope="module")
def ranking() -> Ranking:
    return Ranking.fit(WORLD.data, WORLD.knowledge, effort="quick", seed=0, say=quiet)


def test_models_of_the_rehearsal_know_nothing_after_the_question(rehearsal: Rehearsal) -> None:
    kinds = {group.kind for group in rehearsal.questions}
    assert {"visit", "return", "again"} <= kinds
    users = {text: row for row, text in enumerate(WORLD.data.users.vocabulary.texts(np.arange(80)))}
    events = rehearsal.train.interactions
    for group in rehearsal.questions:
        for query, targets in zip(group.queries, group.targets, strict=True):
            own = events.users == users[query.key]
            if group.kind == "visit":
                assert not np.isin(events.items[own], targets).any()
                continue
            assert (events.times < query.at).all()
            assert (group.known.times < query.at).all()
            assert (query.times < query.at).all()


def test_items_made_cold_have_no_event_left(rehearsal: Rehearsal) -> None:
    cold = np.flatnonzero(rehearsal.cold)
    assert len(cold)
    assert not np.isin(rehearsal.train.interactions.items, cold).any()
    for group in rehearsal.questions:
        assert not np.isin(group.known.items, cold).any() or group.kind == "visit"
        asked = np.concatenate(group.targets)
        if group.kind != "visit":
            assert np.isin(asked, cold).all() == (group.kind == "cold")


def asked_in_words(sign: float) -> tuple[Dataset, Knowledge]:
    """The world with requests whose vectors are those of the items asked for, or their opposites."""
    items = np.tile(np.arange(toy.N_ITEMS), 3)
    columns = {"text": "words", "items": [[item] for item in items], "user": -1, "time": None}
    table = pl.DataFrame(columns).cast({"time": pl.Float64, "user": pl.Int64})
    vectors = np.float32(sign) * WORLD.knowledge.raw[items]
    return replace(WORLD.data, requests=table), replace(WORLD.knowledge, requests=vectors)


def test_the_weight_of_words_is_learned_from_requests() -> None:
    weights = []
    for sign in (1.0, -1.0):
        data, knowledge = asked_in_words(sign)
        ranking = Ranking.fit(data, knowledge, effort="quick", seed=0, say=quiet)
        assert Ranking.from_state(ranking.state()).plan.request_weight == ranking.plan.request_weight
        weights.append(ranking.plan.request_weight)
    assert weights[0] > START > weights[1]


def test_probabilities_are_those_that_made_the_log() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(size=200_000)
    taken = rng.random(200_000) < Calibration((1.5,), -4.0, 0.0).probability(
        scores[:, None].astype(np.float32)
    )
    kept = taken | (rng.random(200_000) < 0.1)
    weights = np.where(taken, 1.0, 10.0)
    (slope,), offset = most_likely(scores[kept][:, None], taken[kept], weights[kept])
    assert slope == pytest.approx(1.5, abs=0.1)
    assert offset == pytest.approx(-4.0, abs=0.1)


def test_what_was_met_has_no_probability_of_being_new(ranking: Ranking) -> None:
    queries = WORLD.data.queries()[:5]
    places = np.repeat(np.arange(5), toy.N_ITEMS)
    items = np.tile(np.arange(toy.N_ITEMS), 5)
    rating, probability = ranking.predict(queries, places, items)
    assert np.isnan(rating).all()  # the toy world has no ratings
    met = np.array([item in queries[place].rows for place, item in zip(places, items, strict=True)])
    assert np.isnan(probability[met]).all()
    assert ((probability[~met] > 0) & (probability[~met] < 1)).all()


def test_without_requests_words_count_as_stated(ranking: Ranking) -> None:
    assert ranking.plan.request_weight == START


def test_a_log_without_a_clock_is_rehearsed_by_visits_alone() -> None:
    found = rehearse(WORLD.without_order().data, np.random.default_rng(0))
    assert {group.kind for group in found.questions} == {"visit"}


def planted(theta: np.ndarray, n: int = 4_000) -> Lesson:
    """Draw what came true from the model of choice that `learn` fits."""
    rng = np.random.default_rng(2)
    features = rng.normal(size=(n, 8, theta.size)).astype(np.float32)
    utility = features @ theta.ravel() + rng.gumbel(size=(n, 8))
    truth = np.zeros((n, 8), dtype=np.float32)
    truth[np.arange(n), utility.argmax(axis=1)] = 1.0
    return Lesson(features, truth, np.ones((n, 8), dtype=bool), np.zeros((n, 8), dtype=np.float32))


def test_the_blend_learns_planted_weights_from_wherever_it_starts() -> None:
    theta = np.zeros((3, len(NAMES)))
    theta[:, :2] = [[1.0, 0.0], [-0.5, 0.7], [0.0, 0.3]]
    lesson, names = planted(theta), ("a", "b", "novelty")
    near = learn(Blend(names, np.zeros_like(theta)), [lesson], l2=1e-7).theta
    far = learn(Blend(names, np.full_like(theta, 2.0)), [lesson], l2=1e-7).theta
    np.testing.assert_allclose(near, theta, atol=0.12)
    np.testing.assert_allclose(near, far, atol=0.02)


def test_with_nothing_to_learn_from_the_start_stays() -> None:
    start = Blend.equal(("a", "novelty"), {"a": 0.5}, newcomers={})
    assert learn(start, [], l2=1.0) is start


@pytest.mark.parametrize("repeat", [False, True])
def test_shares_add_up_to_the_score(ranking: Ranking, repeat: bool) -> None:
    rows = np.arange(toy.N_ITEMS)
    for query in WORLD.queries()[:5]:
        slate = ranking.slate(query, rows, repeat=repeat)
        expected = ranking.score([query], repeat=repeat)[0]
        np.testing.assert_allclose(np.sum(list(slate.shares.values()), axis=0), expected, atol=1e-4)
        np.testing.assert_allclose(slate.scores, expected, atol=1e-4)


def test_a_state_gives_the_same_ranking(ranking: Ranking) -> None:
    state = ranking.state()
    plain = json.loads(json.dumps(dict(state.scalars)))
    again = Ranking.from_state(State(state.arrays, plain))
    for repeat in (False, True):
        expected = ranking.score(WORLD.queries(), repeat=repeat)
        assert np.array_equal(again.score(WORLD.queries(), repeat=repeat), expected)


def test_the_history_is_left_out_unless_asked_for(ranking: Ranking) -> None:
    queries = WORLD.queries()
    rows, scores = ranking.top(queries, toy.N_ITEMS)
    for query, row, score in zip(queries, rows, scores, strict=True):
        found = row[row >= 0]
        assert not np.isin(found, query.rows).any()
        assert len(found) == len(set(found.tolist())) == toy.N_ITEMS - len(query.rows)
        assert np.isneginf(score[len(found) :]).all()
        assert (np.diff(score[: len(found)]) <= 0).all()
    assert (ranking.top(queries, toy.N_ITEMS, repeat=True)[0] >= 0).all()


def test_candidates_are_all_that_may_appear(ranking: Ranking) -> None:
    pool = np.array([1, 2, 21])
    rows, scores = ranking.top(WORLD.queries(), 5, candidates=pool, repeat=True)
    assert (np.sort(rows[:, :3], axis=1) == pool).all()
    assert (rows[:, 3:] == -1).all()
    whole = ranking.score(WORLD.queries(), repeat=True)
    np.testing.assert_allclose(scores[:, :3], np.take_along_axis(whole, rows[:, :3], axis=1), atol=1e-5)


def test_it_finds_the_taste_of_the_toy_world(ranking: Ranking) -> None:
    rows, _ = ranking.top(WORLD.queries(), 1)
    assert (rows[:, 0] % 2 == np.arange(toy.N_USERS) % 2).mean() > 0.95
