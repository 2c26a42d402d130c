"""The effect of cleaning: measured on validation alone, and told from noise or not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import toy
from penchant.data.cleaning.settings import Cleaning
from penchant.data.dataset import Dataset
from penchant.data.read import read
from penchant.data.report import Report
from penchant.data.split import known_before, windows
from penchant.errors import SettingError
from penchant.evaluate.checkup.effects import Effect, Effects, effects, unmeasurable
from penchant.evaluate.checkup.facts import check_up
from penchant.evaluate.checkup.page import page
from penchant.evaluate.statistics import Interval
from penchant.language.texts import Texts, read_texts
from test_evaluate_checkup import Done, checked

__all__ = ["Done", "checked"]


def dirty(folder: Path) -> Path:
    """The toy world with events of 1980, repeated rows, markup, and a column of counts."""
    tables = {name: table.clone() for name, table in toy.tables().items()}
    events = tables["interactions"].sort("timestamp")
    early = pl.Series([315_532_800] * 12 + events["timestamp"].to_list()[12:])
    events = events.with_columns(timestamp=early)
    tables["interactions"] = pl.concat([events, events.sample(60, seed=1)])
    tables["items"] = tables["items"].with_columns(text="<b>" + pl.col("text") + "</b>")
    folder.mkdir()
    for name, table in tables.items():
        table.write_parquet(folder / f"{name}.parquet")
    return folder


def no_texts(data: Dataset) -> Texts:
    return read_texts(data, "none")


def test_each_step_is_counted_and_measured_or_says_why_not(tmp_path: Path) -> None:
    folder = dirty(tmp_path / "dirty")
    data, report = read(folder)
    assert report.steps == {"duplicates": 60, "markup": toy.N_ITEMS, "dates": 12}
    asked: list[tuple[str, ...]] = []

    def again(cleaning: Cleaning) -> Dataset:
        asked.append(tuple(cleaning.without))
        return read(folder, cleaning=cleaning)[0]

    found = effects(data, report, again, no_texts, Cleaning())
    assert asked == [("duplicates",), ("markup",), ("dates",)]
    steps = {one.step: one for one in found.steps}
    assert {step: one.changed for step, one in steps.items()} == report.steps
    assert steps["markup"].verdict == "no list changed"  # without an encoder nobody reads it
    assert all(one.gain is not None for one in found.steps)
    assert found.noise is not None
    text = page(replace(check_up(data, report), effects=found), "dirty")
    assert "What cleaning does to accuracy" in text
    assert "another seed" in "\n".join(found.lines())
    assert max(map(len, found.lines())) <= 140


def test_the_test_part_is_never_looked_at(tmp_path: Path) -> None:
    data, _ = read(dirty(tmp_path / "dirty"))
    why, fold = unmeasurable(data)
    assert (why, fold is None) == ("", False)
    assert fold is not None and fold.later is not None
    assert fold.later.end < windows(data.interactions)[0].start
    past = known_before(data, windows(data.interactions)[0].start)
    assert len(fold.train.interactions) + len(fold.later) == len(past.interactions)
    nothing = past.interactions.where(np.zeros(len(past.interactions), dtype=bool))
    assert "nobody took" in unmeasurable(past.with_interactions(nothing))[0]
    assert "neither times" in unmeasurable(toy.world().without_order().data)[0]


@pytest.mark.parametrize(
    ("gain", "p", "moved", "said"),
    [
        (Interval(0.1, 0.05, 0.15), 0.001, 0.5, "helps"),
        (Interval(-0.1, -0.15, -0.05), 0.001, 0.5, "hurts"),
        (Interval(0.1, -0.05, 0.15), 0.001, 0.5, "cannot be told from noise"),
        (Interval(0.1, 0.05, 0.15), 0.2, 0.5, "cannot be told from noise"),
        (Interval(0.0, 0.0, 0.0), 1.0, 0.0, "no list changed"),
        (None, 1.0, 0.0, "not measured: why"),
    ],
)
def test_what_noise_gives_is_no_effect(gain: Interval | None, p: float, moved: float, said: str) -> None:
    assert Effect("dates", 3, gain, p, moved, "why").verdict == said


def test_clean_tables_have_nothing_to_measure() -> None:
    data = toy.world().data
    found = effects(data, Report(), lambda _: data, no_texts, Cleaning())
    assert found == Effects(())
    assert "nothing to measure" in found.summary()


def test_the_verb_measures_when_asked(
    tmp_path: Path, checked: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path / "cache"))
    folder = dirty(tmp_path / "dirty")
    done = checked(folder, "--measure", "--language", "none", "-o", tmp_path / "report")
    assert done.returncode == 0
    assert "effect of cleaning: " in done.stdout
    assert "another seed" in (tmp_path / "report" / "check.html").read_text(encoding="utf-8")
    done = checked(folder, "--language", "none")
    assert (done.returncode, "without --measure" in done.stderr) == (2, True)
    with pytest.raises(SettingError, match="no step"):
        Cleaning(without=["nothing"])
