"""What callers send, checked strictly: unknown fields and wrong types are refused, never guessed at."""

import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from penchant.requests.wanted import Filter

Id = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]+$")]
Short = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]
Text = Annotated[str, Field(max_length=20_000, pattern=r"^[^\x00]*$")]
Ids = Annotated[list[Id], Field(max_length=100_000)]
Moment = Annotated[FiniteFloat, Field(ge=0, le=4_102_444_800)]


DEEPEST = 50
"""Lists and objects within each other that a field may hold."""


def held(value: Any, depth: int = 0) -> Any:
    """Return a JSON value that every part of the service can hold and give back; ValueError for others."""
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError("a whole number beyond 64 bits")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number that is not finite")
    if depth > DEEPEST:
        raise ValueError(f"more than {DEEPEST} lists and objects within each other")
    if isinstance(value, dict):
        for name, inner in value.items():
            if len(name) > 500 or "\0" in name:
                raise ValueError("a name of a field is too long, or holds a zero byte")
            held(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            held(inner, depth + 1)
    return value


Free = Annotated[Any, AfterValidator(held)]
"""Any JSON value that can be held."""


class Strict(BaseModel):
    """Nothing beyond the fields that are named."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Condition(Strict):
    """A condition on one column of the catalogue: numbers from `low` to `high`, or one of `tokens`."""

    column: Id
    low: FiniteFloat | None = None
    high: FiniteFloat | None = None
    tokens: list[Id] = Field(default_factory=list, max_length=1000)
    negated: bool = False

    @model_validator(mode="after")
    def says_something(self) -> "Condition":
        """Refuse a condition of both kinds, of none, or with its ends exchanged."""
        if bool(self.tokens) == (self.low is not None or self.high is not None):
            raise ValueError("needs tokens, or else low or high")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError("low is above high")
        return self

    def plain(self) -> Filter:
        """Return it as the catalogue is asked."""
        return Filter(self.column, self.low, self.high, tuple(self.tokens), self.negated)


class Boosted(Strict):
    """Items by id, or those that meet a condition, `times` as likely as they would be."""

    times: Annotated[FiniteFloat, Field(gt=0, le=1e6)]
    items: Ids = Field(default_factory=list)
    filter: Condition | None = None


class Done(Strict):
    """Something that somebody did with an item; without a time it happened now."""

    item: Id
    user: Id | None = None
    session: Id | None = None
    kind: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00]+$")] = "interaction"
    value: FiniteFloat | None = None
    time: Moment | None = None
    recommendation_id: Short | None = None

    @model_validator(mode="after")
    def somebody(self) -> "Done":
        """Refuse an event of nobody."""
        if self.user is None and self.session is None:
            raise ValueError("needs a user or a session")
        return self


class Events(Strict):
    """Several events, kept together or not at all."""

    events: Annotated[list[Done], Field(min_length=1, max_length=50_000)]


class Past(Strict):
    """An event of a history that is given along and not kept."""

    item: Id
    kind: Short = "interaction"
    value: FiniteFloat | None = None
    time: Moment | None = None


class Recommend(Strict):
    """A list is wanted: for a user, a session, a history, a text, items to go by, or for nobody known."""

    user: Id | None = None
    session: Id | None = None
    history: Annotated[list[Past | Id], Field(max_length=10_000)] | None = None
    text: Text | None = None
    items: Annotated[list[Id], Field(max_length=1_000)] = Field(default_factory=list)
    k: Annotated[int, Field(ge=1, le=1_000)] = 10
    filter: Annotated[list[Condition], Field(max_length=50)] = Field(default_factory=list)
    exclude: Ids = Field(default_factory=list)
    boost: Annotated[list[Boosted], Field(max_length=50)] = Field(default_factory=list)
    candidates: Ids | None = None
    repeat: bool | Condition = False
    diversity: Annotated[FiniteFloat, Field(ge=0, le=1)] = 0.0
    explore: Annotated[FiniteFloat, Field(ge=0, le=100)] = 0.0
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    explain: bool = False
    lang: Literal["en", "zh"] = "en"
    scenario: Short = ""
    properties: bool | Annotated[list[Id], Field(max_length=200)] = True
    measures: bool = False


class Rank(Recommend):
    """The caller's own items are to be put in order."""

    candidates: Ids


class Ask(Strict):
    """A request in plain language, or a further turn; `wanted` is what was understood, edited."""

    text: Text = ""
    user: Id | None = None
    session: Id | None = None
    conversation_id: Id | None = None
    wanted: dict[str, Free] | None = None
    k: Annotated[int, Field(ge=1, le=200)] = 10
    explain: bool = False
    measures: bool = False
    lang: Literal["en", "zh"] = "en"

    @model_validator(mode="after")
    def something(self) -> "Ask":
        """Refuse a request without a word."""
        if not self.text.strip() and self.wanted is None:
            raise ValueError("needs a text, or what is wanted")
        return self


class Thing(BaseModel):
    """An item or a user by id, with any fields."""

    model_config = ConfigDict(extra="allow", strict=True)

    id: Id

    @model_validator(mode="after")
    def can_be_held(self) -> "Thing":
        """Refuse fields that could not be given back."""
        held(self.model_extra or {})
        return self


class Things(Strict):
    """Several items or users, kept together or not at all."""

    items: Annotated[list[Thing], Field(min_length=1, max_length=10_000)]


class People(Strict):
    """Several users, kept together or not at all."""

    users: Annotated[list[Thing], Field(min_length=1, max_length=10_000)]


class Gone(Strict):
    """Ids of what is to go."""

    ids: Annotated[list[Id], Field(min_length=1, max_length=10_000)]


class Agreed(Strict):
    """What may be used of somebody."""

    consent: Literal["full", "history", "profile", "none"]


class Ruling(Strict):
    """A decision by hand; see penchant.live.rules."""

    kind: Literal["block", "hide", "pin", "approve", "hide-text", "scenario", "hold-new"]
    items: Annotated[list[Id], Field(max_length=10_000)] = Field(default_factory=list)
    columns: Annotated[list[Id], Field(max_length=200)] = Field(default_factory=list)
    scenario: Short = ""
    defaults: dict[str, Free] = Field(default_factory=dict)
    note: Short = ""
