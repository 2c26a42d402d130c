"""Who did what and when, as columns."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from penchant.types import Clock, Rows, Times, Weights


@dataclass(frozen=True, slots=True)
class Interactions:
    """Events in the order (user, time, order in the file); parallel arrays of shape (N,).

    `values` are ratings or quantities as given (NaN where there is none); `weights` say how much
    an event counts (below zero: negative feedback). Where `clock` is "order", `times` are positions
    in the file; where it is "none" they are all zero and an order between events means nothing.
    """

    users: Rows
    items: Rows
    times: Times
    weights: Weights
    values: NDArray[np.float32]
    clock: Clock = "time"

    def __len__(self) -> int:
        return len(self.users)

    @classmethod
    def sorted(
        cls,
        users: Rows,
        items: Rows,
        times: Times,
        weights: Weights,
        values: NDArray[np.float32],
        clock: Clock,
    ) -> "Interactions":
        """Bring columns given in the order of the file into the order of this class (stable)."""
        order = np.lexsort((times, users))
        return cls(users[order], items[order], times[order], weights[order], values[order], clock)

    def where(self, keep: NDArray[np.bool_]) -> "Interactions":
        """Return the events that `keep`, shape (N,), is true for."""
        return Interactions(
            self.users[keep],
            self.items[keep],
            self.times[keep],
            self.weights[keep],
            self.values[keep],
            self.clock,
        )

    def valued(self) -> "Interactions":
        """Return the events that have a value."""
        return self.where(np.isfinite(self.values))

    def weighted(self, weights: Weights) -> "Interactions":
        """Return the same events with other weights, shape (N,)."""
        return replace(self, weights=weights.astype(np.float32))

    def bounds(self, n_users: int) -> Rows:
        """Return where each user's events begin, shape (n_users + 1,)."""
        return np.searchsorted(self.users, np.arange(n_users + 1))

    def spans(self, users: Rows) -> tuple[Rows, Rows]:
        """Return where the events of some users begin and end, (n,) each."""
        return np.searchsorted(self.users, users), np.searchsorted(self.users, users, side="right")

    @property
    def start(self) -> float:
        """The moment of the first event; 0 where there is none."""
        return float(self.times.min()) if len(self) else 0.0

    @property
    def end(self) -> float:
        """The moment of the last event; 0 where there is none."""
        return float(self.times.max()) if len(self) else 0.0
