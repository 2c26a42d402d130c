"""Requests in Chinese: what is understood, what is answered, and that both languages say as much."""

import math
import string

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import toy
from penchant import Recommender
from penchant.data.catalogue import Catalogue
from penchant.data.columns import choose
from penchant.data.dataset import Dataset
from penchant.data.roles import roles
from penchant.data.vocabulary import Vocabulary
from penchant.requests import phrases_en, phrases_zh
from penchant.requests.conversation import Conversation
from penchant.requests.desk import Desk
from penchant.requests.numerals import numeral_at
from penchant.requests.reading import read_words, tongue
from penchant.requests.search import terms
from penchant.requests.understand import Guide, understand
from penchant.requests.wanted import Filter, Wanted

BOOKS = [
    ("活着", "小说、文学", "余华", 28.0, 1993, 9.4, 191, "一个人和他命运之间的故事"),
    ("许三观卖血记", "小说、文学", "余华", 35.0, 1995, 9.2, 254, "靠卖血渡过难关的一家人"),
    ("三体", "科幻", "刘慈欣", 45.0, 2008, 8.9, 302, "红色岸边与外星文明的相遇"),
    ("球状闪电", "科幻", "刘慈欣", 32.0, 2005, 8.7, 285, "追寻闪电秘密的科学家"),
    ("百年孤独", "小说、外国", "马尔克斯", 55.0, 1967, 9.3, 360, "一个家族七代人的兴衰"),
    ("白夜行", "悬疑、外国", "东野圭吾", 59.0, 1999, 9.2, 538, "一桩命案牵连的两个孩子"),
    ("嫌疑人X的献身", "悬疑、外国", "东野圭吾", 39.5, 2005, 9.0, 251, "数学天才精心设计的骗局"),
    ("家常菜大全", "生活、生活馆", "王厨", 120.0, 2015, math.nan, 420, "红烧肉和家常小炒的做法"),
]
HEADINGS = ("书名", "类别", "作者", "定价", "出版年", "评分", "页数", "简介")


def shop() -> Catalogue:
    table = pl.DataFrame(
        {name: list(cells) for name, cells in zip(HEADINGS, zip(*BOOKS, strict=True), strict=True)}
    )
    return Catalogue(Vocabulary(pl.Series([f"b{place}" for place in range(len(BOOKS))])), table, "书名")


GUIDE = Guide.of(shop(), np.arange(len(BOOKS)))


def heard(text: str) -> Wanted:
    return understand(text, GUIDE)


@pytest.mark.parametrize(
    ("text", "column", "low", "high"),
    [
        ("50元以下", "定价", None, 50),
        ("不到两百块", "定价", None, 200),
        ("一百五以下的书", "定价", None, 150),
        ("预算两百以内", "定价", None, 200),
        ("预算50到100", "定价", 50, 100),
        ("价格在50到100之间", "定价", 50, 100),
        ("1.5万以下", "定价", None, 15000),
        ("至少三十块", "定价", 30, None),
        ("便宜一点的书", "定价", None, 36.5),
        ("评分9分以上", "评分", 9, None),
        ("不超过三百页", "页数", None, 300),
        ("九十年代", "出版年", 1990, 1999),
        ("上世纪九十年代初的书", "出版年", 1990, 1993),
        ("90年代以前", "出版年", None, 1989),
        ("2000年以后出版的", "出版年", 2000, None),
        ("一九九三年的书", "出版年", 1993, 1993),
    ],
)
def test_amounts_become_conditions(text: str, column: str, low: float | None, high: float | None) -> None:
    found = heard(text)
    assert found.filters == (Filter(column, low, high),)
    assert not found.text and not found.unclear


@pytest.mark.parametrize(
    "text",
    [
        "我想看十分感人的故事",
        "一个人的旅行",
        "千万不知道",
        "一样有趣的",
        "不太长的故事",
        "有没有好看的故事",
        "不错的故事",
    ],
)
def test_numerals_and_negations_inside_other_words_mean_nothing(text: str) -> None:
    assert not heard(text).filters and not heard(text).without


@pytest.mark.parametrize(
    ("text", "liked", "disliked"),
    [
        ("像《活着》那样的书", ["b0"], []),
        ("像活着那样的书", ["b0"], []),
        ("跟《百年孤独》差不多的", ["b4"], []),
        ("《白夜行》之类的", ["b5"], []),
        ("我喜欢《三体》和《球状闪电》，不喜欢《白夜行》", ["b2", "b3"], ["b5"]),
        ("不要像《活着》那样的", [], ["b0"]),
        ("喜欢看许三观卖血记", ["b1"], []),
        ("我活着很开心", [], []),
    ],
)
def test_titles_are_liked_or_disliked(text: str, liked: list[str], disliked: list[str]) -> None:
    assert (list(heard(text).liked), list(heard(text).disliked)) == (liked, disliked)


