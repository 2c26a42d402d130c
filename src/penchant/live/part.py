"""A part of a journal, read as if it were the whole: what a bundle has not learned, up to some moment."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from penchant.live.journal import Journal
from penchant.live.records import Act, Change, Record, Shown, Subject

TABLES: tuple[Subject, ...] = ("item", "user", "consent")


@dataclass(frozen=True, slots=True)
class Part:
    """For reading: the events behind number `seen` and up to `until`, and before the moment `before`.

    Of changes, those that came earlier are there too, as what they say must still be told; but for what was
    said of users before a deletion that the bundle knows of. Lists that were shown are left out. `version` is
    the bundle's.
    """

    journal: Journal
    version: str
    seen: int
    until: int
    before: float = inf

    def replay(self, after: int = 0) -> Iterator[tuple[int, Record]]:
        """Yield the records of the part behind a number, in order."""
        if after < self.seen:
            yield from ((number, one) for number, one in self._told() if number > after)
        for number, record in self.journal.replay(max(after, self.seen)):
            if number > self.until:
                return
            if not isinstance(record, Shown) and record.time < self.before:
                yield number, record

    def changes(self, *subjects: Subject) -> Iterator[tuple[int, Change]]:
        """Yield the changes of some subjects; of refreshes only the one that made the bundle."""
        if "refresh" in subjects:
            yield 0, Change("refresh", "", "put", 0.0, {"version": self.version, "seen": self.seen})
        for number, change in self.journal.changes(*(one for one in subjects if one != "refresh")):
            if number <= self.until and change.time < self.before:
                yield number, change

    def _told(self) -> Iterator[tuple[int, Change]]:
        known = [(number, change) for number, change in self.journal.changes(*TABLES) if number <= self.seen]
        gone = {
            change.id: number
            for number, change in known
            if change.subject == "user" and change.action == "delete"
        }
        for number, change in known:
            if change.subject != "user" or number > gone.get(change.id, -1):
                yield number, change

    def news(self) -> int:
        """Count the records that the bundle has not learned from."""
        return sum(
            isinstance(record, Act) or (isinstance(record, Change) and record.subject in TABLES)
            for _, record in self.replay(self.seen)
        )
