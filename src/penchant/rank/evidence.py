"""How much is known of a query and of an item: what the trust in each source depends on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.types import Query, Rows, Times, Vectors

NAMES = ("always", "history", "events", "fresh", "cold", "seen")
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class ItemEvidence:
    """`counts` and `first` (moment of the first event, infinity without any) have shape (n_items,); `span` in seconds."""

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
        """New items have no event."""
        new = n_items - len(self.counts)
        counts = np.concatenate((self.counts, np.zeros(new, dtype=np.int64)))
        return ItemEvidence(counts, np.concatenate((self.first, np.full(new, np.inf))), self.span)

    def features(self, queries: Sequence[Query], items: Rows) -> Vectors:
        """Return the evidence for items, shape (C,) or (Q, C), as (Q, C, F) in the order of NAMES.

        History and events are logarithms, about −1 to 1; fresh is 1 for an item that has just appeared and falls
        to 1/e over a fiftieth of the log; cold is 1 for an item without any event, seen for one of the query's own history.
        """
        items = np.broadcast_to(items, (len(queries), items.shape[-1]))
        found = np.empty((*items.shape, len(NAMES)), dtype=np.float32)
        lengths = np.array([len(query.rows) + len(query.wanted) for query in queries], dtype=np.float64)
        at = np.array([query.at for query in queries])[:, None]
        cold = self.counts[items] == 0
        typical = np.log1p(self.counts[self.counts > 0].mean()) if self.counts.any() else 1.0
        found[..., 0] = 1.0
        found[..., 1] = (np.log1p(lengths) / np.log(21.0) - 1.0)[:, None]
        found[..., 2] = np.where(cold, 0.0, np.log1p(self.counts[items]) / typical - 1.0)
        age = np.maximum(at - np.where(cold, at, self.first[items]), 0.0)
        found[..., 3] = np.where(cold, 0.0, np.exp(-age / (self.span / 50.0)))
        found[..., 4] = cold
        found[..., 5] = [np.isin(row, query.rows) for row, query in zip(items, queries, strict=True)]
        return found


def evidence_of(data: Dataset) -> ItemEvidence:
    """Return the evidence that a data set gives of its items."""
    return ItemEvidence.of(data.interactions, data.n_items)

