"""Attribution of words: what is left out is what the score loses, and what nobody asks for moves nothing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st
from typer.testing import CliRunner

import toy
from penchant import Recommender
from penchant.cli import application
from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.errors import LanguageError, PenchantError, SettingError
from penchant.explain.attribution import Reader
from penchant.language.attention import attentions, rollout
from penchant.language.choose import load_encoder
from penchant.language.ensemble import Ensemble
from penchant.language.know import know
from penchant.language.template import Template
from penchant.types import Query

EXTRA = ("and a quiet end", "with an old hero", "and much music", "by a young director", "told in a letter")


def described() -> Dataset:
    """The toy world with texts that are plainly prose: no commas, many different endings."""
    data = toy.world().data
    rows = range(toy.N_ITEMS)
    texts = [f"{toy.WORDS[row % 2]} {EXTRA[row % 5]} number {row}" for row in rows]
    table = data.items.table.with_columns(pl.Series("text", texts))
    return replace(data, items=Catalogue(data.items.vocabulary, table, "title"))


def reader(model: Recommender, **changed: object) -> Reader:
    own = Reader(
        model.ranking, model.data.items, model.knowledge, model.whitening, model.encoder, model.language
    )
    return replace(own, **changed)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def fitted() -> Recommender:
    return replace(Recommender.fit(described(), effort="quick"), encoder=load_encoder("minilm"))


@pytest.fixture(scope="module")
def wordless() -> Recommender:
    return Recommender.fit(described(), language="none", effort="quick")


def queries(model: Recommender) -> dict[str, Query]:
    known = model.data.queries(np.array([0]))[0]
    if not model.knowledge.raw.shape[1]:
        return {"known": known}
    text = model.hear("a battle of robots in deep space")
    return {"known": known, "words": Query(text=text, at=known.at), "both": replace(known, text=text)}


def retold(data: Dataset, row: int, without: str) -> Dataset:
    texts = data.items.table["text"].to_list()
    texts[row] = texts[row].replace(without, "", 1)
    table = data.items.table.with_columns(pl.Series("text", texts))
    return replace(data, items=Catalogue(data.items.vocabulary, table, data.items.title))


@pytest.mark.parametrize("name", ["known", "words", "both"])
def test_a_word_gives_what_the_score_loses_without_it(fitted: Recommender, name: str) -> None:
    query, row, word = queries(fitted)[name], toy.N_WARM + 1, "robots"
    found = reader(fitted).attribute(query, row)
    assert found.score == pytest.approx(float(fitted.ranking.score([query])[0, row]), abs=1e-4)
    assert fitted.encoder is not None
    changed = retold(fitted.data, row, word)
    told, _ = know(changed.items, fitted.encoder, whitening=fitted.whitening)
    scorers = dict(fitted.ranking.sources.scorers)
    content = scorers["content"]
    scorers["content"] = replace(content, vectors=content.place(content.describe(changed.items, told)))  # type: ignore[type-var, attr-defined]
    scorers["words"] = replace(scorers["words"], vectors=told.raw)  # type: ignore[type-var]
    ranking = replace(fitted.ranking, sources=replace(fitted.ranking.sources, scorers=scorers))
    without = float(ranking.score([query])[0, row])
    assert found.given[found.words.index(word)] == pytest.approx(found.score - without, abs=1e-3)


def test_words_of_the_request_speak_for_an_item(fitted: Recommender) -> None:
    query, row = queries(fitted)["words"], toy.N_WARM + 1
    found = reader(fitted).attribute(query, row)
    strongest = {found.words[place] for place in np.argsort(-found.given)[:3]}
    assert strongest & {"robots", "battle", "space"}
    assert found.rank == 1 + int((fitted.ranking.score([query])[0] > found.score + 1e-6).sum())
    assert len(found.ranks) == len(found.words)
    for given, rank in zip(found.given, found.ranks, strict=True):
        assert (rank >= found.rank) if given > 0 else (rank <= found.rank)


def test_terms_are_left_out_where_no_encoder_reads(wordless: Recommender) -> None:
    query = queries(wordless)["known"]
    found = reader(wordless).attribute(query, toy.N_WARM)
    given = dict(zip(found.words, found.given.tolist(), strict=True))
    assert "quiet" in given
    assert any(given.values())
    with pytest.raises(SettingError, match="occlusion"):
        reader(wordless).attribute(query, toy.N_WARM, "gradients")


@pytest.mark.parametrize("name", ["words", "both"])
def test_gradients_add_up_and_agree_with_occlusion(fitted: Recommender, name: str) -> None:
    pytest.importorskip("captum", reason="integrated gradients need the extra attribute")
    query, row = queries(fitted)[name], toy.N_WARM + 1
    left_out = reader(fitted).attribute(query, row)
    found = reader(fitted).attribute(query, row, "gradients")
    assert found.words == left_out.words
    assert (found.ranks, found.rank, found.score) == ((), left_out.rank, left_out.score)
    assert abs(found.gap) < 0.05 * np.abs(found.given).sum() + 1e-3
    if name == "words":
        assert np.corrcoef(found.given, left_out.given)[0, 1] > 0.3


def test_the_text_must_be_the_one_that_was_fitted(fitted: Recommender) -> None:
    query = queries(fitted)["known"]
    with pytest.raises(LanguageError, match="--template"):
        reader(fitted, template=Template.of("title", [], [])).attribute(query, 1)
    other = Template.of("title", [], ["text"])
    model = Recommender.fit(fitted.data, effort="quick", template=other)
    model = replace(model, encoder=fitted.encoder)
    assert reader(model, template=other).attribute(query, 1).words


def test_an_item_without_words_is_refused(fitted: Recommender) -> None:
    empty = retold(fitted.data, 1, fitted.data.items.table["text"][1])
    table = empty.items.table.with_columns(
        pl.when(pl.int_range(pl.len()) == 1).then(None).otherwise(pl.col("title")).alias("title")
    )
    with pytest.raises(SettingError, match="has no text"):
        reader(fitted, items=replace(empty.items, table=table)).attribute(queries(fitted)["known"], 1)


def test_the_command_line_writes_tables_of_words_and_attributes(
    wordless: Recommender, tmp_path: Path
) -> None:
    model, out = tmp_path / "MODEL", tmp_path / "words.parquet"
    wordless.save(model)

    def run(*words: object) -> str:
        done = CliRunner().invoke(application("explain"), ["explain", str(model), *map(str, words)])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.stdout

    run("--user", "120", "--item", "020", "-o", out)
    table = pl.read_parquet(out)
    assert table.columns == ["user_id", "item_id", "place", "word", "attribution", "rank_without"]
    assert set(table["item_id"]) == {"020"}
    header = "table,attribute,questions,lists,ndcg,importance,deviation\n"
    assert run("--attributes", "--repeats", 1).startswith(header)
    for words, said in (
        ([], "--item ID"),
        (["--item", "020"], "--user ID"),
        (["--item", "no such", "--user", "120"], "no such"),
        (["--attributes", "--user", "120"], "--attributes"),
        (["--item", "020", "--user", "120", "--method", "gradients"], "occlusion"),
        (["--item", "020", "--user", "120", "--method", "attention"], "occlusion"),
        (["--item", "020", "--text", "robots"], "without texts"),
        (["--item", "020", "--user", "120", "-o", "x.xlsx"], ".parquet"),
    ):
        with pytest.raises(PenchantError, match=said):
            run(*words)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["MODEL", "words.parquet"]


def test_attention_is_shared_out_among_the_words_and_says_nothing_of_the_score(fitted: Recommender) -> None:
    row = toy.N_WARM + 1
    asked = queries(fitted)
    found = reader(fitted).attribute(asked["words"], row, "attention")
    assert found.words == reader(fitted).attribute(asked["words"], row).words
    assert (found.given > 0).all()
    assert float(found.given.sum()) + found.gap == pytest.approx(1.0, abs=1e-4)
    assert found.ranks == ()
    other = reader(fitted).attribute(asked["known"], row, "attention")
    np.testing.assert_array_equal(found.given, other.given)


def test_attention_of_what_has_none_is_refused(fitted: Recommender, wordless: Recommender) -> None:
    with pytest.raises(SettingError, match="occlusion"):
        reader(wordless).attribute(queries(wordless)["known"], toy.N_WARM, "attention")
    assert fitted.encoder is not None
    joined = Ensemble("minilm + minilm", (fitted.encoder,), (1.0,))
    with pytest.raises(SettingError, match="one transformer"):
        reader(fitted, encoder=joined, language="minilm + minilm").attribute(
            queries(fitted)["known"], toy.N_WARM, "attention"
        )


def test_a_model_that_tells_no_attention_is_refused() -> None:
    import torch

    class Deaf:
        config = None

        def set_attn_implementation(self, _: str) -> None:
            pass

        def __call__(self, **_: object) -> object:
            return replace_nothing

    replace_nothing = type("Output", (), {"attentions": None})()
    with pytest.raises(LanguageError, match="no attention weights"):
        attentions(Deaf(), torch.ones((1, 3), dtype=torch.int64), "deaf")


@drawn(st.integers(1, 6), st.integers(1, 4), st.integers(0, 99))
def test_rollout_is_the_product_of_the_layers(n: int, depth: int, seed: int) -> None:
    weights = np.random.default_rng(seed).random((depth, n, n)) + 0.01
    layers = list(weights / weights.sum(axis=2, keepdims=True))
    whole = np.eye(n)
    for layer in layers:
        whole = (0.5 * np.eye(n) + 0.5 * layer) @ whole
    np.testing.assert_allclose(rollout(layers, "cls"), whole[0], atol=1e-6)
    np.testing.assert_allclose(rollout(layers, "last"), whole[-1], atol=1e-6)
    np.testing.assert_allclose(rollout(layers, "mean"), whole.mean(axis=0), atol=1e-6)
