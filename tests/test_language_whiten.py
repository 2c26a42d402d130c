"""Whitening: directions even, lengths one, and nothing breaks where there is little to learn from."""

import numpy as np
import pytest

from penchant.errors import BundleError, SettingError
from penchant.language.encode import unit
from penchant.language.whiten import Whitening
from penchant.types import Vectors


def crowded(n: int = 400, d: int = 12) -> Vectors:
    """Vectors that all lean one way, with spreads that differ tenfold."""
    rng = np.random.default_rng(0)
    return unit((rng.normal(size=(n, d)) * np.linspace(0.1, 1, d) + 3).astype(np.float32))


def everyone(vectors: Vectors) -> np.ndarray:
    return np.ones(len(vectors), dtype=bool)


def test_spreads_become_even_and_rows_have_unit_length() -> None:
    vectors = crowded()
    whitening = Whitening.fit(vectors, everyone(vectors), eps=1e-6)
    spread = np.cov((vectors - whitening.mean) @ whitening.axes, rowvar=False)
    # One axis is lost: unit vectors that crowd together hardly differ along their mean.
    np.testing.assert_allclose(spread[:11, :11], np.eye(11), atol=0.02)
    np.testing.assert_allclose(np.linalg.norm(whitening.apply(vectors), axis=1), 1, atol=1e-6)


def test_shrinkage_holds_back_directions_without_spread() -> None:
    vectors = crowded()
    bold, shy = (Whitening.fit(vectors, everyone(vectors), eps=eps) for eps in (1e-6, 1.0))
    ratio = [np.linalg.norm(w.axes, axis=0).max() / np.linalg.norm(w.axes, axis=0).min() for w in (bold, shy)]
    assert ratio[1] < ratio[0] / 3


def test_only_known_rows_are_learned_from_and_zero_rows_stay_zero() -> None:
    vectors = crowded()
    vectors[::3] = 0
    known = np.arange(len(vectors)) % 3 > 0
    whitening = Whitening.fit(vectors, known)
    alone = Whitening.fit(vectors[known], everyone(vectors[known]))
    assert whitening.axes.tobytes() == alone.axes.tobytes()
    for out in (whitening.apply(vectors), whitening.centre(vectors)):
        assert not out[::3].any()
        np.testing.assert_allclose(np.linalg.norm(out[known], axis=1), 1, atol=1e-6)


def test_the_order_of_blocks_and_signs_do_not_leave_it_to_chance() -> None:
    vectors = crowded(40_000, 6)  # more rows than a block holds
    first, second = (Whitening.fit(vectors.copy(), everyone(vectors)) for _ in range(2))
    assert first.axes.tobytes() == second.axes.tobytes()
    assert (first.axes[np.abs(first.axes).argmax(axis=0), np.arange(6)] > 0).all()


def test_dim_keeps_the_strongest_axes() -> None:
    vectors = crowded()
    whole, part = (Whitening.fit(vectors, everyone(vectors), dim=dim) for dim in (None, 4))
    np.testing.assert_array_equal(part.axes, whole.axes[:, :4])
    assert part.apply(vectors).shape == (400, 4)


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_fewer_rows_than_dimensions(n: int) -> None:
    vectors = crowded(n)
    whitening = Whitening.fit(vectors, everyone(vectors))
    new = whitening.apply(crowded(50))
    assert np.isfinite(new).all()
    np.testing.assert_allclose(np.linalg.norm(new, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(whitening.apply(vectors), axis=1), np.ones(n), atol=1e-6)


@pytest.mark.parametrize("n", [0, 1, 7])
def test_rows_that_do_not_differ_are_left_as_they_are(n: int) -> None:
    vectors = np.repeat(crowded(1), n, axis=0)
    whitening = Whitening.fit(vectors, everyone(vectors))
    np.testing.assert_allclose(whitening.apply(vectors), vectors, atol=1e-6)
    np.testing.assert_allclose(whitening.centre(vectors), vectors, atol=1e-6)


def test_no_numbers_at_all() -> None:
    vectors = np.zeros((3, 0), dtype=np.float32)
    whitening = Whitening.fit(vectors, np.zeros(3, dtype=bool))
    assert whitening.apply(vectors).shape == (3, 0)


def test_state_brings_it_back_and_nonsense_is_refused() -> None:
    vectors = crowded()
    whitening = Whitening.fit(vectors, everyone(vectors), dim=5)
    again = Whitening.from_state(whitening.state())
    assert again.apply(vectors).tobytes() == whitening.apply(vectors).tobytes()
    with pytest.raises(BundleError):
        Whitening.from_state({"mean": whitening.mean})
    with pytest.raises(BundleError):
        Whitening.from_state({"mean": whitening.mean[:3], "axes": whitening.axes})


@pytest.mark.parametrize("setting", [{"dim": 0}, {"eps": 0.0}, {"eps": float("nan")}])
def test_settings_outside_their_range(setting: dict[str, float]) -> None:
    with pytest.raises(SettingError):
        Whitening.fit(crowded(3), np.ones(3, dtype=bool), **setting)  # type: ignore[arg-type]


def test_the_input_is_not_changed_and_float32_comes_out() -> None:
    vectors = crowded()
    vectors.flags.writeable = False
    whitening = Whitening.fit(vectors, everyone(vectors))
    assert {whitening.apply(vectors).dtype, whitening.centre(vectors).dtype} == {np.dtype(np.float32)}
