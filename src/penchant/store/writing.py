"""Write a bundle whole or not at all: a kill or a full disk at any moment leaves the version before."""

import contextlib
import json
import os
import re
import shutil
import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from penchant.errors import BundleError
from penchant.store.contents import HASH, MANIFEST, Contents, File, fill, manifest_of, version_of
from penchant.store.reading import load, pointed

if sys.platform != "win32":
    import fcntl

TEMP = re.compile(r"\.[0-9a-f]{64}\.tmp-\d+")
NEXT = ".CURRENT.tmp"


def write(folder: Path, contents: Contents, *, lineage: Mapping[str, Any]) -> str:
    """Store a version and make it the current one; the version before is kept, older ones go.

    `created` in `lineage` is kept but does not count: the same contents and the same rest of the lineage
    are the same version, and nothing is written again.

    Returns:
        The version: the sha256 of its manifest, which names each file by the file's own sha256.

    Raises:
        BundleError: the folder is something else, something cannot be stored, or the disk refused; what
            was there before is whole.
    """
    manifest, files = manifest_of(contents, lineage)
    name = version_of(manifest)
    new, versions = not folder.exists(), folder / "versions"
    try:
        refuse_strangers(folder)
        versions.mkdir(parents=True, exist_ok=True)
        with alone(folder):
            sweep(versions)
            before = pointed(folder)
            install(folder, name, manifest, files)
            sweep(versions, kept={name, before} if name != before else None)
    except OSError as error:
        with contextlib.suppress(OSError):
            if new:
                versions.rmdir()
                folder.rmdir()
        reason = f"{folder}: the bundle could not be written: {error.strerror or error}"
        raise BundleError(
            reason, hint="what was there is whole; make room, or name another folder"
        ) from error
    return name


def refuse_strangers(folder: Path) -> None:
    """Refuse a folder of something else; one in which the very first write was killed will do."""
    if not folder.exists() or pointed(folder):
        return
    if not folder.is_dir() or not {path.name for path in folder.iterdir()} <= {"versions", NEXT}:
        raise BundleError(
            f"{folder}: is there already and no bundle; it was not touched", hint="name a new folder"
        )


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let other writers of this bundle wait; one that is killed holds up nobody."""
    if sys.platform == "win32":
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems have no locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def whole(version: Path) -> bool:
    """Tell whether a version is there and undamaged."""
    try:
        load(version, verify=True)
    except BundleError:
        return False
    return True


def install(folder: Path, name: str, manifest: Mapping[str, Any], files: Mapping[str, File]) -> None:
    """Write a version if it is not there, and let CURRENT name it; if either fails, a new one goes again."""
    version = folder / "versions" / name
    fresh = not whole(version)
    try:
        if fresh:
            place(version, manifest, files)
        if pointed(folder) != name:
            point(folder, name)
    except OSError:
        if fresh and version.exists() and pointed(folder) != name:
            shutil.rmtree(aside(version), ignore_errors=True)
        raise


def place(version: Path, manifest: Mapping[str, Any], files: Mapping[str, File]) -> None:
    """Write a version under another name, see that it is on disk, and only then rename it."""
    half = version.with_name(f".{version.name}.tmp-{os.getpid()}")
    try:
        half.mkdir()
        for name, content in files.items():
            write_file(half / name, content)
        write_file(half / MANIFEST, json.dumps(manifest, indent=1).encode())
        sync(half)
        if version.exists():
            aside(version)  # it is damaged
        os.replace(half, version)
        sync(version.parent)
    finally:
        shutil.rmtree(half, ignore_errors=True)


def point(folder: Path, name: str) -> None:
    """Let CURRENT name a version: at any moment it names the old one or the new one."""
    try:
        write_file(folder / NEXT, f"{name}\n".encode())
        os.replace(folder / NEXT, folder / "CURRENT")
    finally:
        (folder / NEXT).unlink(missing_ok=True)
    sync(folder)


def sweep(versions: Path, kept: Collection[str | None] | None = None) -> None:
    """Remove what killed writers left behind and, given `kept`, the other versions; what resists stays."""
    for path in list(versions.iterdir()):
        with contextlib.suppress(OSError):
            if TEMP.fullmatch(path.name):
                shutil.rmtree(path)
            elif kept is not None and HASH.fullmatch(path.name) and path.name not in kept:
                shutil.rmtree(aside(path))


def aside(version: Path) -> Path:
    """Rename a version that is to be removed, so that nobody takes half of one for a whole."""
    return version.replace(version.with_name(f".{version.name}.tmp-0"))


def write_file(path: Path, content: File) -> None:
    """Write a file and see that it is on disk."""
    with path.open("wb") as stream:
        fill(SimpleNamespace(write=stream.write), content)  # NumPy's own way hides why a write fails
        stream.flush()
        os.fsync(stream.fileno())


def sync(folder: Path) -> None:
    """See that the names in a folder are on disk."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
