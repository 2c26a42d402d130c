"""Newcomers who say what they like get what people took of whom the same could be said."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from penchant import Recommender
from penchant.cli import application
from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.data.vocabulary import Vocabulary
from penchant.errors import SettingError
from penchant.requests.newcomers import FIRST, NEXT, Newcomers, Told, arrivals, sentence
from penchant.types import Vectors

PEOPLE, EACH, MET = 240, 30, 12
KINDS = ("Drama", "Western")
DAY = 86_400.0


@pytest.fixture(scope="module")
def data() -> Dataset:
    """People of two tastes, who come one after the other and take a dozen films of their own kind."""
    rng = np.random.default_rng(0)
    users = np.repeat(np.arange(PEOPLE), MET)
    items = np.concatenate(
        [2 * rng.choice(EACH, MET, replace=False) + user % 2 for user in range(PEOPLE)]
    ).astype(np.int64)
    times = 1.6e9 + DAY * (users + np.tile(np.arange(MET), PEOPLE) / MET)
    ones = np.ones(len(users), dtype=np.float32)
    words = ("rain", "river", "dust", "night", "bread", "winter", "stone", "glass", "field", "bird")
    titles = [f"{words[row % 10].title()} {words[(row // 6) % 10]} {row}" for row in range(2 * EACH)]
    table = pl.DataFrame({"title": titles, "genre": [KINDS[row % 2] for row in range(2 * EACH)]})
    catalogue = Catalogue(Vocabulary(pl.Series([f"i{row}" for row in range(2 * EACH)])), table, "title")
    known = Catalogue(
        Vocabulary(pl.Series([f"u{row}" for row in range(PEOPLE)])), pl.DataFrame(height=PEOPLE)
    )
    return Dataset(Interactions.sorted(users, items, times, ones, ones, "time"), catalogue, known)


@pytest.fixture(scope="module")
def fitted(data: Dataset) -> Recommender:
    return Recommender.fit(data, language="lsa", effort="quick")


def test_a_sentence_finds_the_own_kind(fitted: Recommender) -> None:
    assert fitted.newcomers is not None
    assert fitted.newcomers.learned is not None
    titles = fitted.data.items.titles(np.arange(2 * EACH))
    for kind in (0, 1):
        for text in (f"I like {KINDS[kind]}.", f"I enjoy {titles[kind]} and {titles[kind + 2]}."):
            rows = fitted.recommend(about=text, k=10)["item_id"]
            own = sum(int(name[1:]) % 2 == kind for name in rows)
            assert own >= 9, (text, rows.to_list())
    silent = fitted.recommend(["nobody"], k=10)["item_id"]
    assert 2 <= sum(int(name[1:]) % 2 for name in silent) <= 8


def test_what_a_newcomer_says_leaves_requests_as_they_were(fitted: Recommender) -> None:
    bare = replace(fitted, newcomers=None)
    for asked in ("a Western about the river", "I like Western."):
        assert fitted.recommend(text=asked).equals(bare.recommend(text=asked))
    with pytest.raises(SettingError) as refused:
        bare.recommend(about="I like Western.")
    assert "--text" in str(refused.value.hint)
    with pytest.raises(SettingError, match="newcomer alone"):
        fitted.recommend(["u0"], about="I like Western.")


def test_sentences_are_made_of_first_events_alone(data: Dataset) -> None:
    def read(texts: Sequence[str]) -> Vectors:
        return np.zeros((len(texts), 2), dtype=np.float32)

    events = data.interactions
    later = np.ones(len(events), dtype=bool)
    later[(events.bounds(PEOPLE)[:-1][:, None] + np.arange(FIRST)).ravel()] = False
    moved = replace(events, items=np.where(later, (events.items + 1) % (2 * EACH), events.items))
    users = arrivals(data)
    told, other = (Told.of(world, users, read) for world in (data, data.with_interactions(moved)))
    assert told.texts == other.texts
    for head, wanted in zip(told.heads, told.wanted, strict=True):
        assert len(head) == FIRST
        assert 0 < len(wanted) <= NEXT
        assert not set(head.tolist()) & set(wanted.tolist())


def test_a_bundle_keeps_what_was_learned(fitted: Recommender, tmp_path: Path) -> None:
    fitted.save(tmp_path / "MODEL")
    text = "I like Drama."
    assert Recommender.load(tmp_path / "MODEL").recommend(about=text).equals(fitted.recommend(about=text))
    arguments = ["recommend", str(tmp_path / "MODEL"), "--about", text, "-k", "3", "--explain", "--words"]
    done = CliRunner().invoke(application("recommend"), arguments)
    assert done.exit_code == 0
    assert done.stdout.count("\n") == 4


def test_where_nobody_can_tell_nearness_alone_counts(fitted: Recommender, data: Dataset) -> None:
    events = data.interactions
    few = data.with_interactions(events.where(events.users < 30))

    def never(_: object) -> Vectors:
        raise AssertionError("nothing is read")

    for world in (few, data.with_interactions(replace(events, clock="none"))):
        found = Newcomers.fit(fitted.ranking, world, fitted.knowledge, never, seed=0, say=lambda _: None)
        assert found is not None
        assert (found.learned, found.part) == (None, 0.0)
        assert found.near > 0


def test_sentences_say_what_there_is() -> None:
    assert sentence([], ["Heat"], 1) == "I like Heat."
    assert sentence(["War"], [], 2) == "I like War."
    assert sentence([], [], 0) == ""
