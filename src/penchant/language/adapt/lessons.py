"""What an encoder is taught, as arrays: this file knows no tables, no models and no language model."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
import scipy.sparse as sp

from penchant.types import NO_ROWS, NO_WEIGHTS, Rows, Vectors, Weights

Task: TypeAlias = Literal["place", "rank", "click", "rating", "request", "mlm"]
"""place: foretell where behaviour puts an item; rank: who took it, among others; click: whether somebody did;
rating: the stars; request: the words that led to it; mlm: words that were masked in its text."""


@dataclass(frozen=True, slots=True)
class Exam:
    """Questions about items whose events the lessons do not hold: the answer to when to stop.

    `people`, (Q, r), are the askers' places, `items` the held-out items among which is ranked, and
    `answers[q]` those of them (by row) that came true.
    """

    people: Vectors
    items: Rows
    answers: Sequence[Rows]


@dataclass(frozen=True, slots=True)
class Lessons:
    """`texts` are those of all items; lessons are about `items`, (n,), whose events are known.

    `places`, (n, r), are where behaviour puts them, standardised; `people`, (U, r), are people's places, so
    that people · place is how well they go together; `taken`, (U, n), is 1 for what they took. `raters` (rows
    of people), `rated` (places in `items`) and `stars` are ratings, (R,) each, and `scale` their ends.
    `requests` are texts that led to `answers` (places in `items`), as many. Without events, `items` are those
    that have a text. `unlabelled` are items with a text of which no event is known, and which are not in the
    exam; `written` are other descriptions of all items, "" for none.
    """

    texts: Sequence[str]
    items: Rows
    places: Vectors
    people: Vectors
    taken: sp.csr_matrix
    exam: Exam
    raters: Rows = field(default_factory=lambda: NO_ROWS)
    rated: Rows = field(default_factory=lambda: NO_ROWS)
    stars: Weights = field(default_factory=lambda: NO_WEIGHTS)
    scale: tuple[float, float] | None = None
    requests: Sequence[str] = ()
    answers: Rows = field(default_factory=lambda: NO_ROWS)
    unlabelled: Rows = field(default_factory=lambda: NO_ROWS)
    written: Sequence[str] = ()

    def tasks(self) -> tuple[Task, ...]:
        """Return the tasks for which there are lessons."""
        found: list[Task] = ["place", "rank", "click"] if self.labelled else []
        found += ["rating"] if len(self.stars) else []
        found += ["request"] if len(self.requests) else []
        return (*found, "mlm")

    @property
    def labelled(self) -> bool:
        """Whether events say anything of the items."""
        return bool(self.taken.nnz)

    def among(self, rows: Rows) -> Rows:
        """Return where each item of the lessons, (n,), stands among the places `rows`; −1: not there."""
        place = np.full(len(self.items), -1)
        place[rows] = np.arange(len(rows))
        return place

    @property
    def shares(self) -> Weights:
        """Each item's part of all events, (n,), above zero."""
        counts = np.asarray(self.taken.sum(axis=0)).ravel() + 0.5
        return np.asarray(counts / counts.sum(), dtype=np.float32)
