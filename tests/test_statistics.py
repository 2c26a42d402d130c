"""Statistics of the room evaluate: known values, coverage of intervals, laws of p values."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.evaluate.statistics import Values, bootstrap, holm, paired_bootstrap, randomisation

numbers = st.lists(st.floats(0, 1), min_size=1, max_size=40).map(np.array)
p_values = st.lists(st.floats(0, 1), max_size=12)


@given(values=numbers, seed=st.integers(0, 9))
def test_the_interval_lies_among_the_values_and_repeats(values: Values, seed: int) -> None:
    interval = bootstrap(values, rng=np.random.default_rng(seed), n=50)
    assert interval == bootstrap(values, rng=np.random.default_rng(seed), n=50)
    assert values.min() - 1e-12 <= interval.low <= interval.high <= values.max() + 1e-12
    assert interval.mean == pytest.approx(values.mean())


@given(values=numbers, shift=st.floats(-5, 5), seed=st.integers(0, 9))
def test_the_interval_moves_with_the_values(values: Values, shift: float, seed: int) -> None:
    here = bootstrap(values, rng=np.random.default_rng(seed), n=50)
    there = bootstrap(values + shift, rng=np.random.default_rng(seed), n=50)
    np.testing.assert_allclose(np.array(here) + shift, there, atol=1e-9)


def test_the_interval_agrees_with_the_normal_one_on_many_values() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(3, 2, 4000)
    interval = bootstrap(values, rng=rng)
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert interval.low == pytest.approx(values.mean() - half, abs=0.01)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.01)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(300):
        _, low, high = bootstrap(rng.exponential(1, 100), rng=rng, n=400, level=0.9)
        held += low <= 1 <= high
    assert 0.83 <= held / 300 <= 0.95


def test_no_values_mean_that_nothing_is_known() -> None:
    assert np.isnan(bootstrap(np.array([]), rng=np.random.default_rng(0))).all()


def test_pairs_see_a_small_steady_difference_that_single_intervals_hide() -> None:
    rng = np.random.default_rng(3)
    b = rng.random(400)
    a = b + 0.02 + rng.normal(0, 0.02, 400)
    assert bootstrap(a, rng=rng).low < bootstrap(b, rng=rng).high
    difference = paired_bootstrap(a, b, rng=rng)
    assert 0 < difference.low < difference.mean < difference.high < 0.04
    assert randomisation(a, b, rng=rng, n=999) == 1 / 1000


def test_pairs_of_other_users_are_refused() -> None:
    with pytest.raises(ValueError, match="same users"):
        paired_bootstrap(np.ones(3), np.ones(4), rng=np.random.default_rng(0))


@given(a=numbers, seed=st.integers(0, 9))
def test_the_randomisation_test_is_two_sided(a: Values, seed: int) -> None:
    b = np.random.default_rng(seed).permutation(a)
    one = randomisation(a, b, rng=np.random.default_rng(seed), n=99)
    assert one == randomisation(b, a, rng=np.random.default_rng(seed), n=99)
    assert 1 / 100 <= one <= 1


def test_the_randomisation_test_agrees_with_all_sign_flips() -> None:
    a, b = np.array([0.3, 0.5, 0.1, 0.4]), np.zeros(4)
    # Of the 16 ways to flip four signs only two reach the sum of all four.
    p = randomisation(a, b, rng=np.random.default_rng(0), n=20_000)
    assert p == pytest.approx(2 / 16, abs=0.01)
    assert randomisation(a, a, rng=np.random.default_rng(0)) == 1


@pytest.mark.parametrize("seed", range(3))
def test_the_randomisation_test_agrees_with_scipy(seed: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(seed)
    a, b = rng.random(12) + 0.2, rng.random(12)  # 4,096 ways to swap: scipy goes through all of them
    exact = stats.permutation_test(
        (a, b), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=np.inf
    )
    assert randomisation(a, b, rng=rng, n=40_000) == pytest.approx(exact.pvalue, abs=0.01)


def test_false_alarms_are_as_rare_as_the_level() -> None:
    rng = np.random.default_rng(4)
    alarms = [randomisation(rng.random(30), rng.random(30), rng=rng, n=199) <= 0.1 for _ in range(400)]
    assert 0.05 <= np.mean(alarms) <= 0.15


@given(p=p_values)
def test_holm_keeps_the_order_and_lies_between_p_and_bonferroni(p: list[float]) -> None:
    given_p, corrected = np.array(p), holm(p)
    assert (corrected >= given_p).all()
    assert (corrected <= np.minimum(1, given_p * len(p))).all()
    order = np.argsort(given_p, kind="stable")
    assert (np.diff(corrected[order]) >= 0).all()


def test_many_users_need_little_memory() -> None:
    values = np.linspace(0, 1, 50_000)
    tracemalloc.start()
    bootstrap(values, rng=np.random.default_rng(0), n=300)
    randomisation(values, values[::-1], rng=np.random.default_rng(0), n=300)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6
