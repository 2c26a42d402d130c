"""Intervals under continuous peeking: simulated people who come back, with a taste of their own."""

import numpy as np
import pytest
from numpy.typing import NDArray

from penchant.live.sequential import (
    FEWEST,
    acceptance,
    best,
    chance,
    difference,
    evidence,
    ratio,
    share,
    width,
)

RUNS, LOOKS = 300, np.unique(np.geomspace(FEWEST, 3_000, 25).astype(int))


def people(rng: np.random.Generator, n: int, mean: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lists and accepted lists of people whose taste differs: Beta-distributed with a given mean."""
    lists = 1.0 + rng.geometric(0.4, n).astype(np.float64)
    done = rng.binomial(lists.astype(int), rng.beta(4 * mean, 4 * (1 - mean), n)).astype(np.float64)
    return done, lists


@pytest.mark.parametrize("mean", [0.03, 0.3])
def test_intervals_hold_at_all_looks_together(mean: float) -> None:
    rng, missed, wrong = np.random.default_rng(1), 0, 0
    for _ in range(RUNS):
        first, second = people(rng, LOOKS[-1], mean), people(rng, LOOKS[-1], mean)
        out = seen = False
        for n in LOOKS.tolist():
            one, other = (first[0][:n], first[1][:n]), (second[0][:n], second[1][:n])
            own, between = acceptance(*one), difference(one, other)
            out |= own is not None and not own.low <= mean <= own.high
            seen |= between is not None and not between.low <= 0 <= between.high
        missed, wrong = missed + out, wrong + seen
    assert missed <= 0.05 * RUNS
    assert wrong <= 0.05 * RUNS


def test_a_true_difference_is_found() -> None:
    rng, found = np.random.default_rng(2), 0
    for _ in range(50):
        first, second = people(rng, 3_000, 0.20), people(rng, 3_000, 0.26)
        between = difference(first, second)
        assert between is not None
        found += between.low > 0
        assert between.low <= 0.06 <= between.high or abs(between.mean - 0.06) < 0.03
    assert found >= 45


def test_an_interval_at_one_moment_would_not_survive_peeking() -> None:
    """The reason for all this: the usual 95 % interval errs far more often when looked at again and again."""
    rng, wrong = np.random.default_rng(3), 0
    for _ in range(RUNS):
        first, second = people(rng, LOOKS[-1], 0.3), people(rng, LOOKS[-1], 0.3)
        for n in LOOKS.tolist():
            (a, va), (b, vb) = ratio(first[0][:n], first[1][:n]), ratio(second[0][:n], second[1][:n])
            if abs(a - b) > 1.96 * np.sqrt((va + vb) / n):
                wrong += 1
                break
    assert wrong > 0.15 * RUNS


def test_few_people_say_nothing() -> None:
    nothing = np.empty(0)
    assert acceptance(nothing, nothing) is None and ratio(nothing, nothing)[1] == np.inf
    few = np.ones(FEWEST - 1)
    assert acceptance(few, few) is None and difference((few, few), (few, few)) is None
    none = np.zeros(1_000)
    assert acceptance(none, np.ones(1_000)) is None  # no yes so far is no proof of none
    half = np.tile([0.0, 1.0], FEWEST)
    found = acceptance(half, np.ones(2 * FEWEST))
    assert found is not None and 0 < found.low < 0.5 < found.high < 1
    assert width(1.0, 0) == np.inf


def test_the_best_arm_is_likely_where_it_is_better() -> None:
    rng = np.random.default_rng(4)
    worse, better = people(rng, 2_000, 0.2), people(rng, 2_000, 0.3)
    assert best([worse, better])[1] > 0.99
    assert best([worse, worse])[0] == pytest.approx(0.5, abs=0.02)
    nothing = (np.empty(0), np.empty(0))
    assert sum(best([nothing, nothing])) == pytest.approx(1)
    # who gets many lists does not count as many people
    one = np.array([50.0, 0.0]), np.array([50.0, 50.0])
    assert best([one, worse])[0] < 0.95


def test_preferences_are_exact_at_all_looks() -> None:
    rng = np.random.default_rng(5)
    wins = rng.random((2_000, 600)).round().cumsum(axis=1)  # a fair coin
    n = np.arange(1, 601)
    grid = np.array([[evidence(int(w), int(m - w)) for w in range(m + 1)] + [0.0] * (600 - m) for m in n])
    refused = (grid[n - 1, wins.astype(int)] > np.log(20)).any(axis=1)
    assert refused.mean() <= 0.05
    assert chance(50, 50) == 1.0 and chance(90, 10) < 1e-6
    found = share(90, 30)
    assert found is not None and 0.5 < found.low < 0.75 < found.high < 0.9
    assert share(0, 0) is None
    lost = share(0, 40)
    assert lost is not None and lost.low == 0 and lost.high < 0.25
