"""What only a file can go through: kills, full disks, older and newer formats, files of something else."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from journals import act, shown
from penchant.errors import JournalError
from penchant.live.journal import Batch
from penchant.live.records import Act, Shown
from penchant.live.schema import VERSION
from penchant.live.sqlite import open_sqlite
from source import SRC

WRITER = """
import sys, threading
from penchant.live.sqlite import open_sqlite
from penchant.live.journal import Batch
from penchant.live.records import Act
journal = open_sqlite(sys.argv[1])
lock = threading.Lock()
def write(name):
    n = 0
    while True:
        both = [Act(name, str(n), kind, 1.0) for kind in ("view", "buy")]
        number = journal.submit(Batch(both)).result()
        with lock:
            print(number, name, n, flush=True)
        n += 1
for name in "abcdef":
    threading.Thread(target=write, args=(name,)).start()
"""
FULL = """
import json, resource, sys
from penchant.errors import JournalError
from penchant.live.sqlite import open_sqlite
from penchant.live.journal import Batch
from penchant.live.records import Act
journal = open_sqlite(sys.argv[1])
def keep(n, size=2000):
    return journal.submit(Batch([Act("u", str(n), "view", 1.0, session="x" * size)])).result()
told = {"first": keep(0), "refused": 0}
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
kept = [0]
for n in range(1, 300):
    try:
        keep(n)
        kept.append(n)
    except JournalError as error:
        told["refused"] += 1
        told["said"] = str(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
keep(1000)
kept.append(1000)
told["same"] = [int(a.item) for _, a in journal.replay()] == kept
told["numbers"] = [n for n, _ in journal.replay()] == list(range(1, len(kept) + 1))
journal.close()
print(json.dumps(told))
"""


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(SRC)}


def test_a_kill_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    place = tmp_path / "a.journal"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(place)], stdout=subprocess.PIPE, text=True, env=environment()
    )
    assert writer.stdout is not None
    lines = [writer.stdout.readline() for _ in range(300)]
    with pytest.raises(JournalError, match=f"process {writer.pid}"):
        open_sqlite(place)
    writer.send_signal(signal.SIGKILL)
    lines += writer.stdout.read().splitlines()
    writer.wait(30)
    writer.stdout.close()
    journal = open_sqlite(place)
    kept = {number: (a.user, a.item, a.kind) for number, a in journal.replay() if isinstance(a, Act)}
    journal.close()
    acknowledged = [line.split() for line in lines if line.count(" ") == 2]
    assert len(acknowledged) >= 300
    for number, name, n in acknowledged:
        assert kept[int(number) - 1] == (name, n, "view")
        assert kept[int(number)] == (name, n, "buy")
    assert sorted(kept) == list(range(1, len(kept) + 1))  # batches are whole
    assert len(kept) % 2 == 0


def test_a_full_disk_refuses_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "a.journal")],
        capture_output=True, text=True, env=environment(), timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["refused"] > 50
    assert "make room" in told["said"]
    assert told["same"]
    assert told["numbers"]


def test_a_file_that_may_not_grow_refuses_too(tmp_path: Path) -> None:
    journal = open_sqlite(tmp_path / "a.journal")
    writer = journal._store._writer  # type: ignore[attr-defined]
    pages = writer.execute("PRAGMA page_count").fetchone()[0]
    writer.execute(f"PRAGMA max_page_count = {pages + 3}")
    futures = [journal.submit(Batch([act(session="x" * 900)])) for _ in range(60)]
    errors = [future.exception(30) for future in futures]
    assert any("full" in str(error) and "make room" in str(error) for error in errors if error)
    writer.execute("PRAGMA max_page_count = 100000")
    journal.submit(Batch([act()])).result(30)
    assert len(list(journal.replay())) == sum(error is None for error in errors) + 1
    journal.close()


V1 = """
CREATE TABLE acts (number INTEGER PRIMARY KEY, user_id TEXT NOT NULL, session TEXT NOT NULL,
  item_id TEXT NOT NULL, kind TEXT NOT NULL, time REAL NOT NULL, value REAL, recommendation TEXT NOT NULL);
CREATE TABLE shown (number INTEGER PRIMARY KEY, id TEXT NOT NULL, user_id TEXT NOT NULL,
  session TEXT NOT NULL, time REAL NOT NULL, items TEXT NOT NULL, scores BLOB NOT NULL,
  propensities BLOB NOT NULL,  version TEXT NOT NULL, policy TEXT NOT NULL, request TEXT NOT NULL);
CREATE TABLE changes (number INTEGER PRIMARY KEY, subject TEXT NOT NULL, id TEXT NOT NULL,
  action TEXT NOT NULL, time REAL NOT NULL, body TEXT NOT NULL, made_by TEXT NOT NULL);
CREATE TABLE answers (key TEXT NOT NULL, request TEXT NOT NULL, response TEXT NOT NULL, time REAL NOT NULL);
INSERT INTO acts VALUES (1, 'u', '', 'a', 'view', 5.0, NULL, 'r');
INSERT INTO shown VALUES (2, 'r', 'u', '', 4.0, '["a"]',
  x'000000000000f03f', x'000000000000e03f', 'v', 'p', '{}');
PRAGMA application_id = 1346719299; PRAGMA user_version = 1;
"""


def test_a_journal_of_version_1_is_brought_up_to_date(tmp_path: Path) -> None:
    place = tmp_path / "old.journal"
    with sqlite3.connect(place) as made:
        made.executescript(V1)
    made.close()
    with pytest.raises(JournalError, match="older Penchant"):
        open_sqlite(place, read_only=True)
    journal = open_sqlite(place)
    first, second = [record for _, record in journal.replay()]
    assert first == Act("u", "a", "view", 5.0, None, "", "r")
    assert second == Shown("r", "u", "", 4.0, ("a",), (1.0,), (0.5,), "v", "p")
    assert journal.submit(Batch([shown("s")])).result(30) == 3
    assert [a.item for _, a in journal.history("u", "")] == ["a"]
    journal.close()
    plan = sqlite3.connect(place)
    assert plan.execute("PRAGMA user_version").fetchone() == (VERSION,)
    plan.close()


def test_files_that_are_no_journal_are_not_touched(tmp_path: Path) -> None:
    text, other, newer = tmp_path / "a.txt", tmp_path / "b.sqlite", tmp_path / "c.journal"
    text.write_text("no database, but rather a text that is long enough\n" * 40)
    for place, said in ((other, "CREATE TABLE mine (x)"), (newer, "PRAGMA application_id = 1346719299")):
        with sqlite3.connect(place) as made:
            made.execute(said)
            if place == newer:
                made.execute(f"PRAGMA user_version = {VERSION + 1}")
        made.close()
    for place, match in ((text, "not a database"), (other, "something else"), (newer, "update Penchant")):
        before = place.read_bytes()
        for read_only in (False, True):
            with pytest.raises(JournalError, match=match):
                open_sqlite(place, read_only=read_only)
        assert place.read_bytes() == before
    for place, match in ((tmp_path, "folder"), (tmp_path / "no" / "a", "no folder")):
        with pytest.raises(JournalError, match=match):
            open_sqlite(place)


def test_what_was_forgotten_is_in_no_file(tmp_path: Path) -> None:
    place = tmp_path / "a b?#%.journal"  # signs that mean something in a URL
    journal = open_sqlite(place, durable=True)
    journal.submit(Batch([act("unforgettable" * 3), act("v", time=2e9)])).result(30)
    journal.forget_before(1.5e9)
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"unforgettable" not in held
    assert [a.user for _, a in journal.replay() if isinstance(a, Act)] == ["v"]
    journal.close()
