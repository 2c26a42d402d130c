"""Connections for reading, lent to one thread at a time and used again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, LifoQueue
from typing import Generic, Protocol, TypeVar

from penchant.errors import JournalError

KEPT = 16
"""Idle connections that stay open; more are made while more threads read, and closed after."""


class Closable(Protocol):
    """Anything that can be closed."""

    def close(self) -> None:
        """End it."""
        ...


C = TypeVar("C", bound=Closable)


class Pool(Generic[C]):
    """Lends connections; one during whose use something went wrong is closed, not used again."""

    def __init__(self, connect: Callable[[], C]) -> None:
        self._connect = connect
        self._idle: LifoQueue[C] = LifoQueue(KEPT)
        self._closed = False

    @contextmanager
    def lend(self) -> Iterator[C]:
        """Lend a connection for a `with` block."""
        if self._closed:
            raise JournalError("the journal is closed")
        try:
            connection = self._idle.get_nowait()
        except Empty:
            connection = self._connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        if self._closed or self._idle.full():
            connection.close()
        else:
            self._idle.put(connection)

    def drain(self) -> None:
        """Close all idle connections."""
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return

    def close(self) -> None:
        """Lend no more."""
        self._closed = True
        self.drain()
