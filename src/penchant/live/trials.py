"""Experiments in force: requests are sent to the sides that they belong to.

A side with a bundle of its own is an engine of its own beside the main one: it reads the same journal, hears
of every record, and has its own items, people and popularities.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator, default_rng

from penchant.errors import PenchantError, UnknownIdError
from penchant.live.asked import Asked, Given
from penchant.live.engine import Engine
from penchant.live.experiments import Experiment, continued, renewed, who
from penchant.live.histories import asked_by
from penchant.live.lists import List
from penchant.live.records import Change, Record, Shown
from penchant.types import Rows

LOG = logging.getLogger("penchant.live")
DEALT = "team-draft"
"""Policy of a list that two sides share."""


@dataclass
class Trials:
    """The experiments of an engine, which sends its requests here; `open_side` loads a bundle.

    `broken` says of bundles that cannot be read why: their people get the running bundle, as if they were in
    no experiment.
    """

    engine: Engine
    open_side: Callable[[Path], Engine]
    known: dict[str, Experiment] = field(default_factory=dict)
    sides: dict[str, Engine] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number, change in self.engine.journal.changes("experiment"):
            self._take(change, number)
        for bundle in self.bundles():
            self.load(bundle)
        self.engine.listeners.append(self.heard)
        self._route()

    def bundles(self) -> set[str]:
        """Return the bundles that experiments in force need beside the running one."""
        running = [one for one in self.known.values() if one.running]
        return {arm.bundle for one in running for arm in one.arms if arm.bundle}

    def load(self, bundle: str) -> str:
        """Load a bundle if need be; returns what is wrong with it, "" for nothing."""
        if bundle in self.sides:
            return ""
        before = self.engine.journal.last()
        try:
            side = self.open_side(Path(bundle))
        except (PenchantError, OSError) as error:
            self.broken[bundle] = str(error).partition("\n")[0]
            LOG.error("an experiment's bundle cannot be served: %s", self.broken[bundle])
            return self.broken[bundle]
        self.broken.pop(bundle, None)
        side.listeners.append(self._passed_on)
        side.unwritten.close()
        side.unwritten = self.engine.unwritten  # lists stay in order with what answers them
        self.sides[bundle] = side
        if self.engine.journal.last() != before:  # what came in while it was loaded
            side.adopt(side.world)
        return ""

    def put(self, change: Change) -> int:
        """Let a checked experiment count, and keep it; returns its number. Its bundles are loaded already."""
        number = self.engine.keep([change]).result()
        for bundle in set(self.sides) - self.bundles():
            del self.sides[bundle]
        return number

    def heard(self, records: Sequence[Record]) -> None:
        """Let all sides know what happened; called by the main engine."""
        if all(isinstance(one, Shown) for one in records):
            return
        changes = [one for one in records if isinstance(one, Change)]
        for change in changes:
            if change.subject == "experiment":
                self._take(change, self.engine.journal.last())
        self._route()
        acted = [one for one in records if not isinstance(one, Change) or one.subject != "experiment"]
        for side in list(self.sides.values()):
            with side.lock:
                side.take(acted)

    def _passed_on(self, records: Sequence[Record]) -> None:
        """Let those who listen to the main engine know of the lists of a side."""
        for listen in self.engine.listeners:
            if listen != self.heard:
                listen(records)

    def _take(self, change: Change, number: int) -> None:
        if change.action == "delete":
            self.known.pop(change.id, None)
            return
        try:
            made = Experiment.of(change, number)
            before = self.known.get(change.id)
            self.known[change.id] = (
                made if before is None or renewed(before, made) else continued(before, made)
            )
        except PenchantError as error:  # of another Penchant
            LOG.error("%s", error)

    def _route(self) -> None:
        self.engine.router = self if any(one.running for one in self.known.values()) else None

    # ---- requests

    def sent(self, asked: Asked) -> tuple[Engine | None, Asked] | None:
        """Return the engine and the request of the side that answers, None outside of any experiment."""
        person = who(asked)
        if not person:
            return None
        for experiment in list(self.known.values()):
            if not experiment.takes(asked) or (number := experiment.place(person)) < 0:
                continue
            arms = experiment.arms
            if experiment.kind == "interleave":
                if any(arm.bundle and arm.bundle not in self.sides for arm in arms):
                    return None
                return None, replace(asked, arm=experiment.tag(0))
            side = self.sides.get(arms[number].bundle) if arms[number].bundle else self.engine
            return None if side is None else (side, arms[number].bent(asked, experiment.tag(number)))
        return None

    def recommend(self, asked: Asked) -> Given | None:
        """Return the list of the side that a request belongs to; None outside of any experiment."""
        sent = self.sent(asked)
        if sent is None:
            return None
        side, bent = sent
        return side.recommend(bent) if side is not None else self.dealt(bent)

    def dealt(self, asked: Asked) -> Given:
        """Return a list that two sides share, its items as rows of the running bundle."""
        experiment = self.known[asked.arm.partition("/")[0]]
        lists = []
        for arm in experiment.arms:
            side = self.sides[arm.bundle] if arm.bundle else self.engine
            lists.append(side.found(arm.bent(asked, asked.arm))[0])
        with self.engine.lock:
            world = self.engine.world
        vocabulary = world.model.data.items.vocabulary
        known = [vocabulary.rows(list(found.ids)) for found in lists]
        rows, teams, places = draft(known[0], known[1], asked.k, default_rng(asked.seed))
        scores = np.array([lists[t].scores[p] for t, p in zip(teams, places, strict=True)], dtype=np.float32)
        sure = np.ones(len(rows), dtype=np.float32)
        ids = tuple(lists[t].ids[p] for t, p in zip(teams, places, strict=True))
        own = next((place for place, arm in enumerate(experiment.arms) if not arm.bundle), None)
        query = asked_by(self.engine.query(asked), asked, world) if own is None else lists[own].query
        found = List(
            rows, ids, scores, sure, DEALT, query, lists[0].fallback, lists[0].unknown,
            told=tuple(scores.tolist()), chances=tuple(sure.tolist()),
        )  # fmt: skip
        return self.engine.given(found, replace(asked, teams=tuple(teams)), world, self.engine.clock())

    def holder(self, recommendation: str) -> Engine | None:
        """Return the engine of the side that showed a list lately; None where none did."""
        return next((side for side in list(self.sides.values()) if recommendation in side.shown), None)

    def item(self, name: str) -> Mapping[str, Any]:
        """Return what is known of an item that the running bundle does not know; raises UnknownIdError."""
        for side in list(self.sides.values()):
            if name in side.world.model.data.items.vocabulary:
                return side.item(name)
        raise UnknownIdError(f"no item {name[:80]!r}")


def draft(first: Rows, second: Rows, k: int, rng: Generator) -> tuple[Rows, list[int], list[int]]:
    """Deal two lists (rows, −1: left out) into one of k: which rows, of which list, from which place.

    Team draft (Radlinski, Kurup and Joachims, CIKM 2008): round by round both lists pick their best item
    that is not taken, a coin saying who picks first.
    """
    lists, at = (first.tolist(), second.tolist()), [0, 0]
    taken: set[int] = {-1}
    rows: list[int] = []
    teams: list[int] = []
    places: list[int] = []
    while len(rows) < k:
        before = len(rows)
        for team in (0, 1) if rng.random() < 0.5 else (1, 0):
            own = lists[team]
            while at[team] < len(own) and own[at[team]] in taken:
                at[team] += 1
            if at[team] < len(own) and len(rows) < k:
                rows.append(own[at[team]])
                teams.append(team)
                places.append(at[team])
                taken.add(own[at[team]])
        if len(rows) == before:
            break
    return np.array(rows, dtype=np.int64), teams, places
