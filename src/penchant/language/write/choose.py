"""A writer by its name: the only file that knows all kinds."""

from pathlib import Path

from penchant.errors import LanguageError
from penchant.language.choose import WEB
from penchant.language.packed import SMOLLM2
from penchant.language.write.causal import CausalWriter
from penchant.language.write.chat import ChatWriter
from penchant.language.write.weights import NAMES


def load_writer(
    spec: str = SMOLLM2, *, key: str | None = None, budget: int | None = None, store: Path | None = None
) -> CausalWriter | ChatWriter:
    """Return the writer that `spec` names: "smollm2", a folder, or URL#model.

    `key` and `budget` (tokens) are for a URL, `store` for copies of packed models.

    Raises:
        LanguageError: there is no such writer, or it cannot be loaded.
        SettingError: a setting is outside its range.
    """
    spec = spec.strip()
    if not spec:
        raise LanguageError("the name of the writer is empty", hint=NAMES)
    if spec.startswith(WEB):
        url, _, model = spec.partition("#")
        return ChatWriter(url, model, key=key, budget=budget)
    return CausalWriter(spec, store=store)
