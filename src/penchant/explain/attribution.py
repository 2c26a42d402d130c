"""Attribution: which words of an item's text move it in somebody's list.

Occlusion (Zeiler and Fergus, ECCV 2014): a word's attribution is the item's score minus its score without the
word. Integrated gradients: see `penchant.language.gradients`. Both follow the text through all that is made
of it when lists are asked for: the content map, and nearness to the words of a request. What a text gave the
closed forms as their prior was settled when they were fitted, and stays. Attention rollout, see
`penchant.language.attention`, tells where the encoder looked, and nothing of the score.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
import scipy.sparse as sp

from penchant.data.catalogue import Catalogue
from penchant.data.terms import prose
from penchant.errors import LanguageError, SettingError
from penchant.language.attention import rolled_out
from penchant.language.describe import describe, reused
from penchant.language.encode import Encoder, unit
from penchant.language.gradients import Tokens, integrated
from penchant.language.knowledge import Knowledge
from penchant.language.local import LocalEncoder
from penchant.language.template import Template
from penchant.language.whiten import Whitening
from penchant.models.content import Content
from penchant.models.description import Description, Parts
from penchant.rank.ranking import Ranking
from penchant.types import Query, Vectors

Method: TypeAlias = Literal["occlusion", "gradients", "attention"]
METHODS: tuple[Method, ...] = ("occlusion", "gradients", "attention")
SPACELESS = "\u3040-\u30ff\u3400-\u9fff"
WORD = re.compile(rf"[{SPACELESS}]|[^\W_{SPACELESS}]+(?:['\u2019\-][^\W_{SPACELESS}]+)*")
MOST = 300
"""Words that are left out one by one, from the beginning of a text."""
CLOSE = 1e-2
"""How far a text that is read again may be from the vector that the model was fitted with."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """Words in the order of the text, what each gave to the `score`, (W,), and the item's rank without it.

    `ranks` are empty where nothing is left out; `left` words at the end were not looked at. `gap` is what
    gradients do not account for. By attention, `given` are shares of it, and `gap` is that of no word.
    """

    words: tuple[str, ...]
    given: Vectors
    score: float
    rank: int
    ranks: tuple[int, ...] = ()
    left: int = 0
    gap: float = 0.0


@dataclass(frozen=True)
class Reader:
    """How a fitted model reads the text of an item; without an `encoder` it reads terms.

    `nearness` is what the cosine to a request counts where answered requests taught a model.
    """

    ranking: Ranking
    items: Catalogue
    knowledge: Knowledge
    whitening: Whitening
    encoder: Encoder | None = None
    language: str = ""
    template: Template | None = None
    nearness: float = 0.0

    def attribute(self, query: Query, row: int, method: Method = "occlusion") -> Attribution:
        """Attribute the score of an item, in what `query` is answered, to the words of its text.

        Raises:
            SettingError: the method needs what is not there, or the item has no text.
            LanguageError: the text is not the one that the model was fitted with.
        """
        text = self.text(row)
        found = list(WORD.finditer(text))
        if not found:
            raise SettingError(f"item {self._id(row)!r} has no text", hint="only words can be attributed")
        own, asker = Way(self, row), Asker.of(self, query)
        score = float(self.ranking.slate(query, np.array([row])).scores[0])
        trust = float(self.ranking.unit(query, np.array([row]))["content"][0])
        everything = self.ranking.score([query])[0]
        everything[np.setdiff1d(np.union1d(query.rows, query.excluded), [row])] = -np.inf
        everything[row] = -np.inf

        def rank(value: float) -> int:
            return int((everything > value).sum()) + 1

        words = tuple(match[0] for match in found)
        if method != "occlusion":
            looked = method == "attention"
            tokens = own.attention(text) if looked else own.gradients(text, asker, trust)
            given = by_word(tokens, [match.start() for match in found])
            return Attribution(words, given, score, rank(score), gap=tokens.gap)
        tried = found[:MOST]
        placed = own.placed([text, *(text[: match.start()] + text[match.end() :] for match in tried)])
        written, near = asker.given(placed, trust)
        given = written + near
        ranks = tuple(rank(value) for value in (np.float32(score) - given).tolist())
        return Attribution(words[:MOST], given, score, rank(score), ranks, left=len(found) - len(tried))

    def text(self, row: int) -> str:
        """Return the text of an item as the encoder, or without one the term space, reads it."""
        return self.texts[row]

    @cached_property
    def texts(self) -> Sequence[str]:
        """The texts of all items."""
        if self.encoder is None:
            return prose(self.items, content_of(self.ranking).terms.columns)
        return describe(self.items, self.template, columns=self._columns())

    @cached_property
    def kinds(self) -> Sequence[str]:
        """What items share, as texts of their own; none where it is part of `texts`."""
        shared = self._shared()
        return describe(self.items, columns=shared) if shared else ()

    def encoded(self, texts: Sequence[str], row: int) -> tuple[Vectors, Vectors]:
        """Return what `Knowledge.vectors` and `Knowledge.raw` would hold if the item's text were another."""
        if self.encoder is None:
            raise LanguageError("there is no encoder to read texts with")
        vectors = self.encoder.encode(texts)
        raw = self.whitening.centre(vectors)
        if self.kinds:
            raw = unit(raw + self.whitening.centre(self.encoder.encode([self.kinds[row]])))
        return self.whitening.apply(vectors), raw

    def checked(self, row: int) -> None:
        """Raise LanguageError where the text is read otherwise than when the model was fitted."""
        vectors, _ = self.encoded([self.text(row)], row)
        if np.abs(vectors[0] - self.knowledge.vectors[row]).max() > CLOSE:
            raise LanguageError(
                f"item {self._id(row)!r}: its text is not the one that the model was fitted with",
                hint="give --template if fit had one, and the same language model",
            )

    def _shared(self) -> list[str]:
        whole = bool(getattr(self.encoder, "whole", False))
        return [] if self.template or whole else reused(self.items)

    def _columns(self) -> list[str] | None:
        shared = self._shared()
        return None if self.template else [name for name in self.items.table.columns if name not in shared]

    def _id(self, row: int) -> str:
        return str(self.items.vocabulary.texts(np.array([row]))[0])


