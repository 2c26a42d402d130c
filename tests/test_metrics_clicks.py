"""Ratings and clicks: known values, laws, and agreement with scikit-learn where it is installed."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from penchant import metrics

Columns = tuple[NDArray[Any], NDArray[Any]]
chances = st.integers(0, 8).map(lambda eighths: eighths / 8)  # few values: many ties


@st.composite
def clicks(draw: st.DrawFn) -> Columns:
    """What was clicked, and probabilities with many ties."""
    rows = draw(st.lists(st.tuples(st.integers(0, 1), chances), min_size=1, max_size=40))
    return np.array([y for y, _ in rows]), np.array([p for _, p in rows])


def naive_auc(clicked: NDArray[Any], scores: NDArray[Any]) -> float:
    wins = [
        1.0 if a > b else 0.5 if a == b else 0.0
        for a, y in zip(scores, clicked, strict=True)
        for b, z in zip(scores, clicked, strict=True)
        if y > z
    ]
    return float(np.mean(wins)) if wins else float("nan")


def test_errors_of_ratings_known_by_hand() -> None:
    given_ratings, predicted = np.array([5, 3, 1]), np.array([4.0, 3.0, 3.0])
    assert metrics.rmse(given_ratings, predicted) == pytest.approx(np.sqrt(5 / 3))
    assert metrics.mae(given_ratings, predicted) == 1
    assert np.isnan([metrics.rmse(np.empty(0), np.empty(0)), metrics.mae(np.empty(0), np.empty(0))]).all()


@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=1), st.integers(0, 9))
def test_errors_of_ratings_obey_their_laws(rows: list[tuple[float, float]], seed: int) -> None:
    one, other = np.array(rows).T
    order = np.random.default_rng(seed).permutation(len(one))
    for error in (metrics.rmse, metrics.mae):
        assert error(one, one) == 0 <= error(one, other)
        assert error(one, other) == pytest.approx(error(other[order], one[order]))
    assert metrics.mae(one, other) <= metrics.rmse(one, other) + 1e-9


@given(case=clicks(), seed=st.integers(0, 9))
def test_auc_counts_pairs_and_ties_half(case: Columns, seed: int) -> None:
    clicked, scores = case
    found, expected = metrics.auc(clicked, scores), naive_auc(clicked, scores)
    assert found == pytest.approx(expected, nan_ok=True)
    order = np.random.default_rng(seed).permutation(len(clicked))
    assert metrics.auc(clicked[order], scores[order]) == pytest.approx(found, nan_ok=True)
    assert metrics.auc(clicked, -scores) == pytest.approx(1 - found, nan_ok=True)
    assert metrics.auc(clicked, np.exp(3 * scores)) == pytest.approx(found, nan_ok=True)


@given(case=clicks(), data=st.data())
def test_auc_of_each_user_is_that_of_the_own_rows(case: Columns, data: st.DataObject) -> None:
    clicked, scores = case
    size = len(clicked)
    users = np.array(data.draw(st.lists(st.integers(3, 7), min_size=size, max_size=size)))
    unique, areas = metrics.auc_by_user(clicked, scores, users)
    assert unique.tolist() == sorted(set(users.tolist()))
    for user, area in zip(unique, areas, strict=True):
        own = users == user
        assert area == pytest.approx(naive_auc(clicked[own], scores[own]), nan_ok=True)


@settings(max_examples=25)
@given(case=clicks())
def test_clicks_agree_with_scikit_learn(case: Columns) -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    clicked, p = case
    assert metrics.log_loss(clicked, p) == pytest.approx(
        sklearn.log_loss(clicked, p, labels=[0, 1]), rel=1e-6
    )
    assert metrics.rmse(clicked, p) == pytest.approx(sklearn.root_mean_squared_error(clicked, p))
    assert metrics.mae(clicked, p) == pytest.approx(sklearn.mean_absolute_error(clicked, p))
    if 0 < clicked.sum() < len(clicked):
        assert metrics.auc(clicked, p) == pytest.approx(sklearn.roc_auc_score(clicked, p))


@given(case=clicks(), bins=st.integers(1, 12))
def test_calibration_is_the_weighted_gap_of_the_table(case: Columns, bins: int) -> None:
    clicked, p = case
    table = metrics.reliability(clicked, p, bins=bins)
    assert table.counts.sum() == len(p)
    gaps = 0.0
    for low, high, n, predicted, happened in zip(table.bounds, table.bounds[1:], *table[1:], strict=False):
        inside = (p >= low - 1e-9) & ((p < high - 1e-9) | (high == 1))
        assert n == inside.sum()
        if n:
            assert (predicted, happened) == pytest.approx((p[inside].mean(), clicked[inside].mean()))
            gaps += n * abs(predicted - happened)
        else:
            assert np.isnan(predicted) and np.isnan(happened)
    error = metrics.expected_calibration_error(clicked, p, bins=bins)
    assert error == pytest.approx(gaps / len(p))
    assert 0 <= error <= 1


def test_honest_probabilities_are_calibrated_and_boasting_ones_are_not() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(20_000)
    clicked = rng.random(len(p)) < p
    assert metrics.expected_calibration_error(clicked, p) < 0.02
    assert metrics.expected_calibration_error(clicked, p > 0.5) > 0.2
    assert metrics.log_loss(clicked, p) < metrics.log_loss(clicked, (0.5 + p) / 2)


def test_a_sure_mistake_costs_much_but_not_infinitely() -> None:
    assert 30 < metrics.log_loss(np.array([0]), np.array([1.0])) < 40
    assert metrics.log_loss(np.array([1]), np.array([1.0])) == pytest.approx(0, abs=1e-12)


def test_without_rows_nothing_is_known() -> None:
    none = np.empty(0)
    for metric in (metrics.auc, metrics.log_loss, metrics.expected_calibration_error):
        assert np.isnan(metric(none, none))
    assert metrics.auc_by_user(none, none, np.empty(0, dtype=np.int64))[1].tolist() == []


def test_what_cannot_be_judged_is_refused() -> None:
    with pytest.raises(ValueError, match="row by row"):
        metrics.rmse(np.ones(2), np.ones(3))
    with pytest.raises(ValueError, match="not a number"):
        metrics.mae(np.array([np.nan]), np.ones(1))
    with pytest.raises(ValueError, match="0 or 1"):
        metrics.auc(np.array([0, 2]), np.ones(2))
    with pytest.raises(ValueError, match="between 0 and 1"):
        metrics.log_loss(np.array([0, 1]), np.array([0.5, 1.5]))
    with pytest.raises(ValueError, match="one user a row"):
        metrics.auc_by_user(np.array([0, 1]), np.ones(2), np.array([1]))
