"""Baselines: they understand tastes, are tuned on the training part alone, and never give an empty list."""

from dataclasses import replace

import numpy as np
import pytest

from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.evaluate.baselines import CHUNK, Baseline, baselines, filled_up
from penchant.evaluate.families import Chance, most_frequent
from penchant.evaluate.neighbours import Neighbours, by_content, by_users, by_walks
from penchant.evaluate.protocols import PROTOCOLS
from penchant.types import Query
from toy import DAY, N_ITEMS, N_WARM, START, locked, world

EVENTS = [name for name in PROTOCOLS if name != "cold20"]


def by_name(protocol: str) -> dict[str, Baseline]:
    return {b.name: b for b in baselines(PROTOCOLS[protocol], world().knowledge)}


@pytest.fixture(scope="module")
def fitted() -> dict[str, Baseline]:
    """All baselines, tuned on and fitted to the whole toy world."""
    return {name: one.fit(world().data, first=True) for name, one in by_name("time").items()}


@pytest.mark.parametrize("name", ["item kNN", "RP3beta", "EASE", "implicit ALS"])
def test_models_of_behaviour_put_the_withheld_item_above_all_of_the_other_taste(
    fitted: dict[str, Baseline], name: str
) -> None:
    toy = world()
    lists = fitted[name].rank(toy.queries(), N_WARM)
    for user, (row, query) in enumerate(zip(lists, toy.queries(), strict=True)):
        own = set(range(user % 2, N_WARM, 2)) - set(query.rows.tolist())
        assert set(row[: len(own)].tolist()) == own


def test_neighbours_by_content_find_the_taste_of_cold_items() -> None:
    toy = world()
    cold = np.arange(N_WARM, N_ITEMS)
    lists = by_name("cold20")["content kNN"].fit(toy.data, first=True)
    rows = lists.rank(toy.queries(), len(cold), candidates=cold)
    assert (np.sort(rows) == cold).all()
    assert (rows[:, :3] % 2 == np.arange(len(rows))[:, None] % 2).mean() > 0.95


def test_nobody_without_history_is_compared_with_an_empty_list(fitted: dict[str, Baseline]) -> None:
    newcomer = [Query(at=world().data.end, key="somebody")]
    recent = fitted["recent popularity"].rank(newcomer, 10)
    for name in ("item kNN", "RP3beta", "EASE", "implicit ALS"):
        assert fitted[name].rank(newcomer, 10).tolist() == recent.tolist()
    own = fitted["own most frequent items"].rank(newcomer, 10, repeat=True)
    assert own.tolist() == fitted["recent popularity"].rank(newcomer, 10, repeat=True).tolist()


def test_settings_come_from_the_training_part_and_stay_for_later_windows() -> None:
    toy = world()
    first, second, *_ = PROTOCOLS["time"].folds(toy.data)
    ease = by_name("time")["EASE"].fit(first.train, first=True)
    chosen = dict(ease.settings)
    assert ease.fit(second.train, first=False).settings == chosen
    assert set(chosen) == {"new items", "with repeats"}
    assert 0 < chosen["new items"]["validation NDCG@10"] <= 1
    # The toy world never repeats, which the validation shows.
    assert chosen["with repeats"]["leaves out history"]


def test_where_people_repeat_themselves_habit_leads() -> None:
    data = again(world().data)
    ease, habit = (
        by_name("time")[name].fit(data, first=True) for name in ("EASE", "own most frequent items")
    )
    assert not ease.settings["with repeats"]["leaves out history"]
    queries = data.queries(np.arange(20))
    lists = habit.rank(queries, 5, repeat=True)
    for query, row in zip(queries, lists, strict=True):
        often = np.bincount(query.rows, minlength=N_ITEMS)
        assert sorted(often[row], reverse=True) == sorted(often, reverse=True)[:5]
    assert habit.only_repeats


def again(data: Dataset) -> Dataset:
    """Everybody does everything a second time, a year later."""
    events = data.interactions
    users, items = np.tile(events.users, 2), np.tile(events.items, 2)
    weights, values = np.tile(events.weights, 2), np.tile(events.values, 2)
    times = np.concatenate((events.times, events.times + 301 * DAY))
    return data.with_interactions(Interactions.sorted(users, items, times, weights, values, "time"))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_log_too_small_to_validate_on_still_gives_lists(protocol: str) -> None:
    data = world().data
    events = data.interactions
    few = data.with_interactions(events.where(np.arange(len(events)) < 1))
    for baseline in by_name(protocol).values():
        lists = baseline.fit(few, first=True).rank(few.queries(np.arange(3)), 5, repeat=baseline.only_repeats)
        assert lists.shape == (3, 5)


