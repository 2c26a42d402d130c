"""Where the weights of a writer lie, and how they are loaded: a GGUF file or a Hugging Face folder."""

from pathlib import Path
from typing import Any

from penchant.errors import LanguageError
from penchant.language.local import load_as
from penchant.language.packed import PATTERN, SMOLLM2, smollm2

NAMES = f'name "{SMOLLM2}", a folder of a causal language model, or https://host/v1#model'


def find(spec: str) -> Path:
    """Return the folder of a writer named "smollm2", or by its folder; nothing is ever downloaded.

    Raises:
        LanguageError: there is no such model.
    """
    folder = smollm2() if spec == SMOLLM2 else Path(spec).expanduser()
    if not folder.is_dir():
        raise LanguageError(f"{spec!r} is no writer that can be found", hint=NAMES)
    if not (folder / "config.json").exists() and len(list(folder.glob(PATTERN))) != 1:
        raise LanguageError(f"{spec}: this folder holds no config.json, and no single .gguf file", hint=NAMES)
    return folder


def load(folder: Path, store: Path | None = None) -> tuple[Any, Any]:
    """Load a causal language model and its tokenizer, without the network and without running code in it.

    A packed model is unpacked but once where a folder `store` is given.

    Raises:
        LanguageError: something is missing or damaged.
    """
    return load_as("AutoModelForCausalLM", folder, "a causal language model", "writer", store)
