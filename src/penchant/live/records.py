"""What the journal keeps: what people did, what they were shown, what was changed.

Ids are text here, as the caller wrote them; times are seconds UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Subject: TypeAlias = Literal["item", "user", "rule", "consent", "refresh", "experiment"]
"""What a change is about."""
Action: TypeAlias = Literal["put", "patch", "delete"]
"""The whole thing anew, some of its fields, or gone."""


@dataclass(frozen=True, slots=True)
class Act:
    """Somebody did something with an item: `user`, or `session` for somebody without a login, or both.

    `recommendation` names the list that it answers, "" for none. `value` is a rating or a quantity.
    """

    user: str
    item: str
    kind: str
    time: float
    value: float | None = None
    session: str = ""
    recommendation: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A list that was given to somebody; `scores` and `propensities` are as long as `items`.

    `version` is the bundle's, `policy` what put it in order, `arm` the side of an experiment, "" without
    one. `request` holds what was asked besides the user, for an explanation later.
    """

    id: str
    user: str
    session: str
    time: float
    items: tuple[str, ...]
    scores: tuple[float, ...]
    propensities: tuple[float, ...]
    version: str
    policy: str
    scenario: str = ""
    arm: str = ""
    request: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """Something was put, patched or deleted, by whom (`by`: the name of a key, or of a command)."""

    subject: Subject
    id: str
    action: Action
    time: float
    body: Mapping[str, Any] = field(default_factory=dict)
    by: str = ""


Record: TypeAlias = Act | Shown | Change
