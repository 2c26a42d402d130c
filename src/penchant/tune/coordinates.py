"""Coordinate search: one setting at a time, few trials, the same answer every time."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

Settings: TypeAlias = dict[str, Any]


def search(
    start: Mapping[str, Any],
    space: Mapping[str, Sequence[Any]],
    score: Callable[[Settings], float],
    *,
    trials: int,
) -> tuple[Settings, float, int]:
    """Return the best settings found with at most `trials` calls of `score`, their score, and the calls made.

    The values of each setting are in order: from where the search stands it steps to the neighbours while
    that helps, round after round until nothing does. The budget is counted in trials and not in seconds, so
    that a busy machine finds what an idle one finds.
    """
    seen: dict[tuple[Any, ...], float] = {}

    def tried(settings: Settings) -> float | None:
        key = tuple(settings[name] for name in space)
        if key not in seen:
            if len(seen) >= trials:
                return None
            seen[key] = score(settings)
        return seen[key]

    best = dict(start)
    top = tried(best)
    if top is None:
        return best, float("nan"), 0
    improved = True
    while improved and len(seen) < trials:
        improved = False
        for name, values in space.items():
            for step in (1, -1):
                while True:
                    place = values.index(best[name]) + step
                    if not 0 <= place < len(values):
                        break
                    found = tried({**best, name: values[place]})
                    if found is None or found <= top:
                        break
                    best, top, improved = {**best, name: values[place]}, found, True
    return best, top, len(seen)
