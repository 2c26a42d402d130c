"""Attributes of people: the closed form, newcomers, and attributes that tell nothing."""

from dataclasses import replace

import numpy as np
import polars as pl
import scipy.sparse as sp

import toy
from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.models.features import Counts, Features
from penchant.types import Query

WORLD = toy.world()


def fitted(data: Dataset) -> Features:
    return Features().fit(data, WORLD.knowledge, rng=np.random.default_rng(0))


def asked(**columns: list[object]) -> Dataset:
    """The toy world whose people were asked something else."""
    people = Catalogue(WORLD.data.users.vocabulary, pl.DataFrame(columns))
    return replace(WORLD.data, users=people).with_traits()


def test_the_closed_form_is_the_minimum_of_its_objective() -> None:
    rng = np.random.default_rng(0)
    energies, parts = rng.uniform(1, 50, 3), rng.dirichlet(np.ones(9))
    wide = (rng.normal(size=(3, 9)), energies, parts)
    counts = Counts(*(array.astype(np.float32) for array in wide))
    weights = counts.weights(2.0)

    def objective(weights: np.ndarray) -> float:
        fit = 0.5 * (np.outer(parts, energies) * weights**2).sum() - (counts.taken.T * weights).sum()
        return float(fit + 0.5 * 2.0 * (weights**2).sum())

    least = objective(weights)
    for _ in range(50):
        assert objective(weights + 1e-2 * rng.normal(size=weights.shape)) > least


def test_what_is_counted_is_what_was_done_beyond_popularity() -> None:
    x = sp.csr_matrix(np.array([[1.0, 1, 0], [0, 1, 1]]))
    counts = Counts.of(np.eye(2, dtype=np.float32), x)
    np.testing.assert_allclose(counts.taken, [[0.5, 0, -0.5], [-0.5, 0, 0.5]])
    np.testing.assert_allclose(counts.energies, [2, 2])


def test_a_newcomer_is_served_by_what_the_form_says() -> None:
    data = WORLD.data
    model = fitted(data)
    assert model.shrink > 0
    traits = data.space.transform(data.users).toarray()
    scores = model.score([Query(features=traits[0]), Query(features=traits[1])])
    own = np.arange(toy.N_WARM) % 2
    for user in (0, 1):
        warm = scores[user, : toy.N_WARM]
        assert warm[own == user].min() > warm[own != user].max()


def test_attributes_that_tell_nothing_are_left_alone() -> None:
    rng = np.random.default_rng(3)
    model = fitted(asked(colour=[f"c{n}" for n in rng.integers(0, 3, toy.N_USERS)]))
    scores = model.score(WORLD.data.queries()[:4])
    assert np.abs(scores).max() < 0.5
    assert not fitted(replace(WORLD.data, traits=None)).score(WORLD.data.queries()[:4]).any()


def test_queries_carry_the_attributes_of_those_who_ask() -> None:
    data = asked(age=[None if user == 3 else 20 + user % 9 for user in range(toy.N_USERS)])
    known, unknown = data.queries(np.array([2, 3]))
    assert known.features is not None
    assert unknown.features is not None
    assert known.features.sum() == 1.0
    assert not unknown.features.any()
