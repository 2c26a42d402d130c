"""A balance of recent and long-term taste for each person, learned from what they take.

Before each moment at which somebody takes something new, the candidates have the odds exp(y_i + b·x_i),
x what a balance of 1 adds to the score. The gradient of the log-likelihood of what was taken, in steps of
online Newton, moves b, which begins at 0 with the precision of a normal prior:

    b ← b + (x̄_taken − E x) / p,   p ← p + Var x,   p_0 = PRIOR.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Self, TypeAlias

import numpy as np

from penchant.live.candidates import Candidates
from penchant.live.histories import Weigh
from penchant.live.people import Person
from penchant.live.world import World
from penchant.rank.single import Single
from penchant.types import Query, Rows

PRIOR, WIDEST = 3.0, 0.7
"""The precision of the prior, and the largest balance; the prior was chosen on a validation part."""
LATEST, WORK = 20, 200_000
"""Events that are learned from at once, and scores that this may cost where the catalogue is large."""
Taken: TypeAlias = tuple[Query, Rows]
"""What was known before a moment, and the new items that were taken at it."""


@dataclass(frozen=True, slots=True)
class Balance:
    """`value` is b: above 0 where recent taste tells more; `precision` is how sure that is."""

    value: float = 0.0
    precision: float = PRIOR

    def after(self, known: Candidates, rows: Rows) -> Self:
        """Return it after `rows` were taken; nothing is learned where no taken item is a candidate."""
        taken = np.isin(known.rows, rows)
        if not taken.any():
            return self
        chances, x = np.exp(known.odds - known.odds.max()), known.added
        chances /= chances.sum()
        mean = float(chances @ x)
        precision = self.precision + float(chances @ (x - mean) ** 2)
        value = self.value + (float(x[taken].mean()) - mean) / precision
        return replace(self, value=float(np.clip(value, -WIDEST, WIDEST)), precision=precision)


def learned(
    balance: Balance, moments: Sequence[Taken], single: Single, listed: Candidates | None = None
) -> Balance:
    """Return a balance after more moments; `listed` are candidates that need not be scored again."""
    for query, rows in moments:
        known = listed
        if known is None or known.length != len(query.rows):
            scores, added = single.sides(query)
            scores[query.rows] = -np.inf
            known = Candidates.of(len(query.rows), scores + np.float32(balance.value) * added, added)
        balance = balance.after(known, rows)
    return balance


def untaught(person: Person, query: Query, world: World, weigh: Weigh) -> list[Taken]:
    """Return the latest moments that nothing was learned from yet; events of one time are one moment.

    `query` is what is known of the person with all of their events.
    """
    most = min(person.untaught, LATEST, max(1, WORK // max(1, world.model.data.n_items)))
    acts = person.acts[len(person.acts) - most :]
    rows = world.model.data.items.vocabulary.rows([act.item for act in acts])
    start, place, found = len(query.rows) - int((rows >= 0).sum()), 0, list[Taken]()
    for time, group in groupby(acts, key=lambda act: act.time):
        if start < 0:  # their history may not be used
            return []
        wanted = np.array([weigh(act) > 0 for act in group])
        own = rows[place : place + len(wanted)]
        taken = own[wanted & (own >= 0) & ~np.isin(own, query.rows[:start])]
        if len(taken) and start:
            before = replace(
                query, rows=query.rows[:start], times=query.times[:start], weights=query.weights[:start],
                values=query.values[:start], at=world.moment(time), balance=0.0,
            )  # fmt: skip
            found.append((before, taken))
        place, start = place + len(wanted), start + int((own >= 0).sum())
    return found


def teach(person: Person, query: Query, world: World, weigh: Weigh, lock: threading.RLock) -> None:
    """Learn from what a person did since the last time; scoring runs outside of the lock."""
    with lock:
        if person.query is not query:  # something happened since; whoever asks next has it
            return
        moments, before = (
            untaught(person, query, world, weigh),
            Balance(person.balance, person.precision or PRIOR),
        )
        person.untaught = 0
    if not moments:
        return
    after = learned(before, moments, world.single, person.candidates)
    with lock:
        person.balance, person.precision = after.value, after.precision
        now = person.query
        person.lists.clear()
        person.query = replace(now, balance=after.value) if now is not None and len(now.rows) else None
