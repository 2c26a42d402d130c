"""The journal in PostgreSQL: the same tables, in the schema `penchant` of a database; one process writes."""

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from penchant.errors import JournalError
from penchant.live.database import DatabaseJournal, Writing
from penchant.live.group_commit import WAITING
from penchant.live.pool import Pool
from penchant.live.rows import Row
from penchant.live.schema import VERSION, steps_from

if TYPE_CHECKING:
    import psycopg

SCHEMES = ("postgresql://", "postgres://")
TYPES = {"whole": "BIGINT", "real": "DOUBLE PRECISION", "bytes": "BYTEA", "equal": "USING hash"}
LOCK = 0x50454E4348414E54
"""The advisory lock of the process that writes: the letters PENCHANT."""
FEW = 4
"""Rows below which statements that stay prepared are quicker than COPY."""
AWAY = 1.0
"""Seconds for which a server that did not answer is not asked again: what waits fails at once."""


def open_postgres(
    url: str,
    *,
    durable: bool = False,
    read_only: bool = False,
    clock: Callable[[], float] = time.time,
    waiting: int = WAITING,
) -> DatabaseJournal:
    """Open the journal in a database, and make its tables where there are none.

    How safe an acknowledged record is, is the server's own setting (by default: the loss of power costs
    nothing); `durable` asks for that whatever the setting is.

    Raises:
        JournalError: psycopg is missing, the server does not answer, another process writes, or a newer
            Penchant wrote it.
    """
    store = PostgresStore(url, durable=durable, read_only=read_only)
    try:
        return DatabaseJournal(store, read_only=read_only, clock=clock, waiting=waiting)
    except BaseException:
        store.close()
        raise


