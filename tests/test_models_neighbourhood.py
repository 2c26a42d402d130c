"""Closed forms among neighbours, against the whole solution where all items are neighbours."""

import numpy as np
import pytest
import scipy.sparse as sp

import toy
from penchant.language.knowledge import Knowledge
from penchant.models.algebra import Prior
from penchant.models.neighbourhood import among_neighbours
from penchant.models.transitions import Transitions


def moments(items: int = 9) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    rng = np.random.default_rng(0)
    x = sp.csr_matrix((rng.random((40, items)) < 0.4).astype(np.float32))
    gram = sp.csr_matrix(x.T @ x, dtype=np.float32)
    return gram, sp.csr_matrix(gram * 0.5 + sp.eye(items, dtype=np.float32))


@pytest.mark.parametrize("prior", [0.0, 4.0])
def test_with_all_items_as_neighbours_it_is_the_ridge_regression(prior: float) -> None:
    gram, cross = moments()
    texts = np.random.default_rng(1).normal(size=(9, 3)).astype(np.float32)
    found = among_neighbours(gram, cross, texts, l2=3.0, prior=prior, size=8).toarray()
    for j in range(9):
        others = np.delete(np.arange(9), j)
        aim = cross.toarray()[others, j] + prior * Prior.of(texts).columns(np.arange(len(texts))).T[others, j]
        left = gram.toarray()[np.ix_(others, others)] + (3.0 + prior) * np.eye(8)
        np.testing.assert_allclose(found[others, j], np.linalg.solve(left, aim), atol=1e-4)
        assert found[j, j] == 0.0


def test_only_so_many_neighbours_have_a_weight() -> None:
    gram, cross = moments()
    found = among_neighbours(gram, cross, np.zeros((9, 0), dtype=np.float32), l2=3.0, prior=0.0, size=3)
    assert (np.diff(found.tocsc().indptr) <= 3).all()


def test_sparse_moments_of_transitions_are_the_dense_ones() -> None:
    data = toy.world().data
    model = Transitions(user_power=0.5).fit(data, Knowledge.none(data.n_items), rng=np.random.default_rng(0))
    for dense, sparse in zip(
        model.moments(data.interactions), model.sparse_moments(data.interactions), strict=True
    ):
        np.testing.assert_allclose(sparse.toarray(), dense, rtol=1e-4, atol=1e-5)
