"""Requests by the second, for the chart that those in charge see: ten minutes, whatever the load."""

from collections.abc import Callable
from time import time

STEP = 5
"""Seconds of one bucket."""
BUCKETS = 120


class Traffic:
    """A ring of counters; `clock` tells seconds. Called by the loop alone."""

    def __init__(self, clock: Callable[[], float] = time) -> None:
        self.clock = clock
        self.requests, self.faults = [0] * BUCKETS, [0] * BUCKETS
        self.at = int(clock()) // STEP

    def count(self, status: int) -> None:
        """Count a request."""
        self.move()
        self.requests[self.at % BUCKETS] += 1
        self.faults[self.at % BUCKETS] += status >= 500

    def move(self) -> None:
        """Go on to the present; a clock that jumps back leaves things where they are."""
        now = int(self.clock()) // STEP
        for place in range(self.at + 1, min(now, self.at + BUCKETS) + 1):
            self.requests[place % BUCKETS] = self.faults[place % BUCKETS] = 0
        self.at = max(self.at, now)

    def rates(self) -> dict[str, list[float]]:
        """Return requests and faults a second, oldest first; the bucket of the present is left out."""
        self.move()
        places = [place % BUCKETS for place in range(self.at - BUCKETS + 1, self.at)]
        return {
            "requests": [self.requests[place] / STEP for place in places],
            "faults": [self.faults[place] / STEP for place in places],
        }
