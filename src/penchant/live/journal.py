"""The journal: an append-only record of all that came in and all that was shown, the truth of a service."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

from penchant.live.records import Act, Change, Record, Shown, Subject


@dataclass(frozen=True, slots=True)
class Batch:
    """Records that are kept together or not at all; `answers` are those of requests by idempotency key.

    An answer is (hash of the request, body of the response); it is kept for a day.
    """

    records: Sequence[Record] = ()
    answers: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Count:
    """How many records of a kind a table holds, from when to when (seconds UTC)."""

    table: str
    kind: str
    records: int
    first: float
    last: float


class Journal(Protocol):
    """One writer, many readers; every method may be called from any thread."""

    @property
    def place(self) -> str:
        """Where it lies, without secrets."""
        ...

    def submit(self, batch: Batch) -> "Future[int]":
        """Hand records over; the future gives the number of the last one once all of them are kept.

        Many batches are committed together. A failure (a full disk) is the future's exception (JournalError)
        and leaves none of the batch; later batches are tried again. It is BusyError where too much waits, and
        AnsweredError where another request of the same idempotency key came first.
        """
        ...

    def replay(self, after: int = 0) -> Iterator[tuple[int, Record]]:
        """Yield the records behind number `after`, in order, with their numbers."""
        ...

    def acts(self, recommendation: str) -> list[Act]:
        """Return what was done with a list that was shown."""
        ...

    def history(self, user: str, session: str, after: int = 0) -> list[tuple[int, Act]]:
        """Return what a user did (or a session, where user is ""), behind number `after`, with the numbers.

        An index makes this quick: it is asked whenever somebody comes who is not in memory.
        """
        ...

    def changes(self, *subjects: Subject) -> Iterator[tuple[int, Change]]:
        """Yield the changes of some subjects, in order, with their numbers; not slowed down by events."""
        ...

    def latest(self, subject: Subject, id: str) -> Change | None:
        """Return the last change of one thing, None if there is none."""
        ...

    def erase(self, user: str) -> int:
        """Remove for good what a user did and was shown, and what was said of them; returns how many."""
        ...

    def shown(self, recommendation: str) -> Shown | None:
        """Return a list that was shown, None if there is none of that name."""
        ...

    def answer(self, key: str) -> tuple[str, str] | None:
        """Return what was answered under an idempotency key within a day: hash of the request, response."""
        ...

    def last(self) -> int:
        """Return the number of the last record."""
        ...

    def summary(self) -> list[Count]:
        """Count the records by table and kind: of events, policy of lists, subject and action of changes."""
        ...

    def size(self) -> int:
        """Return how many bytes it takes."""
        ...

    def forget_before(self, moment: float) -> int:
        """Remove lists shown, and events, that are older than a moment (seconds UTC); returns how many.

        What the latest state of items, users and rules needs is kept; older states of them go as well.
        """
        ...

    def close(self) -> None:
        """Keep all that was handed over, then end."""
        ...
