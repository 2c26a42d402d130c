"""From a name to a folder: the data sets that are known, and how one of them is fetched."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from penchant.data.sources.amazon import AMAZON
from penchant.data.sources.goodbooks import GOODBOOKS
from penchant.data.sources.mind import MIND
from penchant.data.sources.movielens import MOVIELENS
from penchant.data.sources.openbandit import OPEN_BANDIT
from penchant.data.sources.terms import Family, Fetched, Progress, Source, Workplace, unseen
from penchant.errors import SourceError

SOURCES: dict[str, Source] = {**MOVIELENS, "goodbooks-10k": GOODBOOKS, **MIND}
"""The public data sets by name; a new one is one entry."""
FAMILIES: dict[str, Family] = {"amazon-reviews-2023": AMAZON, "open-bandit": OPEN_BANDIT}
"""Those that come in parts, named NAME:PART."""
TERMS = "LICENCE.txt"
"""The file beside the data that says under which terms it came, from where, and how it was checked."""


def quietly(_: str) -> None:
    """Say nothing."""


def source_named(name: str, part: str | None = None, *, sources: Mapping[str, Source] = SOURCES) -> Source:
    """Return a data set by its name, NAME or NAME:PART.

    Raises SourceError for a name or a part that is not known, and for a family without a part.
    """
    bare, sign, asked = name.partition(":")
    if sign and part is not None and part != asked:
        raise SourceError(f"'{name}' and --category {part} name two different parts", hint="name one of them")
    part = asked if sign else part
    if bare in FAMILIES:
        family = FAMILIES[bare]
        part = family.default if part is None else part
        if part not in family.parts:
            what = f"'{part}' is no part of it" if part else "which part?"
            hint = f"{bare}:PART, one of {', '.join(family.parts)}"
            raise SourceError(f"{bare} comes in parts: {what}", hint=hint)
        return family.source(part)
    if bare not in sources:
        raise SourceError(f"'{name}' is no known data set", hint=f"known: {', '.join([*sources, *FAMILIES])}")
    if part is not None:
        raise SourceError(f"{bare} does not come in parts: '{part}'", hint=f"penchant data {bare} DIR")
    return sources[bare]


def listed() -> list[tuple[str, str, str, str]]:
    """Return name, download size, what is inside, and licence of all data sets."""
    whole = [(name, known.size, known.title, known.licence) for name, known in SOURCES.items()]
    parts = [
        (f"{name}:{family.default or 'PART'}", family.size, family.title, family.licence)
        for name, family in FAMILIES.items()
    ]
    return whole + parts


def fetch(
    name: str,
    folder: Path,
    *,
    part: str | None = None,
    sources: Mapping[str, Source] = SOURCES,
    announce: Callable[[str], None] = quietly,
    progress: Progress = unseen,
) -> Fetched:
    """Fetch a public data set into a new folder; it appears whole or not at all.

    `announce` is told what comes and under which licence, before anything is fetched. What a broken download
    left stays in `.FOLDER.unfinished` beside the folder, and the next call goes on from there.

    Raises:
        SourceError: the name is unknown, the folder is taken, or no origin gave the expected files.
    """
    source = source_named(name, part, sources=sources)
    folder = folder.absolute() if folder.name in ("", "..") else folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SourceError(f"{folder}: is there already and not an empty folder", hint="name a new folder")
    size = f" ({source.size})" if source.size else ""
    announce(f"{source.title}{size}\nlicence: {source.licence}")
    half = folder.absolute().parent / f".{folder.name}.unfinished"
    failed, hint = [], ""
    try:
        for origin in source.origins:
            work = _workplace(half, progress)
            try:
                notes = origin.get(work)
            except SourceError as error:
                failed.append(f"{origin.name}: {error.args[0]}")
                hint = error.hint
                continue
            files = _placed(work.folder, folder, source, origin.name, notes)
            shutil.rmtree(half, ignore_errors=True)
            return Fetched(folder, files, origin.name, source.licence, tuple(failed), notes)
    except OSError as error:
        raise SourceError(f"{folder}: cannot be written: {error}") from error
    finally:
        _tidy(half)
    raise SourceError(
        f"{name} could not be fetched: " + "; ".join(failed), hint=hint or "is there a way to the network?"
    )


def _workplace(half: Path, progress: Progress) -> Workplace:
    work = Workplace(half / "files", half / "downloads", progress)
    shutil.rmtree(work.folder, ignore_errors=True)
    work.folder.mkdir(parents=True)
    work.downloads.mkdir(exist_ok=True)
    return work


def _placed(
    filled: Path, folder: Path, source: Source, origin: str, notes: tuple[str, ...]
) -> tuple[str, ...]:
    """Add the terms, then rename: nobody ever sees half of the files."""
    told = [source.title, f"Licence: {source.licence}", f"From: {origin}", *notes]
    told += [f"Cite: {source.cite}"] if source.cite else []
    (filled / TERMS).write_text("\n".join([*told, ""]), encoding="utf-8")
    files = tuple(sorted(path.name for path in filled.iterdir()))
    filled.chmod(0o755)
    filled.replace(folder)  # replaces an empty folder as well
    return files


def _tidy(half: Path) -> None:
    """Keep of an unfinished fetch only what the next one can go on from."""
    shutil.rmtree(half / "files", ignore_errors=True)
    downloads = half / "downloads"
    kept = [path for path in downloads.glob("*") if path.is_file() and path.suffix != ".json"]
    if not any(path.stat().st_size for path in kept):
        shutil.rmtree(half, ignore_errors=True)
