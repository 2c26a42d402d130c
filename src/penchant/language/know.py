"""From a catalogue to its knowledge: describe, encode, whiten."""

from collections.abc import Sequence

import numpy as np

from penchant.data.catalogue import Catalogue
from penchant.errors import LanguageError
from penchant.language.cache import Progress, VectorCache
from penchant.language.describe import describe, reused
from penchant.language.encode import Encoder, Whole, for_requests, unit
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
    eps: float = 10.0,
    as_of: float = 0.0,
    progress: Progress | None = None,
) -> tuple[Knowledge, Whitening]:
    """Return what language says of the items, and the transform for requests.

    Categories and tags that many items share have vectors of their own, added to those of titles and prose in
    `Knowledge.raw`; the whitened vectors are of titles and prose alone, since models get categories as
    features besides. A template of the caller's makes one text of everything. `whitening` is given where
    items join a bundle: its transform is kept, so that old and new vectors can be compared. `as_of` says up
    to when, in seconds UTC, the tables knew the world.
    Raises SettingError for a template that does not fit and LanguageError where the encoder fails.
    """

    def encoded(texts: Sequence[str]) -> Vectors:
        return encoder.encode(texts) if cache is None else cache.encode(encoder, texts, progress)

    whole = isinstance(encoder, Whole) and encoder.whole
    shared = [] if template or whole else reused(items)
    own = [name for name in items.table.columns if name not in shared]
    texts = describe(items, template, columns=None if template else own)
    known = np.array([bool(text.strip()) for text in texts], dtype=bool)
    vectors = encoded(texts)
    if whitening is None:
        whitening = Whitening.fit(vectors, known, dim=dim, eps=eps)
    whitened, raw = whitening.apply(vectors), whitening.centre(vectors)
    if shared:
        kinds = encoded(describe(items, columns=shared))
        raw = unit(raw + whitening.centre(kinds))
        known |= kinds.any(axis=1)
    return Knowledge(whitened, raw, known, as_of), whitening


def hear(
    requests: Sequence[str], encoder: Encoder, whitening: Whitening, cache: VectorCache | None = None
) -> Vectors:
    """Return the vectors of requests in words, shape (n, width), in the space of `Knowledge.raw`.

    Raises LanguageError for an encoder of another width than the one that read the items.
    """
    asked, width = for_requests(encoder), len(whitening.mean)
    vectors = cache.encode(asked, requests) if cache else asked.encode(requests)
    if vectors.shape[1] != width:
        raise LanguageError(
            f"{encoder.name}: vectors of {vectors.shape[1]} numbers, those of the items have {width}",
            hint="requests are read with the encoder that read the items",
        )
    return whitening.centre(vectors)
