"""What an encoder is: a value that turns texts into vectors of unit length.

This file knows no particular model; `penchant.language.choose` finds one by its name.
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from penchant.types import Vectors

TINY = 1e-12
"""Below this length a vector has no direction."""


@runtime_checkable
class Encoder(Protocol):
    """Turns texts into vectors, and says so precisely who it is that a cache can rely on it.

    `name` changes whenever the vectors of a text would: it holds the model with a hash of its
    weights, the pooling, the prefix and the longest text read.
    """

    @property
    def name(self) -> str:
        """What the vectors depend on, in one line."""
        ...

    @property
    def dim(self) -> int:
        """Length of a vector."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row of unit length a text, shape (n, dim); a text without a word gives zeros."""
        ...


@runtime_checkable
class Asking(Protocol):
    """An encoder that reads requests in another way than the texts that are searched."""

    def asking(self) -> Encoder:
        """Return the same model with the prefix for requests."""
        ...


@runtime_checkable
class Whole(Protocol):
    """An encoder that was taught to read all that is known of an item as one text."""

    @property
    def whole(self) -> bool:
        """Whether categories belong into the text, and not into a vector of their own."""
        ...


def for_requests(encoder: Encoder) -> Encoder:
    """Return the encoder to read requests with: the same one, unless it tells the two apart."""
    return encoder.asking() if isinstance(encoder, Asking) else encoder


def unit(vectors: Vectors) -> Vectors:
    """Return the rows at unit length in float32; rows without a direction become zero."""
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64))
    scales = np.where(lengths > TINY, 1 / np.maximum(lengths, TINY), 0.0).astype(np.float32)
    scaled: Vectors = np.asarray(vectors, dtype=np.float32) * scales[:, np.newaxis]
    return scaled
