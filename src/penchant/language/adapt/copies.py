"""Which texts stand for an item while it is taught: its own, or a copy that says the same in part."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from penchant.errors import SettingError
from penchant.language.adapt.augment import varied
from penchant.types import Rows


@dataclass(frozen=True, slots=True)
class Copies:
    """`texts` come behind those of all items; `versions`, (n, C), are the places of n items' texts.

    The first version is the item's own text; one that has no copy in a column has its own there.
    """

    texts: list[str]
    versions: NDArray[np.int64]

    def shown(self, rows: Rows, rng: Generator) -> Rows:
        """Return the places of texts that stand for some of the items now, drawn alike."""
        n = self.versions.shape[1]
        chosen = rng.integers(0, n, len(rows)) if n > 1 else np.zeros(len(rows), dtype=np.int64)
        found: Rows = self.versions[rows, chosen]
        return found


def copies_of(
    texts: Sequence[str], written: Sequence[str], items: Rows, part: float, times: int, rng: Generator
) -> tuple[Copies, list[str]]:
    """Return the copies of some items' texts, and what to say of them.

    `part` > 0 makes `times` copies with lines left out by that chance; `written` are other descriptions, one
    an item, "" for none, or empty: each is a copy, from which lines are left out as well.

    Raises:
        SettingError: there is nothing that differs.
    """
    own = [texts[item] for item in items]
    columns, added, said = [items], list[str](), list[str]()
    if part:
        able = sum("\n" in text for text in own)
        if not able:
            raise SettingError("--augment: no description has a second line to leave out")
        said.append(f"augment: {able:,} of {len(own):,} descriptions have lines to leave out")
        for _ in range(times):
            columns.append(len(texts) + len(added) + np.arange(len(own)))
            added += varied(own, part, rng)
    if written:
        there = np.flatnonzero([bool(written[item].strip()) for item in items])
        if not len(there):
            raise SettingError(
                "--written: it describes none of the items that are taught",
                hint="penchant write DIR -o TABLE describes items whose text is thin",
            )
        said.append(f"written: {len(there):,} of {len(own):,} items have another description")
        for _ in range(times if part else 1):
            column = items.copy()
            column[there] = len(texts) + len(added) + np.arange(len(there))
            columns.append(column)
            other = [written[items[row]] for row in there]
            added += varied(other, part, rng) if part else other
    return Copies(added, np.stack(columns, axis=1)), said
