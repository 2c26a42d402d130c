"""Where the weights of a writer lie, and how they are loaded: a GGUF file or a Hugging Face folder."""

from pathlib import Path
from typing import Any

from penchant.errors import LanguageError
from penchant.language.local import quiet_transformers
from penchant.language.packed import PATTERN, SMOLLM2, packed, smollm2, unpacking

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
    name = packed(folder)
    how: dict[str, Any] = {"gguf_file": name} if name else {}
    try:
        with quiet_transformers(), unpacking(name):
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, **how)
            how |= {"dtype": torch.float32} if name else {"dtype": torch.float32, "use_safetensors": True}
            model: Any = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, **how)
    except Exception as error:  # transformers raises whatever the file at hand made it stumble over
        raise LanguageError(f"{folder}: cannot be loaded as a causal language model ({error})") from error
    return model.eval(), tokenizer
