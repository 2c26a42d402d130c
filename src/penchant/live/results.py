"""What an experiment came to so far: lists shown and acted upon, by person and arm, read from the journal.

A list is accepted where something of it was done that counts for it (a weight above 0). People are what is
drawn: intervals come from their sums, so that who gets many lists does not count as many people.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from penchant.live.experiments import Experiment, continued, renewed
from penchant.live.journal import Journal
from penchant.live.records import Act, Shown
from penchant.live.sequential import Bounds, acceptance, best, chance, difference, share

ALPHA = 0.05


@dataclass(slots=True)
class Person:
    """One person in one arm: lists shown, lists accepted, acts; `first` is the first side they preferred."""

    lists: int = 0
    accepted: int = 0
    acts: int = 0
    first: int = -1


@dataclass
class Tally:
    """The counts of one experiment up to the record `last`; grows with its people and accepted lists."""

    experiment: Experiment
    weigh: Callable[[Act], float]
    last: int = -1
    people: dict[tuple[int, str], Person] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    wins: list[int] = field(default_factory=lambda: [0, 0, 0])

    def read(self, journal: Journal) -> "Tally":
        """Go on from where it stopped; returns itself."""
        after = self.experiment.since if self.last < 0 else self.last
        for number, record in journal.replay(after):
            after = number
            if isinstance(record, Shown):
                self._showed(record)
            elif isinstance(record, Act) and record.recommendation and self.weigh(record) > 0:
                self._did(record, journal)
        self.last = after
        return self

    def _arm(self, shown: Shown) -> int:
        id, _, name = shown.arm.partition("/")
        if id != self.experiment.id or not shown.arm:
            return -1
        if self.experiment.kind == "interleave":
            return 0 if not name else -1
        return next((place for place, arm in enumerate(self.experiment.arms) if arm.name == name), -1)

    def _showed(self, shown: Shown) -> None:
        arm = self._arm(shown)
        if arm >= 0:
            self._person(arm, shown).lists += 1

    def _person(self, arm: int, shown: Shown) -> Person:
        return self.people.setdefault((arm, shown.user or f"\0{shown.session}"), Person())

    def _did(self, act: Act, journal: Journal) -> None:
        shown = journal.shown(act.recommendation)
        if shown is None or act.item not in shown.items or (arm := self._arm(shown)) < 0:
            return
        person = self._person(arm, shown)
        person.acts += 1
        anew = act.recommendation not in self.answered
        self.answered.add(act.recommendation)
        person.accepted += anew
        if self.experiment.kind == "interleave" and anew:
            self._won(shown, person, act)

    def _won(self, shown: Shown, person: Person, act: Act) -> None:
        """Credit the side whose item was taken first."""
        teams = shown.request.get("teams", ())
        place = shown.items.index(act.item)
        if place < len(teams) and teams[place] in (0, 1):
            self.wins[teams[place]] += 1
            person.first = teams[place] if person.first < 0 else person.first

    # ---- in numbers

    def told(self) -> dict[str, Any]:
        """Return the results as JSON holds them."""
        one = self.experiment
        found = {"id": one.id, "kind": one.kind, "running": one.running, "since": one.at, "level": 1 - ALPHA}
        return found | (self._shared() if one.kind == "interleave" else self._split())

    def _columns(self, arm: int) -> tuple[Any, Any, int]:
        own = [person for (place, _), person in self.people.items() if place == arm and person.lists]
        done = np.array([min(person.accepted, person.lists) for person in own], dtype=np.float64)
        return done, np.array([person.lists for person in own], dtype=np.float64), sum(p.acts for p in own)

    def _split(self) -> dict[str, Any]:
        arms, columns = [], [self._columns(place) for place in range(len(self.experiment.arms))]
        chances = best([(done, shown) for done, shown, _ in columns])
        others = max(1, len(columns) - 1)
        for place, (arm, (done, shown, acts)) in enumerate(zip(self.experiment.arms, columns, strict=True)):
            lists = int(shown.sum())
            row: dict[str, Any] = {
                "arm": arm.name, "share": arm.share, "people": len(shown), "lists": lists,
                "accepted": int(done.sum()), "acts_per_list": acts / lists if lists else None,
                "acceptance": float(done.sum()) / lists if lists else None,
                "interval": ends(acceptance(done, shown, ALPHA)), "best": chances[place],
            }  # fmt: skip
            if place:
                found = difference(columns[0][:2], (done, shown), ALPHA / others)
                row |= {"difference": found.mean if found else None, "difference_interval": ends(found)}
            arms.append(row)
        return {"arms": arms, "verdict": split_verdict(arms)}

    def _shared(self) -> dict[str, Any]:
        names = [arm.name for arm in self.experiment.arms]
        firsts = [person.first for person in self.people.values()]
        second, first = firsts.count(1), firsts.count(0)
        found, p = share(second, first, ALPHA), chance(second, first)
        lists = sum(person.lists for person in self.people.values())
        arms = [
            {"arm": name, "wins": self.wins[place], "people": firsts.count(place)}
            for place, name in enumerate(names)
        ]
        if p > ALPHA:
            verdict = "nothing is shown yet: as many people may prefer the one as the other"
        else:
            verdict = f"more people prefer {names[1] if second > first else names[0]}"
        prefer = {"arm": names[1], "share": found.mean if found else None, "interval": ends(found), "p": p}
        return {"arms": arms, "lists": lists, "prefer": prefer, "verdict": verdict}


def ends(found: Bounds | None) -> list[float] | None:
    """Return the ends of an interval."""
    return None if found is None else [found.low, found.high]


def split_verdict(arms: Sequence[Mapping[str, Any]]) -> str:
    """Say in a sentence what may be said at this moment."""
    if any(arm["interval"] is None for arm in arms):
        return "too few people to say anything"
    sure = []
    for arm in arms[1:]:
        low, high = arm["difference_interval"]
        if low > 0:
            sure.append(f"{arm['arm']} is better than {arms[0]['arm']}")
        elif high < 0:
            sure.append(f"{arm['arm']} is worse than {arms[0]['arm']}")
    return "; ".join(sure) or f"nothing is shown yet: no arm differs surely from {arms[0]['arm']}"


def tallied(journal: Journal, id: str, weigh: Callable[[Act], float]) -> Tally | None:
    """Return the results of an experiment from its journal alone, also of a removed one; None if unknown."""
    found: Experiment | None = None
    for number, change in journal.changes("experiment"):
        if change.id == id and change.action != "delete":
            before, made = found, Experiment.of(change, number)
            found = made if before is None or renewed(before, made) else continued(before, made)
    return None if found is None else Tally(found, weigh).read(journal)
