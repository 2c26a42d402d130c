import string

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.data.terms import TermSpace, prose_columns, terms_of
from penchant.data.vocabulary import Vocabulary
from penchant.language.knowledge import Knowledge
from penchant.models.content import Content
from penchant.recommender import Recommender

ITEMS, COLD, USERS = 150, 30, 90


def catalogue(*texts: str | None) -> Catalogue:
    return Catalogue(Vocabulary(pl.Series(range(len(texts)))), pl.DataFrame({"title": texts}), "title")


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("The Lord of the Rings (2001)", ["the", "lord", "of", "the", "rings", "2001"]),
        ("Élan ÉLAN, don't! snake_case", ["élan", "élan", "don", "snake", "case"]),
        ("STRASSE Straße ﬁne", ["strasse", "strasse", "fine"]),
        ("हिन्दी फ़िल्म", ["हिन्दी", "फ़िल्म"]),
        ("Война и мир", ["война", "мир"]),
        ("千と千尋", ["千と", "と千", "千尋"]),
        ("海", ["海"]),
        ("看Film西游记2", ["看", "film", "西游", "游记"]),
        ("한국 영화", ["한국", "영화"]),
        ("a 1 … 🎬 \0", []),
        ("", []),
    ],
)
def test_terms_of_a_text(text: str, terms: list[str]) -> None:
    assert terms_of([text])[0] == terms


def test_weights_are_those_of_the_formula() -> None:
    made = catalogue("red red fox", "red hen", "blue fox", "blue fox", None)
    space = TermSpace.fit(made)
    assert space.terms == ("blue", "fox", "red")  # a hen is seen once
    rare, often = np.log(5 / 3), np.log(5 / 4)  # in two and in three of four texts
    want = np.array([0, often, (1 + np.log(2)) * rare])
    assert np.allclose(space.transform(made).toarray()[0], want / np.linalg.norm(want))
    assert not space.transform(made).toarray()[4].any()
    assert space.keywords(made, 1) == [["red"], ["red"], ["blue"], ["blue"], []]
    assert space.keywords(made)[2] == ["blue", "fox"]


def test_what_most_texts_hold_is_a_stop_word_in_any_language() -> None:
    words = [f"w{i % 20:02}" for i in range(100)]
    space = TermSpace.fit(catalogue(*(f"и {word} und {word} el" for word in words)))
    assert set(space.terms) == set(words)
    rare = TermSpace.fit(catalogue("word", *(f"{w} und" for w in words[:40])))  # too few texts to tell
    assert "und" in rare.terms


@given(st.lists(st.text(max_size=40) | st.text(string.ascii_lowercase[:4] + " ", max_size=40), max_size=30))
def test_any_text_gives_vectors_of_length_one_or_zero(texts: list[str]) -> None:
    made = catalogue(*texts) if texts else catalogue(None)
    space = TermSpace.fit(made)
    vectors = space.transform(made)
    lengths = np.linalg.norm(vectors.toarray(), axis=1)
    assert vectors.shape == (len(made), len(space.terms))
    assert vectors.dtype == np.float32
    assert (np.isclose(lengths, 1, atol=1e-5) | (lengths == 0)).all()
    assert (np.asarray(vectors.sum(axis=0)).ravel() > 0).all()  # each term is used


def test_the_same_columns_are_read_of_another_table() -> None:
    plots = [f"a long plot about dragon{i % 20} and much besides in chapter {i}" for i in range(60)]
    made = Catalogue(Vocabulary(pl.Series(range(60))), pl.DataFrame({"plot": plots, "year": [1999] * 60}))
    assert prose_columns(made) == ("plot",)
    space = TermSpace.fit(made)
    assert {f"dragon{i}" for i in range(20)} == set(space.terms)
    one = Catalogue(Vocabulary(pl.Series([0])), pl.DataFrame({"plot": ["Dragon7!"]}))
    assert space.transform(one).indices.tolist() == [space.terms.index("dragon7")]
    assert space.transform(Catalogue(one.vocabulary, pl.DataFrame(height=1))).nnz == 0


def world(*, told: bool = True) -> tuple[Dataset, np.ndarray]:
    """People who like one of three kinds of items; the last items have no event, only a title."""
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 3, ITEMS)
    users, items = [], []
    for user in range(USERS):
        liked = np.flatnonzero(kinds[: ITEMS - COLD] == user % 3)
        users += [user] * 10
        items += rng.choice(liked, 10, replace=False).tolist()
    n = len(users)
    events = Interactions.sorted(
        np.array(users), np.array(items), np.arange(n, dtype=float), np.ones(n, np.float32),
        np.full(n, np.nan, np.float32), "time",
    )  # fmt: skip
    names = kinds if told else rng.integers(0, 3, ITEMS)
    # Twelve words a kind, so that none is in a tenth of all titles.
    titles = [
        f"{rng.integers(0, 9)} " + " ".join(f"k{kind}n{w}" for w in rng.choice(12, 3)) for kind in names
    ]
    return Dataset(
        events,
        catalogue(*titles),
        Catalogue(Vocabulary(pl.Series(range(USERS))), pl.DataFrame(height=USERS)),
    ), kinds


def share(found: np.ndarray, kinds: np.ndarray) -> float:
    return float((kinds[found] == (np.arange(len(found)) % 3)[:, None]).mean())


def cold_lists(model: Content, data: Dataset) -> np.ndarray:
    cold = np.arange(ITEMS - COLD, ITEMS)
    return np.asarray(cold[np.argsort(-model.score(data.queries(), cold), axis=1)[:, :5]])


def test_words_find_cold_items_without_an_encoder_and_noise_is_not_trusted() -> None:
    data, kinds = world()
    model = Content().fit(data, Knowledge.none(ITEMS), rng=np.random.default_rng(0))
    assert model.word > 0
    assert share(cold_lists(model, data), kinds) > 0.9
    noise, _ = world(told=False)
    assert Content().fit(noise, Knowledge.none(ITEMS), rng=np.random.default_rng(0)).word <= 0.25


def test_words_survive_the_state_and_place_new_items() -> None:
    data, _ = world()
    none = Knowledge.none(ITEMS)
    model = Content().fit(data, none, rng=np.random.default_rng(0))
    again = Content.from_state(model.state())
    assert again.terms.terms == model.terms.terms
    assert np.array_equal(again.describe(data.items, none).norms, model.describe(data.items, none).norms)
    longer = catalogue(*data.items.table["title"].to_list(), data.items.table["title"][0])
    added = again.extend(longer, Knowledge.none(ITEMS + 1)).vectors
    assert np.allclose(added[-1], added[0], atol=1e-5)


def test_a_recommender_without_language_ranks_cold_items_by_their_words() -> None:
    data, kinds = world()
    model = Recommender.fit(data, language="none", effort="quick")
    cold = list(range(ITEMS - COLD, ITEMS))
    lists = model.recommend(list(range(6)), k=5, candidates=cold)
    found = lists["item_id"].to_numpy().reshape(6, 5)
    assert share(found, kinds) > 0.8
