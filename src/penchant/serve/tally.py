"""How lists were taken up: read from the journal, a stretch at a time, never all of it.

A list is accepted where somebody did something with an item of it that is no refusal, and named the list. The
interval is Wilson's at 95 %: (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n). Wilson, JASA 1927.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

import numpy as np

from penchant.live.engine import Engine
from penchant.live.records import Act, Record, Shown

FIRST = 20_000
"""Records of the journal's end that are read when it is first asked."""
STRETCH = 50_000
"""Records that are read at once after that; a journal that grows faster is caught up with later."""
LISTS = 20_000
"""Lists, the latest, whose acceptance is still counted."""
Z = 1.959964


@dataclass(slots=True)
class Taken:
    """Counts of the lists of one policy, bundle and side of an experiment."""

    lists: int = 0
    places: int = 0
    cold: int = 0
    accepted: int = 0
    refused: int = 0
    acts: int = 0


@dataclass(slots=True)
class Tally:
    """Counts over the newest records of a journal."""

    engine: Engine
    by: dict[tuple[str, str, str], Taken] = field(default_factory=dict)
    lists: OrderedDict[str, tuple[tuple[str, str, str], set[bool]]] = field(default_factory=OrderedDict)
    at: int = -1
    since: float | None = None
    records: int = 0
    cold: set[str] = field(default_factory=set)
    cold_of: object = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self) -> None:
        """Catch up with the journal."""
        with self.lock:
            journal = self.engine.journal
            if self.at < 0:
                self.at = max(0, journal.last() - FIRST)
            self._know()
            for read, (number, record) in enumerate(journal.replay(self.at)):
                self._take(record)
                self.at, self.records = number, self.records + 1
                if read >= STRETCH:
                    break

    def _know(self) -> None:
        """Know the items of which the running bundle has seen no event."""
        data = self.engine.world.model.data
        if self.cold_of is not data:
            self.cold = set(data.items.vocabulary.texts(np.flatnonzero(data.item_counts() == 0)))
            self.cold_of = data

    def _take(self, record: Record) -> None:
        if self.since is None:
            self.since = record.time
        if isinstance(record, Shown):
            key = (record.policy, record.version, record.arm)
            taken = self.by.setdefault(key, Taken())
            taken.lists += 1
            taken.places += len(record.items)
            taken.cold += sum(item in self.cold for item in record.items)
            self.lists[record.id] = (key, set())
            if len(self.lists) > LISTS:
                self.lists.popitem(last=False)
        elif isinstance(record, Act) and record.recommendation in self.lists:
            key, known = self.lists[record.recommendation]
            liked = self.engine.weight(record) > 0
            taken = self.by[key]
            taken.acts += 1
            if liked not in known:
                known.add(liked)
                taken.accepted += liked
                taken.refused += not liked

    def told(self) -> dict[str, Any]:
        """Return the counts, the busiest first."""
        with self.lock:
            ranked = sorted(self.by.items(), key=lambda one: -one[1].lists)
            rows = [
                {
                    "policy": policy, "version": version, "arm": arm, "lists": one.lists, "acts": one.acts,
                    "accepted": one.accepted, "refused": one.refused,
                    "interval": wilson(one.accepted, one.lists),
                }
                for (policy, version, arm), one in ranked[:50]
            ]  # fmt: skip
            places = sum(one.places for one in self.by.values())
            return {
                "rows": rows, "since": self.since, "records": self.records,
                "cold_share": sum(one.cold for one in self.by.values()) / places if places else None,
            }  # fmt: skip


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Return the interval of a share at 95 %.

    >>> [round(end, 3) for end in wilson(5, 10)], wilson(0, 0)
    ([0.237, 0.763], (0.0, 1.0))
    """
    if not n:
        return 0.0, 1.0
    p = hits / n
    middle, half = p + Z * Z / (2 * n), Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    whole = 1 + Z * Z / n
    return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)
