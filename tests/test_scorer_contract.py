"""The contract that every model passes; models are found in penchant.models, none is named here.

Three class attributes tell what a model is not, and are held to it: `knows` is "popularity" (the same order
for everybody), "habit" (only what somebody did before) or "request" (only what somebody asks in words)
instead of "taste", `reads_text = False`, and `serves_cold = False` (nothing for items without an event).
"""

import importlib
import json
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest

import penchant.models
import toy
from penchant.models.scorer import Scorer, State
from penchant.models.similarity import Similarity
from penchant.models.transitions import Transitions
from penchant.types import Query, Scores

METHODS = ("fit", "score", "retrieve", "extend", "state", "from_state")
WORLD = toy.world()
QUERIES = WORLD.queries()
TASTES = np.arange(toy.N_ITEMS) % 2


def discovered() -> dict[str, type[Scorer]]:
    """All public classes of penchant.models that have a scorer's methods."""
    found: dict[str, type[Scorer]] = {}
    for info in pkgutil.walk_packages(penchant.models.__path__, "penchant.models."):
        module = importlib.import_module(info.name)
        own = (value for value in vars(module).values() if getattr(value, "__module__", "") == info.name)
        classes = {value.__name__: value for value in own if isinstance(value, type) and value is not Scorer}
        for name, value in classes.items():
            if not name.startswith("_") and all(callable(getattr(value, part, None)) for part in METHODS):
                found[name] = value
    return found


@dataclass(kw_only=True)
class SparseSimilarity(Similarity):
    """Solved among neighbours, as in a large catalogue."""

    dense: int = 0


@dataclass(kw_only=True)
class SparseTransitions(Transitions):
    """Solved among neighbours, as in a large catalogue."""

    dense: int = 0


MODELS = discovered() | {kind.__name__: kind for kind in (SparseSimilarity, SparseTransitions)}
each = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


def knows(model: type[Scorer]) -> str:
    return str(getattr(model, "knows", "taste"))


def reads_text(model: type[Scorer]) -> bool:
    return bool(getattr(model, "reads_text", True))


def serves_cold(model: type[Scorer]) -> bool:
    return bool(getattr(model, "serves_cold", True))


def fit(model: type[Scorer], world: toy.World, seed: int = 7) -> Scorer:
    return model().fit(world.data, world.knowledge, rng=np.random.default_rng(seed))


@cache
def fitted(model: type[Scorer]) -> Scorer:
    return fit(model, WORLD)


@cache
def early(model: type[Scorer]) -> Scorer:
    """The model fitted before the cold items appeared."""
    return fit(model, WORLD.first(toy.N_WARM))


def extended(scorer: Scorer) -> Scorer:
    return scorer.extend(WORLD.data.items, WORLD.knowledge)


def alike(a: Scores, b: Scores, tolerance: float = 1e-5) -> None:
    """Equal but for rounding, relative to the spread of the scores."""
    np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * max(1e-6, float(np.ptp(b))))


def lone_queries() -> dict[str, Query]:
    """Askers of whom little or something odd is known."""
    rows, at = np.array([2, 4, 4, 3]), WORLD.data.end
    times = at - toy.DAY * np.array([9.0, 5.0, 5.0, 0.0])
    plain = np.ones(4, dtype=np.float32)
    queries = {
        "nothing at all": Query(),
        "a newcomer": Query(at=at, key="newcomer"),
        "words alone": Query(text=WORLD.knowledge.raw[0], at=at),
        "a wish": Query(wanted=np.array([1]), unwanted=np.array([2]), at=at),
        "features": Query(features=np.ones(3, dtype=np.float32), at=at),
        "a cold item": Query(np.array([toy.N_WARM]), np.array([at]), plain[:1], at=at),
        "repeats": Query(rows, times, plain, at=at),
        "dislikes": Query(rows, times, -plain, at=at),
        "no weight": Query(rows, times, 0 * plain, at=at),
        "the future": Query(rows, times + 9999 * toy.DAY, plain, at=at),
        "long ago": Query(rows, times, plain, at=at + 9999 * toy.DAY),
        "no clock": Query(rows, 0 * times, plain),
    }
    return {name: toy.frozen(query) for name, query in queries.items()}


def test_models_are_found() -> None:
    assert MODELS, f"no scorer in {[info.name for info in pkgutil.iter_modules(penchant.models.__path__)]}"


@each
def test_it_finds_the_answer_of_the_toy_world(model: type[Scorer]) -> None:
    scores = fitted(model).score(QUERIES)
    assert scores.shape == (toy.N_USERS, toy.N_ITEMS)
    warm, users = scores[:, : toy.N_WARM], np.arange(toy.N_USERS)
    if knows(model) == "popularity":
        alike(scores, np.broadcast_to(scores[0], scores.shape))
        counts = WORLD.data.item_counts()[: toy.N_WARM]
        assert np.corrcoef(warm[0].argsort().argsort(), counts.argsort().argsort())[0, 1] > 0.8
    elif knows(model) == "habit":
        for row, query in zip(warm, QUERIES, strict=True):
            assert row[query.rows].min() > np.delete(row, query.rows).max()
    elif knows(model) == "request":
        assert not scores.any(), "nobody asked for anything"
        asked = fitted(model).score([Query(text=text) for text in WORLD.knowledge.raw])
        assert np.array_equal(asked.argmax(axis=1), np.arange(toy.N_ITEMS))
    else:
        other = np.where(TASTES[: toy.N_WARM] != users[:, None] % 2, warm, -np.inf).max(axis=1)
        found = scores[users, WORLD.withheld] > other
        assert found.mean() >= 0.95, f"{found.sum()} of {len(found)} withheld items above the other taste"


