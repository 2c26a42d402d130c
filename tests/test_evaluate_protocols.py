"""Protocols: nothing later than the cut is learned from, and exactly the later items are asked for."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.data.vocabulary import Vocabulary
from penchant.errors import SettingError
from penchant.evaluate.protocols import NEW, PROTOCOLS, REPEATS, Fold, over_time, protocol_named
from penchant.types import Clock
from toy import world


def log(users: list[int], items: list[int], times: list[float], clock: Clock = "time") -> Dataset:
    """A data set of these events, with ids u0, u1, … and i0, i1, … in the order of rows."""
    n_users, n_items = max(users) + 1, max(items) + 1
    ones = np.ones(len(users), dtype=np.float32)
    columns = np.array(users), np.array(items), np.array(times, dtype=np.float64)
    people = Catalogue(Vocabulary(pl.Series([f"u{u}" for u in range(n_users)])), pl.DataFrame(height=n_users))
    things = Catalogue(Vocabulary(pl.Series([f"i{i}" for i in range(n_items)])), pl.DataFrame(height=n_items))
    return Dataset(Interactions.sorted(*columns, ones, ones, clock), things, people)


events = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 11), st.integers(0, 30)), min_size=2, max_size=80
)
logs = events.map(lambda rows: log([u for u, _, _ in rows], [i for _, i, _ in rows], [t for _, _, t in rows]))
every_protocol = pytest.mark.parametrize("name", PROTOCOLS)


def pairs(data: Dataset) -> set[tuple[int, int]]:
    return set(zip(data.interactions.users.tolist(), data.interactions.items.tolist(), strict=True))


def asked(fold: Fold, table: str) -> set[tuple[int, int]]:
    task = next(task for task in fold.tasks if task.table == table)
    return {(int(u), int(i)) for u, rows in zip(task.users, task.targets, strict=True) for i in rows}


@every_protocol
@given(data=logs)
def test_a_fold_is_made_of_the_events_and_asks_only_what_was_held_back(name: str, data: Dataset) -> None:
    for cut in (PROTOCOLS[name].folds, PROTOCOLS[name].validation):
        for fold in cut(data):
            assert len(fold.train.interactions) < len(data.interactions)
            assert pairs(fold.train) <= pairs(data)
            for task in fold.tasks:
                assert len(task.users) == len(task.queries) == len(task.targets)
                assert (np.diff(task.users) > 0).all()
                for query, rows in zip(task.queries, task.targets, strict=True):
                    assert len(rows) and len(set(rows.tolist())) == len(rows)
                    assert task.repeat or not np.isin(rows, query.rows).any()
                    assert query.at >= query.times.max(initial=-np.inf)


@given(data=logs)
def test_time_learns_from_what_came_before_and_asks_for_all_that_came_after(data: Dataset) -> None:
    held_back: list[int] = []
    for fold in over_time(data):
        cut = fold.tasks[0].queries[0].at if len(fold.tasks[0]) else fold.tasks[1].queries[0].at
        assert (fold.train.interactions.times < cut).all()
        assert len(fold.train.interactions) == (data.interactions.times < cut).sum()
        held_back.append(len(data.interactions) - len(fold.train.interactions))
        assert asked(fold, NEW) == asked(fold, REPEATS) - pairs(fold.train)
        for task in fold.tasks:
            for user, query in zip(task.users.tolist(), task.queries, strict=True):
                known = fold.train.interactions.users == user
                assert query.rows.tolist() == fold.train.interactions.items[known].tolist()
    assert held_back == sorted(held_back, reverse=True)


@given(data=logs)
def test_windows_together_ask_for_each_later_pair(data: Dataset) -> None:
    folds = list(over_time(data))
    later = data.interactions.times >= min((f.tasks[1].queries[0].at for f in folds), default=np.inf)
    wanted = set(zip(data.interactions.users[later], data.interactions.items[later], strict=True))
    assert set().union(*(asked(fold, REPEATS) for fold in folds)) == wanted


@given(data=logs)
def test_cold_items_have_no_event_and_are_the_only_candidates(data: Dataset) -> None:
    for cut in (PROTOCOLS["cold20"].folds, PROTOCOLS["cold20"].validation):
        for fold in cut(data):
            (task,) = fold.tasks
            assert task.candidates is not None
            assert not fold.train.item_counts()[task.candidates].any()
            assert all(np.isin(rows, task.candidates).all() for rows in task.targets)
            assert pairs(fold.train) | asked(fold, task.table) == pairs(data)


def test_last20_cuts_each_user_by_time_then_by_the_number_in_the_id() -> None:
    # One moment: i10 comes after i9, so that it is the last of ten even though "i10" < "i9" as text.
    data = log([0] * 5 + [1] * 2, [4, 3, 2, 1, 0, 2, 3], [1, 2, 3, 4, 4, 9, 9])
    (fold,) = PROTOCOLS["last20"].folds(data)
    assert asked(fold, NEW) == {(0, 1), (1, 3)}
    assert [query.at for query in fold.tasks[0].queries] == [9.0, 9.0]
    assert fold.tasks[0].queries[0].rows.tolist() == [4, 3, 2, 0]


def test_last1_holds_out_each_users_last_event_unless_it_repeats_an_earlier_one() -> None:
    data = log([0, 0, 0, 1, 1, 2], [0, 1, 2, 3, 3, 4], [1, 2, 3, 1, 2, 5])
    (fold,) = PROTOCOLS["last1"].folds(data)
    assert asked(fold, NEW) == {(0, 2), (2, 4)}
    assert not len(fold.tasks[0].queries[1].rows)  # user 2 had nothing else: a newcomer


def test_negative_feedback_is_history_and_no_target() -> None:
    data = log([0, 0, 1, 1, 0, 1], [0, 1, 0, 1, 2, 2], [1, 2, 3, 4, 5, 6])
    against = data.interactions.items == 2
    events = data.interactions.weighted(np.where(against, -1.0, 1.0).astype(np.float32))
    assert not list(over_time(data.with_interactions(events), share=0.3, n=1))
    (fold,) = over_time(data.with_interactions(events), share=0.6, n=1)
    assert asked(fold, NEW) == {(1, 0), (1, 1)} - pairs(fold.train)


def test_only_the_first_window_searches_settings_and_draws_search_each() -> None:
    data = world().data
    assert [fold.first for fold in PROTOCOLS["time"].folds(data)] == [True] + 4 * [False]
    assert all(fold.first for fold in PROTOCOLS["cold20"].folds(data))
    assert len(list(PROTOCOLS["cold20"].folds(data))) == 3


@every_protocol
def test_requests_that_may_come_from_the_test_part_are_not_shown(name: str) -> None:
    data = world().data
    early, late = data.interactions.start, data.end
    rows = [
        ("early", [0], -1, early),
        ("of a user", [0], 3, early),
        ("late", [1], -1, late),
        ("sometime", [2], -1, None),
        *((f"item {item}", [item], -1, early) for item in range(data.n_items)),
    ]
    asked = pl.DataFrame(rows, schema=data.requests.schema, orient="row")
    for fold in PROTOCOLS[name].folds(replace(data, requests=asked)):
        kept = fold.train.requests
        if name in ("time", "prequential"):
            assert {"late", "sometime"}.isdisjoint(kept["text"])
            assert "of a user" in kept["text"]
        elif name == "cold20":
            candidates = fold.tasks[0].candidates
            assert candidates is not None
            assert not np.isin(kept["items"].explode().to_numpy(), candidates).any()
        else:
            assert "of a user" not in kept["text"]


def test_without_a_clock_the_last_part_does_not_follow_the_ids() -> None:
    rng = np.random.default_rng(0)
    users, items = np.repeat(np.arange(40), 10), np.concatenate([rng.permutation(50)[:10] for _ in range(40)])
    data = log(users.tolist(), items.tolist(), [0.0] * 400, "none")

    assert not list(over_time(data))
    (fold,) = PROTOCOLS["last20"].folds(data)
    assert fold.train.interactions.items.mean() == pytest.approx(items.mean(), abs=3)


def test_an_unknown_protocol_is_refused_by_name() -> None:
    with pytest.raises(SettingError, match=r"'random'[\s\S]*time, last20, last1, cold20"):
        protocol_named("random")