def test_refusals_and_categories() -> None:
    found = heard("不要红色的连衣裙")
    assert (found.text, found.without) == ("连衣裙", ("红色",))
    assert heard("除了悬疑以外的").filters == (Filter("类别", tokens=("悬疑",), negated=True),)
    assert heard("科幻或者悬疑").filters == (Filter("类别", tokens=("科幻", "悬疑")),)
    assert heard("不要科幻，推荐几本小说").filters == (
        Filter("类别", tokens=("科幻",), negated=True), Filter("类别", tokens=("小说",)),
    )  # fmt: skip
    assert heard("余华写的书").filters == (Filter("作者", tokens=("余华",)),)
    assert heard("不贵的书").filters[0].high == pytest.approx(51.7, abs=0.1)
    assert heard("推荐几本书，多样一点").diversity == 0.5
    assert heard("sci-fi").filters == (Filter("类别", tokens=("科幻",)),)  # one category in two languages


def test_what_was_understood_is_told_in_the_language_of_the_request() -> None:
    found = heard("像《活着》那样的，不要红色，50元以下")
    assert found.line(GUIDE.called(found)) == "像 活着 · 定价 ≤ 50 · 不含“红色”"
    assert "不明确：3：目录里没有“重量”这一栏" in heard("不到三公斤的").line()
    assert "like 活着" in heard("books like 《活着》").line({"b0": "活着"})


def test_both_languages_say_the_same_things_with_the_same_parts() -> None:
    def parts(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text)} - {None}

    assert phrases_en.SAID.keys() == phrases_zh.SAID.keys()
    for what, english in phrases_en.SAID.items():
        assert parts(english) == parts(phrases_zh.SAID[what]), what
    names = {name for name in vars(phrases_en) if name.isupper()}
    assert names == {name for name in vars(phrases_zh) if name.isupper()}
    assert phrases_en.CUES.keys() == phrases_zh.CUES.keys()


SPELLED = "零一二三四五六七八九"


def spelled(n: int) -> str:
    """Write a number below a hundred thousand as people do."""
    if n >= 10_000:
        rest = n % 10_000
        return f"{spelled(n // 10_000)}万" + (f"{'零' * (rest < 1_000)}{spelled(rest)}" if rest else "")
    said, zero = "", False
    for unit, sign in ((1_000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = n // unit % 10
        if digit:
            said += "零" * (zero and bool(said)) + SPELLED[digit] + sign
        zero = not digit
    return said


@given(st.integers(1, 99_999))
def test_numerals_are_read_as_they_are_written(n: int) -> None:
    words = read_words(spelled(n))
    assert numeral_at(words, 0) == (n, len(words))


@pytest.mark.parametrize("text", ["千万", "百十", "万一", "一二", "三四五六七", "十百"])
def test_what_is_no_numeral(text: str) -> None:
    assert numeral_at(read_words(text), 0) is None


def test_the_language_of_an_answer() -> None:
    assert [tongue(text) for text in ("推荐 iPhone 手机壳", "films like 《霸王别姬》", "", "50", "三体")] == [
        "zh", "en", "en", "en", "zh",
    ]  # fmt: skip


def test_phrases_that_tell_nothing_are_not_searched() -> None:
    assert terms("推荐一些适合夏天的连衣裙") == ["夏天", "天的", "的连", "连衣", "衣裙"]


def test_chinese_prose_and_headings_are_recognised() -> None:
    found = roles(shop())
    assert (found["简介"], found["类别"]) == ("text", "multi")
    choice = choose("interactions.csv", "interactions", ["用户id", "商品id", "评分", "时间"], {})
    assert dict(choice.columns) == {"user": "用户id", "item": "商品id", "time": "时间", "value": "评分"}
    assert choose("items.csv", "items", ["商品编号", "书名", "定价"], {})["title"] == "书名"


@pytest.fixture(scope="module")
def desk() -> Desk:
    world = toy.world().data
    kept = world.interactions.items < len(BOOKS)
    few = world.with_interactions(world.interactions.where(kept))
    data = Dataset(few.interactions, shop(), world.users).with_traits()
    return Recommender.fit(data, language="lsa", effort="quick").desk()


def test_a_conversation_in_chinese(desk: Desk) -> None:
    assert BOOKS[int(desk.ask("外星文明").rows[0])][0] == "三体"
    assert 7 not in desk.ask("故事，不要红烧", k=8).rows
    silent = desk.ask("评分9分以上")
    assert "8 项中有 1 项没有写明 评分，已略去" in silent.notes
    assert desk.ask("5000元以上").notes == ("没有满足所有条件的项目",)
    assert any("含有“" in reason.text for reason in desk.ask("闪电", k=1, explain=True).reasons[0])
    talk = Conversation(desk, k=3)
    first = talk.turn("小说")
    second = talk.turn("不要第一个")
    assert first.rows[0] not in second.rows
    assert talk.turn("有没有便宜一点的").wanted.filters[-1].column == "定价"
    assert "没有第 9 项" in talk.turn("像第9个那样的").wanted.unclear[0]
    assert talk.turn("多样一点").wanted.diversity == 0.5
    assert talk.turn("重新开始").wanted == Wanted()
    assert talk.turn("重新开始，闪电").wanted.text == "闪电"
