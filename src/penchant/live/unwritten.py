"""Lists that were shown and are not in the journal yet: written down together, a moment later."""

import threading
from concurrent.futures import Future, wait

from penchant.live.journal import Batch, Journal
from penchant.live.records import Shown

EVERY = 0.05
"""Seconds after which lists are handed to the journal; a kill loses those of this time at most."""
MANY = 200


class Unwritten:
    """A buffer before the journal; every method may be called from any thread."""

    def __init__(self, journal: Journal) -> None:
        self.journal, self.lost = journal, 0
        self.lists: list[Shown] = []
        self.last: Future[int] | None = None
        self.lock, self.ended = threading.Lock(), threading.Event()
        self.thread = threading.Thread(target=self._run, name="shown", daemon=True)
        self.thread.start()

    def add(self, shown: Shown) -> None:
        """Take a list in."""
        self.lists.append(shown)
        if len(self.lists) >= MANY:
            self.flush()

    def flush(self) -> None:
        """Hand over all lists, in their order."""
        if not self.lists:
            return
        with self.lock:
            lists, self.lists = self.lists, []
            if lists:
                self.last = self.journal.submit(Batch(lists))
                self.last.add_done_callback(lambda kept: self._noted(kept, len(lists)))

    def settle(self, seconds: float = 5.0) -> None:
        """Wait until the journal has, or refuses, what was shown so far."""
        self.flush()
        if self.last is not None:
            wait((self.last,), seconds)

    def close(self) -> None:
        """Hand over the rest, and end."""
        self.ended.set()
        self.thread.join()
        self.flush()

    def _run(self) -> None:
        while not self.ended.wait(EVERY):
            self.flush()

    def _noted(self, kept: "Future[int]", n: int) -> None:
        if kept.exception() is not None:
            self.lost += n
