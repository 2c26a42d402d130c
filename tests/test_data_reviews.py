"""Texts of events: which column holds them, which speak for and against, and what that is good for."""

import json
import random
import sys
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.cli.main import main
from penchant.data.cleaning.settings import Cleaning
from penchant.data.columns import choose
from penchant.data.dataset import Dataset
from penchant.data.lexicon import by_lexicon
from penchant.data.read import read
from penchant.data.sentiment import Learned, learn
from penchant.errors import TableError
from penchant.evaluate.checkup.facts import check_up
from penchant.evaluate.checkup.screen import LINES, screen

OPENINGS = {
    "en": ("I read it on the train to work last week.", "My sister gave it to me.", "It has 300 pages."),
    "de": (
        "Ich habe es letzte Woche im Zug gelesen.",
        "Meine Schwester hat es mir geschenkt.",
        "Es hat 300 S.",
    ),
    "zh": ("我上周在火车上读的。", "这是我姐姐送给我的礼物。", "这本书一共有三百页。"),
}
FOR = {
    "en": (
        "A wonderful story",
        "I loved every page",
        "Not bad at all",
        "Brilliant and moving",
        "I enjoyed it",
    ),
    "de": ("Eine wunderbare Geschichte", "Gar nicht schlecht", "Großartig und bewegend", "Sehr zu empfehlen"),
    "zh": ("故事非常精彩", "我很喜欢", "一点也不差", "写得太好了", "强烈推荐"),
}
AGAINST = {
    "en": ("A terrible story", "I was bored on every page", "Not good at all", "Dull and far too long"),
    "de": (
        "Eine furchtbare Geschichte",
        "Gar nicht gut",
        "Langweilig und viel zu lang",
        "Leider enttäuschend",
    ),
    "zh": ("故事非常无聊", "我很失望", "一点也不好", "写得太差了", "不推荐"),
}


def review(language: str, good: bool, draw: random.Random) -> str:
    """One opening, two opinions, in any order."""
    said = draw.sample((FOR if good else AGAINST)[language], 2)
    parts = [draw.choice(OPENINGS[language]), *(f"{part}." for part in said)]
    draw.shuffle(parts)
    return " ".join(parts)


def shop(folder: Path, rows: list[dict[str, object]]) -> Path:
    (folder / "interactions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return folder


def event(at: int, text: object, rating: float | None = None) -> dict[str, object]:
    return {
        "user": f"u{at % 17}",
        "item": f"i{at % 23}",
        "ts": 1e9 + 977 * at,
        "rating": rating,
        "review": text,
    }


def rated(n: int, language: str = "en", seed: int = 0) -> list[dict[str, object]]:
    """Two likes, then one dislike, and so on."""
    draw, ratings = random.Random(seed), cycle((5.0, 4.0, 1.0))
    return [event(at, review(language, (r := next(ratings)) > 3, draw), r) for at in range(n)]


def by_time(data: Dataset, n: int) -> list[float]:
    """The weights of the last n events in the order of the file."""
    events = data.interactions
    return [float(w) for w in events.weights[np.argsort(events.times)][-n:]]


@pytest.mark.parametrize("language", ["en", "de", "zh"])
def test_words_are_learned_in_any_language(language: str) -> None:
    draw = random.Random(1)
    labels = np.array([draw.choice((1, 1, 1, -1)) for _ in range(400)] + [0] * 100, dtype=np.int8)
    truth = np.concatenate([labels[:400], [draw.choice((1, -1)) for _ in range(100)]])
    texts = pl.Series([review(language, sign > 0, draw) for sign in truth])
    found = learn(texts, labels)
    assert isinstance(found, Learned)
    assert min(found.likes, found.dislikes, found.auc) > 0.95
    assert (np.sign(found.sentiment[400:]) == truth[400:]).mean() > 0.95
    assert np.abs(found.sentiment).max() <= 1
    np.testing.assert_array_equal(found.sentiment, learn(texts, labels).sentiment)  # type: ignore[union-attr]


def test_what_is_held_out_is_not_flattered() -> None:
    """Ratings by lot beside unlike texts: learned by heart they would be right, held out they are not."""
    draw = random.Random(2)
    words = [f"w{n}" for n in range(60)]
    texts = pl.Series([" ".join(draw.choices(words, k=12)) for _ in range(300)])
    found = learn(texts, np.array([draw.choice((1, -1)) for _ in range(300)], dtype=np.int8))
    assert found is not None
    assert 0.38 < found.auc < 0.62


def test_texts_without_a_common_word_teach_nothing(tmp_path: Path) -> None:
    texts = pl.Series([f"a{at}b c{at}d" for at in range(100)])
    found = learn(texts, np.array([1, -1] * 50, dtype=np.int8))
    assert found is not None
    assert found.auc == 0.5
    assert not np.isfinite(found.sentiment).any()
    rows = [event(at, text, 5.0 - 4 * (at % 2)) for at, text in enumerate(texts)]
    data, report = read(shop(tmp_path, rows), target="liked")
    assert "the ratings teach too little of the words (50% where chance has 50%)" in str(report)
    assert by_time(data, 2) == [1, -1]


def test_the_same_text_twice_is_held_out_together() -> None:
    """A text known by heart from its twin would tell its own rating."""
    draw = random.Random(3)
    words = [f"w{n}" for n in range(60)]
    once = [" ".join(draw.choices(words, k=12)) for _ in range(150)]
    labels = [draw.choice((1, -1)) for _ in range(150)]
    found = learn(pl.Series(once * 2), np.array(labels * 2, dtype=np.int8))
    assert found is not None
    assert found.auc < 0.62


@settings(max_examples=15, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=40)), min_size=1, max_size=12))
def test_hostile_texts_get_a_number_or_none(texts: list[str | None]) -> None:
    known = [str(row["review"]) for row in rated(90)]
    labels = np.array([1, 1, -1] * 30 + [0] * len(texts), dtype=np.int8)
    found = learn(pl.Series([*known, *texts], dtype=pl.String), labels)
    assert found is not None
    assert found.sentiment.shape == (90 + len(texts),)
    assert np.isfinite(found.sentiment[:90]).all()
    assert not np.isfinite(found.sentiment[[90 + at for at, text in enumerate(texts) if not text]]).any()


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["user", "item", "rating", "reviewText", "summary"], "reviewText"),
        (["user", "item", "text", "comment"], "text"),
        (["user", "item", "Review_Text", "review"], "Review_Text"),
        (["user", "item", "feedback", "event"], "feedback"),
        (["user", "item", "title", "name", "description"], None),
        (["user", "item", "rating"], None),
    ],
)
def test_the_column_of_texts_is_known_by_its_usual_names(columns: list[str], expected: str | None) -> None:
    assert choose("interactions.csv", "interactions", columns, {}).get("review") == expected


