"""Group commit: one thread keeps all that others hand over, many batches in one transaction.

A commit costs about the same for one record as for a thousand; while one runs, the next group gathers.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar

from penchant.errors import BusyError, JournalError

B = TypeVar("B")
T = TypeVar("T")

WAITING, GROUP = 50_000, 5_000
"""Most records that may wait, and most that one transaction takes (a larger batch goes alone)."""


@dataclass(slots=True)
class _Task(Generic[B]):
    """Something to keep, or something to do in between; `size` counts records."""

    future: "Future[int]"
    batch: B | None
    size: int
    work: Callable[[], int] | None = None


class GroupCommit(Generic[B]):
    """The one thread that writes. `keep` gets batches, keeps all of them in one transaction or raises.

    It returns a number or an error for each batch. Where it raises, each batch is tried by itself, so that
    one that cannot be kept takes no other down.
    """

    def __init__(
        self,
        keep: Callable[[Sequence[B]], Sequence[int | JournalError]],
        *,
        waiting: int = WAITING,
        group: int = GROUP,
    ) -> None:
        self._keep, self._waiting, self._group = keep, waiting, group
        self._tasks: deque[_Task[B]] = deque()
        self._size, self._closed = 0, False
        self._wake = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def submit(self, batch: B, size: int) -> "Future[int]":
        """Hand over a batch of so many records; BusyError in the future where too many wait."""
        return self._hand_over(_Task(started(), batch, max(size, 1)))

    def between(self, work: Callable[[], int]) -> "Future[int]":
        """Do something else in the thread that writes, after all that was handed over before."""
        return self._hand_over(_Task(started(), None, 0, work))

    def close(self) -> None:
        """Keep all that was handed over, then end the thread."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join()

    def _hand_over(self, task: _Task[B]) -> "Future[int]":
        with self._wake:
            if self._closed:
                task.future.set_exception(JournalError("the journal is closed"))
            elif task.size and self._tasks and self._size + task.size > self._waiting:
                said = f"the journal is busy: {self._size:,} records wait to be kept"
                task.future.set_exception(BusyError(said, hint="try again in a moment"))
            else:
                self._tasks.append(task)
                self._size += task.size
                self._wake.notify()
        return task.future

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._tasks and not self._closed:
                    self._wake.wait()
                if not self._tasks:
                    return
                tasks = self._take()
            if tasks[0].work is not None:
                _settle(tasks[0].future, tasks[0].work)
            else:
                self._keep_group(tasks)

    def _take(self) -> list[_Task[B]]:
        """Take the next piece of other work, or as many batches as one transaction holds."""
        tasks, size = [self._tasks.popleft()], 0
        size = tasks[0].size
        while tasks[0].work is None and self._tasks and self._tasks[0].work is None:
            size += self._tasks[0].size
            if size > self._group:
                break
            tasks.append(self._tasks.popleft())
        self._size -= sum(task.size for task in tasks)
        return tasks

    def _keep_group(self, tasks: Sequence[_Task[B]]) -> None:
        try:
            kept = self._keep([task.batch for task in tasks if task.batch is not None])
        except Exception as error:
            if len(tasks) == 1:
                tasks[0].future.set_exception(_named(error))
                return
            for task in tasks:
                self._keep_group([task])
            return
        for task, number in zip(tasks, kept, strict=True):
            if isinstance(number, int):
                task.future.set_result(number)
            else:
                task.future.set_exception(number)


def started() -> "Future[int]":
    """Return a future that nobody can cancel: what was handed over is kept, whoever still listens."""
    future: Future[int] = Future()
    future.set_running_or_notify_cancel()
    return future


def _settle(future: "Future[int]", work: Callable[[], int]) -> None:
    try:
        future.set_result(work())
    except Exception as error:
        future.set_exception(_named(error))


def _named(error: Exception) -> JournalError:
    if isinstance(error, JournalError):
        return error
    return JournalError(f"the journal could not be written: {error or type(error).__name__}")
