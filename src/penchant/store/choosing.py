"""The versions of a bundle: which are there, and going back to another one."""

from pathlib import Path

from penchant.errors import BundleError
from penchant.store.contents import HASH
from penchant.store.reading import current, load
from penchant.store.writing import alone, point


def others(folder: Path) -> list[str]:
    """Return the versions that are there beside the current one, the newest first."""
    now = current(folder)
    there = [path for path in folder.glob("versions/*") if HASH.fullmatch(path.name) and path.name != now]
    return [path.name for path in sorted(there, key=lambda path: path.stat().st_mtime, reverse=True)]


def choose(folder: Path, version: str) -> None:
    """Let CURRENT name a version that is there and whole; nothing else is changed.

    Raises:
        BundleError: there is no such version, it is damaged, or the disk refused.
    """
    if not HASH.fullmatch(version) or not (folder / "versions" / version).is_dir():
        raise BundleError(f"{folder}: has no version {version[:80]!r}")
    load(folder / "versions" / version, verify=True)
    try:
        with alone(folder):
            point(folder, version)
    except OSError as error:
        raise BundleError(f"{folder}: CURRENT could not be written: {error.strerror or error}") from error