def test_a_map_names_the_texts(tmp_path: Path) -> None:
    rows = [{("was" if key == "review" else key): cell for key, cell in row.items()} for row in rated(120)]
    data, report = read(shop(tmp_path, rows), mapping={"review": "was"}, texts=True)
    assert "review = was" in str(report)
    assert data.reviews is not None
    assert data.reviews.basis == "words"
    with pytest.raises(TableError, match="no table has a column 'wo' for the review"):
        read(tmp_path, mapping={"review": "wo"})


def test_texts_tell_what_ratings_leave_open(tmp_path: Path) -> None:
    draw = random.Random(4)
    later = [
        event(1000, review("en", True, draw)),
        event(1001, review("en", False, draw)),
        event(1002, "Delivered on a Tuesday by a van."),
        event(1003, None),
        event(1004, review("en", True, draw), 1.0),
        event(1005, review("en", False, draw), 5.0),
        event(1006, review("en", True, draw), 4.0),
        event(1007, review("en", False, draw), 3.0),
    ]
    data, report = read(shop(tmp_path, rated(300) + later), target="liked")
    assert by_time(data, 8) == [1, -1, 0, 0, 0, 0, 1, 0]
    said = str(report)
    assert "of 3 events without a rating the text tells: 1 liked, 1 against, 1 say nothing" in said
    assert "2 events whose rating and text contradict each other: taken as saying nothing" in said
    assert "held out fifth by fifth, their sign is right in 99% (likes 100%, dislikes 99%)" in said
    assert data.interactions.where(data.interactions.weights < 0).weights.sum() == -101
    with pytest.raises(TableError, match=r"(?s)--strict.*2 events whose rating and text contradict"):
        read(tmp_path, target="liked", cleaning=Cleaning(strict=True))


def test_the_next_event_is_foretold_without_reading_texts(tmp_path: Path) -> None:
    data, report = read(shop(tmp_path, rated(120)), cleaning=Cleaning(strict=True))
    assert "120 events have a text in 'review': only --target liked and penchant check read" in str(report)
    assert data.reviews is not None
    assert (data.reviews.texts, data.reviews.signed, data.reviews.sample) == (120, 0, ())
    assert (data.interactions.weights == 1).all()


ENGLISH = (
    ("I loved it, a wonderful book and a perfect present for my mother.", 1),
    ("A terrible waste of money, boring and badly written from start to end.", -1),
    ("It came on Tuesday in a box, and it has three hundred pages.", 0),
)


