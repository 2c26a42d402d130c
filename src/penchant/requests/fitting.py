"""Whether anything in a catalogue fits a request at all.

Sentences about everything under the sun are asked of the catalogue: what most of them reach is what a request
reaches that nothing fits. A request fits by its vector or by its words, whichever says so.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from penchant.requests.phrases import EVERYDAY
from penchant.requests.reading import tongue
from penchant.requests.search import WordIndex
from penchant.types import Scores, Vectors

PART = 0.8
"""Part of the sentences that are taken to fit nothing: some of them fit any catalogue by chance."""
FEWEST = 0.6
"""Part of a request's words that the nearest item must hold at least for the words alone to fit."""


@dataclass(frozen=True, slots=True)
class Fitting:
    """`bars` holds, by language, the cosine and the coverage that a request must exceed."""

    words: WordIndex
    hear: Callable[[str], Vectors] | None
    raw: Vectors
    bars: dict[str, tuple[float, float]] = field(default_factory=dict)

    def fits(self, text: str, heard: Vectors | None, spoken: Scores) -> bool:
        """Tell whether a request is nearer to some item than sentences that mean nothing here."""
        spoken_in = tongue(text)
        if (
            spoken_in not in self.bars
        ):  # learned at the first request of a language, in a fraction of a second
            self.bars[spoken_in] = self._bar(spoken_in)
        near, covered = self.bars[spoken_in]
        if heard is not None and self.nearest(heard) > near:
            return True
        return self.covered(text, spoken) > covered

    def nearest(self, heard: Vectors) -> float:
        """Return the highest cosine with any item."""
        return float((self.raw @ heard).max(initial=0.0))

    def covered(self, text: str, spoken: Scores) -> float:
        """Return which part of a request's words the item with the best words holds."""
        return self.words.coverage(text, int(spoken.argmax())) if spoken.any() else 0.0

    def _bar(self, spoken_in: str) -> tuple[float, float]:
        near, covered = [0.0], [0.0]
        for text in EVERYDAY[spoken_in]:
            if self.hear is not None:
                near.append(self.nearest(self.hear(text)))
            covered.append(self.covered(text, self.words.score(text)))
        return float(np.quantile(near, PART)), max(FEWEST, float(np.quantile(covered, PART)))
