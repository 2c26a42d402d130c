"""Lists made diverse: where relevance alone counts nothing moves, where difference counts doubles go down."""

import numpy as np
import pytest

from penchant.rerank.mmr import mmr

VECTORS = np.eye(4, dtype=np.float32)[[0, 0, 1, 1, 2]]
SCORES = np.array([5.0, 4.9, 3.0, 2.9, 1.0], dtype=np.float32)


def test_without_diversity_the_order_stays() -> None:
    assert mmr(SCORES, VECTORS, k=5, diversity=0.0).tolist() == [0, 1, 2, 3, 4]


def test_with_diversity_near_duplicates_wait() -> None:
    assert mmr(SCORES, VECTORS, k=3, diversity=0.6).tolist() == [0, 2, 4]
    assert set(VECTORS[mmr(SCORES, VECTORS, k=3, diversity=1.0)].argmax(axis=1).tolist()) == {0, 1, 2}


@pytest.mark.parametrize("diversity", [0.0, 0.3, 0.7])
def test_the_order_of_the_candidates_does_not_matter(diversity: float) -> None:
    rng = np.random.default_rng(0)
    scores, vectors = rng.random(12).astype(np.float32), rng.normal(size=(12, 5)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    order = rng.permutation(12)
    expected = mmr(scores, vectors, k=6, diversity=diversity)
    assert np.array_equal(order[mmr(scores[order], vectors[order], k=6, diversity=diversity)], expected)


def test_few_candidates_and_none() -> None:
    assert sorted(mmr(SCORES, VECTORS, k=9, diversity=0.5)) == [0, 1, 2, 3, 4]
    assert mmr(SCORES[:1], VECTORS[:1], k=2, diversity=0.5).tolist() == [0]
    assert not len(mmr(SCORES[:0], VECTORS[:0], k=2, diversity=0.5))
    assert sorted(mmr(np.ones(5, dtype=np.float32), VECTORS, k=5, diversity=0.5)) == [0, 1, 2, 3, 4]
