"""Read a bundle, and say clearly what is wrong with one. Nothing here writes."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from penchant.errors import BundleError
from penchant.store.contents import FORMAT, HASH, KINDS, MANIFEST, Contents, version_of

MAPPED = 1 << 16
"""Arrays of more bytes stay on disk until they are touched; each of them holds a file handle."""
FILE = re.compile(r"[0-9a-f]{64}\.(npy|parquet)")
AGAIN = "copy the bundle again, write the version before into CURRENT, or fit again"

Entry: TypeAlias = Mapping[str, Any]
T = TypeVar("T")


def read(folder: Path, *, verify: bool = True) -> tuple[Contents, Mapping[str, Any]]:
    """Return the current version's contents and lineage; arrays are read-only, large ones mapped from disk.

    With `verify` each file is checked by its hash; without, only the manifest, and what it says of arrays.

    Raises:
        BundleError: the bundle is missing, damaged, of another format, or not one at all.
    """
    name = current(folder)
    try:
        return load(folder / "versions" / name, verify=verify)
    except BundleError:
        if current(folder) == name:
            raise
        return read(folder, verify=verify)  # replaced, and removed, while it was being read


def current(folder: Path) -> str:
    """Return the version that counts; cheap, so that a service can look for a new one.

    Raises:
        BundleError: there is none.
    """
    if not folder.is_dir():
        raise BundleError(f"{folder}: no such bundle", hint=f"penchant fit DIR -o {folder} makes one")
    name, pointer = pointed(folder), folder / "CURRENT"
    if name and (folder / "versions" / name).is_dir():
        return name
    there = sorted(path.name for path in folder.glob("versions/*") if HASH.fullmatch(path.name))
    hint = f"write one of these into it: {', '.join(there)}" if there else "name what penchant fit wrote"
    if name:
        raise BundleError(f"{pointer}: names the version {name}, which is missing", hint=hint)
    raise BundleError(f"{pointer}: missing, or names no version: not a bundle", hint=hint)


def pointed(folder: Path) -> str | None:
    """Return what CURRENT names, if that may be a version."""
    try:
        name = (folder / "CURRENT").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return name if HASH.fullmatch(name) else None


def load(version: Path, *, verify: bool) -> tuple[Contents, Mapping[str, Any]]:
    """Return what one version holds, and its lineage."""
    manifest = manifest_in(version)
    try:
        arrays = opened(version, manifest["arrays"], array_in, verify=verify)
        tables = opened(version, manifest["tables"], table_in, verify=verify)
        return Contents(arrays, manifest["scalars"], tables), manifest["lineage"]
    except (KeyError, TypeError, AttributeError) as error:
        raise BundleError(
            f"{version / MANIFEST}: does not say what it should ({error!r})", hint=AGAIN
        ) from error


def manifest_in(version: Path) -> dict[str, Any]:
    """Return the manifest of a version after checking that it is the one that the version is named by."""
    path = version / MANIFEST
    try:
        manifest = json.loads(path.read_bytes())
        form = manifest["format"]
        if isinstance(form, int) and form > FORMAT:
            raise BundleError(
                f"{path}: made by a newer Penchant (format {form}, this one reads {FORMAT})",
                hint="update Penchant, or fit again",
            )
        whole = form == FORMAT and version_of(manifest) == version.name
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(f"{path}: cannot be read ({error!r})", hint=AGAIN) from error
    if not whole:
        raise BundleError(f"{path}: is not as it was written: cut or edited", hint=AGAIN)
    return dict(manifest)


def opened(
    version: Path, entries: Mapping[str, Entry], content: Callable[[Path, Entry], T], *, verify: bool
) -> dict[str, T]:
    """Return what the entries of a manifest name; names of one file share what is in it."""
    files: dict[str, T] = {}
    for entry in entries.values():
        if entry["file"] in files:
            continue
        if not FILE.fullmatch(entry["file"]) or not entry["file"].startswith(f"{entry['hash']}."):
            raise BundleError(f"{version / MANIFEST}: names '{entry['file']}', which is no file of a bundle")
        path = version / entry["file"]
        try:
            if verify:
                check(path, entry["hash"])
            files[entry["file"]] = content(path, entry)
        except (
            OSError,
            EOFError,
            ValueError,
            pl.exceptions.PolarsError,
            pl.exceptions.PanicException,
        ) as error:
            raise BundleError(f"{path}: cannot be read ({error})", hint=AGAIN) from error
    return {name: files[entry["file"]] for name, entry in entries.items()}


def check(path: Path, digest: str) -> None:
    """Hash a file."""
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != digest:
        raise BundleError(f"{path}: is not as it was written: cut or edited", hint=AGAIN)


def table_in(path: Path, entry: Entry) -> pl.DataFrame:
    """Return a table; it is read as bytes, so that no letter of the path is taken for a pattern."""
    return pl.read_parquet(path.read_bytes())


def array_in(path: Path, entry: Entry) -> NDArray[Any]:
    """Return an array of exactly the type and shape that the manifest tells; never one of objects."""
    large = path.stat().st_size > MAPPED
    array = np.load(path, mmap_mode="r" if large else None, allow_pickle=False)
    if not isinstance(array, np.ndarray):
        raise BundleError(f"{path}: holds no array", hint=AGAIN)
    if array.dtype.kind not in KINDS or (array.dtype.str, list(array.shape)) != (
        entry["dtype"],
        entry["shape"],
    ):
        raise BundleError(f"{path}: is of {array.dtype} and shape {array.shape}, not as the manifest says")
    array = np.asarray(array)  # a plain one: slices of NumPy's own class for mapped files are slow
    array.flags.writeable = False
    return array
