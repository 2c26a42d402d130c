"""An encoder by its name: the only file that knows all kinds."""

from pathlib import Path
from typing import Any

from penchant.errors import LanguageError
from penchant.language.encode import Encoder
from penchant.language.ensemble import JOIN, Ensemble, weighed
from penchant.language.folders import NAMES, Pooling
from penchant.language.local import LocalEncoder, Precision
from penchant.language.lsa import LEARNED, LatentSemantics
from penchant.language.remote import RemoteEncoder

WEB = ("http://", "https://")
"""What the name of an encoder begins with that is not on this machine."""
AUTO = "auto"
"""The bundled model where it knows the catalogue's language, else a space learned from the catalogue."""


def load_encoder(
    spec: str = "minilm",
    *,
    pooling: Pooling | None = None,
    passage_prefix: str | None = None,
    query_prefix: str | None = None,
    max_tokens: int = 128,
    precision: Precision = "float32",
    store: Path | str | None = None,
    key: str | None = None,
    budget: int | None = None,
) -> Encoder:
    """Return the encoder that `spec` names: "minilm", a folder, a Hugging Face name, or URL#model.

    Several, joined like `minilm + 0.5 LM`, are one: their vectors side by side (see `Ensemble`).
    `key` and `budget` (tokens) are for a URL; `pooling`, `max_tokens`, `precision` and `store` (a
    folder for what `precision="int8"` writes, and for copies of packed models) for a model on this machine.

    Raises:
        LanguageError: there is no such encoder, or it cannot be loaded.
        SettingError: a setting is outside its range.
    """
    spec = spec.strip()
    if not spec:
        raise LanguageError("the name of the text encoder is empty", hint=NAMES)
    if spec in (AUTO, LEARNED):
        raise LanguageError(
            f"{spec!r} is no encoder by itself: it is chosen, or learned, where a catalogue is read",
            hint="fit with it, or load the bundle that was",
        )
    parts = weighed(spec)
    if len(parts) > 1:
        given: dict[str, Any] = {"pooling": pooling, "max_tokens": max_tokens, "precision": precision}
        given |= {"passage_prefix": passage_prefix, "query_prefix": query_prefix}
        given |= {"store": store, "key": key, "budget": budget}
        encoders = tuple(load_encoder(name, **given) for _, name in parts)
        return Ensemble(spec_of(spec), encoders, tuple(weight for weight, _ in parts))
    if spec.startswith(WEB):
        url, _, model = spec.partition("#")
        return RemoteEncoder(
            url,
            model,
            key=key,
            budget=budget,
            passage_prefix=passage_prefix or "",
            query_prefix=query_prefix or "",
        )
    return LocalEncoder(
        spec,
        pooling=pooling,
        passage_prefix=passage_prefix,
        query_prefix=query_prefix,
        max_tokens=max_tokens,
        precision=precision,
        store=store,
    )


def spec_of(encoder: str | Encoder) -> str:
    """Return what `load_encoder` takes to find an encoder again, "" for one that no name tells.

    A folder is given by its whole path, since a bundle may be opened from elsewhere. What was learned from a
    catalogue is called "lsa": a bundle holds it.
    """
    if isinstance(encoder, str) and len(parts := weighed(encoder)) > 1:
        return JOIN.join(f"{weight:g} {spec_of(name)}" for weight, name in parts)
    if isinstance(encoder, str):
        folder = Path(encoder.strip()).expanduser()
        return str(folder.resolve()) if encoder != "minilm" and folder.is_dir() else encoder
    if isinstance(encoder, LatentSemantics):
        return LEARNED
    return encoder.spec if isinstance(encoder, LocalEncoder | RemoteEncoder | Ensemble) else ""
