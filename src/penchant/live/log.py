"""What a journal says in the end: events that still count, lists shown, the latest items and users."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from penchant.live.journal import Journal
from penchant.live.records import Act, Change, Shown

SESSION = "session:"
"""Stands before the name of a session where it takes the place of a user."""


@dataclass(slots=True)
class Entry:
    """What changes made of one item or user.

    `fields` go over what a bundle knows of it, or stand alone where it was put `anew`; all that came up to
    number `cut` is forgotten.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    anew: bool = False
    gone: bool = False
    cut: int = 0

    def change(self, number: int, change: Change) -> None:
        """Take in a change; a patch of what was deleted changes nothing."""
        if change.action == "delete":
            self.fields, self.anew, self.gone, self.cut = {}, True, True, number
        elif change.action == "put":
            self.fields, self.anew, self.gone = dict(change.body), True, False
        elif not self.gone:
            self.fields.update(change.body)


@dataclass(slots=True)
class Log:
    """A journal read to its end; records stand with their numbers."""

    acts: list[tuple[int, Act]] = field(default_factory=list)
    lists: list[tuple[int, Shown]] = field(default_factory=list)
    entries: Mapping[str, dict[str, Entry]] = field(default_factory=lambda: {"item": {}, "user": {}})
    consents: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, journal: Journal | None) -> "Log":
        """Read a journal; an empty log without one."""
        log = cls()
        for number, record in journal.replay() if journal else ():
            if isinstance(record, Act):
                log.acts.append((number, record))
            elif isinstance(record, Shown):
                log.lists.append((number, record))
            elif record.subject == "consent":
                log.consents[record.id] = str(record.body.get("consent", "full"))
            elif record.subject in log.entries:
                log.entries[record.subject].setdefault(record.id, Entry()).change(number, record)
        return log

    def forgotten(self, user: str, number: int) -> bool:
        """Tell whether a user was deleted after a record: what they did before is nobody's business."""
        entry = self.entries["user"].get(user)
        return entry is not None and number <= entry.cut

    def gone(self, item: str) -> bool:
        """Tell whether an item is deleted; one that was put again has its events again."""
        entry = self.entries["item"].get(item)
        return entry is not None and entry.gone

    def deleted(self, subject: str) -> set[str]:
        """Return the ids of which a bundle's own events may not be told any more."""
        entries = self.entries[subject].items()
        return {name for name, entry in entries if (entry.cut if subject == "user" else entry.gone)}

    def refusing(self, what: str) -> set[str]:
        """Return the users who do not consent to the use of their "history", or of their "profile"."""
        return {user for user, consent in self.consents.items() if consent not in ("full", what)}

    def living(self, subject: str) -> Iterator[tuple[str, Entry]]:
        """Yield the items or users that changes speak of and that are there."""
        return ((name, entry) for name, entry in self.entries[subject].items() if not entry.gone)


def who(user: str, session: str) -> str:
    """Return whose a record is: the user's, else the session's, "" if nobody is named."""
    return user or (SESSION + session if session else "")


def seen_by(journal: Journal, version: str) -> int:
    """Return the last record that a bundle's version learned from, as its refresh wrote down; 0 for none."""
    told = [change.body for _, change in journal.changes("refresh") if change.body.get("version") == version]
    return int(told[-1]["seen"]) if told else 0
