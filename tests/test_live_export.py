"""From a journal back to tables: a fit on them has everything that counts and nothing that was deleted."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import journals
import toy
from journals import act, shown
from penchant.cli import application
from penchant.cli.journal import past
from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.data.read import read
from penchant.data.vocabulary import Vocabulary
from penchant.errors import InputError, JournalError, SettingError
from penchant.live.choose import beside
from penchant.live.database import DatabaseJournal
from penchant.live.export import export
from penchant.live.journal import Batch
from penchant.live.records import Act, Change, Record
from penchant.live.sqlite import open_sqlite
from penchant.rank.bundle import fingerprint
from penchant.recommender import Recommender
from source import SRC

FOLDER = Path(os.environ.get("PENCHANT_DATA") or "not-given")
NOW = 1.8e9


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[DatabaseJournal]:
    opened = open_sqlite(tmp_path / "a.journal")
    yield opened
    opened.close()


def keep(journal: DatabaseJournal, *records: Record) -> None:
    journal.submit(Batch(records)).result(30)


def change(subject: str, name: str, action: str = "put", **body: object) -> Change:
    return Change(subject, name, action, NOW, body)  # type: ignore[arg-type]


def shop(clock: str = "time") -> Dataset:
    """Whole numbers as ids, ratings, weights of all signs, two events alike, a title of another name."""
    users, items = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 0, 2, 1])
    times = {"time": 1e9 + 86_400.25 * np.arange(6), "order": np.arange(6.0)}[clock]
    weights = np.array([1, 1, -1, 0, 2.5, 1], dtype=np.float32)
    values = np.array([4, 4, 1, 3, 5, np.nan], dtype=np.float32)
    if clock == "time":
        times[1] = times[0]
    events = Interactions.sorted(users, items, times, weights, values, clock)  # type: ignore[arg-type]
    table = pl.DataFrame(
        {
            "headline": ["Cup", "Pan", "Cup"],
            "name": ["x", "y", "z"],
            "price": [2.5, 3.0, None],
            "year": [1, 2, 3],
        }
    )
    tags = pl.Series("tags", [["a", "b"], [], None], dtype=pl.List(pl.String))
    catalogue = Catalogue(Vocabulary(pl.Series([30, 10, 20])), table.with_columns(tags), "headline")
    people = Catalogue(Vocabulary(pl.Series([7, 8, 9])), pl.DataFrame({"age": [20, 30, 40]}))
    return Dataset(events, catalogue, people, scale=(1.0, 5.0)).with_traits()


def tables(folder: Path) -> dict[str, pl.DataFrame]:
    return {path.stem: pl.read_parquet(path) for path in folder.glob("*.parquet")}


@pytest.mark.parametrize("clock", ["time", "order"])
def test_a_bundle_without_a_journal_comes_back_as_it_was(tmp_path: Path, clock: str) -> None:
    base = shop(clock)
    export(None, tmp_path / "T", base)
    again, _ = read(tmp_path / "T")
    assert events_of(base) == events_of(again)
    assert again.interactions.clock == clock
    assert again.items.title == "headline"
    assert again.scale == base.scale
    assert again.items.vocabulary.ids.dtype == pl.Int64
    assert again.users.vocabulary.ids.dtype == pl.Int64
    order = again.items.vocabulary.rows(base.items.vocabulary.ids)
    assert again.items.table[order].equals(base.items.table)


def events_of(data: Dataset) -> list[tuple[str, str, float, float, float | None]]:
    """Events by ids, in their order within a user where there is one."""
    events = data.interactions
    users, items = data.users.vocabulary.texts(events.users), data.items.vocabulary.texts(events.items)
    values = [None if np.isnan(value) else float(value) for value in events.values]
    rows = list(zip(users, items, events.times.tolist(), events.weights.tolist(), values, strict=True))
    return sorted(rows, key=lambda row: row[0])


def test_a_model_without_a_journal_is_fitted_again_to_the_same_bytes(tmp_path: Path) -> None:
    data, _ = read(toy.write_tables(tmp_path / "DIR"))
    first = Recommender.fit(data, language="none", effort="quick", seed=3)
    first.save(tmp_path / "MODEL")
    export(None, tmp_path / "T", Recommender.load(tmp_path / "MODEL").data)
    again, report = read(tmp_path / "T")
    assert fingerprint(again) == fingerprint(data), report
    second = Recommender.fit(again, language="none", effort="quick", seed=3)
    query = data.queries(np.arange(10))
    assert np.array_equal(first.ranking.top(query, 10)[0], second.ranking.top(query, 10)[0])
    assert np.array_equal(first.ranking.top(query, 10)[1], second.ranking.top(query, 10)[1])


def test_what_came_in_live_joins_what_was_there(tmp_path: Path, journal: DatabaseJournal) -> None:
    keep(
        journal,
        change("item", "40", headline="Jug", price="7.5", tags="blue", fresh=True, item_id="no"),
        change("item", "10", "patch", price=None, year="new", headline="Pan 2"),
        change("item", "30", headline="Cup, put anew"),
        change("user", "8", "patch", text="I like\ud800 cups"),
        act("7", "40", "purchase", NOW, value=3.0), act("7", "10", "rating", NOW + 1, value=2.0),
        act("8", "40", "rating", NOW + 2, value=99.0), act("11", "40", "dislike", NOW + 3),
        shown("r1", "7", ("40", "10")), act("7", "10", "click", NOW + 4, recommendation="r1"),
    )  # fmt: skip
    lines = export(journal, tmp_path / "T", shop())
    data, report = read(tmp_path / "T")
    got = tables(tmp_path / "T")
    assert any("1 values of 'year'" in line for line in lines)
    assert any("1 events with a rating outside the scale" in line for line in lines)
    items = {row["item_id"]: row for row in got["items"].to_dicts()}
    assert items[40] == {
        "item_id": 40, "headline": "Jug", "name": None, "price": 7.5, "year": None, "tags": ["blue"],
        "fresh": True,
    }  # fmt: skip
    assert items[10]["headline"] == "Pan 2"
    assert items[10]["price"] is None
    assert items[10]["tags"] == []
    assert items[30]["price"] is None
    assert items[20]["headline"] == "Cup"
    users = {row["user_id"]: row for row in got["users"].to_dicts()}
    assert users[8] == {"user_id": 8, "age": 30, "text": "I like? cups"}
    assert data.scale == (1.0, 5.0)
    told = [row for row in events_of(data) if row[2] > 1.5e9]
    assert told == [
        ("11", "40", NOW + 3, -1.0, None), ("7", "40", NOW, 1.0, None), ("7", "10", NOW + 1, 1.0, 2.0),
        ("7", "10", NOW + 4, 1.0, None), ("8", "40", NOW + 2, 1.0, None),
    ]  # fmt: skip
    assert data.items.vocabulary.ids.dtype == pl.Int64
    assert "vouches" in str(report)  # a gap of years before the live events is no fault of a clock
    lists = got["impressions"].to_dicts()
    assert [(row["item_id"], row["position"], row["propensity"]) for row in lists] == [
        (40, 1, 1.0),
        (10, 2, 1.0),
    ]
    assert {row["model_version"] for row in lists} == {"v1"}


def test_what_was_deleted_is_nowhere(tmp_path: Path, journal: DatabaseJournal) -> None:
    keep(
        journal, act("7", "20", time=NOW), act("8", "30", time=NOW), act("9", "20", time=NOW),
        shown("a", "7", ("20", "30")), shown("b", "9", ("20", "30")), change("user", "7", "delete"),
        change("item", "30", "delete"), change("item", "30", "patch", headline="a ghost"),
        change("user", "7", text="back again"), act("7", "10", time=NOW + 1),
        change("consent", "8", consent="none"), change("consent", "9", consent="history"),
    )  # fmt: skip
    lines = export(journal, tmp_path / "T", shop())
    got = tables(tmp_path / "T")
    events = set(got["interactions"].select("user_id", "item_id").rows())
    assert events == {(9, 10), (9, 20), (7, 10)}
    assert set(got["items"]["item_id"]) == {10, 20}
    assert got["users"].to_dicts() == [{"user_id": 7, "age": None, "text": "back again"}]
    assert got["impressions"].select("recommendation_id", "item_id", "position").rows() == [("b", 20, 1)]
    assert any("bundle: 5 events" in line for line in lines)
    assert any("1 events of users whose consent" in line for line in lines)


def test_sessions_stand_for_users_or_are_left_out(tmp_path: Path, journal: DatabaseJournal) -> None:
    keep(
        journal, Act("", "10", "view", NOW, session="s"), Act("", "20", "view", NOW), act("7", "30", time=NOW)
    )
    lines = export(journal, tmp_path / "with", shop())
    got = tables(tmp_path / "with")["interactions"]
    assert "session:s" in set(got["user_id"])
    assert got["item_id"].dtype == pl.Int64
    assert any("user_id: text from now on" in line for line in lines)
    assert any("1 events without a user or a session" in line for line in lines)
    lines = export(journal, tmp_path / "without", shop(), sessions=False)
    assert tables(tmp_path / "without")["interactions"]["user_id"].dtype == pl.Int64
    assert any("1 events of sessions without a user" in line for line in lines)


@pytest.mark.parametrize("clock", ["order", "none"])
def test_events_of_a_bundle_without_times_stay_so(
    tmp_path: Path, journal: DatabaseJournal, clock: str
) -> None:
    keep(journal, act("7", "20", "dislike", NOW))
    base = shop(clock) if clock == "order" else toy.world().without_order().data
    export(None, tmp_path / "alone", base)
    again, _ = read(tmp_path / "alone")
    assert again.interactions.clock == clock
    export(journal, tmp_path / "T", base)
    data, _ = read(tmp_path / "T")
    assert data.interactions.clock == clock
    assert len(data.interactions) == len(base.interactions) + 1
    against = int((data.interactions.weights < 0).sum())
    assert against == int((base.interactions.weights < 0).sum()) + 1


def test_a_journal_alone_is_a_data_set(tmp_path: Path, journal: DatabaseJournal) -> None:
    keep(
        journal,
        *(act(f"{u:03}", f"{i:02}", "view", NOW + u + i, value=2.0) for u in range(5) for i in range(4)),
    )
    export(journal, tmp_path / "T")
    data, _ = read(tmp_path / "T")
    assert (data.n_users, data.n_items, len(data.interactions), data.scale) == (5, 4, 20, None)
    assert "003" in data.users.vocabulary


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(records=st.lists(journals.records, max_size=8), based=st.booleans())
def test_any_journal_can_be_exported_and_read(
    tmp_path_factory: pytest.TempPathFactory, records: list[Record], based: bool
) -> None:
    place = tmp_path_factory.mktemp("any")
    journal = open_sqlite(place / "a.journal")
    try:
        keep(journal, *records, act("u", "i", time=NOW))
        export(journal, place / "T", shop() if based else None)
        data, _ = read(place / "T")
        assert "i" in data.items.vocabulary
    finally:
        journal.close()


def test_nothing_is_half_written_or_overwritten(tmp_path: Path, journal: DatabaseJournal) -> None:
    with pytest.raises(InputError, match="nothing to export"):
        export(journal, tmp_path / "T")
    keep(journal, act())
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="there already"):
        export(journal, tmp_path / "full")
    with pytest.raises(InputError, match="no folder"):
        export(journal, tmp_path / "no" / "T")
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["full"]


def penchant(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "penchant.cli", *map(str, words)]
    environment = {**os.environ, "PYTHONPATH": str(SRC)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


def test_the_command_line_goes_round(tmp_path: Path) -> None:
    data, _ = read(toy.write_tables(tmp_path / "DIR"))
    Recommender.fit(data, language="none", effort="quick").save(tmp_path / "MODEL")
    journal = open_sqlite(beside(tmp_path / "MODEL"))
    keep(journal, act("120", "001", time=NOW), act("120", "003", "buy", time=86_400.0))
    refused = penchant("journal", journal.place, "--forget-before", "2000-01-01")
    assert refused.returncode == 2
    assert "another process writes" in refused.stderr
    journal.close()
    done = penchant("journal", journal.place, "--forget-before", "2000-01-01")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1:] == ["acts,view,1,2027-01-15,2027-01-15"]
    assert "1 of 1 'buy' before 2000-01-01: removed" in done.stderr
    assert "1 records" in done.stderr
    done = penchant("export", tmp_path / "MODEL", "-o", tmp_path / "T", "--no-sessions")
    assert done.returncode == 0, done.stderr
    assert len(tables(tmp_path / "T")["interactions"]) == len(data.interactions) + 1


def test_options_of_the_command_line_are_checked(tmp_path: Path) -> None:
    place = str(open_and_close(tmp_path / "a.journal"))
    run = CliRunner()
    assert (
        run.invoke(application("journal"), ["journal", place]).stdout.strip()
        == "table,kind,records,first,last"
    )
    for when in ("soon", "2999-01-01"):
        found = run.invoke(application("journal"), ["journal", place, "--forget-before", when])
        assert isinstance(found.exception, SettingError)
    assert past("30") == pytest.approx(time.time() - 30 * 86_400, abs=60)
    assert past("2020") == 1577836800.0
    words = ["export", str(tmp_path / "MODEL"), "-o", str(tmp_path / "T"), "--only-journal"]
    for more in ([], ["--journal", str(tmp_path / "none")]):
        found = run.invoke(application("export"), [*words, *more])
        assert isinstance(found.exception, JournalError)
        assert "no such journal" in str(found.exception)
    assert not (tmp_path / "T").exists()


def open_and_close(place: Path) -> Path:
    open_sqlite(place).close()
    return place


@pytest.mark.skipif(not FOLDER.is_dir(), reason="PENCHANT_DATA names no folder of further real data")
@pytest.mark.parametrize("name", ["ml_latest_small"])
def test_real_data_sets_come_back_as_they_were(tmp_path: Path, name: str) -> None:
    data, _ = read(FOLDER / name)
    export(None, tmp_path / "T", data)
    again, report = read(tmp_path / "T")
    assert fingerprint(again) == fingerprint(data), report
