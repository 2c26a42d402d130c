"""People as the service knows them: what they did since the bundle was made, in bounded memory.

A history is that of the bundle with what came in after it. Who is not asked for is forgotten here, and read
from the journal again when they come back.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from penchant.live.candidates import Candidates
from penchant.live.records import Act
from penchant.types import NO_ROWS, Query, Rows, Vectors

MOST = 50_000
"""People that are kept in memory at once."""
LONGEST = 1_000
"""Live events of one person that count, the latest."""
Consent: TypeAlias = Literal["full", "history", "profile", "none"]
"""What may be used of somebody: all of it, events alone, attributes and sentences alone, nothing."""
CONSENTS: tuple[Consent, ...] = ("full", "history", "profile", "none")
Key: TypeAlias = tuple[str, str]
"""(user, "") for somebody with a login, ("", session) for somebody without."""


def key_of(user: str, session: str) -> Key:
    """Return under which key somebody is known."""
    return (user, "") if user else ("", session)


@dataclass(slots=True)
class Person:
    """One person. `acts` are those since the bundle, oldest first; `state` grows with every change.

    `fields` and `text` are what the person, or the shop, said of them live; `vector` is that of `text`.
    `balance` is how much more recent than long-term taste tells of them, 0 at first, `precision` how sure
    that is (see `balance.py`); of the last `untaught` acts nothing was learned yet. `candidates` are those of
    the latest list.
    """

    key: Key
    acts: list[Act] = field(default_factory=list)
    fields: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    vector: Vectors | None = None
    consent: Consent = "full"
    state: int = 0
    query: Query | None = None
    asked: object = None
    old: Rows = field(default_factory=lambda: NO_ROWS)
    lists: dict[Any, Any] = field(default_factory=dict)
    balance: float = 0.0
    precision: float = 0.0
    untaught: int = 0
    candidates: Candidates | None = None

    def changed(self) -> None:
        """Forget what was derived: the next request sees the change."""
        self.state += 1
        self.query, self.asked = None, None
        self.lists.clear()

    def did(self, act: Act) -> None:
        """Take an event in."""
        self.acts.append(act)
        self.untaught += 1
        if len(self.acts) > LONGEST:
            del self.acts[: len(self.acts) - LONGEST]
        self.changed()


class People:
    """The people in memory, those asked for last; `find` reads one from the journal."""

    def __init__(self, find: Callable[[Key], Person], most: int = MOST) -> None:
        self.find, self.most = find, most
        self.known: OrderedDict[Key, Person] = OrderedDict()

    def get(self, key: Key) -> Person:
        """Return a person, who then is the last to be forgotten."""
        person = self.known.get(key)
        if person is None:
            person = self.known[key] = self.find(key)
            while len(self.known) > self.most:
                self.known.popitem(last=False)
        else:
            self.known.move_to_end(key)
        return person

    def met(self, key: Key) -> Person | None:
        """Return a person who is in memory, None for others."""
        return self.known.get(key)

    def drop(self, keys: Sequence[Key] | None = None) -> None:
        """Forget people, all of them unless named: they are read again when they come back."""
        if keys is None:
            self.known.clear()
        for key in keys or ():
            self.known.pop(key, None)

    def __len__(self) -> int:
        return len(self.known)
