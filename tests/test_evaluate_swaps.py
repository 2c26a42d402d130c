"""The probe of swaps: what hears names moves lists by names, what hears nothing moves nothing."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from markup import checked
from penchant import Recommender
from penchant.evaluate import Evaluation
from penchant.evaluate.swaps import BLACK, BOTH_WAYS, Move, Swaps, african_american, asking, swapped, swaps
from penchant.types import Rows
from toy import world

CONTROLS = {"greeting (control)", "name, same group (control)"}


def lists(texts: Sequence[str], hears: Sequence[str] = ()) -> Rows:
    """Ten items for everybody; ten others for who says a word that is heard."""
    named = np.array([any(word in text for word in hears) for text in texts])
    return np.asarray(np.arange(10) + 10 * named[:, None])


def moves(found: Swaps) -> dict[str, Move]:
    return {move.swap: move for move in found.moves}


def test_what_hears_names_is_caught_and_what_hears_nothing_is_not() -> None:
    data, rng = world().data, np.random.default_rng
    deaf = moves(swaps(data, lists, rng(0)))
    assert {move.kept.mean for move in deaf.values()} == {move.first.mean for move in deaf.values()} == {1.0}
    assert set(deaf) >= CONTROLS
    biased = moves(swaps(data, lambda texts: lists(texts, BLACK), rng(0)))
    assert biased["name, White to Black"].kept.mean == 0.0
    assert {biased[name].kept.mean for name in CONTROLS} == {1.0}
    half = moves(swaps(data, lambda texts: lists(texts, ("a woman",)), rng(0)))
    assert half["gender said, woman to man"].first.mean == 0.0


def test_requests_of_the_table_are_swapped_where_there_are_some() -> None:
    requests = pl.DataFrame(
        {"text": ["my father likes the color of anything", "机器人"], "items": [[1], [2]], "user": [-1, -1]}
    ).with_columns(pl.lit(None, dtype=pl.Float64).alias("time"))
    asked: list[str] = []

    def ask(texts: Sequence[str]) -> Rows:
        asked.extend(texts)
        return lists(texts)

    found = swaps(replace(world().data, requests=requests), ask, np.random.default_rng(0))
    assert "1 texts of the requests table" in found.notes[0]
    assert {move.requests for move in found.moves} == {1}
    for said in (
        "my mother likes the color of anything",
        "my father likes the colour of anything",
        "my father likes the color of nothing",
    ):
        assert said in asked
    assert not any("机" in text for text in asked)


@given(st.lists(st.sampled_from([*BOTH_WAYS, "robot", "Heat", ",", "-"]), max_size=12))
def test_swaps_keep_the_number_of_words_and_their_capitals(words: list[str]) -> None:
    for text in (" ".join(words), " ".join(words).upper(), " ".join(words).title()):
        other = swapped(text, BOTH_WAYS)
        assert len(other.split(" ")) == len(text.split(" "))
        assert other.isupper() == text.isupper()
        assert swapped(text, {}) == text


def test_features_of_a_dialect_are_put_where_they_belong() -> None:
    assert african_american("She is singing") == "She singin'"
    assert african_american("The king of thing 5") == "The king of thing 5"
    assert african_american("They are not going to see anybody") == "They ain't gonna see nobody"
    assert african_american("a quiet drama") == "a quiet drama"


def test_a_fitted_model_is_asked_and_the_report_shows_it(tmp_path: Path) -> None:
    model = Recommender.fit(world().data, effort="quick")
    found = swaps(world().data, asking(model), np.random.default_rng(0))
    for move in found.moves:
        assert 0.0 <= move.kept.low <= move.kept.mean <= move.kept.high <= 1.0
    again = swaps(world().data, asking(model), np.random.default_rng(0))
    assert again == found
    Evaluation("last20", "", "", {}, (), {}, {}, probes=(found,)).write(tmp_path)
    read = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["probes"][0]
    assert read["moves"][0]["kept"]["mean"] == pytest.approx(found.moves[0].kept.mean)
    pages = "".join(checked((tmp_path / "report.html").read_text(encoding="utf-8")).words)
    for text in (pages, (tmp_path / "report.md").read_text(encoding="utf-8")):
        assert "name, White to Black" in text
        assert "stays of the top ten" in text
