"""What language says of a catalogue, as a value: models take it and never call a language model."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from penchant.types import Rows, Vectors


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Item vectors and the moment up to which they know the world.

    `vectors` has shape (n_items, dim), rows of unit length, whitened; `raw`, shape (n_items, width),
    are the encoder's own, at unit length and without their mean, but not whitened: the space that
    requests come in as well. Rows of items without any text are zero in both and `known`, shape
    (n_items,), is False for them. `requests`, shape (n_requests, width), are those of the data set's
    requests in the space of `raw`, zero where they were not read. `media`, shape (n_items, m), are vectors of
    pictures or sounds that the catalogue brought, m = 0 where it brought none. `as_of` is in seconds UTC.
    """

    vectors: Vectors
    raw: Vectors
    known: NDArray[np.bool_]
    as_of: float = 0.0
    requests: Vectors = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))

    media: Vectors = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))

    @property
    def dim(self) -> int:
        """Length of a vector; 0 where there is no language at all."""
        return int(self.vectors.shape[1])

    def rows(self, rows: Rows) -> "Knowledge":
        """Return what is known of some items."""
        media = self.media[rows] if self.media.shape[1] else np.zeros((len(rows), 0), dtype=np.float32)
        own = (self.vectors[rows], self.raw[rows], self.known[rows])
        return replace(self, vectors=own[0], raw=own[1], known=own[2], media=media)

    def also(self, new: "Knowledge") -> "Knowledge":
        """Return the knowledge with that of new items behind it; these bring no media."""
        blank = np.zeros((len(new.known), self.media.shape[1]), dtype=np.float32)
        return replace(
            self,
            vectors=np.concatenate((self.vectors, new.vectors)),
            raw=np.concatenate((self.raw, new.raw)),
            known=np.concatenate((self.known, new.known)),
            media=np.concatenate((self.media, blank)) if self.media.shape[1] else self.media,
        )

    @classmethod
    def none(cls, n_items: int) -> "Knowledge":
        """Return the knowledge of a catalogue without a word of text."""
        nothing = np.zeros((n_items, 0), dtype=np.float32)
        return cls(nothing, nothing, np.zeros(n_items, dtype=bool))
