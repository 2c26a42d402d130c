"""Prequential: each moment is asked with exactly what came before it, and live histories may be worth it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.dataset import Dataset
from penchant.errors import SettingError
from penchant.evaluate import PROTOCOLS, baselines, evaluate
from penchant.evaluate.prequential import step_by_step
from penchant.evaluate.tasks import FROZEN, NEW, REPEATS, Fold
from penchant.types import Query, Rows
from test_evaluate_protocols import log, logs
from toy import world

N = 12


@dataclass
class Follower:
    """Lists the items that come after the last one of the history, in a circle of N."""

    name: str = "follower"
    only_repeats: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    trained: list[int] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)

    def fit(self, data: Dataset, *, first: bool) -> Self:
        self.trained.append(len(data.interactions))
        return self

    def rank(
        self, queries: Sequence[Query], k: int, *, candidates: Rows | None = None, repeat: bool = False
    ) -> Rows:
        self.asked.append(len(queries))
        lists = np.full((len(queries), k), -1)
        for row, query in zip(lists, queries, strict=True):
            last = int(query.rows[-1]) if len(query.rows) else 0
            shown = [(last + step) % N for step in range(1, N + 1)]
            left_out = {*query.excluded.tolist(), *([] if repeat else query.rows.tolist())}
            shown = [item for item in shown if item not in left_out][:k]
            row[: len(shown)] = shown
        return lists


def circle() -> Dataset:
    """Eight people walk around a circle of items, one step a moment; each begins at another place."""
    users, items, times = [], [], []
    for user in range(8):
        for step in range(11):
            users.append(user)
            items.append((user + step) % N)
            times.append(float(10 * step + user))
    return log(users, items, times)


def tables(fold: Fold) -> dict[str, list[tuple[int, Query, list[int]]]]:
    found: dict[str, list[tuple[int, Query, list[int]]]] = {NEW: [], REPEATS: [], FROZEN: []}
    for task in fold.tasks:
        rows = zip(task.users.tolist(), task.queries, task.targets, strict=True)
        found[task.table] += [(user, query, targets.tolist()) for user, query, targets in rows]
    return found


@given(data=logs, most=st.integers(1, 30))
def test_each_moment_is_asked_with_exactly_what_came_before(data: Dataset, most: int) -> None:
    events = data.interactions
    for fold in step_by_step(data, 0.3, 3, most=most, compare=True):
        found = tables(fold)
        start = min(query.at for _, query, _ in found[REPEATS])
        assert (fold.train.interactions.times < start).all()
        assert len({(user, query.at) for user, query, _ in found[REPEATS]}) == len(found[REPEATS]) <= most
        for user, query, targets in found[REPEATS]:
            before = (events.users == user) & (events.times < query.at)
            assert query.rows.tolist() == events.items[before].tolist()
            assert query.times.tolist() == events.times[before].tolist()
            now = (events.users == user) & (events.times == query.at)
            assert targets == sorted(set(events.items[now].tolist()))
        fresh = [
            (user, query, [item for item in targets if item not in query.rows])
            for user, query, targets in found[REPEATS]
        ]
        assert [(u, q.at, t) for u, q, t in found[NEW]] == [(u, q.at, t) for u, q, t in fresh if t]


@given(data=logs)
def test_all_moments_are_asked_where_there_is_room(data: Dataset) -> None:
    asked = {
        (user, query.at)
        for fold in step_by_step(data, 0.3, 3, most=1_000)
        for user, query, _ in tables(fold)[REPEATS]
    }
    first = min((moment for _, moment in asked), default=np.inf)
    later = data.interactions.times >= first
    assert asked == set(
        zip(data.interactions.users[later].tolist(), data.interactions.times[later].tolist(), strict=True)
    )


@given(data=logs)
def test_a_frozen_history_ends_at_the_cut_and_lists_nothing_again(data: Dataset) -> None:
    for fold in step_by_step(data, 0.3, 2, most=50, compare=True):
        found = tables(fold)
        assert len(found[NEW]) == len(found[FROZEN])
        for (user, live, targets), (same, frozen, wanted) in zip(found[NEW], found[FROZEN], strict=True):
            assert (user, live.at, targets) == (same, frozen.at, wanted)
            known = fold.train.interactions.users == user
            assert frozen.rows.tolist() == fold.train.interactions.items[known].tolist()
            since = live.rows[len(frozen.rows) :]
            assert frozen.excluded.tolist() == sorted(set(since.tolist()))


def test_live_histories_are_asked_models_fitted_once_a_window_and_the_gain_is_told() -> None:
    data, follower = circle(), Follower()
    result = evaluate(data, [follower], PROTOCOLS["prequential"], rng=np.random.default_rng(0))
    folds = list(PROTOCOLS["prequential"].folds(data))
    assert follower.trained == [len(fold.train.interactions) for fold in folds]
    assert len(follower.asked) == 3 * len(folds)  # one call a table, whatever the number of moments
    assert [table.name for table in result.tables] == [NEW, REPEATS]
    live = result.table(NEW).slices[0].lines[0].metrics["NDCG@10"]
    assert live.mean == 1
    assert {gain.other for gain in result.table(NEW).gains} == {"follower, histories frozen"}
    assert result.table(REPEATS).gains == ()
    assert all("verdict" in gain for gain in result.json()["tables"][0]["gains"])


def test_a_frozen_history_is_worth_no_less_where_skipping_what_was_met_is_all() -> None:
    data = circle()
    protocol = PROTOCOLS["prequential"]
    wide = type(protocol)(
        "prequential",
        "",
        "",
        lambda given_data: step_by_step(given_data, 0.6, 1, most=1_000, compare=True),
        protocol.validation,
    )
    result = evaluate(data, [Follower()], wide, rng=np.random.default_rng(0))
    gain = next(g for g in result.table(NEW).gains if g.metric == "NDCG@10")
    assert gain.interval.mean == pytest.approx(0)  # what was met since is skipped: the circle leads on
    assert "live histories over frozen ones, follower: NDCG@10 +0.0000" in str(result)


def test_draws_of_moments_repeat() -> None:
    data = world().data
    one, two = ([tables(fold)[REPEATS] for fold in step_by_step(data, most=5)] for _ in range(2))
    assert [[(u, q.at) for u, q, _ in part] for part in one] == [
        [(u, q.at) for u, q, _ in part] for part in two
    ]
    assert {len(part) for part in one} == {5}


def test_baselines_are_tuned_in_the_same_manner() -> None:
    data, protocol = world().data, PROTOCOLS["prequential"]
    names = {"recent popularity", "item kNN", "own most frequent items"}
    some = [baseline for baseline in baselines(protocol) if baseline.name in names]
    result = evaluate(data, [], protocol, against=some, rng=np.random.default_rng(0))
    means = {line.name: line.metrics["NDCG@10"].mean for line in result.table(NEW).slices[0].lines}
    assert means["item kNN"] > means["recent popularity"] + 0.05
    assert {line.name for line in result.table(REPEATS).slices[0].lines} == names
    assert result.searches["item kNN"]["trials"] == 32


def test_a_log_without_a_clock_has_no_next_event() -> None:
    data = world().without_order().data
    with pytest.raises(SettingError, match="prequential: the events have neither"):
        evaluate(data, [Follower()], PROTOCOLS["prequential"], rng=np.random.default_rng(0))
