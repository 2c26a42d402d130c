"""A text encoder for requests: one short text at a time, by onnxruntime, without torch.

On a single short text torch spends most of its time between the products, and several seconds on being
imported. The vectors are those of `LocalEncoder` but for the last digits.
"""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from penchant.errors import LanguageError
from penchant.language.dense import read_dense
from penchant.language.folders import find, fingerprint, own_pooling, own_prefix, settings
from penchant.language.local import finished, load, readable
from penchant.language.onnx import keep, run
from penchant.types import Vectors

MAX_TOKENS = 128
"""Tokens of a request that are read, as of any text unless `LocalEncoder` is told otherwise."""
TOKENIZER = "tokenizer.json"


class RequestEncoder:
    """Reads requests with the model in `folder`, whose ONNX file in full precision lies at `path`.

    Raises:
        ImportError: onnxruntime or tokenizers is missing.
        LanguageError: the file is damaged.
    """

    def __init__(self, folder: Path, path: Path) -> None:
        tokenizers: Any = import_module("tokenizers")
        self._forward = run(path)
        said, written = settings(folder, "config.json"), settings(folder, "tokenizer_config.json")
        longest = (MAX_TOKENS, said.get("max_position_embeddings"), written.get("model_max_length"))
        self._most = int(min(number for number in longest if isinstance(number, int | float)))
        self._tokenizer = tokenizers.Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self._most)
        self._pooling, self._prefix = own_pooling(folder), own_prefix(folder, "query")
        self._dense = read_dense(folder)
        self.name = f"{folder.resolve().name}@{path.stem} onnx {self._pooling} {self._prefix!r}"
        self.dim = len(self._read("width"))

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row of unit length a text, shape (n, dim); a text without a word gives zeros."""
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in enumerate(texts):
            if text.strip():
                vectors[row] = self._read(text)
        return vectors

    def _read(self, text: str) -> Vectors:
        ids = self._tokenizer.encode(self._prefix + readable(text, self._most)).ids
        tokens = np.array([ids], dtype=np.int64)
        mask = np.ones_like(tokens)
        found: Vectors = finished(self._forward(tokens, mask), mask, self._pooling, self._dense)[0]
        return found


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
            keep(load(folder)[0], path)
        try:
            return RequestEncoder(folder, path)
        except LanguageError:  # the file was cut or edited: it is but a copy
            keep(load(folder)[0], path)
            return RequestEncoder(folder, path)
    except (ImportError, LanguageError, OSError):
        return None
