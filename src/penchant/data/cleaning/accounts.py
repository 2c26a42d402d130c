"""Accounts that are no person: programs, and names that a crowd shares (everyone without an account)."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.types import Rows

SHARE, TIMES_OTHERS, FEWEST_USERS = 0.01, 20, 100
"""An account with this part of the log, and so many times what 99 % of the users have, is a crowd's."""
BURST, BURST_SECONDS = 1000, 600.0
"""So many different items within so many seconds are no person's."""
DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Account:
    """An account that is hardly one person: its row, why, and how many events it has."""

    user: int
    kind: Literal["crowd", "program"]
    events: int

    def said(self, data: Dataset) -> str:
        """Return what a report says of it."""
        name = data.users.vocabulary.texts([self.user])[0]
        share = self.events / len(data.interactions)
        if self.kind == "crowd":
            return f"user '{name}' holds {share:.1%} of all events ({self.events:,}): a crowd in one account?"
        return f"user '{name}' met {BURST:,} different items or more within ten minutes: a program?"


def accounts(events: Interactions, n_users: int) -> list[Account]:
    """Find crowds and programs, those with the most events first."""
    counts = np.bincount(events.users, minlength=n_users)
    active = counts[counts > 0]
    found = []
    if len(active) >= FEWEST_USERS:
        least = max(SHARE * len(events), TIMES_OTHERS * float(np.quantile(active, 0.99)))
        found += [Account(int(user), "crowd", int(counts[user])) for user in np.flatnonzero(counts >= least)]
    if (
        len(events) and events.clock == "time" and (events.times % DAY != 0).mean() > 0.5
    ):  # days alone tell no haste
        crowds, bounds = {account.user for account in found}, events.bounds(n_users)
        for user in np.flatnonzero(counts >= BURST).tolist():
            part = slice(bounds[user], bounds[user + 1])
            if user not in crowds and _burst(events.times[part], events.items[part]):
                found.append(Account(user, "program", int(counts[user])))
    return sorted(found, key=lambda account: (-account.events, account.user))


def _burst(times: np.ndarray, items: Rows) -> bool:
    """Tell whether some ten minutes hold a thousand different items."""
    starts = np.flatnonzero(times[BURST - 1 :] - times[: len(times) - BURST + 1] <= BURST_SECONDS)
    ends = np.searchsorted(times, times[starts] + BURST_SECONDS, side="right")
    done = 0
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if end > done:  # a stretch within one that was looked at holds nothing new
            done = end
            if len(np.unique(items[start:end])) >= BURST:
                return True
    return False
