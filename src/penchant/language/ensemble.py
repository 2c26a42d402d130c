"""Several text encoders as one: their vectors side by side, each as long as it weighs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from penchant.errors import LanguageError
from penchant.language.encode import Encoder, Whole, for_requests, unit
from penchant.types import Vectors

JOIN = " + "
"""What stands between the names of encoders: `minilm + 0.5 LM`."""
_WEIGHED = re.compile(r"(\d+(?:\.\d+)?)\s+(.+)")


@dataclass(frozen=True, slots=True)
class Ensemble:
    """x = (w_1 x_1, …, w_n x_n), scaled to length one: cosines are means of the parts', weighted by w².

    Where one of the parts reads all that is known of an item as one text, all of them do.
    """

    spec: str
    parts: tuple[Encoder, ...]
    weights: tuple[float, ...]

    @property
    def name(self) -> str:
        """The names of the parts with their weights."""
        return JOIN.join(f"{w:g} {part.name}" for w, part in zip(self.weights, self.parts, strict=True))

    @property
    def dim(self) -> int:
        """The sum of the parts' widths."""
        return sum(part.dim for part in self.parts)

    @property
    def whole(self) -> bool:
        """Whether categories belong into the text."""
        return any(isinstance(part, Whole) and part.whole for part in self.parts)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row of unit length a text, shape (n, dim); a text without a word gives zeros."""
        pairs = zip(self.weights, self.parts, strict=True)
        return unit(np.concatenate([np.float32(w) * part.encode(texts) for w, part in pairs], axis=1))

    def asking(self) -> "Ensemble":
        """Return the same encoders as they read requests."""
        return replace(self, parts=tuple(for_requests(part) for part in self.parts))


def weighed(spec: str) -> list[tuple[float, str]]:
    """Return the weights and names that a spec joins, one for the name of a single encoder.

    Raises:
        LanguageError: a name is missing, or a weight is 0.

    >>> weighed("minilm + 0.5 LM")
    [(1.0, 'minilm'), (0.5, 'LM')]
    """
    if JOIN not in spec:
        return [(1.0, spec)]
    found = []
    for part in (part.strip() for part in spec.split(JOIN)):
        said = _WEIGHED.fullmatch(part)
        weight, name = (float(said[1]), said[2]) if said else (1.0, part)
        if not name or weight <= 0:
            raise LanguageError(f"{spec!r}: '{part}' is no encoder", hint="write: minilm + 0.5 LM")
        found.append((weight, name))
    return found
