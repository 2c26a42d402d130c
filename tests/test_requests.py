"""Requests in plain language: what is understood, that nothing of it is lost, and what is answered."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import toy
from penchant import Recommender
from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.data.vocabulary import Vocabulary
from penchant.errors import InputError, SettingError
from penchant.language.encode import unit
from penchant.requests.conversation import Conversation
from penchant.requests.desk import Desk
from penchant.requests.phrases import AFTER_NUMBER, CUES
from penchant.requests.search import WordIndex, terms
from penchant.requests.understand import Guide, understand
from penchant.requests.wanted import Filter, Wanted
from penchant.types import NO_ROWS, NO_TIMES, NO_WEIGHTS, Rows, Vectors

TITLES = [
    ("Heat (1995)", "Crime|Thriller", 1995), ("Heat (1986)", "Action|Drama", 1986), ("Toy Story (1995)", "Children|Comedy", 1995),
    ("Matrix, The (1999)", "Action|Sci-Fi", 1999), ("Alien (1979)", "Horror|Sci-Fi", 1979), ("Aliens (1986)", "Action|Sci-Fi", 1986),
    ("Lord of the Rings: The Two Towers, The (2002)", "Fantasy|Drama", 2002), ("Shrek (2001)", "Children|Comedy", 2001),
    ("Red Dust (2004)", "Drama|Crime", 2004), ("Blue Moon (2016)", "Romance|Drama", 2016), ("Fear House (2012)", "Horror|Thriller", 2012),
    ("Love Letters (1961)", "Romance|Comedy", 1961),
]  # fmt: skip
PRICES = [12.0, 5.0, 60.0, 20.0, 8.0, 9.0, 30.0, 45.0, 70.0, 15.0, math.nan, 3.0]


def films(*, prices: bool = True) -> Catalogue:
    titles, genres, years = zip(*TITLES, strict=True)
    columns = {"title": titles, "genres": genres, "year": years, "price": PRICES}
    table = pl.DataFrame({name: list(cells) for name, cells in columns.items()})
    ids = pl.Series([f"f{place}" for place in range(len(TITLES))])
    return Catalogue(Vocabulary(ids), table if prices else table.drop("price"), "title")


GUIDE = Guide.of(films(), np.array([9, 1, 8, 7, 6, 5, 4, 3, 2, 1, 1, 1]))


def heard(text: str) -> Wanted:
    return understand(text, GUIDE)


def asked(text: str) -> dict[str, Filter]:
    return {one.column: one for one in heard(text).filters}


@pytest.mark.parametrize(
    ("text", "liked", "disliked"),
    [
        ("films like Heat but slower", ["f0"], []),
        ("films like heat (1986), please", ["f1"], []),
        ("something similar to The Matrix and Toy Story", ["f3", "f2"], []),
        ("like Toy Story, but not like Shrek", ["f2"], ["f7"]),
        ("I loved Alien, hated Aliens", ["f4"], ["f5"]),
        ("movies like lord of the rings", ["f6"], []),
        ("像《Heat》一样的电影，不要像《Alien》", ["f0"], ["f4"]),
        ("I would like a heat wave", [], []),
        ("unlike Shrek", [], ["f7"]),
    ],
)
def test_titles_are_liked_or_disliked(text: str, liked: list[str], disliked: list[str]) -> None:
    assert (list(heard(text).liked), list(heard(text).disliked)) == (liked, disliked)


def test_a_title_of_two_items_is_taken_as_the_usual_one_and_said() -> None:
    assert "2 items" in heard("like Heat").unclear[0]
    assert not heard("like Heat (1986)").unclear


@pytest.mark.parametrize(
    ("text", "column", "low", "high"),
    [
        ("a gift under 50", "price", None, 50),
        ("between 10 and 20 dollars", "price", 10, 20),
        ("more expensive than 10", "price", 10, None),
        ("at least $1,000.50", "price", 1000.5, None),
        ("10-20 euros", "price", 10, 20),
        ("50元以下", "price", None, 50),
        ("from the nineties", "year", 1990, 1999),
        ("late 70s", "year", 1976, 1979),
        ("before 2000", "year", None, 1999),
        ("since 2000", "year", 2000, None),
        ("made after the 80s", "year", 1990, None),
        ("in 1994", "year", 1994, 1994),
        ("90年代", "year", 1990, 1999),
        ("2000年以后", "year", 2000, None),
        ("something recent", "year", 2010, None),
        ("cheap", "price", None, 10),
    ],
)
def test_amounts_become_conditions(text: str, column: str, low: float | None, high: float | None) -> None:
    found = asked(text)
    assert list(found) == [column]
    assert (found[column].low, found[column].high) == (low, pytest.approx(high, rel=0.1) if high else None)


def test_cheap_is_only_a_condition_where_there_are_prices() -> None:
    without = Guide.of(films(prices=False), np.zeros(len(TITLES), dtype=np.int64))
    assert not understand("something cheap", without).filters
    assert understand("something cheap", without).text == "something cheap"
    assert "under 50" in understand("a gift under 50", without).text
    assert understand("under 50 dollars", without).unclear


def test_categories_and_refusals() -> None:
    assert heard("a romantic comedy").filters == (
        Filter("genres", tokens=("Romance",)), Filter("genres", tokens=("Comedy",)),
    )  # fmt: skip
    assert heard("comedies or thrillers").filters == (Filter("genres", tokens=("Comedy", "Thriller")),)
    assert heard("no horror or gore").filters == (Filter("genres", tokens=("Horror",), negated=True),)
    assert heard("no horror or gore").without == ("gore",)
    assert heard("科幻电影，不要恐怖").filters[1] == Filter("genres", tokens=("Horror",), negated=True)
    found = heard("a summer dress, not red, under 50")
    assert found.without == ("red",)
    assert "red" not in found.text and "summer dress" in found.text
    assert heard("not from the nineties").filters == (Filter("year", 1990.0, 1999.0, negated=True),)


@pytest.mark.parametrize(
    "text", ["my card has not arrived", "not sure what I want", "it isn't working", "not too long"]
)
def test_a_not_that_refuses_nothing_is_left_alone(text: str) -> None:
    assert heard(text) == Wanted(request=text, text=text)


PIECES = st.lists(
    st.one_of(
        st.sampled_from([*CUES, *AFTER_NUMBER, *(title for title, _, _ in TITLES), "Crime", "price", "1990s", "19.99"]),
        st.sampled_from([",", ".", "(", "《", "50", "$", "£", "-", "年", "not", "or", "the", "\n", "9" * 400]),
        st.text(max_size=8),
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(PIECES)
@example(["under", "0"])
@example(["\u0f71"])
def test_any_text_is_understood_somehow_and_kept(pieces: list[str]) -> None:
    text = " ".join(pieces)
    found = heard(text)
    assert found.request == text
    assert {one.column for one in found.filters} <= GUIDE.attributes.columns
    assert {*found.liked, *found.disliked, *found.named} <= set(GUIDE.ids)
    assert all(word in text for word in found.text.split())
    for one in found.filters:
        GUIDE.attributes.passing(one)  # every condition can be checked
    assert "\n" not in found.line(GUIDE.called(found))
    back = json.loads(found.to_json())
    assert Wanted.from_json(json.dumps(back)) == found


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{", '{"texts": ""}', '{"text": 3}', '{"diversity": 2}', '{"liked": "f1"}',
        '{"filters": [{"column": "year"}]}', '{"filters": [{"column": "year", "low": 3, "high": 1}]}',
        '{"filters": [{"column": "year", "low": 1e999}]}', '{"filters": {}}', "[" * 100_000,
    ],
)  # fmt: skip
def test_wrong_json_is_refused_with_a_word_on_where(text: str) -> None:
    with pytest.raises(InputError, match="--wanted"):
        Wanted.from_json(text)


def test_what_is_said_later_replaces_what_it_contradicts() -> None:
    first = Wanted(text="a dress", filters=(Filter("price", high=50.0),), liked=("f1",))
    both = first.also(Wanted(filters=(Filter("price", high=20.0),), disliked=("f1",)))
    assert both.filters == (Filter("price", high=20.0),)
    assert (both.text, both.liked, both.disliked) == ("a dress", (), ("f1",))


def test_rare_words_count_more_and_chinese_is_searched() -> None:
    index = WordIndex.of(["red silk dress", "red wool coat", "red shoes", "蓝色的连衣裙", ""])
    assert int(index.score("a red silk scarf").argmax()) == 0
    assert int(index.score("连衣裙").argmax()) == 3
    assert not index.score("nothing of it").any()
    assert not WordIndex.of(["", ""]).score("red").any()


class Bag:
    """An encoder that knows words by their hashes: quick, and like texts are near each other."""

    name, dim = "bag", 96

    def encode(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for place, text in enumerate(texts):
            for term in terms(text):
                vectors[place, blake2b(term.encode(), digest_size=2).digest()[0] % self.dim] += 1
        return unit(vectors)


@pytest.fixture(scope="module")
def model() -> Recommender:
    return Recommender.fit(toy.world().data, language=Bag(), effort="quick")


@pytest.fixture(scope="module")
def desk(model: Recommender) -> Desk:
    return model.desk()


def taste(rows: Rows) -> list[int]:
    return [int(row) % 2 for row in rows]


def test_words_and_likings_find_the_taste(desk: Desk) -> None:
    assert taste(desk.ask("robots in deep space", k=5).rows) == [1] * 5
    assert taste(desk.ask("like Film 3", k=5).rows) == [1] * 5
    assert 3 not in desk.ask("like Film 3", k=26).rows
    assert taste(desk.ask("a story without robots", k=13).rows) == [0] * 13


def test_reasons_of_an_answer_add_up_to_its_scores(model: Recommender, desk: Desk) -> None:
    query = model.queries(["120"])[1][0]
    answer = desk.ask("a friendship in a village, like Film 4", query=query, k=4, explain=True)
    assert not set(answer.rows.tolist()) & set(query.rows.tolist())
    for score, told in zip(answer.scores, answer.reasons, strict=True):
        assert sum(reason.share for reason in told) == pytest.approx(score, abs=1e-3)
    assert any("“friendship”" in reason.text for told in answer.reasons for reason in told)


def test_an_answer_says_when_nothing_fits(desk: Desk) -> None:
    assert desk.ask("a loud battle of robots").fits
    nothing = desk.ask("the tax form for my garage roof")
    assert not nothing.fits and len(nothing.rows) == 10
    assert desk.ask("?! …").fits is False


def test_conditions_that_nothing_meets_give_an_empty_answer(model: Recommender, desk: Desk) -> None:
    everything = tuple(desk.guide.ids)
    answer = desk.ask(Wanted(text="robots", hidden=everything))
    assert not len(answer.rows) and not answer.fits
    with pytest.raises(InputError, match="no such column"):
        desk.ask(Wanted(filters=(Filter("colour", tokens=("red",)),)))
    with pytest.raises(InputError, match="no item"):
        desk.ask(Wanted(liked=("nobody",)))
    with pytest.raises(SettingError):
        desk.ask("robots", k=0)


def test_a_conversation_remembers(desk: Desk) -> None:
    talk = Conversation(desk, k=4)
    first = talk.turn("robots in deep space")
    second = talk.turn("not that one")
    assert second.rows.tolist()[:3] == first.rows.tolist()[1:]
    third = talk.turn("more like the second")
    assert third.wanted.liked == (desk.guide.ids[second.rows[1]],)
    assert "robots" in third.wanted.text
    assert "no number 9" in talk.turn("more like the ninth").wanted.unclear[0]
    shown = set(talk.turn("show me others").wanted.hidden)
    assert len(shown) >= 4
    assert talk.turn("cheaper").wanted.unclear
    assert talk.turn("more varied").wanted.diversity == 0.5
    assert talk.turn("start again").wanted == Wanted()
    assert taste(talk.turn("a quiet friendship").rows) == [0] * 4


def test_cheaper_goes_below_what_was_shown(desk: Desk) -> None:
    priced = replace(desk, guide=replace(desk.guide, attributes=replace(
        desk.guide.attributes, values={"price": np.arange(toy.N_ITEMS, dtype=np.float64)}, meanings={"price": "price"},
    )))  # fmt: skip
    talk = Conversation(priced, k=5)
    before = talk.turn("robots")
    after = talk.turn("cheaper")
    assert after.wanted.text == "robots"
    assert max(after.rows) < np.median(before.rows)


def test_a_help_desk_searches_questions_as_they_are() -> None:
    topics = ["card is not working", "cancel a transfer", "reset the password", "order a new card"]
    ids = Vocabulary(pl.Series(["broken", "transfer", "password", "new"]))
    items = Catalogue(ids, pl.DataFrame({"title": topics}), "title")
    world = toy.world().data
    nobody = Interactions(NO_ROWS, NO_ROWS, NO_TIMES, NO_WEIGHTS, NO_WEIGHTS, "none")
    people = Catalogue(Vocabulary(pl.Series([], dtype=pl.String)), pl.DataFrame())
    data = Dataset(nobody, items, people, world.requests)
    desk = Recommender.fit(data, language=Bag(), effort="quick").desk()
    talk = Conversation(desk, k=1)
    answer = talk.turn("why is my card not working")
    assert desk.helps and answer.fits and not answer.wanted.without
    assert desk.texts[answer.rows[0]] == "card is not working"
    assert talk.turn("reset the password").wanted.text == "reset the password"
    assert talk.turn("and the roof?").wanted.text == "reset the password and the roof?"
    assert not talk.turn("tomatoes magnets volcanoes glaciers").fits
