"""What a caller asks for, and what they get."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np

from penchant.live.records import Act
from penchant.requests.wanted import Filter
from penchant.types import Query, Reason, Rows, Scores, Vectors


@dataclass(frozen=True, slots=True)
class Boost:
    """What is put forward or back: items by id, or those that meet a condition, `times` as likely."""

    times: float
    items: tuple[str, ...] = ()
    filter: Filter | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a list: for a user, a session, a history given along, a text, items to go by, or nobody.

    `repeat` lets items of the history appear: none, all, or those that meet a condition. `explore` above 0
    draws the list at random, likelier items more often, by `seed`; 0 is by rank. `arm` is the side of an
    experiment that answers ("" outside of any); `teams` say, where two sides share a list, which of them gave
    each place.
    """

    user: str = ""
    session: str = ""
    history: Sequence[Act] | None = None
    text: str = ""
    items: tuple[str, ...] = ()
    k: int = 10
    candidates: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    boosts: tuple[Boost, ...] = ()
    repeat: bool | Filter = False
    diversity: float = 0.0
    explore: float = 0.0
    seed: int | None = None
    scenario: str = ""
    explain: bool = False
    lang: Literal["en", "zh"] = "en"
    arm: str = ""
    teams: tuple[int, ...] = ()

    @property
    def told(self) -> dict[str, Any]:
        """Return what the journal keeps of it besides who asked, to explain it later."""
        found: dict[str, Any] = (
            {"text": self.text, "items": list(self.items)} if self.text or self.items else {}
        )
        return found | ({"teams": list(self.teams)} if self.teams else {})

    @property
    def plain(self) -> bool:
        """Whether nothing but the person and the length of the list matters, so that lists may be kept."""
        named = self.history is not None or self.text or self.items or self.candidates is not None
        bent = self.exclude or self.filters or self.boosts or self.repeat is not False
        anew = self.explore > 0 and self.seed is None  # drawn anew each time
        return not (named or bent or anew)


@dataclass(frozen=True, slots=True)
class Given:
    """A list: rows of the world it was made in, with what was known of who asked.

    `fallback` says what it rests on where nothing is known of who asks, "" otherwise. `unknown` are ids of
    the request that no catalogue holds. `names` are the ids of the rows; `told` and `chances` are scores and
    propensities as plain numbers.
    """

    id: str
    rows: Rows
    ids: tuple[str, ...]
    scores: Scores
    propensities: Vectors
    version: str
    policy: str
    query: Query
    at: float
    reasons: tuple[tuple[Reason, ...], ...] = ()
    fallback: str = ""
    arm: str = ""
    unknown: tuple[str, ...] = ()
    repeat: bool = False
    ranking: Any = None
    names: Any = None
    told: tuple[float, ...] = ()
    chances: tuple[float, ...] = ()
    rendered: dict[Any, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Why:
    """Why an item was in a list: `reasons` add up to its score, `sources` are the shares of the models.

    `exact` is False where it was told by another bundle than the one that made the list. `names` are the ids
    of the rows.
    """

    reasons: tuple[Reason, ...]
    sources: Mapping[str, float]
    exact: bool
    score: float
    propensity: float
    position: int
    names: Any = None


class Router(Protocol):
    """Sends requests to the sides of experiments."""

    def recommend(self, asked: Asked) -> Given | None:
        """Return the list of the side that a request belongs to; None outside of any experiment."""
        ...

    def sent(self, asked: Asked) -> tuple[Any, Asked] | None:
        """Return the engine and the request of the side that answers, None outside of any experiment.

        The engine is None where two sides share a list.
        """
        ...

    def holder(self, recommendation: str) -> Any:
        """Return the engine of the side that showed a list lately; None where none did."""
        ...

    def item(self, name: str) -> Mapping[str, Any]:
        """Return what a side knows of an item that the running bundle does not; raises UnknownIdError."""
        ...


OPEN = frozenset({"k", "diversity", "explore", "repeat"})
"""What the defaults of a scenario may say."""
RANKED, SAMPLED, SPOKEN = "ranking", "plackett-luce", "ask"
"""Policies: by rank, drawn, or found in words."""


COLDEST = 1e-6
"""A heat below which no draw differs from the order of the scores."""


def drawn(scores: Scores, k: int, heat: float, rng: np.random.Generator) -> tuple[Rows, Vectors]:
    """Draw k places without replacement, each with probability ∝ exp(s / heat) among those left.

    Returns the places in the order drawn and the propensity of each at its place given those before it
    (Plackett–Luce by the Gumbel trick; Kool et al., ICML 2019).
    """
    odds = (scores.astype(np.float64) - float(scores.max(initial=0.0))) / max(heat, COLDEST)
    order = np.argsort(-(odds + rng.gumbel(size=len(odds))), kind="stable")
    weights = np.exp(odds)[order]
    left = np.cumsum(weights[::-1])[::-1]  # from the end: what is left is never a small difference
    chances = weights / np.maximum(left, np.finfo(np.float64).tiny)
    return order[:k], np.asarray(chances[:k], dtype=np.float32)
