"""Learning how far to trust each source: the blend for new items, and the one where items may come again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from penchant.rank.blend import NOVELTY, Blend, Lesson, Sources, learn, lesson
from penchant.rank.evidence import NAMES
from penchant.rank.moments import Moments
from penchant.rank.rehearsal import Questions, Rehearsal

HABITS = ("habit", "habit.recent")
ROUNDS, L2 = 2, 3e-3
START, START_HABIT = 0.15, 0.3
NEWCOMERS = {"trend": 0.5, "features": 0.05}
"""What newcomers trust: no history tells anything of them."""
RARE = 0.05
"""Part of later events that are repeats, below which they are left to the end of a list."""


@dataclass(frozen=True, slots=True)
class Blends:
    """`new` ranks what somebody does not have yet, `again` everything."""

    new: Blend
    again: Blend

    def of(self, *, repeat: bool) -> Blend:
        """Return the blend for a list that may or may not repeat the history."""
        return self.again if repeat else self.new


def learned_blends(rehearsal: Rehearsal, moments: Moments, *, say: Callable[[str], None]) -> Blends:
    """Learn both blends from the rehearsal, with models that were fitted on its training part."""
    everything = [name for name in moments.scorers if name != "words"]
    taste = [name for name in everything if name not in HABITS]
    new = _learned(rehearsal, moments, taste, ("visit", "return", "cold"))
    if _share_of_repeats(rehearsal) < RARE:
        again = _history_last(new)
    else:
        again = _learned(rehearsal, moments, everything, ("again",))
    asked = sum(len(group.queries) for group in rehearsal.questions)
    if asked:
        say(f"blend learned on {asked:,} questions of the last slice")
    return Blends(new, again)


def _history_last(new: Blend) -> Blend:
    """Return the blend where hardly anybody takes anything again: what was had comes after all the rest."""
    theta = new.theta.copy()
    theta[new.names.index(NOVELTY), NAMES.index("seen")] = -100.0
    return Blend(new.names, theta)


def _share_of_repeats(rehearsal: Rehearsal) -> float:
    asked = [group for group in rehearsal.questions if group.again]
    pairs = [pair for group in asked for pair in zip(group.queries, group.targets, strict=True)]
    seen = sum(int(np.isin(rows, query.rows).sum()) for query, rows in pairs)
    return seen / max(1, sum(len(rows) for _, rows in pairs))


def _learned(rehearsal: Rehearsal, moments: Moments, names: Sequence[str], kinds: tuple[str, ...]) -> Blend:
    queries = [query for group in rehearsal.questions for query in group.queries]
    measured = Sources.measured({name: moments.scorers[name] for name in names}, queries)
    trust = {name: START_HABIT if name in HABITS else START for name in names}
    start = blend = Blend.equal(measured.names, trust, newcomers=NEWCOMERS)
    asked = [_of_known_people(group) for group in rehearsal.questions if group.kind in kinds]
    fresh = [moments.as_of(group, measured) for group in asked]
    cold = np.flatnonzero(rehearsal.cold)
    for _ in range(ROUNDS):
        lessons: list[Lesson] = [
            lesson(
                blend, sources, evidence, group.queries, group.targets,
                again=group.again, cold=cold if group.kind == "cold" else None,
            )
            for group, (sources, evidence) in zip(asked, fresh, strict=True)
        ]  # fmt: skip
        blend = learn(start, lessons, l2=L2)
    return blend


def _of_known_people(group: Questions) -> Questions:
    """Leave newcomers out: their trust stays where it starts, as learning from their few lists hurts."""
    known = [place for place, query in enumerate(group.queries) if len(query.rows)]
    return replace(
        group, queries=[group.queries[i] for i in known], targets=[group.targets[i] for i in known]
    )