def test_lists_hold_candidates_only_and_padding_at_the_end(fitted: dict[str, Baseline]) -> None:
    toy, knn = world(), fitted["item kNN"]
    queries = [replace(query, excluded=locked(np.array([1]))) for query in toy.queries()]
    rows = knn.rank(queries, 10, candidates=np.array([0, 1, 2, 25]))
    for query, row in zip(queries, rows, strict=True):
        left = {0, 2, 25} - set(query.rows.tolist())
        assert set(row[: len(left)].tolist()) == left
        assert (row[len(left) :] == -1).all()
    many = queries * (CHUNK // len(queries) + 1)
    assert knn.rank(many, 10).tolist() == knn.rank(queries, 10).tolist() * (CHUNK // len(queries) + 1)


def test_neighbours_agree_with_the_formula() -> None:
    data = world().data
    x = np.zeros((data.n_users, data.n_items))
    x[data.interactions.users, data.interactions.items] = 1
    norms = np.sqrt((x**2).sum(axis=0))
    expected = x.T @ x / (np.outer(norms, norms) + 20 + 1e-9)
    np.fill_diagonal(expected, 0)
    (nearest,) = by_users(data, "cosine", [20.0], 300)
    np.testing.assert_allclose(nearest.matrix(data.n_items, 300).toarray(), expected, rtol=1e-5)
    two = nearest.matrix(data.n_items, 2)
    assert (two.getnnz(axis=1)[:N_WARM] == 2).all()
    assert two.max() == pytest.approx(expected.max())


def test_walks_agree_with_the_formula() -> None:
    data = world().data
    x = np.zeros((data.n_users, data.n_items))
    x[data.interactions.users, data.interactions.items] = 1
    degrees, activity = np.maximum(x.sum(axis=0), 1), np.maximum(x.sum(axis=1), 1)
    plain, debiased = by_walks(data, 1.5, [0.0, 0.6], 300)
    expected = (x / degrees**1.5).T @ (x / activity[:, None] ** 1.5)
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(plain.matrix(data.n_items, 300).toarray(), expected, rtol=1e-4)
    expected = expected / degrees**0.6
    np.testing.assert_allclose(debiased.matrix(data.n_items, 300).toarray(), expected, rtol=1e-4)
    assert (debiased.matrix(data.n_items, 2).getnnz(axis=1)[:N_WARM] == 2).all()


def test_the_search_says_what_it_cost() -> None:
    ease = by_name("time")["EASE"]
    assert ease.searched.trials == 0
    ease.fit(world().data, first=True)
    assert ease.searched.trials == 9 and ease.searched.queries > 0
    seconds = ease.searched.seconds
    assert ease.fit(replace(world().data), first=False).searched.seconds == seconds > 0
    assert ease.fit(replace(world().data), first=True).searched.trials == 18


def test_content_neighbours_are_never_the_item_itself() -> None:
    toy = world()
    for nearest in by_content(toy.data, toy.knowledge, (0.0, 1.0), 5):
        assert not nearest.matrix(N_ITEMS, 5).diagonal().any()
        assert (nearest.rows < N_WARM).all()  # only items with events are in histories
    assert Neighbours(nearest.matrix(N_ITEMS, 5)).score([Query()]).shape == (1, N_ITEMS)


def test_filling_orders_what_is_alike_and_changes_nothing_else() -> None:
    scores = np.array([[3.0, 1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0]], dtype=np.float32)
    popularity = np.array([[0.0, 1.0, 5.0, 2.0, 9.0]], dtype=np.float32)
    order = np.argsort(-filled_up(scores, popularity), axis=1)
    assert order.tolist() == [[0, 2, 1, 4, 3], [4, 2, 3, 1, 0]]


def test_chance_differs_between_people_and_repeats_between_runs() -> None:
    one, two = Chance(50).score([Query(key="a"), Query(key="b")])
    assert (one != two).all()
    assert (Chance(50).score([Query(key="b")])[0] == two).all()


def test_the_most_frequent_items_keep_their_events() -> None:
    data = world().data
    kept = most_frequent(data, 5)
    counts = data.item_counts()
    assert set(np.flatnonzero(kept.item_counts())) == set(np.argsort(-counts, kind="stable")[:5])
    assert (kept.item_counts().sum()) == np.sort(counts)[-5:].sum()
    assert most_frequent(data, N_ITEMS) is data
    assert kept.interactions.start >= START
