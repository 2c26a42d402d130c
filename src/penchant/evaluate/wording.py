"""How numbers are written, and how what was written reaches the disk: whole or not at all."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from penchant.errors import InputError
from penchant.evaluate.statistics import Interval


def spelled(interval: Interval, *, sign: str = "", brief: bool = False) -> str:
    """Write an interval, or its mean alone.

    >>> spelled(Interval(0.27, 0.257, 0.283))
    '0.2700 [0.257, 0.283]'
    """
    if brief:
        return f"{interval.mean:{sign}.4f}"
    return f"{interval.mean:{sign}.4f} [{interval.low:{sign}.3f}, {interval.high:{sign}.3f}]"


def lasting(span: float, clock: str) -> str:
    """Write a span of time; where the order of rows is the clock, it is a number of events.

    >>> lasting(172_800.0, "time"), lasting(5400.0, "time"), lasting(1200.0, "order")
    ('2 days', '1.5 hours', '1,200 events')
    """
    if clock != "time":
        return f"{span:,.0f} events"
    for size, name in ((86_400.0, "days"), (3600.0, "hours"), (60.0, "minutes")):
        if span >= size:
            return f"{span / size:.3g} {name}"
    return f"{span:.3g} seconds"


def plain(value: Any) -> Any:
    """Make JSON of nested values: intervals become mappings, numbers that are not finite become None."""
    if isinstance(value, Interval):
        return plain(value._asdict())
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    return value


def check_folder(folder: Path) -> None:
    """Raise InputError where a report's folder cannot be made or written: before the work, not after."""
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise InputError(f"-o {folder}: {place} is no folder", hint="name a folder, new or old")
    if not os.access(place, os.W_OK):
        raise InputError(f"-o {folder}: {place} may not be written", hint="name another folder")


def write_whole(folder: Path, files: Mapping[str, str]) -> None:
    """Write files into a folder, each whole or not at all. Raises InputError where the disk refuses."""
    check_folder(folder)
    for name, content in files.items():
        unfinished = folder / f".{name}.{os.getpid()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            unfinished.write_text(content + "\n", encoding="utf-8", errors="replace")
            unfinished.replace(folder / name)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise InputError(
                f"-o {folder}: {name} could not be written: {error.strerror or error}"
            ) from error
