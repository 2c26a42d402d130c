"""An encoder by its name: the only file that knows all kinds."""

from penchant.errors import LanguageError
from penchant.language.encode import Encoder
from penchant.language.local import LocalEncoder


def load_encoder(spec: str = "minilm", *, max_tokens: int = 128) -> Encoder:
    """Return the encoder that `spec` names: "minilm", a model folder, or a Hugging Face name.

    Raises LanguageError for what cannot be found or loaded.
    """
    if not spec.strip():
        raise LanguageError("the name of the text encoder is empty", hint='"minilm" is the bundled one')
    return LocalEncoder(spec.strip(), max_tokens=max_tokens)
