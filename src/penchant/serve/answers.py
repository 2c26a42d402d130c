"""What a client gets from a service, and what it may ask: plain types, without a server's libraries."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Self, TypedDict


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service says; fields of a newer service that are not known here are in `more`."""

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """Build it from JSON."""
        known = {one.name for one in fields(cls)} - {"more"}
        inside = {name: value for name, value in told.items() if name in known}
        if "more" in {one.name for one in fields(cls)}:
            inside["more"] = {name: value for name, value in told.items() if name not in known}
        return cls(**inside)


@dataclass(frozen=True, slots=True)
class Evidence(Answer):
    """One reason: its kind, its words, its share of the score, and the items of the history it rests on."""

    evidence: str
    text: str
    share: float
    items: list[str] = field(default_factory=list)
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Item(Answer):
    """An item of a list, or of the catalogue (then without a score)."""

    id: str
    score: float = 0.0
    properties: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    evidence: list[Evidence] = field(default_factory=list)
    more: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """Build it from JSON."""
        reasons = [Evidence.of(one) for one in told.get("evidence", ())]
        return super(Item, cls).of({**told, "evidence": reasons})


@dataclass(frozen=True, slots=True)
class Listed(Answer):
    """A list; `fallback` says what it rests on where nothing is known of who asks."""

    recommendation_id: str
    items: list[Item]
    model_version: str
    policy: str = "ask"
    propensities: list[float] = field(default_factory=list)
    fallback: str | None = None
    unknown: list[str] = field(default_factory=list)
    more: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """Build it from JSON."""
        return super(Listed, cls).of({**told, "items": [Item.of(one) for one in told.get("items", ())]})


@dataclass(frozen=True, slots=True)
class Understood(Listed):
    """The answer to a request in words: what was understood, and the list."""

    conversation_id: str = ""
    understood: str = ""
    wanted: Mapping[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Explained(Answer):
    """Why an item was in a list."""

    reason: str
    evidence: list[Evidence]
    sources: Mapping[str, float]
    score: float
    propensity: float
    position: int
    exact: bool
    more: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """Build it from JSON."""
        reasons = [Evidence.of(one) for one in told.get("evidence", ())]
        return super(Explained, cls).of({**told, "evidence": reasons})


@dataclass(frozen=True, slots=True)
class Accepted(Answer):
    """What was kept; ids and columns that no catalogue holds are named."""

    accepted: int
    unknown_items: list[str] = field(default_factory=list)
    ignored_columns: list[str] = field(default_factory=list)
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class User(Answer):
    """What is known of a user."""

    id: str
    properties: Mapping[str, Any]
    text: str
    consent: str
    events_in_bundle: int
    events_live: int
    latest: list[Mapping[str, Any]]
    more: Mapping[str, Any] = field(default_factory=dict)


class Wish(TypedDict, total=False):
    """What may be asked of a list; see POST /v1/recommend."""

    user: str
    session: str
    history: list[str | Mapping[str, Any]]
    text: str
    items: list[str]
    k: int
    filter: list[Mapping[str, Any]]
    exclude: list[str]
    boost: list[Mapping[str, Any]]
    repeat: bool | Mapping[str, Any]
    diversity: float
    explore: float
    seed: int
    explain: bool
    lang: Literal["en", "zh"]
    scenario: str
    properties: bool | list[str]


class Restricted(Wish, total=False):
    """The same, among candidates alone where they are told."""

    candidates: list[str]


class Turn(TypedDict, total=False):
    """A request in words, or a further turn; see POST /v1/ask."""

    text: str
    user: str
    session: str
    conversation_id: str
    wanted: Mapping[str, Any]
    k: int
    explain: bool
    lang: Literal["en", "zh"]


class Event(TypedDict, total=False):
    """Something that somebody did; see POST /v1/events. Without a time it happened now."""

    item: str
    user: str
    session: str
    kind: str
    value: float
    time: float
    recommendation_id: str