def unrated(texts: list[str], n: int = 60) -> list[dict[str, object]]:
    rows = [event(at, f"{texts[at % len(texts)]} Order {at}.") for at in range(n)]
    return [{key: cell for key, cell in row.items() if key != "rating"} for row in rows]


def test_without_ratings_a_lexicon_reads_english(tmp_path: Path) -> None:
    pytest.importorskip("textblob")
    data, report = read(shop(tmp_path, unrated([text for text, _ in ENGLISH])), target="liked")
    assert by_time(data, 60) == [sign for _, sign in ENGLISH] * 20
    assert "TextBlob's English lexicon tells for and against: fewer than 30 rated likes" in str(report)


def test_the_lexicon_leaves_other_languages_alone() -> None:
    pytest.importorskip("textblob")
    german = [review("de", False, random.Random(at)) for at in range(40)]
    assert not np.isfinite(by_lexicon(pl.Series(german))).any()
    mixed = by_lexicon(pl.Series([*german, *(f"{ENGLISH[1][0]} Order {at}." for at in range(40)), None]))
    assert not np.isfinite(mixed[:40]).any()
    assert (mixed[40:80] < -0.2).all()
    assert np.isnan(mixed[80])


def test_without_a_lexicon_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penchant.data.reviews.installed", lambda: False)
    data, report = read(shop(tmp_path, unrated([text for text, _ in ENGLISH])), target="liked")
    assert "60 texts are not told for or against" in str(report)
    assert "pip install 'penchant[sentiment]' reads English" in str(report)
    assert (data.interactions.weights == 1).all()


def test_a_text_column_of_something_else_is_doubted_and_not_read(tmp_path: Path) -> None:
    def said(change: Callable[[int], object]) -> str:
        rows = [event(at, change(at), 5.0 - at % 5) for at in range(100)]
        data, report = read(shop(tmp_path, rows), target="liked")
        assert data.reviews is None
        return str(report)

    assert "UNSURE of review = review: it holds Int64" in said(lambda at: at)
    assert "most cells hold no word" in said(lambda at: str(at))
    assert "all events of an item have the same text" in said(lambda at: f"The story of item {at % 23}")
    assert "UNSURE" not in said(lambda _: None)


def test_ugly_texts_survive_and_each_change_is_counted(tmp_path: Path) -> None:
    ugly: list[object] = [None, "", "   ", "\x00", "4711", "😀😀😀", "A <b>wonderful</b> story", "SchÃ¶n"]
    ugly += ["A wonderful story. " * 5300, "‏סיפור נפלא", "'); DROP TABLE x;--", "word" * 25_000]
    rows = rated(300) + [event(1000 + at, text) for at, text in enumerate(ugly)]
    data, report = read(shop(tmp_path, rows), target="liked")
    assert len(data.interactions) == len(rows)
    assert by_time(data, len(ugly))[8] == 1
    assert data.reviews is not None
    assert data.reviews.texts == 300 + 7
    said = str(report)
    assert "2 cells of 'review' without a word (numbers, signs): taken as no text" in said
    assert "1 cells of 'review' with HTML tags or entities: taken out" in said
    assert "1 cells of 'review' with text in a broken encoding: repaired" in said


def test_sentences_that_many_write_are_no_boilerplate(tmp_path: Path) -> None:
    _, report = read(shop(tmp_path, rated(300)), texts=True)
    assert "sentence left out" not in str(report)


def test_the_check_up_counts_texts_languages_and_tone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = rated(150, "en") + [
        event(500 + at, row["review"], 5.0 if at % 3 < 2 else 1.0)
        for at, row in enumerate(rated(150, "de", seed=1))
    ]
    rows += [event(900 + at, None, 4.0) for at in range(100)]
    found = check_up(*read(shop(tmp_path, rows), texts=True))
    line = next(line for line in screen(found).splitlines() if line.startswith("reviews "))
    assert "300 events (75%) have a text; 33% negative" in line
    assert {language for language, _ in found.spoken} == {"en", "de"}
    monkeypatch.setattr(sys, "argv", ["penchant", "check", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    out = capsys.readouterr().out
    assert line in out
    assert len(out.splitlines()) <= LINES


def test_texts_cost_nothing_where_there_are_none(tmp_path: Path) -> None:
    before = set(sys.modules)
    rows = [{key: cell for key, cell in row.items() if key != "review"} for row in rated(60)]
    data, _ = read(shop(tmp_path, rows), target="liked")
    assert data.reviews is None
    assert not {"textblob", "py3langid"} & (set(sys.modules) - before)
