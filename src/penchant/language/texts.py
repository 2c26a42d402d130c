"""The texts of a data set, read once: what language says of its items and its requests."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.media import media_vectors
from penchant.errors import LanguageError
from penchant.language.cache import Progress, VectorCache
from penchant.language.choose import AUTO, load_encoder
from penchant.language.describe import describe
from penchant.language.encode import Encoder
from penchant.language.know import hear, know
from penchant.language.knowledge import Knowledge
from penchant.language.lsa import LEARNED, LatentSemantics
from penchant.language.pictures import PictureEncoder, seen
from penchant.language.template import Template
from penchant.language.tongue import tongue_of
from penchant.language.whiten import Whitening

MOST_REQUESTS = 30_000
BUNDLED = "minilm"
BETTER = "a multilingual model (--language FOLDER, see docs/language.md) reads them better"


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
    seed: int = 0,
) -> Texts:
    """Read all items' texts and pictures, and at most `MOST_REQUESTS` of the requests, unanswered ones too.

    `language` is an encoder, or a name: those of `load_encoder`, "auto" (see `chosen`), "lsa", which learns a
    space from the catalogue by `seed`, or "none". `pictures` is an encoder of pictures, or a name (see
    `penchant.language.pictures.seen`).
    """
    tell = say or (lambda _: None)
    language = language.strip() if isinstance(language, str) else language
    kept = VectorCache(cache) if cache else None
    media = media_vectors(data.items)
    if data.items.pictures:
        found = seen(data.items.pictures, pictures, kept, tell, progress)
        media = np.concatenate((media, found), axis=1)
    if language == "none" or not data.items.table.width:
        nothing = Whitening(np.zeros(0, dtype=np.float32), np.zeros((0, 0), dtype=np.float32))
        return Texts(replace(Knowledge.none(data.n_items), media=media), nothing, "none")
    language = reader(data, language, template, seed, tell)
    kept = None if isinstance(language, LatentSemantics) else kept
    encoder = load_encoder(language, store=cache) if isinstance(language, str) else language
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


def reader(
    data: Dataset, language: str | Encoder, template: Template | None, seed: int, tell: Callable[[str], None]
) -> str | Encoder:
    """Return what reads the texts: a space learned from them where "lsa" is named or chosen.

    Raises LanguageError where "lsa" is named, and there is nothing to learn from.
    """
    if not isinstance(language, str) or language not in (AUTO, BUNDLED, LEARNED):
        return language
    name = language if language == LEARNED else chosen(data, language, tell)
    if name != LEARNED:
        return name
    try:
        space = LatentSemantics.fit(describe(data.items, template), seed=seed)
    except LanguageError:
        if language == LEARNED:
            raise
        tell(f"texts: they share no words to learn from, so {BUNDLED} reads them after all")
        return BUNDLED
    tell(f"texts: {len(space.terms):,} terms of the catalogue make a space of {space.dim} dimensions")
    return space


def chosen(data: Dataset, language: str, tell: Callable[[str], None]) -> str:
    """Return what reads the texts of a catalogue, and say why: "minilm", or "lsa" for another script.

    "minilm" that was asked for stays, with a warning where it does not know the language. Of a language in
    Latin letters it knows pieces of words, and finds more than a learned space does (bench/languages.py).
    """
    tongue = tongue_of(data.items)
    if not tongue.foreign:
        if language == AUTO:
            tell(f"texts: {tongue.line()}, read by {BUNDLED}")
        return BUNDLED
    if language == BUNDLED:
        tell(f"texts: {tongue.line()}, but {BUNDLED} knows English alone: --language auto learns; {BETTER}")
        return BUNDLED
    if tongue.latin:
        tell(f"texts: {tongue.line()}, of which {BUNDLED} knows but pieces; --language lsa learns; {BETTER}")
        return BUNDLED
    tell(
        f"texts: {tongue.line()}, which {BUNDLED} does not know: a space learned from them is used; {BETTER}"
    )
    return LEARNED
