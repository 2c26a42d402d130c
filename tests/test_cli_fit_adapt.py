"""penchant fit --adapt: both encoders are tried, the better one stays, and nothing else is left behind."""

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

import teaching
from penchant import Recommender
from penchant.cli.fit import better
from penchant.cli.main import main
from penchant.rank import validation
from penchant.rank.validation import Foretold, foretold

NONE = np.empty(0, dtype=np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the world of colours as tables."""
    place = tmp_path_factory.mktemp("colours")
    data, texts = teaching.world()
    events = data.interactions
    pl.DataFrame({"user_id": events.users, "item_id": events.items, "timestamp": events.times}).write_csv(
        place / "interactions.csv"
    )
    pl.DataFrame({"item_id": range(len(texts)), "title": texts}).write_csv(place / "items.csv")
    return place


def fit(folder: Path, output: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Run the verb in this process; returns its status."""
    monkeypatch.setenv("PENCHANT_CACHE", str(folder / "cache"))
    given = ["fit", str(folder), "-o", str(output), "--effort", "quick", "--adapt", *words]
    monkeypatch.setattr(sys, "argv", ["penchant", *given])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize(("pays", "found"), [("both", (0.5, 0.4, 0.6)), ("", (0.5, 0.5, float("nan")))])
def test_the_better_encoder_stays(
    pays: str,
    found: tuple[float, ...],
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    marks = iter(found)
    monkeypatch.setattr(
        validation, "foretold", lambda *_: Foretold(np.array([next(marks)], dtype=np.float32), NONE)
    )
    assert fit(folder, tmp_path / "MODEL", monkeypatch) == 0
    model, beside = Recommender.load(tmp_path / "MODEL"), sorted(path.name for path in tmp_path.iterdir())
    said = capsys.readouterr().err
    if pays:
        assert len(beside) == 2 and beside[1].startswith("MODEL-language-")
        assert model.language == f"1 minilm + 1 {tmp_path / beside[1]}"
        assert "both encoders are kept as one" in said
        assert model.recommend(text="a crimson thing", k=3).height == 3
    else:
        assert beside == ["MODEL"] and model.language == "minilm"
        assert "does not pay here" in said


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        ((0.5, 0.6, 0.6), 1),
        ((0.5, 0.6, 0.7), 2),
        ((0.5, 0.4, 0.5), 0),
        ((0.5, 0.6), 1),
        ((0.5, float("nan")), 0),
    ],
)
def test_the_first_of_the_best_is_kept(
    found: tuple[float, ...], kept: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "LM").mkdir()
    marks = iter(found)
    monkeypatch.setattr(validation, "foretold", lambda *_: Foretold(np.array([next(marks)]), NONE))
    models: list[Any] = [SimpleNamespace(ranking=None, knowledge=None, language=str(tmp_path / "LM"))] * len(
        found
    )
    models[0] = SimpleNamespace(ranking=None, knowledge=None, language="minilm")
    data: Any = None
    assert better(models, data) is models[kept]
    assert (tmp_path / "LM").exists() == (kept > 0)


@pytest.mark.parametrize("words", [("--language", "none"), ("--language", "https://host/v1#m")])
def test_what_cannot_learn_is_refused(
    words: tuple[str, ...], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fit(folder, tmp_path / "MODEL", monkeypatch, *words) == 2
    assert not list(tmp_path.iterdir())


def test_a_ranking_that_foretells_more_has_higher_marks() -> None:
    data, _ = teaching.world()
    model = Recommender.fit(data, language="none", effort="quick")
    found = foretold(model.ranking, data, model.knowledge)
    plan = model.ranking.plan
    against = replace(plan.blends, new=replace(plan.blends.new, theta=-plan.blends.new.theta))
    turned = replace(model.ranking, plan=replace(plan, blends=against))
    worse = foretold(turned, data, model.knowledge)
    assert len(found.warm) and found.mean > worse.mean
    assert str(found).startswith("NDCG@10")
