"""The journal: what is acknowledged is there, in order; the same tests on both databases."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import journals
import postgres
from journals import act, shown
from penchant.errors import AnsweredError, BusyError, JournalError
from penchant.live.choose import open_journal
from penchant.live.database import DatabaseJournal
from penchant.live.group_commit import GroupCommit
from penchant.live.journal import Batch, Journal
from penchant.live.postgres import open_postgres, secrets, without_password
from penchant.live.records import Act, Change, Record
from penchant.live.sqlite import open_sqlite

Open = Callable[..., DatabaseJournal]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    if postgres.programs() is None:
        pytest.skip("no PostgreSQL server is installed")
    with postgres.running() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the one journal of a test, with any options; all that are open are closed at the end."""
    made: list[DatabaseJournal] = []
    url = request.getfixturevalue("server") if request.param == "postgres" else ""
    if url:
        empty(url)

    def make(**options: Any) -> DatabaseJournal:
        made.append(open_postgres(url, **options) if url else open_sqlite(tmp_path / "a.journal", **options))
        return made[-1]

    yield make
    for journal in made:
        journal.close()


@pytest.fixture
def journal(opened: Open) -> DatabaseJournal:
    return opened()


def empty(url: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS penchant CASCADE")


def keep(journal: Journal, *records: Record, **answers: tuple[str, str]) -> int:
    return journal.submit(Batch(records, answers)).result(30)


def found(journal: Journal, after: int = 0) -> list[Record]:
    return [record for _, record in journal.replay(after)]


def test_both_are_journals(opened: Open) -> None:
    journal: Journal = opened()
    assert journal.last() == 0
    assert found(journal) == []
    assert journal.summary() == []
    assert "me" not in journal.place or "@" in journal.place


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(batches=st.lists(st.lists(journals.records, max_size=4), max_size=5))
@example(batches=[[act("u" * 1_000_000, "i", recommendation="r" * 1_000_000), shown("r" * 1_000_000)]])
def test_what_is_kept_comes_back_as_it_was_and_in_order(
    journal: DatabaseJournal, batches: list[list[Record]]
) -> None:
    start = journal.last()
    numbers = [journal.submit(Batch(batch)) for batch in batches]
    sent = [record for batch in batches for record in batch]
    ends = [start + sum(len(b) for b in batches[: at + 1]) for at in range(len(batches))]
    assert [number.result(30) for number in numbers] == ends
    assert list(journal.replay(start)) == list(enumerate(sent, start=start + 1))
    for record in sent:
        if isinstance(record, Act) and record.recommendation:
            assert record in journal.acts(record.recommendation)
        if isinstance(record, Act) and (record.user or record.session):
            own = journal.history(record.user, "" if record.user else record.session, start)
            assert record in [kept for _, kept in own]
        if isinstance(record, Change):
            same = [r for r in sent if isinstance(r, Change)]
            same = [r for r in same if (r.subject, r.id) == (record.subject, record.id)]
            assert journal.latest(record.subject, record.id) == same[-1]
    asked = [r for r in sent if isinstance(r, Change) and r.subject in ("item", "rule")]
    assert [change for n, change in journal.changes("item", "rule") if n > start] == asked


@pytest.mark.parametrize(
    "record",
    [
        act("a\0b"), act("half \ud800"), act(item="\0"), act(time=float("nan")), act(value=float("inf")),
        act(user=7),  # type: ignore[arg-type]
        shown("r\udfff"), Change("item", "i", "put", 1.0, {"made": object()}),
        Change("item", "i", "put", float("inf")),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused_and_takes_nothing_else_down(opened: Open, record: Record) -> None:
    journal = opened()
    futures = [
        journal.submit(Batch([act(item=str(n)), record] if n == 5 else [act(item=str(n))])) for n in range(10)
    ]
    with pytest.raises(JournalError):
        futures[5].result(30)
    assert [f.result(30) for n, f in enumerate(futures) if n != 5] == list(range(1, 10))
    assert [r.item for r in found(journal) if isinstance(r, Act)] == [str(n) for n in range(10) if n != 5]


def test_bodies_hold_any_text(opened: Open) -> None:
    journal, body = opened(), {"title": "half \ud800 and \0", "deep": [1, None, {"x": 2.5}]}
    keep(journal, Change("item", "i", "put", 1.0, body), shown("r", items=("\0", "\ud800")))
    assert found(journal)[0] == Change("item", "i", "put", 1.0, body)
    assert journal.shown("r") == shown("r", items=("\0", "\ud800"))
    assert journal.shown("\ud800") is None
    assert journal.acts("\0") == []
    assert journal.history("\0", "") == []
    assert journal.answer("\ud800") is None


def test_a_key_is_answered_once_a_day(opened: Open) -> None:
    now = [1e9]
    journal = opened(clock=lambda: now[0])
    keep(journal, act(), key=("hash", "said\0 \ud800"))
    assert journal.answer("key") == ("hash", "said\0 \ud800")
    assert journal.answer("other") is None
    with pytest.raises(AnsweredError):
        keep(journal, act(), key=("hash", "again"))
    assert journal.last() == 1
    now[0] += 86_401
    assert journal.answer("key") is None
    keep(journal, act(), key=("hash", "next day"))
    now[0] -= 40_000  # the clock jumps back
    assert journal.answer("key") == ("hash", "next day")


def test_of_two_at_once_with_one_key_one_is_kept(opened: Open) -> None:
    journal = opened()
    futures = [journal.submit(Batch([act()], {"key": ("hash", str(n))})) for n in range(20)]
    errors = [future.exception(30) for future in futures]
    assert sum(error is None for error in errors) == 1
    assert all(isinstance(error, AnsweredError) for error in errors if error)
    assert len(found(journal)) == 1


def test_many_threads_write_and_read_at_once(opened: Open) -> None:
    journal, numbers = opened(), list[int]()

    def write(name: str) -> None:
        for n in range(15):
            number = keep(journal, act(name, str(n), recommendation="r"), shown(f"{name}-{n}"))
            assert journal.shown(f"{name}-{n}") is not None
            numbers.append(number)

    threads = [threading.Thread(target=write, args=(f"u{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    seen = 0
    while any(thread.is_alive() for thread in threads):
        many = [number for number, _ in journal.replay()]
        assert many == list(range(1, len(many) + 1))  # never a hole
        seen = max(seen, len(many))
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(2, 241, 2))
    for n in range(8):  # each thread's own order is kept
        own = [r.item for _, r in journal.history(f"u{n}", "")]
        assert own == [str(place) for place in range(15)]
    assert len(journal.acts("r")) == 120


def test_a_clock_that_jumps_back_does_not_disturb_the_order(opened: Open) -> None:
    journal = opened()
    times = [1e9, 2e9, 5.0, -1e9, 1e9]
    for time in times:
        keep(journal, act(time=time))
    assert [r.time for r in found(journal) if isinstance(r, Act)] == times


def test_one_writes_and_others_read(opened: Open) -> None:
    with pytest.raises(JournalError, match=r"no such journal|no journal"):
        opened(read_only=True)
    journal = opened()
    keep(journal, act())
    with pytest.raises(JournalError, match="another process writes"):
        opened()
    reader = opened(read_only=True)
    assert found(reader) == [act()]
    keep(journal, act(item="later"))
    assert reader.last() == 2
    assert found(reader, 1) == [act(item="later")]
    with pytest.raises(JournalError, match="reading only"):
        keep(reader, act())
    with pytest.raises(JournalError, match="reading only"):
        reader.forget_before(2e9)
    journal.close()
    journal.close()
    with pytest.raises(JournalError, match="closed"):
        keep(journal, act())
    with pytest.raises(JournalError, match="closed"):
        found(journal) or journal.acts("r")
    again = opened()
    assert keep(again, act()) == 3


def test_what_was_handed_over_is_kept_at_the_end(opened: Open) -> None:
    journal = opened()
    futures = [journal.submit(Batch([act(item=str(n))])) for n in range(500)]
    journal.close()
    assert [future.result(0) for future in futures] == list(range(1, 501))
    assert opened().last() == 500


def test_retention_keeps_the_latest_state(opened: Open) -> None:
    journal = opened()
    told: list[Record] = [
        act(time=1.0), shown("old", time=1.0), Change("item", "a", "put", 1.0, {"title": "first"}),
        Change("item", "a", "put", 2.0, {"title": "second"}), Change("item", "a", "patch", 3.0, {"x": 1}),
        Change("rule", "r", "put", 1.0, {"block": "a"}), Change("user", "u", "put", 1.0, {"text": "me"}),
        Change("user", "u", "delete", 2.0), act(time=100.0), shown("new", time=100.0),
    ]  # fmt: skip
    keep(journal, *told)
    assert journal.forget_before(50.0) == 4
    assert found(journal) == [told[n] for n in (3, 4, 5, 7, 8, 9)]
    assert journal.forget_before(50.0) == 0
    assert {(c.table, c.kind): c.records for c in journal.summary()} == {
        ("acts", "view"): 1, ("shown", "blend"): 1, ("changes", "item put"): 1, ("changes", "item patch"): 1,
        ("changes", "rule put"): 1, ("changes", "user delete"): 1,
    }  # fmt: skip
    assert journal.size() > 0
    journal.forget_before(1e9)
    journal.close()
    again = opened()
    assert again.last() == 10
    assert keep(again, act()) == 11  # no number is given twice


def test_replay_goes_over_wide_gaps(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penchant.live.database.PAGE", 3)
    monkeypatch.setattr("penchant.live.database.STRETCH", 7)
    journal = opened()
    keep(journal, *(act(item=str(n), time=1.0 if 5 < n < 90 else 100.0) for n in range(100)))
    journal.forget_before(50.0)
    kept = [n for n in range(100) if not 5 < n < 90]
    assert [number - 1 for number, _ in journal.replay()] == kept
    assert [number - 1 for number, _ in journal.replay(50)] == [n for n in kept if n >= 50]
    keep(journal, *(Change("item", str(n), "put", 1.0) for n in range(8)))
    assert [change.id for _, change in journal.changes("item")] == [str(n) for n in range(8)]


def test_erasure_leaves_nothing_of_a_user_but_that_they_are_gone(opened: Open) -> None:
    journal = opened()
    other: list[Record] = [act("v"), shown("s", "v"), Change("user", "v", "put", 1.0, {"text": "other"})]
    keep(
        journal, act("u"), shown("r", "u"), Change("user", "u", "put", 1.0, {"text": "secret"}),
        Change("consent", "u", "put", 1.0, {"consent": "history"}), *other,
        Change("user", "u", "delete", 2.0, {"why": "secret"}),
    )  # fmt: skip
    assert journal.erase("u") == 4
    assert found(journal) == [*other, Change("user", "u", "delete", 2.0)]
    assert journal.erase("u") == 0
    assert journal.erase("nobody") == 0
    assert journal.history("u", "") == []


def test_a_session_is_nobody_with_a_login(opened: Open) -> None:
    journal = opened()
    keep(journal, Act("", "a", "view", 1.0, session="s"), Act("u", "b", "view", 2.0, session="s"))
    assert [a.item for _, a in journal.history("", "s")] == ["a"]
    assert [a.item for _, a in journal.history("u", "")] == ["b"]
    assert [a.item for _, a in journal.history("u", "", after=2)] == []
    assert journal.history("", "") == []


# ---- the thread that writes


def test_too_much_at_once_is_refused_and_later_taken() -> None:
    gate, kept = threading.Event(), list[int]()

    def write(batches: Any) -> list[int | JournalError]:
        gate.wait(30)
        kept.extend(batches)
        return list(batches)

    group: GroupCommit[int] = GroupCommit(write, waiting=10, group=4)
    first: list[Future[int]] = [group.submit(n, 1) for n in range(30)]
    refused = [f for f in first if f.done() and isinstance(f.exception(), BusyError)]
    assert 15 <= len(refused) <= 20
    gate.set()
    done = [f.result(30) for f in first if f not in refused]
    assert done == kept == sorted(kept)
    assert group.submit(100, 500).result(30) == 100  # more than may wait, but nothing waits
    group.close()


def test_one_batch_that_fails_takes_no_other_down() -> None:
    gate, calls = threading.Event(), list[int]()

    def write(batches: Any) -> list[int | JournalError]:
        gate.wait(30)
        calls.append(len(batches))
        if 7 in batches:
            raise OSError("the disk is full")
        return list(batches)

    group: GroupCommit[int] = GroupCommit(write)
    futures = [group.submit(n, 1) for n in range(10)]
    gate.set()
    errors = [future.exception(30) for future in futures]
    assert [n for n, error in enumerate(errors) if error] == [7]
    assert isinstance(errors[7], JournalError)
    assert group.between(lambda: 5).result(30) == 5
    assert isinstance(group.between(lambda: 1 // 0).exception(30), JournalError)
    group.close()


def test_passwords_are_never_told() -> None:
    urls = (
        "postgresql://me:s3cret%21@127.0.0.1:1/x",
        "postgresql://127.0.0.1:1/x?user=me&password=s3cret%21",
    )
    for url in urls:
        with pytest.raises(JournalError) as refused:
            open_journal(url)
        assert "s3cret" not in str(refused.value)
        assert refused.value.__cause__ is None
        assert "s3cret" not in without_password(url)
        assert set(secrets(url)) == {"s3cret%21", "s3cret!"}


def test_a_server_that_goes_away_is_found_again(server: str) -> None:
    import psycopg

    empty(server)
    journal = open_postgres(server)
    keep(journal, act(item="before"))
    with psycopg.connect(server, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'penchant' AND pid <> pg_backend_pid()"
        )
    try:
        assert found(journal) == [act(item="before")]
        for _ in range(3):  # at most the batch that met the broken connection is refused
            if (future := journal.submit(Batch([act(item="after")]))).exception(30) is None:
                break
        assert future.result() == 2
    finally:
        journal.close()
