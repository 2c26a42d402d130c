"""From a catalogue to its knowledge: describe, encode, whiten."""

from collections.abc import Sequence

import numpy as np

from penchant.data.dataset import Catalogue
from penchant.language.cache import Progress, VectorCache
from penchant.language.describe import describe
from penchant.language.encode import Encoder, for_requests
from penchant.language.knowledge import Knowledge
from penchant.language.template import Template
from penchant.language.whiten import Whitening
from penchant.types import Vectors


def know(
    items: Catalogue,
    encoder: Encoder,
    cache: VectorCache | None = None,
    *,
    template: Template | None = None,
    whitening: Whitening | None = None,
    dim: int | None = None,
    eps: float = 3.0,
    as_of: float = 0.0,
    progress: Progress | None = None,
) -> tuple[Knowledge, Whitening]:
    """Return what language says of the items, and the transform for requests.

    `whitening` is given where items join a bundle: its transform is kept, so that old and new
    vectors can be compared. `as_of` says up to when, in seconds UTC, the tables knew the world.
    Raises SettingError for a template that does not fit and LanguageError where the encoder fails.
    """
    texts = describe(items, template)
    known = np.array([bool(text.strip()) for text in texts], dtype=bool)
    vectors = encoder.encode(texts) if cache is None else cache.encode(encoder, texts, progress)
    if whitening is None:
        whitening = Whitening.fit(vectors, known, dim=dim, eps=eps)
    return Knowledge(whitening.apply(vectors), whitening.centre(vectors), known, as_of), whitening


def hear(requests: Sequence[str], encoder: Encoder, whitening: Whitening) -> Vectors:
    """Return the vectors of requests in words, shape (n, dim), in the space of `Knowledge.vectors`."""
    return whitening.apply(for_requests(encoder).encode(requests))
