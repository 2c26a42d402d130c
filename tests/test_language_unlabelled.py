"""Items without events in lessons: where they are thought to be, and when a guess counts."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.data.split import without_items
from penchant.errors import SettingError
from penchant.language.adapt.halves import Halves
from penchant.language.adapt.lessons import Lessons
from penchant.language.adapt.plan import Plan
from penchant.language.adapt.training import Teaching
from penchant.language.adapt.unlabelled import GATE, Guesses, disagreement, guessed
from penchant.language.encode import unit
from penchant.rank.lessons import lessons_of
from teaching import alone, world

GONE = np.arange(72, 96)
one_thread = pytest.fixture(scope="module", autouse=True)(alone)


@pytest.fixture(scope="module")
def lessons() -> Lessons:
    data, texts = world()
    kept = without_items(data.interactions, GONE, data.n_items)[0]
    return lessons_of(data.with_interactions(kept), texts, seed=0)


@pytest.fixture(scope="module")
def halves() -> Halves:
    return Halves.of("minilm", layers=1, max_tokens=24)


def test_neighbours_that_agree_make_a_label_and_others_do_not() -> None:
    rng = np.random.default_rng(0)
    near = np.repeat(np.eye(2, 8, dtype=np.float32), [20, 200], axis=0)
    near = np.concatenate((near, near[[0, 20]]))
    vectors = unit(near + 0.05 * rng.normal(size=near.shape).astype(np.float32))
    places = rng.normal(size=(220, 16)).astype(np.float32)
    places[:20] = 3.0 + 0.1 * places[:20]
    found = guessed(vectors, np.arange(220), places, np.array([220, 221]))
    assert found.sure.tolist() == [0]
    assert found.agreement[0] > 0.9 > GATE > found.agreement[1]
    np.testing.assert_allclose(found.places[0], 3.0, atol=0.2)


@settings(deadline=None)
@given(st.integers(1, 15), st.integers(1, 6), st.integers(0, 99))
def test_a_guess_lies_among_the_places_of_neighbours(taught: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = unit(rng.normal(size=(taught + 3, width)).astype(np.float32))
    places = rng.normal(size=(taught, 4)).astype(np.float32)
    rows = np.arange(taught, taught + 3)
    found = guessed(vectors, np.arange(taught), places, rows)
    assert found.places.shape == (3, 4) and np.isfinite(found.places).all()
    assert (abs(found.agreement) <= 1 + 1e-5).all()
    assert (found.places <= places.max(axis=0) + 1e-4).all()
    assert (found.places >= places.min(axis=0) - 1e-4).all()


def test_only_sure_guesses_pull() -> None:
    import torch

    guesses = Guesses(np.ones((2, 4), dtype=np.float32), np.array([GATE - 0.1, GATE + 0.1], dtype=np.float32))
    views = torch.zeros(2, 4)
    assert float(disagreement(views, views, guesses, np.array([0, 0]))) == 0.0
    assert float(disagreement(views, views, guesses, np.array([0, 1]))) == pytest.approx(0.5)
    assert float(disagreement(views, views + 2, guesses, np.array([0, 0]))) == pytest.approx(4.0)


def test_unlabelled_items_are_neither_taught_nor_examined(lessons: Lessons) -> None:
    assert set(lessons.unlabelled) <= set(range(96)) - set(lessons.items) - set(lessons.exam.items)
    assert set(lessons.unlabelled) == set(GONE.tolist())


def test_they_take_part_and_come_to_lie_where_their_colour_does(lessons: Lessons, halves: Halves) -> None:
    said: list[str] = []
    plan = Plan(epochs=6, layers=1, unlabelled=1.0)
    teaching = Teaching(halves, lessons, plan, say=said.append)
    teaching.begin()
    losses = [teaching.epoch(epoch)["unlabelled"] for epoch in range(1, 7)]
    assert losses[-1] < losses[0]
    assert any("unlabelled: the neighbours of" in line for line in said)
    placed = teaching.heads.placed(teaching.everything())
    taste = (np.arange(96) % 8) % 2
    means = np.stack([placed[lessons.items][taste[lessons.items] == side].mean(axis=0) for side in (0, 1)])
    away = ((placed[lessons.unlabelled][:, None] - means) ** 2).sum(axis=2)
    assert (away.argmin(axis=1) == taste[lessons.unlabelled]).mean() > 0.8


def test_the_same_course_with_and_without_copies(lessons: Lessons, halves: Halves) -> None:
    lined = replace(lessons, texts=[f"{text}\nShape: round\nSize: big" for text in lessons.texts])
    teaching = Teaching(halves, lined, Plan(epochs=1, layers=1, unlabelled=0.5, augment=0.3))
    course = teaching.run()[1]
    assert np.isfinite(course.losses[0]["unlabelled"])
    assert len(teaching.copies.versions) == len(lessons.items) + len(lessons.unlabelled)


@pytest.mark.parametrize(
    "options",
    [{"unlabelled": -1.0}, {"unlabelled": float("nan")}, {"unlabelled": 1.0, "weights": {"mlm": 1.0}}],
)
def test_weights_that_cannot_be_are_refused(options: Any) -> None:
    with pytest.raises(SettingError, match="unlabelled"):
        Plan(**options)


def test_without_such_items_it_is_refused(lessons: Lessons, halves: Halves) -> None:
    with pytest.raises(SettingError, match="--unlabelled"):
        Teaching(halves, replace(lessons, unlabelled=lessons.unlabelled[:0]), Plan(unlabelled=1.0))
