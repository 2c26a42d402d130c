"""Reasons name the words that carried them, and are told in Chinese as well as in English."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import toy
from penchant import Recommender
from penchant.cli import application
from penchant.errors import PenchantError, SettingError
from penchant.explain import wording_en, wording_zh
from penchant.explain.naming import TEXTS, Namer, distinct, without
from penchant.explain.reasons import sentence
from penchant.explain.wording import checked
from penchant.language.choose import load_encoder
from penchant.types import Query
from test_explain_attribution import described

ASKED = "a battle of robots in deep space"


@pytest.fixture(scope="module")
def fitted() -> Recommender:
    return replace(Recommender.fit(described(), effort="quick"), encoder=load_encoder("minilm"))


def test_words_of_an_item_are_named_where_they_carried_it(fitted: Recommender) -> None:
    reader = fitted.reader()
    told = fitted.recommend(text=ASKED, k=3, explain=True, words=reader)
    bare = fitted.recommend(text=ASKED, k=3, explain=True)
    for row, found, plain in zip(told["item_id"], told["reasons"], bare["reasons"], strict=True):
        assert sum(one["share"] for one in found) == pytest.approx(sum(one["share"] for one in plain))
        named = next(one["text"] for one in found if one["evidence"] == "words")
        assert named.startswith("near to the words of the request: “")
        place = fitted.data.items.vocabulary.rows([row])[0]
        words = named.partition(": ")[2].strip("“”").split("”, “")
        assert set(words) <= set(distinct(reader.text(int(place))))
        assert set(words) & {"robots", "battle", "space"}


def test_a_word_that_is_named_gives_what_leaving_it_out_takes(fitted: Recommender) -> None:
    reader, row = fitted.reader(), toy.N_WARM + 1
    known = fitted.data.queries(np.array([1]))[0]
    query = replace(known, text=fitted.hear(ASKED))
    namer = Namer(reader)
    (told,) = namer.name(query, np.array([row]), fitted.explain(query, np.array([row]), whole=TEXTS))
    attributed = reader.attribute(query, row)
    by_word = dict(zip(attributed.words, attributed.given.tolist(), strict=True))
    for reason in told:
        if reason.evidence in ("words", "attribute") and ": “" in reason.text:
            first = reason.text.partition(": “")[2].partition("”")[0]
            assert by_word[first] > 0
    tried = namer.read[row]
    assert tried is not None
    namer.name(query, np.array([row]), fitted.explain(query, np.array([row])))
    assert namer.read[row] is tried


def test_models_without_an_encoder_name_terms() -> None:
    model = Recommender.fit(described(), language="none", effort="quick")
    told = model.recommend(["120"], k=toy.N_ITEMS, explain=True, words=model.reader())
    texts = [one["text"] for row in told["reasons"] for one in row if one["evidence"] == "attribute"]
    assert any("against the history: “" in text for text in texts)


def test_reasons_are_told_in_chinese(fitted: Recommender) -> None:
    english = fitted.recommend(["120"], k=4, explain=True, repeat=True)
    chinese = fitted.recommend(["120"], k=4, explain=True, repeat=True, lang="zh")
    assert chinese.drop("reasons").equals(english.drop("reasons"))
    for ours, theirs in zip(chinese["reasons"], english["reasons"], strict=True):
        assert [(a["evidence"], a["share"]) for a in ours] == [(b["evidence"], b["share"]) for b in theirs]
        assert not {one["text"] for one in ours} & {one["text"] for one in theirs}
        line = sentence([(one["evidence"], one["text"], one["share"]) for one in ours], lang="zh")
        assert "（" in line
        assert "you had" not in line
    query = Query(text=fitted.hear(ASKED), at=fitted.data.end)
    (told,) = Namer(fitted.reader(), "zh").name(
        query, np.array([1]), fitted.explain(query, np.array([1]), lang="zh")
    )
    assert any(reason.text.startswith("与所说的话相近：“") for reason in told)
    with pytest.raises(SettingError, match="'de'"):
        fitted.recommend(["120"], explain=True, lang="de")


def test_the_tables_of_both_languages_hold_the_same() -> None:
    assert wording_zh.SOURCES.keys() == wording_en.SOURCES.keys()
    assert wording_zh.SAID.keys() == wording_en.SAID.keys()
    for words in (wording_en.SAID, wording_zh.SAID):
        for key, text in words.items():
            assert ("{" in text) == ("{" in wording_en.SAID[key])
    assert checked("zh") == "zh"


def test_what_was_had_comes_first_in_chinese_too() -> None:
    told = [("history", "你有过“甲”", 2.0), ("history", "你有过“乙”", 1.0), ("habit", "已经有过", -9.0)]
    assert sentence(told, lang="zh") == "已经有过；此外：你有过“甲”、“乙”（100%）"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "word", "left"),
    [
        ("War, and the warm war", "War", ", and the warm "),
        ("科幻小说，很好看", "小说", "科幻，很好看"),
        ("it's its", "it's", " its"),
    ],
)
def test_a_word_is_left_out_wherever_it_stands(text: str, word: str, left: str) -> None:
    assert without(text, word) == left


def test_chinese_texts_are_named_by_words() -> None:
    pytest.importorskip("jieba", reason="Chinese words need the extra chinese")
    assert "宇宙" in distinct("宇宙中的机器人大战")


def test_every_form_of_a_list_names_the_words(fitted: Recommender, tmp_path: Path) -> None:
    model = tmp_path / "MODEL"
    fitted.save(model)

    def run(*words: object) -> str:
        arguments = ["recommend", str(model), "--text", ASKED, "-k", "2", *map(str, words)]
        done = CliRunner().invoke(application("recommend"), arguments)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.stdout

    asked = ("--explain", "--words")
    assert "near to the words of the request: “" in run(*asked)
    assert "与所说的话相近：“" in run(*asked, "--lang", "zh")
    for ending, read in ((".jsonl", pl.read_ndjson), (".parquet", pl.read_parquet)):
        run(*asked, "-o", tmp_path / f"told{ending}")
        cells = read(tmp_path / f"told{ending}")["reasons"].to_list()
        assert all(any("request: “" in one["text"] for one in cell) for cell in cells)
    for words, said in (
        (["--words"], "--words without --explain"),
        (["--lang", "zh"], "--lang zh without --explain"),
        (["--lang", "de", "--explain"], "en or zh"),
        (["--explain", "--lang", "zh", "--writer", "smollm2"], "together"),
        (["--explain", "--template", "x.txt"], "without --words"),
    ):
        with pytest.raises(PenchantError) as refused:
            run(*words)
        assert said in f"{refused.value} {refused.value.hint}"
