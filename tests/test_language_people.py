"""People in words: what they liked up to a moment, and nothing later."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import toy
from penchant.data.dataset import Dataset
from penchant.data.read import read
from penchant.language.people import Person, people, plainly
from penchant.language.write.kept import Kept
from penchant.language.write.profiles import write_profiles
from penchant.language.write.prompts import load_prompts
from test_language_write import Scripted


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Three users; Ann likes dramas and ends with a war film that she hates."""
    folder = tmp_path_factory.mktemp("people")
    events = [
        ("ann", "d1", 5, 10),
        ("ann", "d2", 4, 20),
        ("ann", "c1", 3, 30),
        ("ann", "w1", 1, 40),
        ("bob", "w1", 5, 50),
        ("bob", "w2", 5, 60),
    ]
    rows = [(user, item, stars, 1_600_000_000 + 86_400 * day) for user, item, stars, day in events]
    pl.DataFrame(rows, schema=["user_id", "item_id", "rating", "timestamp"], orient="row").write_csv(
        folder / "interactions.csv"
    )
    items = {
        "item_id": ["d1", "d2", "c1", "w1", "w2"],
        "title": ["Rain", "Snow", "Cake", "Guns", "Tanks"],
        "year": [1990, 1991, 1992, 1993, 1994],
        "genre": ["Drama", "Drama", "Comedy", "War", "War"],
    }
    pl.DataFrame(items).write_csv(folder / "items.csv")
    users = {"user_id": ["ann", "bob", "new"], "about": ["A patient writer", "A loud cook", None]}
    pl.DataFrame(users).write_csv(folder / "users.csv")
    return read(folder)[0]


def rows(data: Dataset, *names: str) -> np.ndarray:
    return data.users.vocabulary.rows(names)


def test_a_person_is_attributes_likes_and_dislikes(data: Dataset) -> None:
    ann, new = people(data, rows(data, "ann", "new"))
    assert ann.liked == ("Snow (1991)", "Rain (1990)")
    assert ann.disliked == ("Guns (1993)",)
    assert ann.kinds == ("Drama",)
    assert ann.text.splitlines() == [
        "A patient writer",
        "Likes: Drama",
        "Liked: Snow (1991), Rain (1990)",
        "Disliked: Guns (1993)",
    ]
    assert ann.evidence == "columns about; 3 events, 3 of them named"
    assert (new.text, new.evidence, plainly(new)) == ("", "", None)


def test_nothing_later_leaks(data: Dataset) -> None:
    moment = 1_600_000_000 + 86_400 * 40
    before = replace(data, interactions=data.interactions.where(data.interactions.times < moment))
    assert people(data, as_of=moment) == people(before)
    assert not people(data, rows(data, "ann"), as_of=moment)[0].disliked
    assert people(data, rows(data, "bob"), as_of=moment)[0].text == "A loud cook"


def test_a_window_names_the_latest(data: Dataset) -> None:
    ann = people(data, rows(data, "ann"), window=1)[0]
    assert ann.liked == ("Snow (1991)",)
    assert ann.kinds == ("Drama",)


def test_without_ratings_everything_met_is_liked(data: Dataset) -> None:
    plain = replace(data, scale=None)
    assert people(plain, rows(data, "ann"))[0].liked[0] == "Guns (1993)"


def test_without_titles_categories_alone_are_said() -> None:
    world = toy.world().data
    untitled = replace(world, items=replace(world.items, title=None))
    assert people(untitled, np.array([0]))[0].liked == ()


def reviewed(events: list[tuple[str, str, int, str | None]], folder: Path) -> Dataset:
    """A data set of (user, item, day, review)."""
    rows = [(user, item, 1_600_000_000 + 86_400 * day, text) for user, item, day, text in events]
    pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp", "review"], orient="row").write_csv(
        folder / "interactions.csv"
    )
    titles = {"item_id": ["a", "b", "c", "d"], "title": ["Rain", "Snow", "Cake", "Guns"]}
    pl.DataFrame(titles).write_csv(folder / "items.csv")
    return read(folder, keep_texts=True)[0]


