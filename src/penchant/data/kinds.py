"""What kinds of events there are, and how much an event of each kind counts."""

import math
from collections.abc import Mapping

from penchant.data.columns import plain
from penchant.errors import SettingError

AGAINST = frozenset(
    {"dislike", "disliked", "hide", "hidden", "skip", "skipped", "thumbsdown", "downvote", "downvoted"}
    | {"notinterested", "block", "blocked", "reject", "rejected", "unlike", "unfollow"}
)
"""Kinds of events that are negative feedback: weight -1."""
NOT_DONE = frozenset(
    {"impression", "impressions", "exposure", "exposed", "shown", "removefromcart", "removecart"}
)
"""Kinds of events in which somebody did not choose anything: they are kept with weight 0."""
DONE = 1.0
"""The weight of every other kind, view and purchase alike: what is foretold is the next event of any kind,
and a weight that the data did not ask for would bend that. `--weights view=1,buy=3` says otherwise."""
WEIGHTS_FORM = "--weights view=1,buy=3"


def weight_of(kind: str, told: Mapping[str, float]) -> float:
    """Return how much an event of a kind counts: as told (spelling aside), else by the kind's meaning."""
    name = plain(kind)
    if name in told:
        return told[name]
    return -1.0 if name in AGAINST else 0.0 if name in NOT_DONE else DONE


def parse_weights(text: str) -> dict[str, float]:
    """Read what follows --weights: `view=1,buy=3`; a kind's spelling does not matter.

    Raises:
        SettingError: a part that is not KIND=NUMBER, or a kind that is named twice.
    """
    weights: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        kind, sign, number = (piece.strip() for piece in part.rpartition("="))
        try:
            weight = float(number)
        except ValueError:
            weight = math.nan
        if not sign or not plain(kind) or not math.isfinite(weight):
            raise SettingError(f"--weights: '{part}' is not KIND=NUMBER", hint=f"write {WEIGHTS_FORM}")
        if plain(kind) in weights:
            raise SettingError(f"--weights: the kind '{kind}' is named twice", hint=f"write {WEIGHTS_FORM}")
        weights[plain(kind)] = weight
    return weights


def check_weights(told: Mapping[str, float], kinds: list[str]) -> None:
    """Raise a SettingError for a weight of a kind that no event has."""
    seen = {plain(kind) for kind in kinds}
    for name in told:
        if name not in seen:
            shown = ", ".join(sorted(kind for kind in kinds if kind)[:12]) or "none (there is no such column)"
            raise SettingError(f"--weights: no event is of the kind '{name}'; the kinds are {shown}")
