"""Cleaning: nothing is lost uncounted, a second time changes nothing, hostile text is only text."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from penchant.data.catalogue import Catalogue
from penchant.data.cleaning.accounts import accounts
from penchant.data.cleaning.aggregates import aggregates
from penchant.data.cleaning.markup import in_order, without_markup
from penchant.data.cleaning.merging import merged
from penchant.data.cleaning.moments import isolated
from penchant.data.cleaning.outliers import outliers
from penchant.data.cleaning.settings import Cleaning
from penchant.data.cleaning.steps import cleaned
from penchant.data.cleaning.texts import clean_column
from penchant.data.cleaning.twins import Twins, twins
from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.data.read import read
from penchant.data.report import Journal
from penchant.data.vocabulary import Vocabulary
from penchant.errors import TableError

YEAR = 365.25 * 86400
HOSTILE = st.text(max_size=60) | st.lists(
    st.sampled_from(
        [
            "<",
            ">",
            "<b>",
            "</b>",
            "<!--",
            "-->",
            "&amp;",
            "&",
            "&lt;",
            "&#60;",
            "#38;",
            "&#x110000;",
            "amp;",
            "Ã¼",
            "â€™",
            "Ã",
            "\x00",
            "\ud7ff",
            "🎬",
            "\u0627",
            "&nGt;",
            ". ",
            "\n",
            "one two three four.",
        ]
    ),
    max_size=12,
).map("".join)


def dataset(events: Interactions, items: pl.DataFrame | None = None, title: str | None = None) -> Dataset:
    n_users = int(events.users.max(initial=-1)) + 1
    n_items = int(events.items.max(initial=-1)) + 1 if items is None else len(items)
    sides = [
        Catalogue(Vocabulary(pl.Series(range(n), dtype=pl.Int64)), pl.DataFrame(height=n))
        for n in (n_items, n_users)
    ]
    if items is not None:
        sides[0] = replace(sides[0], table=items, title=title)
    return Dataset(events, sides[0], sides[1])


def log(
    users: list[int] | NDArray[np.int64],
    items: list[int] | NDArray[np.int64],
    times: list[float] | NDArray[np.float64],
    weights: list[float] | None = None,
) -> Interactions:
    n = len(users)
    weight = np.ones(n) if weights is None else np.array(weights)
    return Interactions.sorted(
        np.array(users, dtype=np.int64),
        np.array(items, dtype=np.int64),
        np.array(times, dtype=np.float64),
        weight.astype(np.float32),
        np.full(n, np.nan, dtype=np.float32),
        "time",
    )


@st.composite
def logs(draw: st.DrawFn) -> Interactions:
    n = draw(st.integers(1, 300))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    times = rng.choice(draw(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=8)), n)
    spread = times + rng.random(n) * draw(st.sampled_from([0.0, 86400.0, YEAR]))
    made = log(rng.integers(0, 12, n), rng.integers(0, 9, n), spread)
    return made.weighted(rng.choice([-1.0, 0.0, 1.0], n))


def counted(journal: Journal, word: str) -> int:
    """Add up the numbers of the lines that end in a word."""
    numbers = [re.match(r"\S+ ([\d,]+) ", line) for line in journal.lines if line.endswith(word)]
    return sum(int(found[1].replace(",", "")) for found in numbers if found)


@given(logs(), st.integers(0, 5))
def test_no_event_is_lost_uncounted_and_a_second_cleaning_changes_nothing(
    events: Interactions, k: int
) -> None:
    journal, data = Journal(), dataset(events)
    try:
        once = cleaned(data, Cleaning(core=k), journal)
    except TableError:
        return  # a core that holds nothing is refused
    assert len(once.interactions) + counted(journal, "dropped") == len(events)
    if len(once.interactions) == len(events):
        before, after = (np.sort(e.users * 100 + e.items) for e in (events, once.interactions))
        assert np.array_equal(before, after)
    again = Journal()
    twice = cleaned(once, Cleaning(core=k), again)
    assert again.changes == []
    for name in ("users", "items", "times", "weights"):
        assert np.array_equal(getattr(once.interactions, name), getattr(twice.interactions, name))


@example(["Â\r&GT;"])
@given(st.lists(st.none() | HOSTILE, max_size=6))
def test_hostile_text_is_cleaned_once_and_for_all(texts: list[str | None]) -> None:
    column, journal = pl.Series("words", texts, dtype=pl.String), Journal()
    once = clean_column(column, "items", journal)
    assert len(once) == len(column)
    changed = int((~once.eq_missing(column)).sum())
    assert changed <= counted(journal, "repaired") + counted(journal, "out")
    again = Journal()
    assert clean_column(once, "items", again).equals(once)
    assert again.changes == []


@given(HOSTILE)
def test_one_text_is_stable(text: str) -> None:
    plain = without_markup(in_order(text))
    assert without_markup(plain) == plain


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a <b>bold</b> move<br/>here", "a bold move here"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("I <3 you", "I <3 you"),
        ("R&D at AT&T &copyright", "R&D at AT&T &copyright"),
        ("&amp;amp;lt;i&gt;x&lt;/i&gt;", "x"),
        ("&amp;" * 50_000 + "lt;", None),
    ],
)
def test_markup_goes_and_the_rest_stays(text: str, plain: str | None) -> None:
    found = without_markup(text)
    assert plain is None or found == plain


def test_a_sentence_of_every_other_text_is_left_out_once_counted() -> None:
    own = [f"The story number {n} of a hero called {chr(97 + n % 26) * 9}." for n in range(60)]
    texts = [f"{text} Ships within two working days." if n % 2 else text for n, text in enumerate(own)]
    texts.append("Ships within two working days.")
    journal = Journal()
    cleaned_texts = clean_column(pl.Series("about", texts), "items", journal).to_list()
    assert cleaned_texts == [*own, "Ships within two working days."]  # never an empty text
    assert counted(journal, "left out") == 30


def test_dates_before_the_log_are_taken_as_unknown_and_a_slow_start_is_not() -> None:
    rng = np.random.default_rng(0)
    bulk = 1.2e9 + rng.random(960) * 10 * YEAR
    times = np.concatenate([bulk, 3.2e8 + np.arange(30), [5e9] * 10])
    assert isolated(times).sum() == 40
    assert not isolated(1.2e9 + 10 * YEAR * np.sqrt(rng.random(1000))).any()
    assert not isolated(np.array([0.0, 9e9])).any()
    users, items = rng.integers(0, 20, 1000), np.arange(1000)
    journal = Journal()
    data = cleaned(dataset(log(users, items, times)), Cleaning(), journal)
    assert data.interactions.start == bulk.min()
    assert data.interactions.end == bulk.max()
    assert "40 events at impossible times" in journal.changes[0]
    first = data.interactions.where(data.interactions.users == users[960])
    assert first.times[0] == bulk.min()
    assert first.items[0] >= 960


def test_contradictory_labels_say_nothing() -> None:
    journal = Journal()
    events = log([0, 0, 0, 1], [1, 1, 1, 1], [5, 5, 6, 5], [1, -1, 1, 1])
    found = cleaned(dataset(events), Cleaning(), journal).interactions
    assert found.weights.tolist() == [0, 0, 1, 1]
    assert counted(journal, "saying nothing") == 2


def test_a_crowd_and_a_program_are_found_and_a_busy_person_is_not() -> None:
    rng = np.random.default_rng(0)
    users = np.concatenate(
        [np.repeat(np.arange(200), 10), np.full(4000, 200), np.full(1500, 201), np.full(900, 202)]
    )
    times = 1e9 + rng.random(len(users)) * YEAR
    times[users == 201] = 1e9 + np.arange(1500) * 0.1
    events = log(users, np.arange(len(users)) % 2000, times)
    found = [(account.user, account.kind) for account in accounts(events, 203)]
    assert (201, "program") in found
    assert {user for user, _ in found} <= {200, 201}
    lonely = log(
        np.concatenate([np.repeat(np.arange(200), 10), np.full(4000, 200)]), np.arange(6000), times[:6000]
    )
    assert [(a.user, a.kind) for a in accounts(lonely, 201)] == [(200, "crowd")]


def test_the_same_item_twice_is_found_by_title_and_by_text_and_merged_when_asked() -> None:
    prose = [" ".join(f"word{n * 31 + place}" for place in range(20)) for n in range(40)]
    table = pl.DataFrame(
        {
            "title": [
                "Amélie (2001)",
                "amelie 2001",
                "Solaris",
                "Solaris",
                *(f"Film {n}" for n in range(36)),
            ],
            "genre": ["a", "a", "a", "b", *(["a", "b"] * 18)],
            "about": [prose[0], None, *prose[2:38], prose[10] + " more", prose[39]],
        }
    )
    events = log([0, 0, 1, 2], [0, 1, 1, 10], [1, 2, 3, 4])
    data = dataset(events, table, "title")
    found = twins(data.items)
    assert found == Twins(((0, 1), (10, 38)))
    journal = Journal()
    one = merged(data, found, journal)
    assert one.n_items == 38
    assert one.items.vocabulary.texts(one.interactions.items) == ["1", "1", "1", "10"]
    assert counted(journal, "more events") == 2
    assert merged(one, twins(one.items), Journal()) is one


def test_columns_that_sum_up_the_log_are_left_out_and_true_attributes_stay(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    items = (rng.zipf(1.5, 5000) % 120).astype(int)
    frame = pl.DataFrame({"user_id": rng.integers(0, 90, 5000), "item_id": items,
                          "rating": np.clip(rng.normal(3, 1, 5000) + (items % 5) / 2, 1, 5),
                          "timestamp": 1e9 + np.sort(rng.random(5000)) * YEAR})  # fmt: skip
    summed = frame.group_by("item_id").agg(
        sold=pl.len(), stars=pl.col("rating").mean(), seen=pl.from_epoch(pl.col("timestamp").max().cast(int))
    )
    table = summed.with_columns(
        (1950 + pl.col("item_id") % 60).alias("year"),
        (pl.col("item_id") % 7 + 0.5).alias("price"),
        pl.format("Thing {}", "item_id").alias("title"),
    )
    frame.write_parquet(tmp_path / "interactions.parquet")
    table.write_parquet(tmp_path / "items.parquet")
    data, report = read(tmp_path)
    assert data.items.table.columns == ["year", "price", "title"]
    assert [line.rpartition(": ")[2] for line in report.changes] == ["column left out"] * 3
    kept, report = read(tmp_path, cleaning=Cleaning(keep=("sold",)))
    assert "sold" in kept.items.table.columns
    assert "kept as asked" in str(report)
    assert [one.column for one in aggregates(kept)] == ["sold"]
    with pytest.raises(TableError, match="column left out"):
        read(tmp_path, cleaning=Cleaning(strict=True))


def test_numbers_far_out_are_found() -> None:
    rng = np.random.default_rng(0)
    values = np.append(rng.normal(10, 2, 500), [80_995.0, np.nan])
    assert np.flatnonzero(outliers(values)).tolist() == [500]
    assert not outliers(np.full(100, 3.0)).any()
