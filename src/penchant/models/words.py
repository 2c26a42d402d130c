"""Words: how near an item's text is to a request in plain language; nothing for a query without one.

score_i = cos(t, e_i), both vectors of the language model's own space without their mean.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np
from numpy.random import Generator

from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.language.knowledge import Knowledge
from penchant.models.scorer import State, best, pick
from penchant.types import Query, Rows, Scores, Vectors


@dataclass(kw_only=True)
class Words:
    """`vectors` has shape (n_items, width)."""

    knows: ClassVar[str] = "request"

    vectors: Vectors = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))

    def fit(self, data: Dataset, knowledge: Knowledge, *, rng: Generator) -> Self:
        """Keep the items' text vectors."""
        self.vectors = knowledge.raw.astype(np.float32)
        return self

    def examples(self, most: int = 200) -> list[Query]:
        """Return requests made of items' own texts: on these the spread of scores is measured."""
        written = self.vectors[self.vectors.any(axis=1)]
        return [Query(text=vector) for vector in written[:: max(1, len(written) // most)]]

    def score(self, queries: Sequence[Query], items: Rows | None = None) -> Scores:
        """Compare the request with each item."""
        nothing = np.zeros(self.vectors.shape[1], dtype=np.float32)
        asked = [nothing if query.text is None else query.text for query in queries]
        texts = np.stack(asked) if asked else nothing[None][:0]
        return pick(texts.astype(np.float32) @ self.vectors.T, items)

    def retrieve(self, queries: Sequence[Query], n: int) -> tuple[Rows, Scores]:
        """Return the n nearest items for each query."""
        return best(self.score(queries), n)

    def extend(self, items: Catalogue, knowledge: Knowledge) -> Self:
        """New items are compared at once."""
        new = knowledge.raw[len(self.vectors) :].astype(np.float32)
        return replace(self, vectors=np.concatenate((self.vectors, new)))

    def state(self) -> State:
        """Return the vectors."""
        return State({"vectors": self.vectors}, {})

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Build the model again."""
        return cls(**dict(state.arrays))