class PostgresStore:
    """A database of PostgreSQL as the store of a journal; lost connections are made anew."""

    def __init__(self, url: str, *, durable: bool = False, read_only: bool = False) -> None:
        try:
            import psycopg
        except ImportError as error:
            hint = "pip install 'penchant[postgres]'"
            raise JournalError("a journal in PostgreSQL needs the package psycopg", hint=hint) from error
        self._fault = psycopg.Error
        self._url, self._durable, self._away = url, durable, -AWAY
        self.place = without_password(url)
        self._writer: psycopg.Connection[Row] | None = None
        self._guard = threading.Lock()
        self._readers = Pool(lambda: self._connect(reading=True))
        try:
            with self._named("opened"):
                if read_only:
                    self._check_old()
                else:
                    self._writer = self._writing()
        except BaseException:
            self.close()
            raise

    def write(self, work: Callable[[Writing], int]) -> int:
        """Do `work` in one transaction that is kept whole or not at all."""
        with self._guard, self._named("written"):
            if self._writer is None or self._writer.closed:
                self._writer = self._writing()
            writer = self._writer
            try:
                with writer.transaction(), writer.cursor() as cursor:
                    return work(_Writing(cursor))
            except BaseException:
                if writer.broken:
                    writer.close()
                raise

    def read(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Return the rows of a query, from any thread; once more where an idle connection was lost."""
        with self._named("read"):
            try:
                return self._fetched(sql, values)
            except self._fault as error:
                if getattr(error, "sqlstate", None) is not None and not str(error.sqlstate).startswith("57"):
                    raise
                self._readers.drain()
                return self._fetched(sql, values)

    def size(self) -> int:
        """Return the bytes of the tables and their indexes."""
        sql = (
            "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN pg_namespace n "
            "ON n.oid = c.relnamespace WHERE n.nspname = 'penchant' AND c.relkind = 'r'"
        )
        return int(self.read(sql)[0][0] or 0)

    def tidy(self) -> None:
        """Leave the room to the server, whose autovacuum sees to it."""

    def close(self) -> None:
        """Close all connections and let another process write."""
        self._readers.close()
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _fetched(self, sql: str, values: Sequence[Any]) -> list[Row]:
        with self._readers.lend() as reader:
            return reader.execute(written(sql), values).fetchall()

    def _connect(self, *, reading: bool) -> "psycopg.Connection[Row]":
        import psycopg

        if time.monotonic() - self._away < AWAY:
            raise JournalError(f"{self.place}: the server did not answer", hint="is it running?")
        try:
            connection = psycopg.connect(
                self._url, autocommit=True, connect_timeout=5, application_name="penchant"
            )
        except psycopg.Error:
            self._away = time.monotonic()
            raise
        settings = ["SET search_path = penchant", "SET client_encoding = 'UTF8'"]
        if reading:
            settings.append("SET default_transaction_read_only = on")
        elif self._durable:
            settings.append("SET synchronous_commit = on")
        for setting in settings:
            connection.execute(written(setting))
        return connection

    def _writing(self) -> "psycopg.Connection[Row]":
        """Connect as the one that writes; the server lets go of the lock when the connection ends."""
        writer = self._connect(reading=False)
        try:
            if not _one(writer, f"SELECT pg_try_advisory_lock({LOCK})"):
                raise JournalError(
                    f"{self.place}: another process writes the journal of this database",
                    hint="end that service first, or name another database; reading is possible at any time",
                )
            version = self._version(writer)
            if version < VERSION:
                steps = steps_from(self.place, version, **TYPES)
                with writer.transaction():
                    writer.execute("CREATE SCHEMA IF NOT EXISTS penchant")
                    writer.execute("CREATE TABLE IF NOT EXISTS journal (version BIGINT NOT NULL)")
                    for step in [*steps, "DELETE FROM journal", f"INSERT INTO journal VALUES ({VERSION})"]:
                        writer.execute(written(step))
        except BaseException:
            writer.close()
            raise
        return writer

    def _version(self, connection: "psycopg.Connection[Row]") -> int:
        """Return the version of the tables, 0 where there are none."""
        if _one(connection, "SELECT to_regclass('penchant.journal')") is None:
            return 0
        version = int(_one(connection, "SELECT max(version) FROM journal") or 0)
        steps_from(self.place, version, **TYPES)
        return version

    def _check_old(self) -> None:
        """Refuse for reading what only a writer can bring up to date."""
        with self._readers.lend() as reader:
            version = self._version(reader)
        if version < VERSION:
            said = f"{self.place}: no journal, or of an older Penchant (version {version})"
            raise JournalError(said, hint="penchant serve makes it, and brings it up to date")

    @contextmanager
    def _named(self, done: str) -> Iterator[None]:
        """Say of which database the server speaks, without its password."""
        try:
            yield
        except self._fault as error:
            reason = re.sub(r"\s+", " ", str(error)).strip()
            for secret in secrets(self._url):
                reason = reason.replace(secret, "***")
            raise JournalError(f"{self.place}: the journal could not be {done}: {reason}") from None


class _Writing:
    """A transaction of PostgreSQL."""

    def __init__(self, cursor: "psycopg.Cursor[Row]") -> None:
        self._cursor = cursor

    def execute(self, sql: str, values: Sequence[Any]) -> int:
        return self._cursor.execute(written(sql), values).rowcount

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        if len(rows) < FEW:
            sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
            for row in rows:
                self._cursor.execute(written(sql), row)
            return
        with self._cursor.copy(written(f"COPY {table} ({', '.join(columns)}) FROM STDIN")) as copy:
            for row in rows:
                copy.write_row(row)


def written(sql: str) -> bytes:
    """Return a statement as the driver takes it, with its sign for a value."""
    return sql.replace("?", "%s").encode()


def _one(connection: "psycopg.Connection[Row]", sql: str) -> Any:
    row = connection.execute(written(sql)).fetchone()
    return None if row is None else row[0]


def without_password(url: str) -> str:
    """Return a URL without its password, wherever that stands.

    >>> without_password("postgresql://me:secret@host/shop?password=other&connect_timeout=3")
    'postgresql://me@host/shop?connect_timeout=3'
    """
    scheme, sign, rest = url.partition("://")
    place, mark, options = rest.partition("?")
    who, at, where = place.rpartition("@")
    kept = [part for part in options.split("&") if not re.match(r"(?i)(ssl)?password=", part)]
    asked = mark + "&".join(kept) if kept != [""] and kept else ""
    return f"{scheme}{sign}{who.partition(':')[0]}{at}{where}{asked}"


def secrets(url: str) -> list[str]:
    """Return the passwords in a URL, as written and as read."""
    who = url.partition("://")[2].partition("?")[0].rpartition("@")[0]
    found = [who.partition(":")[2], *re.findall(r"(?i)password=([^&]*)", url)]
    return [secret for secret in {*found, *map(unquote, found)} if secret]
