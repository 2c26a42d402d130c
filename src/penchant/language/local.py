"""A text encoder on this machine: the bundled MiniLM, or any Hugging Face folder or name.

torch and transformers are imported when an encoder is made, never before.
"""

import copy
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from penchant.errors import LanguageError, SettingError
from penchant.language.adapters import add_from
from penchant.language.dense import Dense, read_dense
from penchant.language.encode import unit
from penchant.language.folders import Pooling, adapted, find, fingerprint, own_pooling, own_prefix
from penchant.language.onnx import Forward, int8
from penchant.language.packed import packed, unmark, unpacking
from penchant.language.unpacked import keep, place_of, sound
from penchant.types import Vectors

Precision: TypeAlias = Literal["float32", "int8"]
Work = TypeVar("Work")

TOKENS_AT_ONCE = 1024
"""Tokens of one batch; larger ones leave the processor's cache and are slower."""
CHARACTERS = 64
"""Characters looked at for each token read: a text of megabytes costs no more than a long one."""
SAFE: Mapping[str, Any] = {"use_safetensors": True}
"""Of a folder, weights that are no program."""
SHORTEST = 4
"""Tokens below which there is no room for a word between the marks of a text's beginning and end."""
BEGINNING = threading.Lock()
"""Held while a worker sets its number of threads, so that the default is put back as it was."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How an encoder reads: pooling, prefixes for what is searched and for requests, longest text."""

    pooling: Pooling
    passage: str
    query: str
    max_tokens: int


