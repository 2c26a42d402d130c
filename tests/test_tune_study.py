"""The search with a budget: never below its start, the same after a kill, never somebody else's file."""

import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import toy
from penchant import Recommender
from penchant.errors import InputError, SettingError
from penchant.language.knowledge import Knowledge
from penchant.rank.exam import Exam
from penchant.rank.forms import STARTS
from penchant.rank.rehearsal import rehearse
from penchant.rank.settings import found_settings
from penchant.tune.study import Budget, Found, Range, Report, search
from source import SRC

optuna = pytest.importorskip("optuna", reason="the search with a budget needs the extra tune")

SPACE: Mapping[str, Any] = {
    "l2": Range(1.0, 1000.0, log=True),
    "power": Range(0.0, 1.0),
    "pairs": [True, False],
}
START = {"l2": 10.0, "power": 0.0, "pairs": True}


def hill(settings: Mapping[str, Any], report: Report) -> float:
    """Highest at l2 300, power 0.4, without pairs; the parts of the questions agree with the whole."""
    height = -((np.log(settings["l2"] / 300)) ** 2) - (settings["power"] - 0.4) ** 2 - settings["pairs"]
    for _ in range(4):
        report(float(height))
    return float(height)


def found(trials: int, file: Path | None = None, *, seed: int = 0, score: Any = hill, **more: Any) -> Found:
    budget = Budget(60.0, file, trials)
    return search([START], SPACE, score, name="hill", seed=seed, budget=budget, **more)


def test_it_climbs_and_gives_up_poor_trials_early() -> None:
    calls: list[int] = []

    def counted(settings: Mapping[str, Any], report: Report) -> float:
        calls.append(0)

        def report_counted(value: float) -> None:
            calls[-1] += 1
            report(value)

        return hill(settings, report_counted)

    best = found(60, score=counted)
    nothing = lambda _: None  # noqa: E731
    assert best.score == hill(best.settings, nothing) > hill(START, nothing) / 20
    assert best.trials == len(calls) == 60
    assert best.pruned == sum(n < 4 for n in calls) > 5
    assert best.settings["pairs"] is False


def test_it_is_never_below_its_start_even_where_nothing_else_is_tried() -> None:
    only = found(1)
    assert only.settings == START
    assert only.score == hill(START, lambda _: None)
    assert found(12, score=lambda settings, _: float(settings == START)).settings == START


def test_a_start_beyond_the_space_is_tried_at_its_edge() -> None:
    beyond = {**START, "l2": 1e9}
    best = search([beyond], SPACE, hill, name="hill", seed=0, budget=Budget(1.0, trials=1))
    assert best.settings["l2"] == 1000.0


def test_the_same_seed_finds_the_same_whether_killed_or_not(tmp_path: Path) -> None:
    whole = found(16)
    assert found(16) == whole
    assert found(16, seed=1) != whole
    kept = tmp_path / "STUDY.db"
    times = 0

    def killed(settings: Mapping[str, Any], report: Report) -> float:
        nonlocal times
        times += 1
        if times == 5:
            raise KeyboardInterrupt
        return hill(settings, report)

    with pytest.raises(KeyboardInterrupt):
        found(16, kept, score=killed)
    said: list[str] = []
    assert found(11, kept, say=said.append).trials == 11
    assert said[0] == f"hill: goes on after 4 trials of {kept}"
    assert found(16, kept) == whole
    assert found(16, kept, score=None) == whole  # nothing is left to do


def test_the_time_that_a_file_took_counts(tmp_path: Path) -> None:
    kept, told = tmp_path / "STUDY.db", []
    budget = Budget(0.3 / 60, kept, progress=lambda done, total: told.append((done, total)))
    first = search([START], SPACE, hill, name="hill", seed=0, budget=budget)
    assert first.trials == len(told) >= 1
    assert search([START], SPACE, hill, name="hill", seed=0, budget=budget) == first


