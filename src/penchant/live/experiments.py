"""Experiments: arms side by side, and who belongs to which.

Somebody's place is h = hash(experiment, user or session) in [0, 1): the arm in whose stretch of the shares
it falls. Nothing is kept of it, and it is the same after a restart. Each request is in one experiment at
most, the first that takes it, so that two never mix.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any, Literal, Self

from penchant.errors import InputError
from penchant.live.asked import Asked
from penchant.live.records import Change

SETTINGS = {"diversity": float, "explore": float, "repeat": bool, "scenario": str}
"""What an arm may set, over what the request says."""
MOST = {"diversity": 1.0, "explore": 100.0}
ARMS = 10
NAME = 100
Kind = Literal["split", "interleave"]
"""split: each person gets lists of one arm; interleave: lists of two arms are dealt into one."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One side: a part of all people, and what is different for them, a bundle (a folder) or settings."""

    name: str
    share: float
    bundle: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)

    def bent(self, asked: Asked, tag: str) -> Asked:
        """Return a request as this side answers it."""
        return replace(asked, **self.settings, arm=tag)


@dataclass(frozen=True, slots=True)
class Experiment:
    """Arms, the first of them the one that others are compared with; `since` is its record's number.

    With `scenario` only requests of that scenario take part. One that does not run keeps its results.
    """

    id: str
    kind: Kind
    arms: tuple[Arm, ...]
    scenario: str = ""
    running: bool = True
    note: str = ""
    since: int = 0
    at: float = 0.0

    @classmethod
    def of(cls, change: Change, number: int = 0) -> Self:
        """Return what a change says; raises InputError for one that says nothing sensible."""
        made = checked(change.id, change.body)
        return cls(*made, since=number, at=change.time)

    def place(self, who: str) -> int:
        """Return the arm of somebody, −1 for those outside of the experiment."""
        digest = blake2b(f"{self.id}\0{who}".encode(errors="replace"), digest_size=8).digest()
        spot, edge = int.from_bytes(digest) / 2**64, 0.0
        for number, arm in enumerate(self.arms):
            edge += arm.share
            if spot < edge - 1e-12:
                return number
        return -1

    def takes(self, asked: Asked) -> bool:
        """Tell whether a request can be part of it."""
        return self.running and (not self.scenario or asked.scenario == self.scenario)

    def tag(self, number: int) -> str:
        """Return how the journal calls a side: EXPERIMENT/ARM, or EXPERIMENT/ where two share a list."""
        return f"{self.id}/{'' if self.kind == 'interleave' else self.arms[number].name}"

    def told(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        arms = [
            {"name": arm.name, "share": arm.share}
            | ({"bundle": arm.bundle} if arm.bundle else {})
            | ({"settings": dict(arm.settings)} if arm.settings else {})
            for arm in self.arms
        ]
        found = {"kind": self.kind, "arms": arms, "scenario": self.scenario, "running": self.running}
        return found | {"note": self.note}


def renewed(before: Experiment, after: Experiment) -> bool:
    """Tell whether an experiment begins anew: its arms changed, so that earlier lists say nothing of it."""
    return (before.kind, before.arms, before.scenario) != (after.kind, after.arms, after.scenario)


def continued(before: Experiment, after: Experiment) -> Experiment:
    """Return an experiment that was only stopped, started or noted upon, with the lists it has so far."""
    return replace(after, since=before.since, at=before.at)


def who(asked: Asked) -> str:
    """Return by whom a request is assigned; "" for nobody, who is in no experiment."""
    return f"u{asked.user}" if asked.user else f"s{asked.session}" if asked.session else ""


def checked(id: str, body: Mapping[str, Any]) -> tuple[str, Kind, tuple[Arm, ...], str, bool, str]:
    """Return the parts of an experiment; raises InputError."""
    where = f"the experiment {id[:80]!r}"
    if not id or len(id) > NAME or "/" in id or "\0" in id:
        raise InputError(f"{where}: its name has 1 to {NAME} letters, and no /")
    kind, arms = body.get("kind", "split"), body.get("arms")
    if kind not in ("split", "interleave"):
        raise InputError(f"{where}: of the kind {str(kind)[:40]!r}", hint="split or interleave")
    if not isinstance(arms, list) or not 2 <= len(arms) <= ARMS:
        raise InputError(f"{where}: needs 2 to {ARMS} arms", hint='"arms": [{"name": "A", "share": 0.5}, …]')
    if kind == "interleave" and len(arms) != 2:
        raise InputError(f"{where}: two arms share a list, not {len(arms)}")
    made = tuple(_arm(one, where) for one in arms)
    if len({arm.name for arm in made}) < len(made):
        raise InputError(f"{where}: two arms have the same name")
    if sum(arm.share for arm in made) > 1 + 1e-9:
        raise InputError(f"{where}: the shares of its arms are more than 1 together")
    scenario, running, note = body.get("scenario", ""), body.get("running", True), body.get("note", "")
    if not isinstance(scenario, str) or not isinstance(running, bool) or not isinstance(note, str):
        raise InputError(f"{where}: scenario and note are text, running is true or false")
    return id, kind, made, scenario, running, note


def _arm(told: Any, where: str) -> Arm:
    if not isinstance(told, Mapping) or set(told) - {"name", "share", "bundle", "settings"}:
        raise InputError(f"{where}: an arm has a name, a share, and a bundle or settings, nothing else")
    name, share = told.get("name"), told.get("share")
    if not isinstance(name, str) or not 0 < len(name) <= NAME or "/" in name or "\0" in name:
        raise InputError(f"{where}: the name of an arm has 1 to {NAME} letters, and no /")
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        raise InputError(f"{where}: the share of the arm {name!r} is no number above 0, up to 1")
    bundle, settings = told.get("bundle", ""), told.get("settings", {})
    if not isinstance(bundle, str) or "\0" in bundle:
        raise InputError(f"{where}: the bundle of the arm {name!r} is no folder")
    return Arm(name, float(share), bundle, _settings(settings, f"{where}: the arm {name!r}"))


def _settings(told: Any, where: str) -> dict[str, Any]:
    if not isinstance(told, Mapping):
        raise InputError(f"{where}: its settings are no object", hint='"settings": {"diversity": 0.3}')
    found: dict[str, Any] = {}
    for name, value in told.items():
        kind = SETTINGS.get(name)
        if kind is None:
            raise InputError(f"{where}: the setting {str(name)[:40]!r}", hint=f"one of {', '.join(SETTINGS)}")
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if (kind is float and not (number and 0 <= value <= MOST[name])) or (
            kind is not float and not isinstance(value, kind)
        ):
            raise InputError(f"{where}: {name} cannot be {str(value)[:40]!r}")
        found[name] = float(value) if kind is float else value
    return found