@each
def test_a_batch_scores_like_one_by_one(model: type[Scorer]) -> None:
    queries = [*QUERIES[:10], *lone_queries().values()]
    one_by_one = np.concatenate([fitted(model).score([query]) for query in queries])
    alike(fitted(model).score(queries), one_by_one)


@each
def test_candidates_score_as_in_the_whole(model: type[Scorer]) -> None:
    scorer, queries = fitted(model), QUERIES[:12]
    whole, rng = scorer.score(queries), np.random.default_rng(1)
    same = toy.locked(rng.permutation(toy.N_ITEMS)[:9])
    own = toy.locked(rng.permuted(np.tile(np.arange(toy.N_ITEMS), (len(queries), 1)), axis=1)[:, :7])
    alike(scorer.score(queries, same), whole[:, same])
    alike(scorer.score(queries, own), np.take_along_axis(whole, own, axis=1))


@each
@pytest.mark.parametrize("n", [1, 5, toy.N_ITEMS])
def test_retrieve_agrees_with_score(model: type[Scorer], n: int) -> None:
    scorer, queries = fitted(model), [*QUERIES[:10], *lone_queries().values()]
    whole = scorer.score(queries)
    rows, scores = scorer.retrieve(queries, n)
    assert rows.shape == scores.shape == (len(queries), n)
    assert rows.dtype == np.int64
    assert scores.dtype == np.float32
    assert all(len(set(row)) == n for row in rows.tolist()), "an item came twice"
    alike(scores, np.take_along_axis(whole, rows, axis=1))
    alike(scores, -np.sort(-whole, axis=1)[:, :n])


@each
def test_scores_are_finite_for_whoever_asks(model: type[Scorer]) -> None:
    for scorer in (fitted(model), fit(model, WORLD.without_text()), fit(model, WORLD.without_order())):
        for name, query in lone_queries().items():
            if query.text is not None and scorer is not fitted(model):
                continue  # vectors of a request have the length that the knowledge has
            scores = scorer.score([query])
            assert scores.shape == (1, toy.N_ITEMS), name
            assert scores.dtype == np.float32, name
            assert np.isfinite(scores).all(), name
    assert fitted(model).score([]).shape == (0, toy.N_ITEMS)


@each
def test_new_items_join_without_a_refit(model: type[Scorer]) -> None:
    before = early(model).score(QUERIES)
    after = extended(early(model)).score(QUERIES)
    assert after.shape == (toy.N_USERS, toy.N_ITEMS)
    assert np.isfinite(after).all()
    alike(after[:, : toy.N_WARM], before, 1e-4)
    assert np.array_equal(early(model).score(QUERIES), before), "the old one, still in use, has changed"
    alike(extended(fitted(model)).score(QUERIES), fitted(model).score(QUERIES), 1e-4)


@each
def test_text_places_new_items_as_a_refit_would(model: type[Scorer]) -> None:
    after = extended(early(model)).score(QUERIES)
    if not reads_text(model):
        assert np.array_equal(fit(model, WORLD.without_text()).score(QUERIES), fitted(model).score(QUERIES))
        return
    cold = np.arange(toy.N_WARM, toy.N_ITEMS)
    if not serves_cold(model):
        assert not after[:, cold].any()
        return
    if knows(model) == "request":
        asked = [Query(text=text) for text in WORLD.knowledge.raw]
        alike(extended(early(model)).score(asked), fitted(model).score(asked))
        return
    refit = fitted(model).score(QUERIES)
    agreement = [np.corrcoef(a, b)[0, 1] for a, b in zip(after, refit, strict=True)]
    assert np.mean(agreement) > 0.98
    for scores in (after, refit):
        own = TASTES[cold] == np.arange(toy.N_USERS)[:, None] % 2
        worst = np.where(own, scores[:, cold], np.inf).min(axis=1)
        found = worst > np.where(own, -np.inf, scores[:, cold]).max(axis=1)
        assert found.mean() >= 0.95, f"{found.sum()} of {len(found)} users have their cold items first"


@each
def test_the_same_seed_gives_the_same_bytes(model: type[Scorer]) -> None:
    once, again = fitted(model).state(), fit(model, toy.world()).state()
    assert contents(once) == contents(again)
    assert np.array_equal(fitted(model).score(QUERIES), fitted(model).score(QUERIES))


@each
def test_a_state_is_arrays_and_plain_values_that_score_alike(model: type[Scorer]) -> None:
    for scorer in (fitted(model), early(model), extended(early(model))):
        state = scorer.state()
        for name, array in state.arrays.items():
            assert type(array) is np.ndarray, name
            assert not array.dtype.hasobject, name
        plain = json.loads(json.dumps(dict(state.scalars), allow_nan=False))
        copies = {name: toy.locked(array.copy()) for name, array in state.arrays.items()}
        again = model.from_state(State(copies, plain))
        assert contents(again.state()) == contents(state)
        assert np.array_equal(again.score(QUERIES), scorer.score(QUERIES))
        alike(extended(again).score(QUERIES), extended(scorer).score(QUERIES))


@each
def test_fitting_a_model_again_forgets_the_first_time(model: type[Scorer]) -> None:
    other = toy.world(seed=5)
    scorer = model().fit(other.data, other.knowledge, rng=np.random.default_rng(3))
    scorer = scorer.fit(WORLD.data, WORLD.knowledge, rng=np.random.default_rng(7))
    assert contents(scorer.state()) == contents(fitted(model).state())


def contents(state: State) -> tuple[dict[str, Any], str]:
    """Everything in a state, to be compared."""
    arrays = {name: (a.dtype.str, a.shape, a.tobytes()) for name, a in state.arrays.items()}
    return arrays, json.dumps(dict(state.scalars), sort_keys=True)
