"""Copies of texts in lessons: whose they are, how often they stand for an item, and what a model wrote."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from penchant.cli import application
from penchant.cli.adapt import written_texts
from penchant.data.read import read
from penchant.errors import SettingError, TableError
from penchant.language.adapt.copies import copies_of
from penchant.language.adapt.halves import Halves
from penchant.language.adapt.plan import Course, Plan
from penchant.language.adapt.training import Teaching
from penchant.rank.lessons import lessons_of
from teaching import alone, world

TEXTS = ["Heat\nGenre: crime", "Alien\nGenre: horror", "Big\nGenre: comedy"]
WRITTEN = ["Heat\nCops and robbers.\nWritten mood: tense", "", "Big\nA boy grows up.\nWritten mood: calm"]
ITEMS = np.array([0, 1])
one_thread = pytest.fixture(scope="module", autouse=True)(alone)


def test_without_copies_each_item_stands_for_itself() -> None:
    copies, said = copies_of(TEXTS, (), ITEMS, 0.0, 3, np.random.default_rng(0))
    assert not copies.texts and not said
    assert copies.shown(np.array([1, 0]), np.random.default_rng(0)).tolist() == [1, 0]


def test_what_was_written_stands_for_an_item_half_of_the_time() -> None:
    copies, said = copies_of(TEXTS, WRITTEN, ITEMS, 0.0, 3, np.random.default_rng(0))
    assert copies.texts == WRITTEN[:1]
    assert said == ["written: 1 of 2 items have another description"]
    rng = np.random.default_rng(0)
    shown = np.stack([copies.shown(np.arange(2), rng) for _ in range(400)])
    assert set(shown[:, 0]) == {0, 3} and abs((shown[:, 0] == 3).mean() - 0.5) < 0.1
    assert set(shown[:, 1]) == {1}


def test_lines_are_left_out_of_what_was_written_too() -> None:
    copies, said = copies_of(TEXTS, WRITTEN, np.arange(3), 0.5, 40, np.random.default_rng(0))
    assert copies.versions.shape == (3, 81) and len(said) == 2
    all_texts = TEXTS + copies.texts
    heat = {all_texts[place] for place in copies.versions[0]}
    assert heat == {"Heat", TEXTS[0], "Heat\nCops and robbers.", "Heat\nWritten mood: tense", WRITTEN[0],
                    "Heat\nWritten mood: tense\nCops and robbers."}  # fmt: skip
    assert {all_texts[place].split("\n")[0] for place in copies.versions[1]} == {"Alien"}


def test_what_was_written_of_other_items_is_refused() -> None:
    with pytest.raises(SettingError, match="none of the items"):
        copies_of(TEXTS, WRITTEN, np.array([1]), 0.0, 3, np.random.default_rng(0))


def test_lessons_with_other_words(monkeypatch: pytest.MonkeyPatch) -> None:
    data, texts = world()
    written = [text.replace("thing", "object") if row % 2 else "" for row, text in enumerate(texts)]
    lessons = replace(lessons_of(data, texts, seed=0), written=written)
    halves = Halves.of("minilm", layers=1, max_tokens=24)
    course = Teaching(halves, lessons, Plan(epochs=1, layers=1)).run()[1]
    assert np.isfinite(course.losses[0]["place"])
    with pytest.raises(SettingError, match="--written"):
        Teaching(halves, lessons, Plan(layers=1, weights={"mlm": 1.0}))


def tables(place: Path) -> Path:
    """Write a small catalogue without events, and what a model wrote of half of it."""
    place.mkdir()
    n, kinds = range(40), ("saga", "fable")
    pl.DataFrame({"item_id": [f"{row:03}" for row in n],
                  "title": [f"A {'tall' if row % 2 else 'short'} tale, number {row}" for row in n],
                  "genre": [kinds[row % 3 == 0] for row in n]}).write_csv(place / "items.csv")  # fmt: skip
    told = pl.DataFrame({"item_id": [f"{row:03}" for row in range(20)],
                  "description": [f"A story of {row} giants." for row in range(10)] + [None] * 10,
                  "mood": ["calm", "tense"] * 6 + [None] * 8})  # fmt: skip
    told.write_parquet(place.parent / "W.parquet")
    return place


def test_written_texts_are_titles_with_what_was_written(tmp_path: Path) -> None:
    data, _ = read(tables(tmp_path / "DIR"))
    texts = written_texts(data, tmp_path / "W.parquet")
    order = np.argsort(data.items.vocabulary.ids.cast(int).to_numpy())
    found = [texts[row] for row in order]
    assert found[0].startswith("A short tale, number 0\n")
    assert "giants" in found[0] and "calm" in found[0] and "fable" not in found[0]
    assert "giants" not in found[10] and "calm" in found[10]
    assert found[12:] == [""] * 28


@pytest.mark.parametrize(
    ("content", "error"), [("item_id,mood\nstrange,calm\n", "none of its"), ("title\nHeat\n", "item_id")]
)
def test_wrong_tables_of_written_things_are_refused(content: str, error: str, tmp_path: Path) -> None:
    tables(tmp_path / "DIR")
    (tmp_path / "W.csv").write_text(content)
    given = ["adapt", str(tmp_path / "DIR"), "-o", str(tmp_path / "LM"), "--written", str(tmp_path / "W.csv")]
    found = CliRunner().invoke(application("adapt"), given)
    assert isinstance(found.exception, TableError) and error in str(found.exception)
    assert not (tmp_path / "LM").exists()


def test_the_command_line_hands_on_what_it_was_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    course = Course([0.1], 0, 1, 0.0, [], "measure")

    def taught(*given: Any) -> Course:
        seen.extend(given)
        return course

    monkeypatch.setattr("penchant.cli.adapt.taught", taught)
    folder = tables(tmp_path / "DIR")
    told = ["--written", str(tmp_path / "W.parquet"), "--precision", "bfloat16", "--unlabelled", "0.5"]
    found = CliRunner().invoke(
        application("adapt"), ["adapt", str(folder), "-o", str(tmp_path / "LM"), *told]
    )
    assert found.exit_code == 0, found.output
    assert (seen[3].unlabelled, seen[3].precision) == (0.5, "bfloat16")
    assert sum(map(bool, seen[5])) == 12