@dataclass(frozen=True, slots=True)
class Placed:
    """Texts of one item, its own first, as scores see them: for the content map, (V, d), and for requests,
    (V, width), None without an encoder.
    """

    content: Vectors
    raw: Vectors | None


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, as texts meet them: `user`, (d,), and `asked`, (width,), None without a request."""

    user: Vectors
    asked: Vectors | None

    @classmethod
    def of(cls, reader: Reader, query: Query) -> "Asker":
        """Read a query."""
        sources, asked = reader.ranking.sources, None
        if query.text is not None and query.heard is not None:
            asked = np.float32(reader.nearness) * query.text
        elif query.text is not None and "words" in sources.scorers:
            asked = (
                np.float32(reader.ranking.plan.request_weight / sources.scales["words"].spread) * query.text
            )
        return cls(content_of(reader.ranking).users([query])[0], asked)

    def given(self, placed: Placed, trust: float) -> tuple[Vectors, Vectors]:
        """Return what the score loses with each text but the first, (V − 1,) each: by the content map, of
        which one unit counts `trust`, and by nearness to the request.
        """
        written = trust * ((placed.content[0] - placed.content[1:]) @ self.user)
        if self.asked is None or placed.raw is None:
            return np.asarray(written, dtype=np.float32), np.zeros(len(written), dtype=np.float32)
        near = (placed.raw[0] - placed.raw[1:]) @ self.asked
        return np.asarray(written, dtype=np.float32), np.asarray(near, dtype=np.float32)


class Way:
    """The way from a text of one item to the item's score, all else as it is."""

    def __init__(self, reader: Reader, row: int) -> None:
        self.reader, self.row = reader, row
        self.content = content_of(reader.ranking)
        self.parts = self.content.parts_of(one(reader.items, row), cut(reader.knowledge, row))
        if reader.encoder is not None:
            reader.checked(row)
        elif not self.content.word:
            raise SettingError(
                "this model read no texts", hint="fit with a --language, or bring items with titles or prose"
            )

    def placed(self, texts: Sequence[str]) -> Placed:
        """Return what texts, (V,), come to in place of the item's own."""
        if self.reader.encoder is None:
            return Placed(self.content.place(self.described(self.parts.texts, self.terms(texts))), None)
        vectors, raw = self.reader.encoded(texts, self.row)
        described = self.described(vectors * np.float32(self.content.text), self.parts.words)
        return Placed(self.content.place(described), raw)

    def gradients(self, text: str, asker: Asker, trust: float) -> Tokens:
        """Return what integrated gradients give each token, and what they leave over."""
        if self.reader.encoder is None or not self.reader.language:
            raise SettingError(
                "integrated gradients need a text encoder that a name tells", hint="use occlusion"
            )
        return integrated(self.reader.language, text, self.head(asker, trust))

    def attention(self, text: str) -> Tokens:
        """Return the share of attention of each token, whatever the score."""
        if not isinstance(self.reader.encoder, LocalEncoder) or not self.reader.language:
            raise SettingError(
                f"attention is that of one transformer on this machine, which "
                f"{self.reader.language or 'none'!r} is not",
                hint="use occlusion",
            )
        return rolled_out(self.reader.language, text)

    def head(self, asker: Asker, trust: float) -> Callable[[Any], Any]:
        """Return the way from the encoder's vector (B, width) to the score (B,), in torch."""
        import torch

        content, whitening, reader = self.content, self.reader.whitening, self.reader
        mean, axes = torch.from_numpy(whitening.mean), torch.from_numpy(whitening.axes)
        anchors = content.anchors
        fixed = self.described(self.parts.texts[:, :0], self.parts.words).attributes
        media = torch.from_numpy((self.parts.media * np.float32(content.media))[0])
        across = torch.from_numpy((fixed @ anchors.attributes.T).toarray()[0])
        own = float(fixed.multiply(fixed).sum())
        texts, norms = torch.from_numpy(anchors.texts), torch.from_numpy(anchors.norms)
        weight = torch.from_numpy(content.map @ asker.user)
        kinds = None
        if asker.asked is not None:
            kinds = torch.from_numpy(asker.asked)
            beside = torch.zeros_like(mean)
            if reader.kinds and reader.encoder is not None:
                said = reader.encoder.encode([reader.kinds[self.row]])
                beside = torch.from_numpy(whitening.centre(said)[0])

        def forward(vectors: Any) -> Any:
            centred = vectors - mean
            white = torch.nn.functional.normalize(centred @ axes, dim=-1) * content.text
            white = torch.cat((white, media.expand(len(white), -1)), dim=1)
            apart = (white**2).sum(dim=1, keepdim=True) + own + norms - 2 * (white @ texts.T + across)
            far = torch.exp(-0.5 / content.scale * apart.clamp(min=0.0))
            found = trust * (0.5 * (far + far**4) @ weight)
            if kinds is not None:
                raw = torch.nn.functional.normalize(centred, dim=-1) + beside
                found = found + torch.nn.functional.normalize(raw, dim=-1) @ kinds
            return found

        return forward

    def described(self, vectors: Vectors, words: sp.csr_matrix) -> Description:
        """Return the item's description with other text vectors or words, one a row."""
        n = max(len(vectors), words.shape[0])
        attributes = sp.csr_matrix(self.parts.attributes[np.zeros(n, dtype=np.int64)])
        media = np.repeat(self.parts.media, n, axis=0)
        vectors = np.repeat(vectors, n, axis=0) if len(vectors) < n else vectors
        words = words[np.zeros(n, dtype=np.int64)] if words.shape[0] < n else words
        return self.content.weigh(
            Parts(vectors, media if self.content.media else media[:, :0], attributes, words)
        )

    def terms(self, texts: Sequence[str]) -> sp.csr_matrix:
        """Return the terms of texts as the content map sees them."""
        return self.content.terms.of_texts(texts)


def by_word(tokens: Tokens, starts: Sequence[int]) -> Vectors:
    """Sum up what tokens were given over the words that begin at `starts`, (W,)."""
    given = np.zeros(len(starts), dtype=np.float32)
    for (start, _), value in zip(tokens.spans, tokens.given.tolist(), strict=True):
        given[max(0, int(np.searchsorted(starts, start, side="right")) - 1)] += value
    return given


def content_of(ranking: Ranking) -> Content:
    """Return the content map of a ranking."""
    found = ranking.sources.scorers["content"]
    assert isinstance(found, Content)
    return found


def one(items: Catalogue, row: int) -> Catalogue:
    """Return the catalogue of one item alone."""
    vocabulary = type(items.vocabulary)(items.vocabulary.ids[row : row + 1])
    return Catalogue(vocabulary, items.table[row : row + 1], items.title)


def cut(knowledge: Knowledge, row: int) -> Knowledge:
    """Return what language says of one item alone."""
    part = slice(row, row + 1)
    media = knowledge.media[part] if len(knowledge.media) else np.zeros((1, 0), dtype=np.float32)
    return Knowledge(
        knowledge.vectors[part], knowledge.raw[part], knowledge.known[part], knowledge.as_of, media=media
    )