WORDS = st.sampled_from(["A fine &amp; quiet film.", "Too loud for me!", "I cried.", None, "5/5"])
EVENTS = st.lists(
    st.tuples(st.sampled_from(["ann", "bob"]), st.sampled_from("abcd"), st.integers(0, 30), WORDS),
    min_size=4,
    max_size=12,
    unique_by=lambda event: event[:3],
)


@settings(max_examples=25, deadline=None)
@given(EVENTS, st.integers(0, 30))
def test_no_later_review_leaks(events: list[tuple[str, str, int, str | None]], day: int) -> None:
    with TemporaryDirectory() as folder:
        data = reviewed(events, Path(folder))
    moment = 1_600_000_000 + 86_400 * day
    early = replace(
        data,
        interactions=data.interactions.where(data.interactions.times < moment),
        said=data.said.filter(pl.col("time") < moment),
    )
    assert people(data, as_of=moment) == people(early)
    late = data.said.with_columns(
        text=pl.when(pl.col("time") >= moment).then(pl.lit("SECRET")).otherwise(pl.col("text"))
    )
    assert not any("SECRET" in one.text for one in people(replace(data, said=late), as_of=moment))


def test_reviews_are_quoted_latest_first_and_own(tmp_path: Path) -> None:
    long = "An endless film. " * 20
    events = [
        ("ann", "a", 1, "I cried &amp; laughed."),
        ("ann", "b", 2, long),
        ("ann", "c", 3, None),
        ("bob", "d", 4, "Too loud for me!"),
    ]
    data = reviewed(events, tmp_path)
    ann, bob = people(data, rows(data, "ann", "bob"))
    first, second = (line for line in ann.text.splitlines() if line.startswith("Wrote"))
    assert first.startswith("Wrote of Snow: “An endless film. An")
    assert first.endswith(" An endless…”")
    assert second == "Wrote of Rain: “I cried & laughed.”"
    assert ann.evidence.endswith("; 2 reviews")
    assert bob.wrote == (" of Guns: “Too loud for me!”",)
    assert people(data, rows(data, "ann"), window=1)[0].wrote == ()
    assert read(tmp_path)[0].said.is_empty()


@pytest.mark.parametrize(
    ("person", "line"),
    [
        (Person("t", (), ("Rain", "Snow"), ("Guns",), ""), "Likes Rain and Snow; disliked Guns."),
        (Person("t", ("A", "B", "C"), (), (), ""), "Likes A, B and C."),
        (Person("", (), (), (), ""), None),
    ],
)
def test_a_plain_sentence(person: Person, line: str | None) -> None:
    assert plainly(person) == line


def test_a_profile_that_is_not_borne_out_is_the_plain_one(data: Dataset, tmp_path: Path) -> None:
    prompt, names = load_prompts(["profile"])["profile"], rows(data, "ann", "bob", "new")
    ids, persons = data.users.vocabulary.ids.gather(names), people(data, names)
    writer = Scripted("A writer who likes Drama like Snow.")
    table, lines = write_profiles(ids, persons, writer, prompt, Kept(tmp_path))
    assert table["user_id"].to_list() == ["ann", "bob", "new"]
    assert table["profile"][0] == writer.said
    assert table["profile"][1] == "Likes War; lately Tanks (1994) and Guns (1993)."
    assert table["writer"].to_list() == ["scripted", "none", "none"]
    assert table["profile"][2] is None
    assert len(writer.asked) == 2
    assert "1 of 2 by the writer; 1 not borne out" in lines[0]
    assert "2 users; of 1 more nothing is known" in lines[1]
    plain, _ = write_profiles(ids, persons, None, prompt, Kept(tmp_path))
    assert plain["profile"][0] == "Likes Drama; lately Snow (1991) and Rain (1990); disliked Guns (1993)."
