"""What is known of a bundle's refreshes, in a folder beside it: outcomes, and how far one has come.

    MODEL.refresh/outcomes.jsonl    one line a refresh, the newest last
    MODEL.refresh/state.json        the step of the one that runs
    MODEL.refresh/lock              held while one runs

A refresh does not write the journal, which belongs to the service: that takes the outcomes over.
"""

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from penchant.errors import BundleError, InputError
from penchant.live.journal import Journal
from penchant.store.reading import manifest_in

if sys.platform != "win32":
    import fcntl

ENDING = ".refresh"
LATEST = 200
"""Outcomes that are read."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a refresh came to. `version` is current after it, `before` was when it began; `seen` is the last
    record that `version` learned from. `result` is swapped, kept, nothing new, rolled back, found, or failed;
    `created` is the moment in the lineage of the bundle it made.
    """

    id: str
    time: float
    result: str
    why: str
    version: str
    before: str
    seen: int
    seconds: float = 0.0
    metrics: Mapping[str, Any] = field(default_factory=dict)
    created: float = 0.0
    by: str = ""


@dataclass(frozen=True, slots=True)
class Book:
    """The folder beside a bundle."""

    folder: Path

    @classmethod
    def beside(cls, bundle: Path) -> "Book":
        """Return that of a bundle."""
        whole = bundle.absolute()
        return cls(whole.with_name(whole.name + ENDING))

    def outcomes(self) -> list[Outcome]:
        """Return the latest outcomes, the newest last; a line that a kill cut off is none."""
        try:
            lines = (self.folder / "outcomes.jsonl").read_text(encoding="utf-8").splitlines()[-LATEST:]
        except (OSError, UnicodeDecodeError):
            return []
        found = []
        for line in lines:
            try:
                found.append(Outcome(**json.loads(line)))
            except (ValueError, TypeError):
                continue
        return found

    def add(self, outcome: Outcome) -> None:
        """Write an outcome down; raises InputError where that is not possible."""
        line = json.dumps(asdict(outcome)).encode() + b"\n"
        try:
            self.folder.mkdir(exist_ok=True)
            path = self.folder / "outcomes.jsonl"
            cut = path.exists() and path.stat().st_size and not path.read_bytes().endswith(b"\n")
            with path.open("ab") as stream:
                stream.write(b"\n" + line if cut else line)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise InputError(f"{self.folder}: cannot be written: {error.strerror or error}") from error

    def state(self) -> dict[str, Any] | None:
        """Return the step of the refresh that runs, None where none does."""
        if not self.busy():
            return None
        try:
            told = json.loads((self.folder / "state.json").read_text(encoding="utf-8"))
            return dict(told) if isinstance(told, dict) else {}
        except (OSError, ValueError):
            return {"step": "starting", "percent": 0}

    def step(self, name: str, percent: float, started: float) -> None:
        """Say how far a refresh has come; that it cannot be written is no reason to stop."""
        told = {"step": name, "percent": round(percent), "started": started, "process": os.getpid()}
        half = self.folder / f".state.{os.getpid()}"
        try:
            half.write_text(json.dumps(told), encoding="utf-8")
            half.replace(self.folder / "state.json")
        except OSError:
            half.unlink(missing_ok=True)

    def busy(self) -> bool:
        """Tell whether a refresh runs."""
        if sys.platform == "win32" or not (self.folder / "lock").exists():
            return False
        handle = os.open(self.folder / "lock", os.O_RDWR)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(handle)
        return False

    @contextmanager
    def alone(self) -> Iterator[Path]:
        """Hold the lock, and lend a folder for work that is gone after; raises InputError if another runs.

        What a killed refresh left behind is removed.
        """
        try:
            self.folder.mkdir(exist_ok=True)
            handle = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise InputError(f"{self.folder}: cannot be written: {error.strerror or error}") from error
        try:
            for _ in range(20):  # somebody who only looks holds it for a moment
                try:
                    if sys.platform != "win32":
                        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except OSError:
                    time.sleep(0.05)
            else:
                raise InputError(f"{self.folder}: another refresh runs", hint="wait for it, or end it")
            for left in self.folder.glob("work-*"):
                shutil.rmtree(left, ignore_errors=True)
            work = self.folder / f"work-{os.getpid()}"
            work.mkdir()
            try:
                yield work
            finally:
                shutil.rmtree(work, ignore_errors=True)
                (self.folder / "state.json").unlink(missing_ok=True)
        finally:
            os.close(handle)

    def seen(self, bundle: Path, version: str, journal: Journal | None) -> int | None:
        """Return the last record that a version learned from; None where nobody wrote that down."""
        made = created(bundle, version)
        for outcome in reversed(self.outcomes()):
            if outcome.version == version or (made and outcome.created == made):
                return outcome.seen
        found = None
        for _, change in journal.changes("refresh") if journal is not None else ():
            if change.body.get("version") == version:
                found = int(change.body.get("seen", 0))
        return found


def created(bundle: Path, version: str) -> float:
    """Return when a version was made, as its lineage says; 0 where it does not."""
    try:
        told = manifest_in(bundle / "versions" / version)["lineage"].get("created")
    except (BundleError, KeyError, AttributeError):
        return 0.0
    return float(told) if isinstance(told, int | float) else 0.0


def guessed(journal: Journal, end: float) -> int:
    """Guess up to which record a bundle learned whose last event is of the moment `end`.

    The journal's events up to it are taken as learned, as they are where somebody fits what was exported.
    """
    from_there = 0
    for number, record in journal.replay():
        moment = getattr(record, "time", 0.0)
        if hasattr(record, "item") and moment > end:
            break
        if hasattr(record, "item"):
            from_there = number
    return from_there


def known_from(book: Book, bundle: Path, version: str, journal: Journal, end: float) -> int:
    """Return the last record that a version learned from, guessed where nobody wrote it down."""
    found = book.seen(bundle, version, journal)
    return guessed(journal, end) if found is None else found
