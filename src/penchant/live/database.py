"""The journal over any database of tables: numbers, groups, replay, retention. It speaks plain SQL."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from heapq import merge
from typing import Any, Protocol

from penchant.errors import AnsweredError, JournalError
from penchant.live.group_commit import WAITING, GroupCommit, started
from penchant.live.journal import Batch, Count
from penchant.live.records import Act, Change, Record, Shown, Subject
from penchant.live.rows import COLUMNS, Row, answer_of, record_of, row_of
from penchant.live.schema import LAST

DAY, HOUR = 86_400.0, 3_600.0
PAGE, STRETCH = 2_000, 20_000
"""Numbers that replay reads at once, and that retention looks through in one transaction."""


class Writing(Protocol):
    """A transaction that is under way; `?` stands for a value in SQL."""

    def execute(self, sql: str, values: Sequence[Any]) -> int:
        """Run a statement with its values; returns how many rows it changed."""
        ...

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Add rows to a table by as few statements as possible."""
        ...


class Store(Protocol):
    """What a database does in its own way; `?` stands for a value in SQL."""

    @property
    def place(self) -> str:
        """Where it lies, without secrets."""
        ...

    def write(self, work: Callable[[Writing], int]) -> int:
        """Do `work` in one transaction that is kept whole or not at all; called by one thread at a time."""
        ...

    def read(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Return the rows of a query, from any thread."""
        ...

    def size(self) -> int:
        """Return how many bytes the journal takes."""
        ...

    def tidy(self) -> None:
        """Give room back after much was forgotten; called by the thread that writes."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


@dataclass(frozen=True, slots=True)
class _Packed:
    """A batch as rows: records in their order, and answers."""

    records: Sequence[tuple[str, Row]]
    answers: Sequence[tuple[str, str, str]]


class DatabaseJournal:
    """A journal (see `journal.Journal`) in a database; `clock` gives seconds UTC."""

    def __init__(
        self,
        store: Store,
        *,
        read_only: bool = False,
        clock: Callable[[], float] = time.time,
        waiting: int = WAITING,
    ) -> None:
        self._store, self._clock, self._read_only = store, clock, read_only
        self._last, self._unsure, self._swept = self._found_last(), False, time.monotonic() - HOUR
        self._writer = None if read_only else GroupCommit(self._keep, waiting=waiting)

    @property
    def place(self) -> str:
        """Where it lies, without secrets."""
        return self._store.place

    def submit(self, batch: Batch) -> "Future[int]":
        """Hand records over; the future gives the number of the last one once all of them are kept."""
        try:
            if self._writer is None:
                raise JournalError(f"{self.place}: opened for reading only")
            records = [row_of(record) for record in batch.records]
            answers = [answer_of(key, answer) for key, answer in batch.answers.items()]
        except JournalError as error:
            future = started()
            future.set_exception(error)
            return future
        return self._writer.submit(_Packed(records, answers), len(records) + len(answers))

    def replay(self, after: int = 0) -> Iterator[tuple[int, Record]]:
        """Yield the records behind number `after`, in order, with their numbers."""
        while after < (last := self.last()):
            until = min(after + PAGE, last)  # commits come in order: all up to `last` is there
            tables = [self._stretch(table, after, until) for table in COLUMNS]
            for number, table, row in merge(*tables):
                yield number, record_of(table, row)
            after = until if any(tables) else self._next(until) - 1

    def acts(self, recommendation: str) -> list[Act]:
        """Return what was done with a list that was shown."""
        if not recommendation or not findable(recommendation):
            return []
        sql = (
            f"SELECT {', '.join(COLUMNS['acts'])} FROM acts WHERE recommendation <> '' AND recommendation = ?"
        )
        rows = self._store.read(f"{sql} ORDER BY number", (recommendation,))
        return [act for row in rows if isinstance(act := record_of("acts", row), Act)]

    def history(self, user: str, session: str, after: int = 0) -> list[tuple[int, Act]]:
        """Return what a user did (a session, where user is ""), behind number `after`, with the numbers."""
        if not (user or session) or not findable(user + session):
            return []
        whose = "user_id <> '' AND user_id = ?" if user else "user_id = '' AND session = ?"
        columns = ", ".join(("number", *COLUMNS["acts"]))
        sql = f"SELECT {columns} FROM acts WHERE {whose} AND number > ? ORDER BY number"
        rows = self._store.read(sql, (user or session, after))
        found = [(row[0], record_of("acts", tuple(row[1:]))) for row in rows]
        return [(number, act) for number, act in found if isinstance(act, Act)]

    def changes(self, *subjects: Subject) -> Iterator[tuple[int, Change]]:
        """Yield the changes of some subjects, in order, with their numbers; not slowed down by events."""
        columns, signs, after = ", ".join(("number", *COLUMNS["changes"])), ", ".join("?" * len(subjects)), 0
        sql = f"SELECT {columns} FROM changes WHERE number > ? AND subject IN ({signs})"
        while subjects and (
            rows := self._store.read(f"{sql} ORDER BY number LIMIT {PAGE}", (after, *subjects))
        ):
            for number, *row in rows:
                change = record_of("changes", tuple(row))
                if isinstance(change, Change):
                    yield number, change
            after = rows[-1][0]

    def latest(self, subject: Subject, id: str) -> Change | None:
        """Return the last change of one thing, None if there is none."""
        if not findable(id):
            return None
        columns = ", ".join(COLUMNS["changes"])
        sql = f"SELECT {columns} FROM changes WHERE id = ? AND subject = ? ORDER BY number DESC LIMIT 1"
        for row in self._store.read(sql, (id, subject)):
            found = record_of("changes", row)
            return found if isinstance(found, Change) else None
        return None

    def shown(self, recommendation: str) -> Shown | None:
        """Return a list that was shown, None if there is none of that name."""
        if not findable(recommendation):
            return None
        sql = f"SELECT {', '.join(COLUMNS['shown'])} FROM shown WHERE id = ? ORDER BY number DESC LIMIT 1"
        for row in self._store.read(sql, (recommendation,)):
            found = record_of("shown", row)
            return found if isinstance(found, Shown) else None
        return None

    def answer(self, key: str) -> tuple[str, str] | None:
        """Return what was answered under an idempotency key within a day: hash of the request, response."""
        if not findable(key):
            return None
        sql = "SELECT request, response FROM answers WHERE key = ? AND time > ?"
        rows = self._store.read(sql, (key, self._clock() - DAY))
        return (str(rows[0][0]), str(json.loads(rows[0][1]))) if rows else None

    def last(self) -> int:
        """Return the number of the last record."""
        return self._found_last() if self._read_only else self._last

    def summary(self) -> list[Count]:
        """Count the records by table and kind, with the first and the last time of each."""
        kinds = {"acts": "kind", "shown": "policy", "changes": "subject || ' ' || action"}
        span = "count(*), min(time), max(time)"
        return [
            Count(table, str(kind), int(n), float(first), float(last))
            for table, by in kinds.items()
            for kind, n, first, last in self._store.read(
                f"SELECT {by} AS kind_of, {span} FROM {table} GROUP BY kind_of ORDER BY kind_of"
            )
        ]

    def size(self) -> int:
        """Return how many bytes the journal takes."""
        return self._store.size()

    def forget_before(self, moment: float) -> int:
        """Remove lists shown, events and superseded changes older than a moment; returns how many.

        It goes stretch by stretch, so that others may write in between.

        Raises:
            JournalError: the journal is for reading only, or could not be written.
        """
        if self._writer is None:
            raise JournalError(f"{self.place}: opened for reading only")
        gone, last = 0, self._writer.between(self._mark).result()
        for first in range(0, last, STRETCH):
            until = min(first + STRETCH, last)
            gone += self._writer.between(partial(self._forget, first, until, moment)).result()
        self._writer.between(self._tidy).result()
        return gone

    def erase(self, user: str) -> int:
        """Remove for good what a user did and was shown, and what was said of them; returns how many.

        The last deletion stays, without its body: the bundle still knows the user, and must not tell.

        Raises:
            JournalError: the journal is for reading only, or could not be written.
        """
        if self._writer is None:
            raise JournalError(f"{self.place}: opened for reading only")
        if not user or not findable(user):
            return 0
        last = self._writer.between(self._mark).result()
        gone = self._writer.between(partial(self._erase, user)).result()
        for first in range(0, last, STRETCH):  # there is no index of who was shown what
            cut = first, min(first + STRETCH, last), user
            sql = "DELETE FROM shown WHERE number > ? AND number <= ? AND user_id = ?"
            gone += self._writer.between(partial(self._done, sql, cut)).result()
        self._writer.between(self._tidy).result()
        return gone

    def close(self) -> None:
        """Keep all that was handed over, then end; what is closed already stays so."""
        if self._writer is not None:
            self._writer.close()
        self._store.close()

    def _found_last(self) -> int:
        return int(self._store.read(LAST)[0][0] or 0)

    def _stretch(self, table: str, after: int, until: int) -> list[tuple[int, str, Row]]:
        columns = ", ".join(("number", *COLUMNS[table]))
        sql = f"SELECT {columns} FROM {table} WHERE number > ? AND number <= ? ORDER BY number"
        return [(row[0], table, tuple(row[1:])) for row in self._store.read(sql, (after, until))]

    def _next(self, after: int) -> int:
        """Return the number of the next record: retention leaves wide gaps."""
        parts = " UNION ALL ".join(f"SELECT min(number) AS n FROM {t} WHERE number > ?" for t in COLUMNS)
        found = self._store.read(f"SELECT min(n) FROM ({parts}) AS every", (after,) * len(COLUMNS))[0][0]
        return int(found) if found is not None else max(self.last(), after) + 1

    def _keep(self, batches: Sequence[_Packed]) -> list[int | JournalError]:
        """Keep batches in one transaction; one whose key was answered already is refused by itself."""
        if self._unsure:
            self._last, self._unsure = self._found_last(), False
        now, at, kept = self._clock(), self._last, list[int | JournalError]()
        rows: dict[str, list[Row]] = {table: [] for table in COLUMNS}
        answers: dict[str, Row] = {}
        for batch in batches:
            if taken := next(
                (a[0] for a in batch.answers if a[0] in answers or self._answered(a[0], now)), ""
            ):
                kept.append(AnsweredError(f"the idempotency key '{taken}' was answered already"))
                continue
            answers |= {answer[0]: (*answer, now) for answer in batch.answers}
            for table, row in batch.records:
                at += 1
                rows[table].append((at, *row))
            kept.append(at)
        try:
            self._store.write(lambda to: insert(to, rows, list(answers.values())))
        except Exception:
            self._unsure = True
            found, self._unsure = self._found_last(), False
            if found != at or at == self._last:  # else only the word that it was kept got lost
                raise
        self._last = at
        self._sweep(now)
        return kept

    def _answered(self, key: str, now: float) -> bool:
        return bool(self._store.read("SELECT 1 FROM answers WHERE key = ? AND time > ?", (key, now - DAY)))

    def _sweep(self, now: float) -> None:
        """Remove answers older than a day, once an hour; what fails now is done an hour later."""
        if time.monotonic() - self._swept < HOUR:
            return
        self._swept = time.monotonic()
        try:
            self._store.write(lambda to: to.execute("DELETE FROM answers WHERE time <= ?", (now - DAY,)))
        except Exception:  # the records of this turn are kept: their senders must not hear of it
            return

    def _mark(self) -> int:
        """Write down the last number, so that none is given again once its record is forgotten."""
        last = self._last
        self._store.write(lambda to: to.execute("UPDATE numbers SET last = ?", (last,)))
        return last

    def _forget(self, after: int, until: int, moment: float) -> int:
        def work(to: Writing) -> int:
            span = "number > ? AND number <= ? AND time < ?"
            gone = sum(
                to.execute(f"DELETE FROM {t} WHERE {span}", (after, until, moment)) for t in ("acts", "shown")
            )
            # of a patch the fields may still hold; what a whole new state or a deletion follows does not
            newer = (
                "EXISTS (SELECT 1 FROM changes AS later WHERE later.number > changes.number AND "
                "later.subject = changes.subject AND later.id = changes.id AND later.action <> 'patch')"
            )
            return gone + to.execute(f"DELETE FROM changes WHERE {span} AND {newer}", (after, until, moment))

        return self._store.write(work)

    def _done(self, sql: str, values: Sequence[Any]) -> int:
        return self._store.write(lambda to: to.execute(sql, values))

    def _erase(self, user: str) -> int:
        told = "id = ? AND subject IN ('user', 'consent')"
        tombs = "SELECT max(number) FROM changes WHERE id = ? AND subject = 'user' AND action = 'delete'"
        tomb = int(self._store.read(tombs, (user,))[0][0] or 0)

        def work(to: Writing) -> int:
            gone = to.execute("DELETE FROM acts WHERE user_id <> '' AND user_id = ?", (user,))
            to.execute("UPDATE changes SET body = '{}' WHERE number = ?", (tomb,))
            return gone + to.execute(f"DELETE FROM changes WHERE {told} AND number <> ?", (user, tomb))

        return self._store.write(work)

    def _tidy(self) -> int:
        self._store.tidy()
        return 0


def findable(text: str) -> bool:
    """Tell whether a name can be in a journal at all: no column holds NUL or half a character."""
    return "\0" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)


def insert(to: Writing, rows: dict[str, list[Row]], answers: list[Row]) -> int:
    """Insert records and answers; returns how many."""
    for table, some in rows.items():
        if some:
            to.insert(table, ("number", *COLUMNS[table]), some)
    for answer in answers:
        to.execute("DELETE FROM answers WHERE key = ?", (answer[0],))
    if answers:
        to.insert("answers", ("key", "request", "response", "time"), answers)
    return sum(map(len, rows.values())) + len(answers)
