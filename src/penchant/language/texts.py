"""The texts of a data set, read once: what language says of its items and its requests."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.media import media_vectors
from penchant.language.cache import Progress, VectorCache
from penchant.language.choose import load_encoder
from penchant.language.encode import Encoder
from penchant.language.know import hear, know
from penchant.language.knowledge import Knowledge
from penchant.language.pictures import PictureEncoder, seen
from penchant.language.template import Template
from penchant.language.whiten import Whitening

MOST_REQUESTS = 30_000


@dataclass(frozen=True, slots=True)
class Texts:
    """The knowledge, the whitening behind it, and the encoder (or its name) that reads later requests."""

    knowledge: Knowledge
    whitening: Whitening
    encoder: str | Encoder


def read_texts(
    data: Dataset,
    language: str | Encoder,
    cache: Path | None = None,
    template: Template | None = None,
    progress: Progress | None = None,
    pictures: str | PictureEncoder = "auto",
    say: Callable[[str], None] | None = None,
) -> Texts:
    """Read all items' texts and pictures, and at most `MOST_REQUESTS` of the requests, unanswered ones too.

    `pictures` is an encoder of pictures, or a name (see `penchant.language.pictures.seen`).
    """
    kept = VectorCache(cache) if cache else None
    media = media_vectors(data.items)
    if data.items.pictures:
        found = seen(data.items.pictures, pictures, kept, say or (lambda _: None), progress)
        media = np.concatenate((media, found), axis=1)
    if language == "none" or not data.items.table.width:
        nothing = Whitening(np.zeros(0, dtype=np.float32), np.zeros((0, 0), dtype=np.float32))
        return Texts(replace(Knowledge.none(data.n_items), media=media), nothing, "none")
    encoder = load_encoder(language) if isinstance(language, str) else language
    knowledge, whitening = know(
        data.items, encoder, kept, template=template, as_of=data.end, progress=progress
    )
    knowledge = replace(knowledge, media=media)
    read = np.arange(len(data.requests))[:: -(-len(data.requests) // MOST_REQUESTS) or 1]
    if data.requests["items"].list.len().sum() and knowledge.known.any():
        texts = data.requests["text"].gather(read).to_list()
        requests = np.zeros((len(data.requests), knowledge.raw.shape[1]), dtype=np.float32)
        requests[read] = hear(texts, encoder, whitening, kept)
        knowledge = replace(knowledge, requests=requests)
    return Texts(knowledge, whitening, language)
