"""The journal in a SQLite file: write-ahead logging, one process that writes, many that read."""

import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from penchant.errors import JournalError
from penchant.live.database import DatabaseJournal, Writing
from penchant.live.group_commit import WAITING
from penchant.live.pool import Pool
from penchant.live.rows import Row
from penchant.live.schema import VERSION, steps_from

if sys.platform != "win32":
    import fcntl

MARK = 0x50454E43
"""SQLite's application id of a journal: the letters PENC."""
TYPES = {"whole": "INTEGER", "real": "REAL", "bytes": "BLOB", "equal": ""}
CHUNKS = (256, 32, 8, 1)
"""Rows of one INSERT: few forms, so that they stay prepared; each row by itself would let go of the
interpreter's lock once a row, and wait for it behind every other thread."""
FULL = "make room on the disk; the service goes on, and keeps again what comes once there is room"


def open_sqlite(
    path: Path,
    *,
    durable: bool = False,
    read_only: bool = False,
    clock: Callable[[], float] = time.time,
    waiting: int = WAITING,
) -> DatabaseJournal:
    """Open a journal file, and make it where there is none.

    What is acknowledged survives the end of the process at any moment; with `durable` the loss of power too,
    at the price of one wait for the disk for each group of batches. Any number of processes may read.

    Raises:
        JournalError: another process writes it, it is no journal, a newer Penchant's, or cannot be opened.
    """
    store = SqliteStore(path, durable=durable, read_only=read_only)
    try:
        return DatabaseJournal(store, read_only=read_only, clock=clock, waiting=waiting)
    except BaseException:
        store.close()
        raise


class SqliteStore:
    """A SQLite file as the store of a journal."""

    def __init__(self, path: Path, *, durable: bool = False, read_only: bool = False) -> None:
        self.path = Path(os.path.realpath(path))
        self._lock: int | None = None
        self._writer: sqlite3.Connection | None = None
        self._readers = Pool(self._reader)
        try:
            if read_only:
                if not self.path.is_file():
                    raise JournalError(f"{self.path}: no such journal")
                self._check_old()
            else:
                self._open(durable)
        except BaseException:
            self.close()
            raise

    @property
    def place(self) -> str:
        """The file."""
        return str(self.path)

    def write(self, work: Callable[[Writing], int]) -> int:
        """Do `work` in one transaction that is kept whole or not at all."""
        writer = self._writer
        if writer is None:
            raise JournalError(f"{self.path}: not open for writing")
        with self._named("written"):
            writer.execute("BEGIN IMMEDIATE")
            try:
                done = work(_Writing(writer))
                writer.execute("COMMIT")
            except BaseException:
                if writer.in_transaction:  # SQLite itself rolls back after some faults
                    writer.execute("ROLLBACK")
                raise
        return done

    def read(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Return the rows of a query, from any thread."""
        with self._named("read"), self._readers.lend() as reader:
            return reader.execute(sql, values).fetchall()

    def size(self) -> int:
        """Return the bytes of the file and of its log."""
        parts = (self.path, self.path.with_name(f"{self.path.name}-wal"))
        return sum(part.stat().st_size for part in parts if part.is_file())

    def tidy(self) -> None:
        """Give free pages back to the disk, and empty the log, which still holds what was forgotten."""
        if self._writer is not None:
            with self._named("written"):
                self._writer.execute("PRAGMA incremental_vacuum").fetchall()
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close all connections and let another process write."""
        self._readers.close()
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _open(self, durable: bool) -> None:
        if not self.path.parent.is_dir():
            raise JournalError(f"{self.path}: there is no folder {self.path.parent}", hint="make it first")
        if self.path.is_dir():
            raise JournalError(f"{self.path}: this is a folder", hint="name a file for the journal")
        self._lock = self._alone()
        with self._named("opened"):
            self._writer = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
            for setting in ("auto_vacuum = INCREMENTAL", "secure_delete = ON"):
                self._writer.execute(f"PRAGMA {setting}")
            self._migrate(self._writer)
            mode = self._writer.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            self._writer.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        if mode != "wal":
            said = f"{self.path}: this disk does not allow write-ahead logging (mode {mode})"
            raise JournalError(said, hint="put the journal on a disk of this machine, not of the network")

    def _alone(self) -> int | None:
        """Hold the lock file beside the journal; it goes with the process, however that ends."""
        if sys.platform == "win32":
            return None
        path = self.path.with_name(f"{self.path.name}-lock")
        try:
            lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise JournalError(f"{path}: cannot be opened: {error.strerror or error}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(lock, 20).decode(errors="replace").strip() or "unknown"
            os.close(lock)
            raise JournalError(
                f"{self.path}: another process writes this journal (process {holder})",
                hint="end that service first, or name another journal; reading is possible at any time",
            ) from error
        try:
            os.ftruncate(lock, 0)
            os.pwrite(lock, str(os.getpid()).encode(), 0)
        except OSError:  # a full disk: the lock holds without the number, which is for people
            return lock
        return lock

    def _migrate(self, writer: sqlite3.Connection) -> None:
        """Bring the tables up to date in one transaction."""
        version = self._version(writer)
        if version == VERSION:
            return
        steps = steps_from(self.place, version, **TYPES)
        writer.execute("BEGIN IMMEDIATE")
        try:
            for step in [*steps, f"PRAGMA application_id = {MARK}", f"PRAGMA user_version = {VERSION}"]:
                writer.execute(step)
            writer.execute("COMMIT")
        except BaseException:
            if writer.in_transaction:
                writer.execute("ROLLBACK")
            raise

    def _version(self, connection: sqlite3.Connection) -> int:
        """Return the version of the tables, 0 for an empty file; refuse files of something else."""
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        mark = int(connection.execute("PRAGMA application_id").fetchone()[0])
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if (mark != MARK and tables) or (mark == MARK and not version):
            raise JournalError(f"{self.path}: holds something else than a journal; it was not touched")
        steps_from(self.place, version, **TYPES)
        return version

    def _check_old(self) -> None:
        """Refuse for reading what only a writer can bring up to date."""
        with self._named("read"), self._readers.lend() as reader:
            version = self._version(reader)
        if version < VERSION:
            said = f"{self.path}: of an older Penchant (version {version}), or empty"
            raise JournalError(said, hint="penchant serve brings it up to date when it opens it")

    def _reader(self) -> sqlite3.Connection:
        place = f"file:{quote(str(self.path))}?mode=ro"
        return sqlite3.connect(place, uri=True, isolation_level=None, check_same_thread=False)

    @contextmanager
    def _named(self, done: str) -> Iterator[None]:
        """Say of which file SQLite speaks."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", None)
            full = code is not None and code & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
            said = f"{self.path}: the journal could not be {done}: {error}"
            raise JournalError(said, hint=FULL if full else "") from error


class _Writing:
    """A transaction of SQLite."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, values: Sequence[Any]) -> int:
        return self._connection.execute(sql, values).rowcount

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        signs, place = f"({', '.join('?' * len(columns))})", 0
        while place < len(rows):
            chunk = next(size for size in CHUNKS if size <= len(rows) - place)
            sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([signs] * chunk)}"
            self._connection.execute(sql, [cell for row in rows[place : place + chunk] for cell in row])
            place += chunk
