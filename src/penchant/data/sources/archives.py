"""Zip archives that strangers made: only named members come out, under names of our own."""

import gzip
import shutil
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from penchant.data.sources.download import fits
from penchant.errors import SourceError

RATIO, SMALL = 100, 64 << 20
"""How many times its size an archive may unpack to; up to 64 MiB are always let through."""
CHUNK = 1 << 20


def unpack(archive: Path, folder: Path, names: Iterable[str], *, optional: Iterable[str] = ()) -> None:
    """Write members into `folder` by the last part of their path: `ml-1m/ratings.dat` is `ratings.dat`.

    Where several members end alike, the one nearest to the top counts. Whatever a member's path says,
    nothing is written outside the folder; an archive that tries is refused, and so is one that unpacks
    to an unreasonable size.
    Raises SourceError for such archives, for damaged ones, and where one of `names` is missing.
    """
    names, optional = list(names), list(optional)
    try:
        with zipfile.ZipFile(archive) as packed:
            chosen = _chosen(packed, [*names, *optional])
            if missing := [name for name in names if name not in chosen]:
                raise SourceError(f"{archive.name}: holds no {', '.join(missing)}")
            whole = sum(info.file_size for info in chosen.values())
            if whole > max(SMALL, RATIO * archive.stat().st_size):
                raise SourceError(f"{archive.name}: would unpack to {whole:,} bytes, which is no data set")
            fits(folder, whole, "unpacked, it")
            for name, info in chosen.items():
                with packed.open(info) as member, (folder / name).open("wb") as out:
                    shutil.copyfileobj(member, out, CHUNK)
    # RuntimeError: encrypted; NotImplementedError: packed in a way that zipfile does not know
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise SourceError(f"{archive.name}: is damaged: {error}") from error


def _chosen(packed: zipfile.ZipFile, names: list[str]) -> dict[str, zipfile.ZipInfo]:
    found: dict[str, zipfile.ZipInfo] = {}
    for info in packed.infolist():
        path = PurePosixPath(info.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
            raise SourceError(f"{packed.filename}: holds '{info.filename}', which leads out of its folder")
        if info.is_dir() or path.name not in names or path.parts[0] == "__MACOSX":
            continue
        other = found.get(path.name)
        if other is None or info.filename.count("/") < other.filename.count("/"):
            found[path.name] = info
    return found


def check_gzip(path: Path) -> None:
    """Read a .gz file to its end, for its own checksum; raises SourceError where it is damaged."""
    try:
        with gzip.open(path) as file:
            while file.read(CHUNK):
                pass
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(f"{path.name}: is damaged: {error}") from error
