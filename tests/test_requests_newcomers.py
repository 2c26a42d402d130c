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
from penchant.requests.newcomers import FIRST, NEXT, Newcomers, Told, arrivals, sentence
from penchant.requests.telling import describes
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
            rows = fitted.recommend(text=text, k=10)["item_id"]
            own = sum(int(name[1:]) % 2 == kind for name in rows)
            assert own >= 9, (text, rows.to_list())
    silent = fitted.recommend(["nobody"], k=10)["item_id"]
    assert 2 <= sum(int(name[1:]) % 2 for name in silent) <= 8


def test_an_unknown_user_with_a_sentence_is_a_newcomer_and_a_known_one_is_not(fitted: Recommender) -> None:
    text = "I like Western."
    alone, both = fitted.recommend(text=text, k=5), fitted.recommend(["nobody", "u0"], text=text, k=5)
    assert both.filter(pl.col("user_id") == "nobody")["item_id"].to_list() == alone["item_id"].to_list()
    assert fitted.queries(["u0"], text)[1][0].heard is None


def test_a_request_stays_a_request(fitted: Recommender) -> None:
    bare = replace(fitted, newcomers=None)
    asked = "a Western about the river"
    assert fitted.recommend(text=asked).equals(bare.recommend(text=asked))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("I like loud battles of robots", True),
        ("I'm a nurse, and I love What Women Want (2000).", True),
        ("Likes Drama and War; lately Heat (1995).", True),
        ("我喜欢科幻小说", True),
        ("I like dramas, can you recommend one", False),
        ("I would like a summer dress", False),
        ("I am looking for a gift", False),
        ("a film about space", False),
        ("我喜欢科幻，有什么新的吗？", False),
        ("我想看喜剧", False),
        ("", False),
    ],
)
def test_who_describes_themselves_asks_for_nothing(text: str, said: bool) -> None:
    assert describes(text) == said


def test_sentences_are_made_of_first_events_alone(data: Dataset) -> None:
    def read(texts: Sequence[str]) -> Vectors:
        return np.zeros((len(texts), 2), dtype=np.float32)

    events = data.interactions
    later = np.ones(len(events), dtype=bool)
    later[(events.bounds(PEOPLE)[:-1][:, None] + np.arange(FIRST)).ravel()] = False
    moved = replace(events, items=np.where(later, (events.items + 1) % (2 * EACH), events.items))
    users = arrivals(data)
    told, other = (
        Told.of(world, users, read, np.random.default_rng(0))
        for world in (data, data.with_interactions(moved))
    )
    assert told.texts == other.texts
    for head, wanted in zip(told.heads, told.wanted, strict=True):
        assert len(head) == FIRST
        assert 0 < len(wanted) <= NEXT
        assert not set(head.tolist()) & set(wanted.tolist())


def test_a_bundle_keeps_what_was_learned(fitted: Recommender, tmp_path: Path) -> None:
    fitted.save(tmp_path / "MODEL")
    text = "I like Drama."
    assert Recommender.load(tmp_path / "MODEL").recommend(text=text).equals(fitted.recommend(text=text))
    arguments = ["recommend", str(tmp_path / "MODEL"), "--text", text, "-k", "3", "--explain", "--words"]
    done = CliRunner().invoke(application("recommend"), arguments)
    assert done.exit_code == 0
    assert done.stdout.count("\n") == 4
    assert "asks for nothing" in done.stderr


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
