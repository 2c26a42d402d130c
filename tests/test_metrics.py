"""The room metrics: values known by hand, and laws that hold for every list."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from penchant import metrics
from penchant.types import Rows

Metric = Callable[[NDArray[np.bool_], Rows], NDArray[np.float64]]
ALL: list[Metric] = [
    metrics.ndcg,
    metrics.recall,
    metrics.precision,
    metrics.f1,
    metrics.hit_rate,
    metrics.mrr,
    metrics.average_precision,
]
Judged = tuple[NDArray[np.bool_], Rows]
every = pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.__name__)


@st.composite
def judged(draw: st.DrawFn) -> Judged:
    """Lists with their hits, and at least as many relevant items as there are hits."""
    n, k = draw(st.integers(1, 6)), draw(st.integers(1, 12))
    rows = st.lists(st.booleans(), min_size=k, max_size=k)
    hits = np.array(draw(st.lists(rows, min_size=n, max_size=n)))
    missed = np.array(draw(st.lists(st.integers(0, 20), min_size=n, max_size=n)))
    return hits, hits.sum(axis=1) + missed


def test_values_known_by_hand() -> None:
    hits, n_relevant = np.array([[True, False, True, False]]), np.array([3])
    assert metrics.ndcg(hits, n_relevant) == pytest.approx(
        (1 + 1 / np.log2(4)) / (1 + 1 / np.log2(3) + 1 / np.log2(4))
    )
    assert metrics.recall(hits, n_relevant) == pytest.approx(2 / 3)
    assert metrics.precision(hits, n_relevant) == pytest.approx(2 / 4)
    assert metrics.hit_rate(hits, n_relevant) == 1
    assert metrics.mrr(hits[:, 1:], n_relevant) == pytest.approx(1 / 2)
    assert metrics.average_precision(hits, n_relevant) == pytest.approx((1 + 2 / 3) / 3)


def test_more_relevant_items_than_places_do_not_count_against_a_list() -> None:
    hits, n_relevant = np.ones((1, 2), dtype=bool), np.array([50])
    assert metrics.recall(hits, n_relevant) == metrics.ndcg(hits, n_relevant) == 1


@every
def test_nothing_to_hit_gives_zero(metric: Metric) -> None:
    assert metric(np.zeros((2, 3), dtype=bool), np.array([0, 0])).tolist() == [0, 0]
    assert metric(np.zeros((2, 0), dtype=bool), np.array([1, 0])).tolist() == [0, 0]


@every
@given(case=judged())
def test_values_lie_between_zero_and_one(metric: Metric, case: Judged) -> None:
    values = metric(*case)
    assert values.shape == (len(case[0]),)
    assert ((values >= 0) & (values <= 1)).all()


@every
@given(case=judged(), seed=st.integers(0, 99))
def test_each_query_is_judged_by_itself(metric: Metric, case: Judged, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(case[0]))
    np.testing.assert_allclose(metric(*case)[order], metric(case[0][order], case[1][order]), rtol=1e-12)


@every
@given(k=st.integers(1, 50), more=st.integers(0, 50))
def test_a_perfect_list_gives_one(metric: Metric, k: int, more: int) -> None:
    assert metric(np.ones((1, k), dtype=bool), np.array([k + more])) == pytest.approx(1)


@given(k=st.integers(1, 30), data=st.data())
def test_all_that_is_relevant_first_gives_one(k: int, data: st.DataObject) -> None:
    n = data.draw(st.integers(1, k))
    hits = np.arange(k)[None] < n
    for metric in (metrics.ndcg, metrics.recall, metrics.average_precision, metrics.mrr):
        assert metric(hits, np.array([n])) == pytest.approx(1)


@every
@given(case=judged(), data=st.data())
def test_moving_a_hit_up_never_harms(metric: Metric, case: Judged, data: st.DataObject) -> None:
    hits, n_relevant = case
    after = data.draw(st.integers(1, hits.shape[1])) - 1
    before = data.draw(st.integers(0, after))
    better = hits.copy()
    worse = hits[:, after] & ~hits[:, before]
    better[worse, before], better[worse, after] = True, False
    assert (metric(better, n_relevant) >= metric(hits, n_relevant) - 1e-12).all()


def test_hits_ignore_padding_and_count_a_repeated_item_once() -> None:
    recommended = np.array([[4, 2, 4, -1], [4, 4, 0, 2], [1, -1, -1, -1]])
    relevant = [np.array([4, 9, 9]), np.array([0, 2, -1]), np.empty(0, dtype=np.int64)]
    expected = [[True, False, False, False], [False, False, True, True], [False] * 4]
    assert metrics.hits(recommended, relevant).tolist() == expected
    assert metrics.counts(relevant).tolist() == [2, 2, 0]


def test_hits_of_no_lists_at_all() -> None:
    assert metrics.hits(np.empty((0, 5), dtype=np.int64), []).shape == (0, 5)
    assert metrics.counts([]).tolist() == []


lists = st.lists(st.lists(st.integers(-1, 8), min_size=4, max_size=4), min_size=1, max_size=5)


@given(lists=lists, data=st.data())
def test_hits_agree_with_sets(lists: list[list[int]], data: st.DataObject) -> None:
    wanted = [data.draw(st.lists(st.integers(-1, 8), max_size=6)) for _ in lists]
    expected = [
        [row >= 0 and row in want and row not in places[:j] for j, row in enumerate(places)]
        for places, want in zip(lists, wanted, strict=True)
    ]
    relevant = [np.array(want, dtype=np.int64) for want in wanted]
    found = metrics.hits(np.array(lists), relevant)
    assert found.tolist() == expected
    assert (found.sum(axis=1) <= metrics.counts(relevant)).all()


def test_coverage() -> None:
    assert metrics.coverage(np.array([[0, 1], [1, -1]]), 4) == 0.5
    assert metrics.coverage(np.full((2, 2), -1), 4) == 0
    assert metrics.coverage(np.empty((0, 3), dtype=np.int64), 0) == 0
