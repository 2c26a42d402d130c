from collections.abc import Callable
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.interactions import Interactions
from penchant.data.split import (
    at_time,
    between,
    cold_items,
    id_ranks,
    last_fraction,
    last_one,
    windows,
    without_items,
)
from penchant.data.vocabulary import Vocabulary

N_USERS, N_ITEMS = 6, 9


@st.composite
def logs(draw: st.DrawFn) -> Interactions:
    event = st.tuples(st.integers(0, N_USERS - 1), st.integers(0, N_ITEMS - 1), st.integers(0, 20))
    rows = np.array(draw(st.lists(event, min_size=1, max_size=80)), dtype=np.int64)
    weights = np.arange(len(rows), dtype=np.float32)  # tells events apart
    return Interactions.sorted(
        rows[:, 0], rows[:, 1], rows[:, 2].astype(np.float64), weights, weights, "time"
    )


def is_partition(events: Interactions, *parts: Interactions) -> bool:
    found = np.sort(np.concatenate([part.weights for part in parts]))
    return np.array_equal(found, np.sort(events.weights))


@given(logs(), st.floats(-1, 22))
def test_a_moment_divides_past_from_future(events: Interactions, moment: float) -> None:
    before, after = at_time(events, moment)
    assert is_partition(events, before, after)
    assert not (before.times >= moment).any()
    assert not (after.times < moment).any()


@given(logs(), st.floats(0.05, 0.6), st.integers(1, 6))
def test_windows_follow_one_another_and_leave_a_past(events: Interactions, share: float, n: int) -> None:
    cuts = windows(events, share, n)
    if events.start == events.end:
        assert not cuts
        return
    assert 1 <= len(cuts) <= n
    parts = [between(events, cut) for cut in cuts]
    past, _ = at_time(events, cuts[0].start)
    assert len(past)
    assert all(len(part) for part in parts)
    assert is_partition(events, past, *parts)
    assert all(one.end == two.start for one, two in pairwise(cuts))


def test_windows_hold_the_last_tenth_in_equal_parts() -> None:
    n = np.arange(1000)
    events = Interactions.sorted(
        n % 7, n % 5, n.astype(np.float64), np.ones(1000, np.float32), np.ones(1000, np.float32), "time"
    )
    cuts = windows(events)
    assert cuts[0].start == 900
    assert [len(between(events, cut)) for cut in cuts] == [20] * 5


@given(logs(), st.sampled_from([0.1, 0.2, 0.5]), st.permutations(range(N_ITEMS)))
def test_the_last_part_of_each_user(events: Interactions, fraction: float, ranks: list[int]) -> None:
    tiebreak = np.array(ranks)
    before, after = last_fraction(events, N_USERS, fraction, tiebreak)
    assert is_partition(events, before, after)
    for user in range(N_USERS):
        early, late = before.where(before.users == user), after.where(after.users == user)
        n = len(early) + len(late)
        assert len(early) == int((1 - fraction) * n + 1e-9)
        if len(early) and len(late):
            last = max(zip(early.times, tiebreak[early.items], strict=True))
            assert last <= min(zip(late.times, tiebreak[late.items], strict=True))


@given(logs())
def test_one_event_of_each_user_is_last(events: Interactions) -> None:
    before, after = last_one(events, N_USERS)
    assert is_partition(events, before, after)
    assert after.users.tolist() == np.unique(events.users).tolist()
    assert after.weights.tolist() == [events.weights[events.users == user][-1] for user in after.users]


@pytest.mark.parametrize(
    "cut",
    [
        lambda events: at_time(events, 3.0),
        lambda events: last_fraction(events, N_USERS, 0.2, np.arange(N_ITEMS)),
        lambda events: last_one(events, N_USERS),
        lambda events: without_items(events, np.array([1, 2]), N_ITEMS),
    ],
)
@given(events=logs())
def test_parts_keep_the_order_of_events(
    cut: Callable[[Interactions], tuple[Interactions, Interactions]], events: Interactions
) -> None:
    for part in cut(events):
        assert np.array_equal(np.lexsort((part.times, part.users)), np.arange(len(part)))
        assert part.clock == events.clock


def test_numbers_are_ranked_as_numbers_even_in_text() -> None:
    for ids in (pl.Series([10, 9, 100]), pl.Series(["10", "9", "100"])):
        vocabulary = Vocabulary(ids)
        assert id_ranks(vocabulary).tolist() == [1, 0, 2]
    assert id_ranks(Vocabulary(pl.Series(["b", "10", "9"]))).tolist() == [2, 0, 1]


def test_cold_items_follow_the_published_draw() -> None:
    vocabulary = Vocabulary.of(pl.Series(range(1, 101)))
    rng = np.random.default_rng(0)
    for rows in cold_items(vocabulary):
        expected = np.arange(1, 101)[rng.permutation(100)[:20]]
        assert sorted(vocabulary.ids.gather(rows)) == sorted(expected)


@given(logs(), st.sets(st.integers(0, N_ITEMS - 1)))
def test_cold_items_lose_all_their_events(events: Interactions, cold: set[int]) -> None:
    warm, gone = without_items(events, np.array(sorted(cold), dtype=np.int64), N_ITEMS)
    assert is_partition(events, warm, gone)
    assert not cold & set(warm.items.tolist())
    assert set(gone.items.tolist()) <= cold
