"""The words of this room: a source, its origins, and the place where an origin works."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

Progress: TypeAlias = Callable[[str, int, int | None], None]
"""Called with the name of a file, the bytes that are there, and the bytes in all (None: not known)."""


def unseen(name: str, done: int, total: int | None) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where an origin works: tables go to `folder`; `downloads` outlives a broken run, so that it resumes."""

    folder: Path
    downloads: Path
    progress: Progress = unseen


@dataclass(frozen=True, slots=True)
class Origin:
    """A place that a data set comes from.

    `get` fills the folder of a workplace and returns what is to be told: how files were checked, what was
    changed. It raises SourceError where the set is not to be had.
    """

    name: str
    get: Callable[[Workplace], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Source:
    """A public data set: what it is, under which terms, and where it comes from, best place first."""

    title: str
    licence: str
    origins: tuple[Origin, ...]
    size: str = ""
    cite: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """A data set that comes in parts, fetched as NAME:PART; `default` is taken where none is named."""

    title: str
    licence: str
    parts: tuple[str, ...]
    source: Callable[[str], Source]
    default: str | None = None
    size: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What `fetch` wrote; `failed` says why origins before the used one did not do."""

    folder: Path
    files: tuple[str, ...]
    origin: str
    licence: str
    failed: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        told = [f"{self.folder}: {', '.join(self.files)}", f"source: {self.origin}"]
        return "\n".join([*told, *self.notes, f"licence: {self.licence}"])
