"""Intervals where a user has several rows: users are drawn as a whole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.evaluate.statistics import bootstrap, clustered, totals


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.integers(0, 9))
def test_with_one_row_a_user_it_is_the_plain_bootstrap(values: list[float], seed: int) -> None:
    given_values = np.array(values)
    (interval,) = clustered(
        given_values[:, None], np.arange(len(values)), rng=np.random.default_rng(seed), n=60
    )
    plain = bootstrap(given_values, rng=np.random.default_rng(seed), n=60)
    np.testing.assert_allclose(interval, plain, atol=1e-12)


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 5)), min_size=1, max_size=60))
def test_the_mean_is_that_of_all_rows(rows: list[tuple[float, int]]) -> None:
    values, users = (np.array(column) for column in zip(*rows, strict=True))
    (interval,) = clustered(values[:, None], users, rng=np.random.default_rng(0), n=60)
    assert interval.mean == pytest.approx(values.mean())
    assert values.min() - 1e-12 <= interval.low <= interval.high <= values.max() + 1e-12


def test_rows_of_one_user_that_are_alike_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    values, users = np.repeat(rng.random(50), 8), np.repeat(np.arange(50), 8)
    (whole,) = clustered(values[:, None], users, rng=rng)
    plain = bootstrap(values, rng=rng)
    assert (whole.high - whole.low) / (plain.high - plain.low) == pytest.approx(np.sqrt(8), rel=0.1)


def test_intervals_of_pooled_rows_hold_the_truth_about_as_often_as_they_say() -> None:
    rng, held = np.random.default_rng(1), 0
    for _ in range(200):
        sizes = rng.integers(1, 6, 80)
        level = rng.normal(0, 1, 80)
        users = np.repeat(np.arange(80), sizes)
        values = level[users] + rng.normal(0, 1, len(users))
        ((_, low, high),) = clustered(values[:, None], users, rng=rng, n=300, level=0.9)
        held += low <= 0 <= high
    assert 0.83 <= held / 200 <= 0.96


def test_weights_count_rows_and_columns_share_their_draws() -> None:
    values = np.array([[1.0, 3.0], [0.0, 2.0], [1.0, 3.0]])
    users, weights = np.array([7, 7, 9]), np.array([1.0, 1.0, 2.0])
    a, b = clustered(values, users, weights=weights, rng=np.random.default_rng(0))
    assert a.mean == pytest.approx(0.75)
    np.testing.assert_allclose(np.array(a) + 2, b)
    sums, counts = totals(values, users, weights)
    assert sums.tolist() == [[1, 5], [2, 6]]
    assert counts.tolist() == [2, 2]


def test_no_rows_mean_that_nothing_is_known() -> None:
    found = clustered(np.empty((0, 2)), np.empty(0, dtype=np.int64), rng=np.random.default_rng(0))
    assert np.isnan(found).all() and len(found) == 2