def test_a_file_of_something_else_is_refused_and_stays_as_it_was(tmp_path: Path) -> None:
    kept = tmp_path / "STUDY.db"
    found(2, kept, mark="one")
    with pytest.raises(SettingError, match="other data"):
        found(2, kept, mark="two")
    text, base = tmp_path / "notes.txt", tmp_path / "base.db"
    text.write_text("no data base " * 100, encoding="utf-8")
    with sqlite3.connect(base) as connection:
        connection.execute("CREATE TABLE people (name TEXT)")
    connection.close()
    for path in (text, base, tmp_path):
        before = path.read_bytes() if path.is_file() else b""
        with pytest.raises(InputError, match=str(path)):
            Budget(1.0, path).check()
        with pytest.raises(InputError, match=str(path)):
            found(2, path)
        assert not path.is_file() or path.read_bytes() == before
    with pytest.raises(InputError, match="no folder"):
        Budget(1.0, tmp_path / "no" / "where.db").check()
    Budget(1.0, tmp_path / "new.db").check()
    assert not (tmp_path / "new.db").exists()


def test_without_optuna_the_way_to_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(SettingError, match=r"penchant\[tune\]"):
        Budget(1.0).check()
    for minutes in (0.0, -1.0, float("nan")):
        with pytest.raises(SettingError, match="above 0"):
            Budget(minutes).check()


def test_parts_of_the_exam_say_together_what_the_whole_says() -> None:
    world = toy.world()
    exam = Exam.of(rehearse(world.data, np.random.default_rng(0)), world.knowledge, 0)
    told: list[float] = []
    for name, start in STARTS.items():
        told.clear()
        whole = exam.score(name, start)
        assert exam.dealt().score(name, start, told.append) == pytest.approx(whole)
        assert len(told) == 5
        assert told[-1] == pytest.approx(whole)
    assert exam.mark() != Exam.of(rehearse(world.data, np.random.default_rng(1)), world.knowledge, 1).mark()
    assert (
        exam.mark()
        != Exam.of(rehearse(world.data, np.random.default_rng(0)), toy.world(1).knowledge, 0).mark()
    )


def test_the_search_of_a_fit_is_no_worse_on_validation_and_kept_in_the_bundle(tmp_path: Path) -> None:
    world, said = toy.world(), list[str]()
    budget = Budget(5.0, tmp_path / "STUDY.db", trials=3)
    rehearsal = rehearse(world.data, np.random.default_rng(0))
    chosen = found_settings(rehearsal, world.knowledge, "quick", 0, said.append, budget)
    exam = Exam.of(rehearsal, world.knowledge, 0).dealt()
    for name, start in STARTS.items():
        told = chosen.searched[name]
        assert told["trials"] == 3
        assert exam.score(name, chosen.settings[name]) == told["ndcg@20"] >= told["ndcg@20 before"]
        assert told["ndcg@20 before"] == exam.score(name, start)
    model = Recommender.fit(world.data, language="none", effort="quick", search=Budget(5.0, trials=2))
    model.save(tmp_path / "MODEL")
    plan = Recommender.load(tmp_path / "MODEL").ranking.plan
    assert plan.settings == model.ranking.plan.settings
    assert plan.searched == model.ranking.plan.searched
    assert {told["trials"] for told in plan.searched.values()} == {2}


def test_a_log_without_order_has_no_transitions_to_search() -> None:
    world = toy.world().without_order()
    rehearsal = rehearse(world.data, np.random.default_rng(0))
    nothing = Knowledge.none(world.data.n_items)
    chosen = found_settings(rehearsal, nothing, "quick", 0, lambda _: None, Budget(5.0, trials=2))
    assert set(chosen.searched) == {"similarity"}


def test_the_command_line_goes_on_where_it_was_killed(tmp_path: Path) -> None:
    toy.write_tables(tmp_path / "DIR")
    fit = ["fit", "DIR", "-o", "MODEL", "--language", "none", "--effort", "quick"]

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "penchant.cli", *fit, *words]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False,
            env={"PYTHONPATH": str(SRC), "PENCHANT_CACHE": str(tmp_path), "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip

    done = run("--search", "0.02", "--study", "STUDY.db")
    assert done.returncode == 0, done.stderr
    assert "trials" in done.stderr
    first = (tmp_path / "MODEL" / "CURRENT").read_text()
    done = run("--search", "0.02", "--study", "STUDY.db")
    assert "goes on after" in done.stderr
    assert (tmp_path / "MODEL" / "CURRENT").read_text() == first
    for words, said in ((["--study", "S.db"], "--search MINUTES"), (["--search", "0"], "--search")):
        done = run(*words)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
        assert said in done.stderr
    assert (tmp_path / "MODEL" / "CURRENT").read_text() == first
