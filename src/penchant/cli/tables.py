"""Tables as the verbs that learn take them: read with what was asked for, and reported."""

from pathlib import Path
from typing import Any

import polars as pl

from penchant.cli.terminal import say
from penchant.data.cells import moments
from penchant.data.cleaning.settings import Cleaning
from penchant.data.columns import parse_map
from penchant.data.dataset import Dataset
from penchant.data.kinds import parse_weights
from penchant.data.mapping import FILE, remember
from penchant.data.read import read
from penchant.errors import SettingError


def tables(
    folder: Path,
    mapping: str | None,
    *,
    target: str = "next",
    weights: str | None = None,
    cleaning: Cleaning | None = None,
    keep_texts: bool = False,
) -> Dataset:
    """Read a folder of tables, and say what was read; `keep_texts` keeps the texts of events."""
    if target not in ("next", "liked"):
        raise SettingError(f"--target {target}", hint="next or liked")
    chosen, counting = parse_map(mapping) if mapping else None, parse_weights(weights or "")
    how: dict[str, Any] = {"target": target, "cleaning": cleaning, "keep_texts": keep_texts}
    data, report = read(folder, mapping=chosen, weights=counting, **how)
    say(report)
    if chosen and remember(folder, chosen):
        say(f"{folder / FILE}: remembers this --map")
    return data


def moment(text: str, option: str) -> float:
    """Read a moment that somebody wrote: 2024-05-31, 2024-05-31T12:00Z, a year, or seconds since 1970."""
    written = f"{text.strip()}-01-01" if len(text.strip()) == 4 else text.strip()
    found = moments(pl.Series("moment", [written], dtype=pl.String), option).seconds[0]
    if found is None:
        raise SettingError(f"{option} {text}: this is no moment", hint="write it like 2024-05-31")
    return float(found)