class LocalEncoder:
    """Encodes with a transformers model on the CPU, in batches of texts of like length.

    `pooling` and the prefixes are those of the model folder where they are not given. Texts are cut
    after `max_tokens`. `precision="int8"` keeps a file in the folder `store`, where copies
    of packed models are kept as well.

    Raises:
        LanguageError: the model cannot be found or loaded.
        SettingError: a setting is outside its range.
    """

    def __init__(
        self,
        spec: str = "minilm",
        *,
        pooling: Pooling | None = None,
        passage_prefix: str | None = None,
        query_prefix: str | None = None,
        max_tokens: int = 128,
        precision: Precision = "float32",
        store: Path | str | None = None,
    ) -> None:
        check(pooling, max_tokens, precision, store)
        given = (pooling, passage_prefix, query_prefix, max_tokens, precision)
        self.spec = spec if given == (None, None, None, 128, "float32") else ""
        folder = find(spec)
        model, self._tokenizer = load(folder, store)
        passage = own_prefix(folder, "document") if passage_prefix is None else passage_prefix
        query = own_prefix(folder, "query") if query_prefix is None else query_prefix
        places = int(getattr(model.config, "max_position_embeddings", max_tokens))
        longest = min(max_tokens, places, int(self._tokenizer.model_max_length))
        self._reading = Reading(pooling or own_pooling(folder), passage, query, longest)
        self._prefix = passage
        self._dense = read_dense(folder)
        self.dim = len(self._dense[-1].bias) if self._dense else int(model.config.hidden_size)
        self.whole = adapted(folder) is not None
        self._model_name = f"{Path(spec).name or folder.resolve().name}@{fingerprint(folder)}"
        if precision == "int8" and store is not None:
            self._model_name += " int8"
            self._forward = int8(model, Path(store) / f"{fingerprint(folder)}.int8.onnx")
        else:
            self._forward = in_torch(model)

    @property
    def name(self) -> str:
        """The model with a hash of its weights, and how it reads."""
        reading = self._reading
        return f"{self._model_name} {reading.pooling} {reading.max_tokens} {self._prefix!r}"

    def asking(self) -> "LocalEncoder":
        """Return the same model with the prefix for requests."""
        twin = copy.copy(self)
        twin._prefix = self._reading.query
        return twin

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row of unit length a text, shape (n, dim); a text without a word gives zeros."""
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        full = [row for row, text in enumerate(texts) if text.strip()]
        if not full:
            return vectors
        tokens: list[list[int]] = self._tokenizer(
            [self._prefix + readable(texts[row], self._reading.max_tokens) for row in full],
            truncation=True,
            max_length=self._reading.max_tokens,
            return_attention_mask=False,
            return_token_type_ids=False,
        )["input_ids"]
        groups = list(batches([len(ids) for ids in tokens], TOKENS_AT_ONCE))
        parts = side_by_side(self._encode_batch, [[tokens[i] for i in group] for group in groups])
        for group, part in zip(groups, parts, strict=True):
            vectors[[full[i] for i in group]] = part
        return vectors

    def _encode_batch(self, tokens: list[list[int]]) -> Vectors:
        """Return one row of unit length a text, shape (B, dim)."""
        width = max(map(len, tokens))
        ids = np.full((len(tokens), width), self._tokenizer.pad_token_id or 0, dtype=np.int64)
        mask = np.zeros((len(tokens), width), dtype=np.int64)
        for row, text in enumerate(tokens):  # padding is on the right, whatever the pooling
            ids[row, : len(text)] = text
            mask[row, : len(text)] = 1
        return finished(self._forward(ids, mask), mask, self._reading.pooling, self._dense)


def check(pooling: Pooling | None, max_tokens: int, precision: Precision, store: Path | str | None) -> None:
    """Raise SettingError for settings outside their range."""
    if pooling is not None and pooling not in get_args(Pooling):
        raise SettingError(f"pooling {pooling!r} is none of {', '.join(get_args(Pooling))}")
    if precision not in get_args(Precision):
        raise SettingError(f"precision {precision!r} is none of {', '.join(get_args(Precision))}")
    if precision == "int8" and store is None:
        raise SettingError("precision int8 needs a folder to keep its file in", hint="give `store`")
    if max_tokens < SHORTEST:
        raise SettingError(f"max_tokens {max_tokens} leaves no room for words", hint="128 is usual")


def readable(text: str, max_tokens: int) -> str:
    """Return the part of a text that may be read, without halves of characters, which a tokenizer refuses."""
    return text[: max_tokens * CHARACTERS].encode("utf-8", "replace").decode("utf-8")


def pool(hidden: NDArray[np.float32], mask: NDArray[np.int64], pooling: Pooling) -> Vectors:
    """Return one vector a text, shape (B, dim), from hidden states (B, T, dim)."""
    if pooling == "cls":
        pooled: Vectors = hidden[:, 0]
    elif pooling == "last":
        pooled = hidden[np.arange(len(mask)), mask.sum(axis=1) - 1]
    else:  # a sum does, unless a dense layer follows: rows are scaled to length 1 afterwards
        pooled = np.einsum("btd,bt->bd", hidden, mask.astype(np.float32))
    return pooled


def finished(
    hidden: NDArray[np.float32], mask: NDArray[np.int64], pooling: Pooling, dense: Sequence[Dense]
) -> Vectors:
    """Return the rows of unit length that hidden states (B, T, dim) come to, through the dense layers."""
    vectors = pool(hidden, mask, pooling)
    if dense and pooling == "mean":
        vectors /= mask.sum(axis=1, keepdims=True)
    for layer in dense:
        vectors = layer(vectors)
    return unit(vectors)


def batches(lengths: Sequence[int], tokens_at_once: int) -> Iterator[list[int]]:
    """Group texts of like length, longest first, so that little is padded; ties keep their order."""
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    start = 0
    while start < len(order):
        size = max(1, tokens_at_once // max(1, lengths[order[start]]))
        yield order[start : start + size]
        start += size


def side_by_side(work: Callable[[Work], Vectors], tasks: Sequence[Work]) -> list[Vectors]:
    """Do tasks on as many threads as torch may use, each task on one thread.

    Threads inside one product wait for each other at every step, which takes several times as long
    where the processor is shared; whole batches side by side wait for nothing. The bytes of a batch
    do not depend on the number of threads.
    """
    import torch

    return list(workers(torch.get_num_threads()).map(work, tasks))


@cache
def workers(n: int) -> ThreadPoolExecutor:
    """Return n threads that stay: what a thread learns to do once, it does faster the next time."""
    return ThreadPoolExecutor(n, initializer=work_alone)


def work_alone() -> None:
    """Let torch use one thread in the calling thread, and leave all others, later ones too, as they were."""
    import torch

    with BEGINNING:
        usual = torch.get_num_threads()
        torch.set_num_threads(1)  # of this thread, and the default of those that begin later:
        again = threading.Thread(target=torch.set_num_threads, args=(usual,))
        again.start()
        again.join()


def in_torch(model: Any) -> Forward:
    """Return the forward pass of a transformers model in full precision."""
    import torch

    def forward(ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        with torch.inference_mode():
            answer = model(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask))
            hidden: NDArray[np.float32] = answer.last_hidden_state.numpy()
        return hidden

    return forward


def load(folder: Path, store: Path | str | None = None) -> tuple[Any, Any]:
    """Load a model folder, what was added to it and its tokenizer, without the network or code in it.

    Where a folder `store` is given, a packed model is unpacked but once (see `penchant.language.unpacked`).

    Raises:
        LanguageError: something is missing or damaged.
    """
    model, tokenizer = load_as("AutoModel", folder, "a text encoder", "language", store)
    add_from(folder, model)
    return model, tokenizer


def load_as(
    kind: str, folder: Path, what: str, extra: str, store: Path | str | None = None
) -> tuple[Any, Any]:
    """Load a folder by a class of transformers, in full precision; `what` and `extra` name it to people.

    Raises:
        LanguageError: something is missing or damaged.
    """
    try:
        transformers: Any = import_module("transformers")
        torch: Any = import_module("torch")
    except ImportError as error:
        raise LanguageError(
            f"{what} needs torch and transformers", hint=f"pip install 'penchant[{extra}]'"
        ) from error
    name = packed(folder)
    copied = None if name is None or store is None else place_of(folder / name, kind, Path(store))
    if copied is not None and sound(copied):
        folder, name, copied = copied, None, None
    how: dict[str, Any] = {"gguf_file": name} if name else {}
    try:
        with quiet_transformers(), unpacking(name):
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True, **how)
            how = {"dtype": torch.float32, "local_files_only": True, **(how or SAFE)}
            model = getattr(transformers, kind).from_pretrained(folder, **how)
    except Exception as error:  # transformers raises whatever the file at hand made it stumble over
        raise LanguageError(f"{folder}: cannot be loaded as {what} ({error})") from error
    if name:
        unmark(model)
    if copied is not None:
        with quiet_transformers():
            keep(copied, model, tokenizer)
    return model.eval(), tokenizer


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keep transformers from writing to the terminal, and leave it as it was."""
    from transformers.utils import logging as talk

    logging: Any = talk  # its functions carry no types
    shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()
