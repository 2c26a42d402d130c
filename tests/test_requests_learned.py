"""Learning from requests: a toy shop whose answered requests tell what its titles do not."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.data.vocabulary import Vocabulary
from penchant.language.texts import Texts, read_texts
from penchant.recommender import Recommender
from penchant.requests.learned import Learned
from penchant.requests.learned_examples import Names, conversations, incidence, scaled
from penchant.requests.learned_terms import Terms
from penchant.types import Vectors

TITLES = ("Blue Harbour", "Red Mountain", "Green Valley", "White Desert", "Black Forest", "Grey Meadow")
SAID = ("refund money", "parcel lost", "password reset", "invoice copy", "holiday hours", "gift voucher")
WAYS = ("please {}", "i need {}", "{} now", "how about {}", "question: {}", "{} today", "my {} again", "a {}")


class Letters:
    """An encoder of letter counts: enough to tell words apart, and nothing to learn."""

    name: str = "letters"
    dim: int = 26

    def encode(self, texts: Sequence[str]) -> Vectors:
        counts = np.array([[text.lower().count(chr(97 + at)) for at in range(26)] for text in texts])
        lengths = np.linalg.norm(counts, axis=1, keepdims=True)
        return (counts / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def shop() -> Dataset:
    items = Catalogue(
        Vocabulary(pl.Series([f"i{row}" for row in range(6)])), pl.DataFrame({"title": TITLES}), "title"
    )
    texts = [way.format(said) for said in SAID for way in WAYS]
    asked = [[row] for row in range(6) for _ in WAYS]
    requests = pl.DataFrame(
        {"text": texts, "items": asked, "user": [-1] * len(texts), "time": [None] * len(texts)},
        schema={"text": pl.String, "items": pl.List(pl.Int64), "user": pl.Int64, "time": pl.Float64},
    )
    none = np.empty(0)
    events = Interactions(
        none.astype(np.int64), none.astype(np.int64), none, none.astype(np.float32), none.astype(np.float32),
        clock="none",
    )  # fmt: skip
    return Dataset(
        events, items, Catalogue(Vocabulary(pl.Series([], dtype=pl.String)), pl.DataFrame()), requests
    )


def taught() -> tuple[Dataset, Texts, Learned]:
    data = shop()
    texts = read_texts(data, Letters())
    model = Learned.fit(data, texts.knowledge)
    assert model is not None
    return data, texts, model


def test_it_learns_what_titles_do_not_tell_and_knows_what_it_never_heard() -> None:
    _, texts, model = taught()
    asked = ["where is my lost parcel", "reset the password", "voucher as a gift"]
    heard = texts.whitening.centre(Letters().encode(asked))
    assert model.score(asked, heard).argmax(axis=1).tolist() == [1, 2, 5]
    strange = ["zzz qqq", "xylophone jazz"]
    unheard = texts.whitening.centre(Letters().encode(strange))
    assert model.fits(asked, heard).min() > model.fits(strange, unheard).max()


def test_too_few_answers_teach_nothing() -> None:
    data = shop()
    few = replace(data, requests=data.requests[:20])
    assert Learned.fit(few, read_texts(few, Letters()).knowledge) is None


def test_a_bundle_answers_alike(tmp_path: Path) -> None:
    data = shop()
    model = Recommender.fit(data, language=Letters(), effort="quick")
    assert model.learned is not None and model.learned.learned_from == 48
    model.save(tmp_path / "MODEL")
    again = Recommender.load(tmp_path / "MODEL", encoder=Letters())
    for text in ("a copy of the invoice", "x", "holiday?", "Red Mountain"):
        one, other = (m.recommend(text=text, k=6) for m in (model, again))
        assert one["item_id"].to_list() == other["item_id"].to_list()
        assert one["score"].to_numpy() == pytest.approx(other["score"].to_numpy(), abs=1e-4)
        assert model.fits(text) == pytest.approx(again.fits(text), abs=1e-5)
    assert model.recommend(text="a copy of the invoice", k=1)["item_id"].to_list() == ["i3"]


def test_one_by_one_is_all_at_once_and_any_text_gets_finite_scores() -> None:
    _, texts, model = taught()
    asked = ["", "密码", "!!!", "lost parcel\nred mountain", "a" * 5000]
    heard = texts.whitening.centre(Letters().encode(asked))
    scores = model.score(asked, heard)
    assert np.isfinite(scores).all() and np.isfinite(model.fits(asked, heard)).all()
    single = np.concatenate([model.score([text], heard[at : at + 1]) for at, text in enumerate(asked)])
    assert scores == pytest.approx(single, abs=1e-4)


def test_turns_of_one_conversation_stay_together() -> None:
    groups = conversations(["hi\nfilms?", "other", "hi", "hi\nfilms?\nno", "hip"])
    assert groups[0] == groups[2] == groups[3]
    assert len({groups[0], groups[1], groups[4]}) == 3


def test_the_longest_title_is_named() -> None:
    names = Names.of(["The Thing", "The Thing Returns", "It", "the thing"])
    assert names.named("I saw the thing returns, then THE thing; it!") == [1, 0]


@given(st.lists(st.text(max_size=30), min_size=1, max_size=8))
def test_terms_have_unit_length_or_none(texts: list[str]) -> None:
    terms = Terms.fit(texts + texts)
    rows = terms.apply(texts)
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    assert rows.shape == (len(texts), len(terms.names))
    assert (np.isclose(lengths, 1, atol=1e-4) | (lengths == 0)).all()


def test_rows_are_shared_out() -> None:
    matrix = scaled(incidence([[1, 1, 2], []], 3)).toarray()
    assert matrix.tolist() == [[0, 0.5, 0.5], [0, 0, 0]]
