"""A text encoder for requests: one short text at a time, by onnxruntime, without torch.

On a single short text torch spends most of its time between the products, and several seconds on being
imported. The vectors are those of `LocalEncoder` but for the last digits. A bundle can carry one along
(`state`), so that a machine without the language model reads requests as the one that fitted does.
"""

import copy
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from penchant.errors import BundleError, LanguageError
from penchant.language.bert import is_bert, write_bert
from penchant.language.dense import Dense, read_dense
from penchant.language.folders import Pooling, adapted, find, fingerprint, own_pooling, own_prefix, settings
from penchant.language.local import finished, load, readable
from penchant.language.onnx import Forward, export, keep, run
from penchant.types import Vectors

MAX_TOKENS = 128
"""Tokens of a request that are read, as of any text unless `LocalEncoder` is told otherwise."""
TOKENIZER = "tokenizer.json"


@dataclass(frozen=True, slots=True)
class Manner:
    """How a model reads: its name, pooling, prefixes of texts and of requests, longest text.

    `whole`: whether it was taught to read all that is known of an item as one text.
    """

    name: str
    pooling: Pooling
    passage: str
    query: str
    most: int
    whole: bool

    @classmethod
    def of(cls, folder: Path, mark: str) -> Self:
        """Read what a model folder says of itself; `mark` tells its weights."""
        said, written = settings(folder, "config.json"), settings(folder, "tokenizer_config.json")
        longest = (MAX_TOKENS, said.get("max_position_embeddings"), written.get("model_max_length"))
        most = int(min(number for number in longest if isinstance(number, int | float)))
        name, passage = f"{folder.resolve().name}@{mark}", own_prefix(folder, "document")
        query, whole = own_prefix(folder, "query"), adapted(folder) is not None
        return cls(name, own_pooling(folder), passage, query, most, whole)


@dataclass(slots=True)
class Opened:
    """What reads, once it is open; one for an encoder and its twin for requests."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    forward: Forward | None = None
    tokenizer: Any = None
    dim: int = 0


class RequestEncoder:
    """Reads with an ONNX file in full precision, or its bytes, and a tokenizer; opened when first asked.

    Asking raises ImportError where onnxruntime or tokenizers is missing, LanguageError for damaged files.
    """

    def __init__(
        self, source: Path | NDArray[np.uint8], tokenizer: str, manner: Manner, dense: Sequence[Dense] = ()
    ) -> None:
        self.source, self.tokenizer, self.manner, self.dense = source, tokenizer, manner, dense
        self.whole = manner.whole
        self._prefix = manner.passage
        self._opened = Opened()

    @property
    def name(self) -> str:
        """The model with a hash of its weights, and how it reads."""
        manner = self.manner
        return f"{manner.name} onnx {manner.pooling} {manner.most} {self._prefix!r}"

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self.open().dim

    def asking(self) -> "RequestEncoder":
        """Return the same model with the prefix for requests."""
        twin = copy.copy(self)
        twin._prefix = self.manner.query
        return twin

    def open(self) -> Opened:
        """Open the model, once."""
        known = self._opened
        with known.lock:
            if known.forward is None:
                tokenizers: Any = import_module("tokenizers")
                source = self.source if isinstance(self.source, Path) else self.source.tobytes()
                forward = run(source)
                try:
                    known.tokenizer = tokenizers.Tokenizer.from_str(self.tokenizer)
                except Exception as error:  # the library raises nothing more precise
                    raise LanguageError(f"{self.manner.name}: the tokenizer cannot be read") from error
                known.tokenizer.no_padding()
                known.tokenizer.enable_truncation(self.manner.most)
                known.dim, known.forward = len(self._read("width", forward)), forward
        return known

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row of unit length a text, shape (n, dim); a text without a word gives zeros."""
        opened = self.open()
        vectors = np.zeros((len(texts), opened.dim), dtype=np.float32)
        for row, text in enumerate(texts):
            if text.strip() and opened.forward is not None:
                vectors[row] = self._read(text, opened.forward)
        return vectors

    def _read(self, text: str, forward: Forward) -> Vectors:
        ids = self._opened.tokenizer.encode(self._prefix + readable(text, self.manner.most)).ids
        tokens = np.array([ids], dtype=np.int64)
        mask = np.ones_like(tokens)
        found: Vectors = finished(forward(tokens, mask), mask, self.manner.pooling, self.dense)[0]
        return found

    def state(self) -> dict[str, NDArray[Any]]:
        """Return what it is made of, for a bundle: the files as bytes, and how it reads."""
        model = self.source
        if isinstance(model, Path):
            model = np.frombuffer(model.read_bytes(), dtype=np.uint8)
        manner = json.dumps(asdict(self.manner) | {"tanh": [layer.tanh for layer in self.dense]})
        found: dict[str, NDArray[Any]] = {"model": model}
        found |= {
            name: np.frombuffer(text.encode(), dtype=np.uint8)
            for name, text in (("tokenizer", self.tokenizer), ("manner", manner))
        }
        for at, layer in enumerate(self.dense):
            found |= {f"dense/{at}/weight": layer.weight, f"dense/{at}/bias": layer.bias}
        return found

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """Build it again; raises BundleError where a part is missing."""
        try:
            said = json.loads(state["manner"].tobytes())
            dense = [
                Dense(state[f"dense/{at}/weight"], state[f"dense/{at}/bias"], tanh)
                for at, tanh in enumerate(said.pop("tanh"))
            ]
            return cls(state["model"], state["tokenizer"].tobytes().decode(), Manner(**said), dense)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BundleError("the bundle's reader of requests is incomplete", hint="fit again") from error


def request_encoder(spec: str, store: Path) -> RequestEncoder | None:
    """Return an encoder of requests for a model on this machine; its ONNX file is kept in the folder `store`.

    None where onnx, onnxruntime or the model does not allow it: `load_encoder` reads requests as well.
    """
    try:
        folder = find(spec)
        if not (folder / TOKENIZER).exists():
            return None
        path = store / f"{fingerprint(folder)}.float32.onnx"
        if not path.exists():
            import_module("onnxruntime")  # asked first: writing the file takes seconds
            kept(folder, path)
        try:
            return opened(folder, path)
        except LanguageError:  # the file was cut or edited: it is but a copy
            kept(folder, path)
            return opened(folder, path)
    except (ImportError, LanguageError, OSError, ValueError):
        return None


def opened(folder: Path, path: Path) -> RequestEncoder:
    """Return an encoder that is open, for a model folder and its ONNX file."""
    tokenizer = (folder / TOKENIZER).read_text(encoding="utf-8")
    encoder = RequestEncoder(path, tokenizer, Manner.of(folder, path.stem), read_dense(folder))
    encoder.open()
    return encoder


def kept(folder: Path, path: Path) -> None:
    """Write the ONNX file of a model folder: from its weights alone where that is known, else by torch."""
    if is_bert(folder):
        keep(partial(write_bert, folder), path)
    else:
        keep(partial(export, load(folder)[0]), path)
