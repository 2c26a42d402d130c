"""Beyond accuracy: exposure, novelty, serendipity and diversity against naive loops and known values."""

from itertools import combinations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from penchant import metrics
from penchant.metrics import surprise

N = 8
shares = st.lists(st.integers(0, 9), min_size=1, max_size=12).map(lambda x: np.array(x, dtype=np.float64))
lists = st.lists(st.lists(st.integers(-1, N - 1), min_size=5, max_size=5), min_size=1, max_size=6).map(
    np.array
)


@given(x=shares, seed=st.integers(0, 9))
def test_gini_is_the_mean_difference_of_shares(x: np.ndarray, seed: int) -> None:
    found = metrics.gini(x)
    if not x.sum():
        assert np.isnan(found)
        return
    differences = np.abs(x[:, None] - x[None, :]).mean()
    assert found == pytest.approx(differences / (2 * x.mean()))
    assert 0 <= found <= 1 - 1 / len(x) + 1e-12
    order = np.random.default_rng(seed).permutation(len(x))
    assert metrics.gini(3 * x[order]) == pytest.approx(found)


@given(x=shares, seed=st.integers(0, 9))
def test_entropy_agrees_with_scipy(x: np.ndarray, seed: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    found = metrics.entropy(x)
    if not x.sum():
        assert np.isnan(found)
        return
    assert found == pytest.approx(stats.entropy(x, base=2))
    assert 0 <= found <= np.log2(len(x)) + 1e-12
    order = np.random.default_rng(seed).permutation(len(x))
    assert metrics.entropy(5 * x[order]) == pytest.approx(found)


def test_exposure_counts_items_and_weighs_lists() -> None:
    recommended = np.array([[0, 1], [1, -1], [2, 1]])
    assert metrics.exposure(recommended, 4).tolist() == [1, 3, 1, 0]
    assert metrics.exposure(recommended, 4, np.array([1.0, 2.0, 0.5])).tolist() == [1, 3.5, 0.5, 0]


@given(recommended=lists)
def test_novelty_is_the_mean_surprise_of_the_items(recommended: np.ndarray) -> None:
    popularity = (1 + np.arange(N)) / N
    for row, value in zip(recommended, metrics.novelty(recommended, popularity), strict=True):
        bits = [-np.log2(popularity[item]) for item in row if item >= 0]
        assert value == pytest.approx(np.mean(bits) if bits else np.nan, nan_ok=True)
        assert np.isnan(value) or -1e-12 <= value <= np.log2(N) + 1e-12


def test_an_item_that_nobody_knows_is_not_infinitely_new() -> None:
    with pytest.raises(ValueError, match="above 0"):
        metrics.novelty(np.array([[0]]), np.array([0.0]))


@given(recommended=lists, data=st.data())
def test_serendipity_is_what_hits_and_is_not_obvious(recommended: np.ndarray, data: st.DataObject) -> None:
    seed = data.draw(st.integers(0, 99))
    rng = np.random.default_rng(seed)
    hits = (rng.random(recommended.shape) < 0.5) & (recommended >= 0)
    expected = rng.integers(-1, N, (len(recommended), 3))
    found = metrics.serendipity(hits, recommended, expected)
    for place, row in enumerate(recommended):
        wanted = [hit and item not in expected[place] for hit, item in zip(hits[place], row, strict=True)]
        assert found[place] == pytest.approx(sum(wanted) / len(row))
    precision = metrics.precision(hits, hits.sum(axis=1))
    assert (found <= precision + 1e-12).all()
    nothing = np.full((len(recommended), 2), -1)
    np.testing.assert_allclose(metrics.serendipity(hits, recommended, nothing), precision)
    assert not metrics.serendipity(hits, recommended, recommended).any()


@given(recommended=lists, seed=st.integers(0, 99))
def test_diversity_is_the_mean_distance_of_pairs(recommended: np.ndarray, seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(N, 3)) * (rng.random((N, 1)) < 0.8)
    found = metrics.intra_list_diversity(recommended, vectors)
    for row, value in zip(recommended, found, strict=True):
        known = [vectors[i] / np.linalg.norm(vectors[i]) for i in row if i >= 0 and vectors[i].any()]
        distances = [1 - a @ b for a, b in combinations(known, 2)]
        assert value == pytest.approx(np.mean(distances) if distances else np.nan, nan_ok=True)
    sparse = metrics.intra_list_diversity(recommended, sp.csr_matrix(vectors))
    np.testing.assert_allclose(sparse, found, atol=1e-9)
    order = rng.permutation(recommended.shape[1])
    np.testing.assert_allclose(metrics.intra_list_diversity(recommended[:, order], vectors), found, atol=1e-9)


def test_diversity_of_opposites_and_of_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]])
    lists_of_two = np.array([[0, 1], [0, 2], [2, -1]])
    whole = metrics.intra_list_diversity(lists_of_two, vectors)
    np.testing.assert_allclose(whole, [0, 1, np.nan])
    monkeypatch.setattr(surprise, "CHUNK", 1)
    np.testing.assert_allclose(metrics.intra_list_diversity(lists_of_two, vectors), whole)
    assert metrics.intra_list_diversity(np.empty((0, 3), dtype=np.int64), vectors).shape == (0,)
