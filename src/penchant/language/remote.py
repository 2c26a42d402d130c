"""A text encoder behind an OpenAI-compatible URL: POST {url}/embeddings with {"model", "input"}.

The key is an argument, travels in one header, and appears in no message and no name.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from penchant.errors import LanguageError, SettingError
from penchant.language.encode import unit
from penchant.language.post import Post
from penchant.types import Vectors

CHARACTERS_PER_TOKEN = 4
"""The estimate before a reply says how many tokens it took."""


@dataclass(slots=True)
class Spent:
    """Tokens bought so far, shared by an encoder and its twin for requests."""

    budget: int | None
    tokens: int = 0

    def expect(self, tokens: int) -> None:
        """Raise LanguageError where `tokens` more would go beyond the budget."""
        if self.budget is not None and self.tokens + tokens > self.budget:
            raise LanguageError(
                f"the budget of {self.budget} tokens does not reach: {self.tokens} are spent and the next "
                f"batch needs about {tokens}; what was done is kept in the cache",
                hint="raise the budget and run again: only what is missing is asked for",
            )


@dataclass(frozen=True, slots=True)
class Address:
    """Where a model answers, and how it is asked."""

    url: str
    model: str
    passage: str = ""
    query: str = ""
    key: str | None = field(default=None, repr=False)


class RemoteEncoder:
    """Encodes by an embeddings URL, `batch` texts a request, within a budget of tokens.

    A reply of 429 or 5xx, a lost connection and a timeout are tried again, `retries` times in all a
    request, after growing pauses. `max_chars` cuts longer texts.

    Raises:
        SettingError: the URL is no web address, or a number is out of range.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        key: str | None = None,
        batch: int = 64,
        timeout: float = 60.0,
        retries: int = 5,
        pause: float = 1.0,
        budget: int | None = None,
        max_chars: int = 8000,
        passage_prefix: str = "",
        query_prefix: str = "",
    ) -> None:
        checked_address(url, model, "embeddings")
        if min(batch, max_chars) < 1 or retries < 0 or timeout <= 0:
            raise SettingError("batch, max_chars and timeout must be above 0, retries not below")
        self.batch = batch
        self._max_chars = max_chars
        self._address = Address(url.rstrip("/"), model, passage_prefix, query_prefix, key)
        self._prefix = passage_prefix
        self._post = Post(f"{self._address.url}/embeddings", key, timeout, retries, pause)
        self._spent = Spent(budget)
        self._dim = 0

    @property
    def name(self) -> str:
        """The address, the model and how it reads."""
        return f"{self._address.url}#{self._address.model} {self._max_chars} {self._prefix!r}"

    @property
    def spec(self) -> str:
        """URL#MODEL; "" where that does not tell how it reads."""
        usual = RemoteEncoder(self._address.url, self._address.model)
        alike = (self.name, self.asking().name) == (usual.name, usual.asking().name)
        return f"{self._address.url}#{self._address.model}" if alike else ""

    @property
    def dim(self) -> int:
        """Length of a vector, asked for with one word where nothing was encoded yet."""
        if not self._dim:
            self._ask(["dimension"])
        return self._dim

    @property
    def spent(self) -> int:
        """Tokens bought so far."""
        return self._spent.tokens

    def asking(self) -> "RemoteEncoder":
        """Return the same model with the prefix for requests; both spend one budget."""
        twin = copy.copy(self)
        twin._prefix = self._address.query
        return twin

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row of unit length a text, shape (n, dim); a text without a word gives zeros.

        Raises:
            LanguageError: no usable answer came, or the budget is spent.
        """
        full = [row for row, text in enumerate(texts) if text.strip()]
        parts = []
        for start in range(0, len(full), self.batch):
            rows = full[start : start + self.batch]
            parts.append(self._ask([self._prefix + texts[row][: self._max_chars] for row in rows]))
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        if parts:
            vectors[full] = np.concatenate(parts)
        return vectors

    def _ask(self, texts: list[str]) -> Vectors:
        """Return the vectors of one request."""
        estimate = sum(-(-len(text) // CHARACTERS_PER_TOKEN) for text in texts)
        self._spent.expect(estimate)
        reply = self._post.send({"model": self._address.model, "input": texts})
        self._spent.tokens += used(reply, estimate)
        vectors = vectors_of(reply, len(texts), self._post.place)
        if self._dim and vectors.shape[1] != self._dim:
            raise LanguageError(
                f"{self._post.place}: vectors of {vectors.shape[1]} numbers after {self._dim}"
            )
        self._dim = vectors.shape[1]
        return unit(vectors)


def checked_address(url: str, model: str, what: str) -> None:
    """Raise SettingError for what is no web address of a model, or holds a key."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or not model:
        raise SettingError(
            f"{url!r} with the model {model!r} is no {what} address", hint="write https://host/v1#model"
        )
    if parts.username or parts.password or parts.query:
        raise SettingError(
            "the URL of a language model holds a host and a path, and no key",
            hint="give the key as `key`, or in PENCHANT_LANGUAGE_KEY on the command line",
        )


def used(reply: Mapping[str, Any], estimate: int) -> int:
    """Return the tokens that a reply says it took, else the estimate."""
    usage = reply.get("usage")
    said = usage.get("total_tokens", usage.get("prompt_tokens")) if isinstance(usage, dict) else None
    return said if isinstance(said, int) and said >= 0 else estimate


def vectors_of(reply: Mapping[str, Any], count: int, place: str) -> Vectors:
    """Return the vectors of a reply in the order asked, shape (count, dim).

    Raises:
        LanguageError: too few or too many, of unlike length, or not finite.
    """
    data = reply.get("data")
    if not isinstance(data, list) or len(data) != count:
        found = len(data) if isinstance(data, list) else "no"
        raise LanguageError(f"{place}: {found} vectors came back for {count} texts")
    try:
        data = sorted(data, key=lambda row: row.get("index", 0))  # stable: without numbers the order is kept
        vectors = np.array([row["embedding"] for row in data], dtype=np.float32)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise LanguageError(f"{place}: the reply is not a list of vectors of one length") from error
    if vectors.ndim != 2 or vectors.shape[1] == 0:
        raise LanguageError(f"{place}: the reply is not a list of vectors of one length")
    if not np.isfinite(vectors).all():
        raise LanguageError(f"{place}: a vector holds numbers that are not finite")
    return vectors
