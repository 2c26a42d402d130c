"""The bundle that a service runs: started refreshes, versions that come from outside, swaps, what the journal
is told of them.
"""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from penchant import store
from penchant.errors import BundleError, InputError, PenchantError
from penchant.language.encode import Encoder
from penchant.language.lsa import LEARNED
from penchant.live.book import Book, Outcome, created, guessed
from penchant.live.drift import Drift
from penchant.live.engine import Engine
from penchant.live.journal import Batch, Journal
from penchant.live.records import Act, Change, Record
from penchant.live.rolling_back import roll_back
from penchant.live.world import World
from penchant.store.choosing import others
from penchant.store.reading import load

LOG = logging.getLogger("penchant.live")
EVERY = 2.0
"""Seconds between two looks at CURRENT."""
Reader: TypeAlias = Callable[[Path], Encoder | None] | None
"""Finds what reads texts for the bundle in a folder."""
PATIENCE = 10.0
"""Seconds that a refresh gets to end when the service does."""


@dataclass
class Keeper:
    """Watches one engine's bundle in a thread of its own; `hours` and `events` start refreshes by themselves
    (0: never), `place` names the journal for the process that refreshes, `options` are further ones of it.
    """

    engine: Engine
    place: str = ""
    hours: float = 0.0
    events: int = 0
    options: Sequence[str] = ()
    reader: Reader = None
    every: float = EVERY
    swapped: list[Callable[[], None]] = field(default_factory=list)
    drift: Drift | None = None
    process: subprocess.Popen[bytes] | None = None
    refused: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    came: int = 0
    read: tuple[Any, ...] = ()
    tried: float = field(default_factory=time.monotonic)
    ending: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self.book = Book.beside(self.engine.folder)
        self.engine.listeners.append(self._heard)

    def _heard(self, records: Sequence[Record]) -> None:
        self.came += sum(isinstance(one, Act) for one in records)

    # ---- watching

    def start(self) -> None:
        """Begin to watch."""
        self.thread = threading.Thread(target=self._watch, name="bundle", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """End watching, and a refresh that this service started."""
        self.ending.set()
        if self.thread is not None:
            self.thread.join(PATIENCE)
        process = self.process
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _watch(self) -> None:
        while not self.ending.wait(self.every):
            try:
                self.look()
            except Exception:  # whatever it is, the service goes on with the bundle it has
                LOG.exception("looking after the bundle failed")

    def look(self) -> None:
        """Look once: at a refresh that ended, at CURRENT, at whether a refresh is due by the schedule."""
        with self.lock:
            self._reaped()
            try:
                version = store.current(self.engine.folder)
            except BundleError as error:
                self.problem = str(error).partition("\n")[0]
                return
            if version != self.engine.world.version and version not in self.refused:
                self._swap(version)
            elif version == self.engine.world.version:
                self.refused.clear()
                self.problem = ""
            self.noted()
            if self._due() and not self.running():
                self._start()

    def _reaped(self) -> None:
        if self.process is not None and self.process.poll() is not None:
            self.process = None

    def _swap(self, version: str) -> None:
        """Let a version take over that CURRENT names; one that cannot be read is refused, and told of."""
        engine = self.engine
        try:
            world = World.load(engine.folder, encoder_for(engine.folder, engine.world, self.reader))
        except (PenchantError, OSError) as error:
            self.problem = f"version {version[:12]} is refused: {str(error).partition(chr(10))[0]}"
            self.refused[version] = self.problem
            LOG.error("%s; %s goes on", self.problem, engine.world.version[:12])
            body = {"result": "refused", "why": self.problem, "before": engine.world.version}
            told = Change("refresh", f"refused {version[:12]}", "put", engine.clock(), body, "service")
            engine.keep([told]).result()
            return
        self.noted(world.version)
        engine.adopt(world)
        self.problem, self.came, self.tried = "", 0, time.monotonic()
        for done in (self.drift.begin if self.drift else None, *self.swapped):
            if done is not None:
                done()
        LOG.warning("version %s serves from now on", world.version[:12])

    def noted(self, version: str = "") -> None:
        """Take outcomes over into the journal; of a version from elsewhere, what it learned from."""
        version = version or self.engine.world.version
        try:
            stamp = (self.book.folder / "outcomes.jsonl").stat().st_mtime_ns
        except OSError:
            stamp = 0
        if self.read != (version, stamp):
            told = journaled(self.engine.journal, self.engine.folder, version, self.engine.clock)
            if told:
                self.engine.keep(told).result()
            self.read = (version, stamp)

    # ---- refreshing

    def _due(self) -> bool:
        hours = self.hours > 0 and time.monotonic() - self.tried >= self.hours * 3_600
        return (hours and self.came > 0) or (self.events > 0 and self.came >= self.events)

    def running(self) -> bool:
        """Tell whether a refresh runs, whoever started it."""
        return (self.process is not None and self.process.poll() is None) or self.book.busy()

    def refresh(self, *options: str) -> None:
        """Start a refresh in a process of its own; raises InputError if one runs."""
        with self.lock:
            self._start(*options)

    def _start(self, *options: str) -> None:
        if self.running():
            raise InputError("a refresh runs already", hint="GET /v1/refresh says how far it is")
        place = self.place or self.engine.journal.place
        command = [
            sys.executable,
            "-m",
            "penchant.cli",
            "refresh",
            str(self.engine.folder),
            "--journal",
            place,
        ]
        self.book.folder.mkdir(exist_ok=True)
        with (self.book.folder / "output.txt").open("wb") as output:
            self.process = subprocess.Popen(
                [*command, *self.options, *options], stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        self.came, self.tried = 0, time.monotonic()

    def roll_back(self, by: str) -> Outcome:
        """Let the version before take over again, and adopt it."""
        made = roll_back(self.engine.folder, self.engine.journal, by=by, clock=self.engine.clock)
        self.look()
        return made

    def earlier(self) -> list[str]:
        """Return the versions that a roll-back could go to, the newest first."""
        try:
            return others(self.engine.folder)
        except BundleError:  # no version is current: there is nothing to go back from
            return []

    def told(self) -> dict[str, Any]:
        """Return the state as JSON holds it."""
        outcomes = [asdict(one) for one in reversed(self.book.outcomes()) if one.result != "taking over"]
        state = self.book.state() or ({"step": "starting", "percent": 0} if self.running() else None)
        world = self.engine.world
        return {
            "version": world.version, "made": world.made, "seen": world.seen, "running": state is not None,
            "earlier": self.earlier(), "progress": state, "problem": self.problem or None,
            "outcomes": outcomes[:50],
            "schedule": {"hours": self.hours, "events": self.events}, "events_since": self.came,
        }  # fmt: skip


def journaled(
    journal: Journal, folder: Path, version: str, clock: Callable[[], float] = time.time
) -> list[Change]:
    """Return the records of refreshes that the journal lacks, and one of a version that nobody wrote down."""
    known = {change.id for _, change in journal.changes("refresh")}
    found = []
    for outcome in Book.beside(folder).outcomes():
        if outcome.id not in known and outcome.result != "taking over":
            body = {
                name: value for name, value in asdict(outcome).items() if name not in ("id", "time", "by")
            }
            found.append(Change("refresh", outcome.id, "put", outcome.time, body, outcome.by))
    if not any(change.body["version"] == version for change in found):
        found += met(journal, folder, version, clock)
    return found


def met(journal: Journal, folder: Path, version: str, clock: Callable[[], float] = time.time) -> list[Change]:
    """Return a record of a version that the journal does not know: what it learned from, as far as known."""
    if any(change.body.get("version") == version for _, change in journal.changes("refresh")):
        return []
    book, seen = Book.beside(folder), 0
    if journal.last():
        told = book.seen(folder, version, journal)
        seen = guessed(journal, end_of(folder, version)) if told is None else told
    body = {"version": version, "seen": seen, "result": "found", "why": "a bundle from elsewhere"}
    body |= {"metrics": {}, "seconds": 0.0, "created": created(folder, version)}
    return [Change("refresh", version, "put", clock(), body, "service")]


def end_of(folder: Path, version: str) -> float:
    """Return the moment of a version's last event without reading all of it; raises BundleError."""
    arrays = load(folder / "versions" / version, verify=False)[0].arrays
    times = arrays.get("events/times")
    return float(times.max()) if times is not None and len(times) else 0.0


def caught_up(journal: Journal, folder: Path) -> None:
    """Let the journal know of refreshes that happened while no service ran, before an engine reads it."""
    told = journaled(journal, folder, store.current(folder))
    if told:
        journal.submit(Batch(told)).result()


def encoder_for(folder: Path, world: World, reader: Reader = None) -> Encoder | None:
    """Return what reads texts for a bundle: that of the running one if alike, else what `reader` finds.

    None for one that holds its own.
    """
    language = store.read(folder, verify=False)[0].scalars.get("language", "")
    if not language or language == LEARNED:
        return None
    if language == world.model.language:
        return world.encoder
    return reader(folder) if reader is not None else None
