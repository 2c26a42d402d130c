"""How much is known of a query and of an item: what the trust in each source depends on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.types import Query, Rows, Times, Vectors

NAMES = ("always", "history", "events", "fresh", "cold", "seen", "newcomer")
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class ItemEvidence:
    """`counts` and `first` (of the first event, or infinity) have shape (n_items,); `span` in seconds."""

    counts: Rows
    first: Times
    span: float

    @classmethod
    def of(cls, events: Interactions, n_items: int) -> "ItemEvidence":
        """Look at what happened to each item."""
        first = np.full(n_items, np.inf)
        np.minimum.at(first, events.items, events.times)
        return cls(np.bincount(events.items, minlength=n_items), first, max(events.end - events.start, 1e-9))

    def extend(self, n_items: int) -> "ItemEvidence":
        """Let new items join: nothing happened to them yet."""
        new = n_items - len(self.counts)
        return ItemEvidence(
            np.pad(self.counts, (0, new)), np.pad(self.first, (0, new), constant_values=np.inf), self.span
        )

    def features(self, queries: Sequence[Query], items: Rows) -> Vectors:
        """Return the evidence for items, shape (C,) or (Q, C), as (F, Q, C) in the order of NAMES.

        History and events are logarithms, about −1 to 1; fresh is 1 for an item that has just appeared and
        falls to 1/e over a fiftieth of the log; cold is 1 for an item without any event, seen for one of the
        query's own history. A query without any history is a newcomer's: newcomer is 1 and all else 0, so
        that what newcomers trust is not learned from people who are known.
        """
        shape = (len(queries), items.shape[-1])
        found = np.empty((len(NAMES), *shape), dtype=np.float32)
        lengths = np.array([len(query.rows) + len(query.wanted) for query in queries], dtype=np.float64)
        at = np.array([query.at for query in queries])[:, None]
        cold = self.counts == 0
        typical = np.log1p(self.counts[~cold].mean()) if not cold.all() else 1.0
        events = np.where(cold, 0.0, np.log1p(self.counts) / typical - 1.0).astype(np.float32)
        found[0] = 1.0
        found[1] = long(lengths)[:, None]
        found[2] = events[items]
        found[4] = cold[items]
        moments, place = np.unique(at, return_inverse=True)
        fading = np.stack([self._fresh(moment, cold) for moment in moments]) if len(moments) else found[3]
        found[3] = fading[place.reshape(-1, 1), items] if len(moments) else 0.0
        found[5] = _seen(queries, items, len(self.counts))
        newcomers = lengths == 0
        found[:, newcomers] = 0.0
        found[6] = newcomers[:, None]
        return found

    def fresh(self, at: float) -> Vectors:
        """Return how fresh each item is at a moment, (n_items,)."""
        return self._fresh(at, self.counts == 0)

    def _fresh(self, at: float, cold: NDArray[np.bool_]) -> Vectors:
        age = np.maximum(at - np.where(cold, at, self.first), 0.0)
        return np.where(cold, 0.0, np.exp(-age / (self.span / 50.0))).astype(np.float32)


def long(lengths: Any) -> Any:
    """Return the evidence of so many items of a history: 0 for twenty of them."""
    return np.log1p(lengths) / np.log(21.0) - 1.0


def _seen(queries: Sequence[Query], items: Rows, n_items: int) -> Vectors:
    """Tell which items are in the history of each query, (Q, C)."""
    flags = np.zeros((len(queries), n_items), dtype=np.float32)
    for place, query in enumerate(queries):
        flags[place, query.rows[(query.rows >= 0) & (query.rows < n_items)]] = 1.0
    return flags[:, items] if items.ndim == 1 else np.take_along_axis(flags, items, axis=1)


def evidence_of(data: Dataset) -> ItemEvidence:
    """Return the evidence that a data set gives of its items."""
    return ItemEvidence.of(data.interactions, data.n_items)
