"""Public data sets by name: fetched, checked by hash, written whole or not at all."""

import hashlib
import io
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

from penchant.data.layouts import GENRES
from penchant.errors import SourceError

TIMEOUT = 5.0
"""Seconds without an answer after which the next origin is tried."""
Files = Mapping[str, bytes]
"""Contents by file name."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A place that a data set comes from; `get` raises SourceError where it is not to be had."""

    name: str
    get: Callable[[], Files]


@dataclass(frozen=True, slots=True)
class Source:
    """A public data set: where it comes from, best place first, and under which terms."""

    title: str
    licence: str
    origins: tuple[Origin, ...]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What `fetch` wrote; `failed` says why origins before the used one did not do."""

    folder: Path
    files: tuple[str, ...]
    origin: str
    licence: str
    failed: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.folder}: {', '.join(self.files)}\nsource: {self.origin}\nlicence: {self.licence}"


ML_100K_URL = "https://files.grouplens.org/datasets/movielens/ml-100k.zip"
ML_100K_MD5 = "0e33842e24a9c977be4e0107933c0723"
ML_100K_SHA256 = {
    "ml-100k.inter": "4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff",
    "ml-100k.item": "51d7cdf777ce5c0f5b32c1d947a4a81fe07d75e78abbe761e0cd4d0756064532",
    "ml-100k.user": "4f670007d9cfbeb9807e757209af1555b9bcc186bde25e767f67cb67c6dd5972",
}
ML_100K_EVENTS = "3c61dc9b90a365d2ac50bdee9df8024ddf0eea4b1a15678d9934a77e75fe0ede"
"""Hash of the sorted lines of all 100,000 ratings: both origins must give the same events."""
WHEEL = "recbole==1.2.1"


def movielens_from_grouplens(
    url: str = ML_100K_URL, md5: str = ML_100K_MD5, events: str = ML_100K_EVENTS
) -> Files:
    """Download GroupLens' own zip and lay it out as atomic files."""
    try:
        with urlopen(url, timeout=TIMEOUT) as answer:
            packed = answer.read()
    except (HTTPException, OSError, ValueError) as error:
        raise SourceError(f"{url}: {error}") from error
    if (found := hashlib.md5(packed, usedforsecurity=False).hexdigest()) != md5:
        raise SourceError(f"{url}: md5 is {found}, not {md5}")
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        data, item, user = (
            archive.read(f"ml-100k/u.{part}").decode("latin-1") for part in ("data", "item", "user")
        )
    lines = data.splitlines()
    films = filter(None, item.splitlines())  # its last line is empty
    if (found := digest_of_events(lines)) != events:
        raise SourceError(
            f"{url}: the ratings are not the expected ones (sha256 of the sorted lines: {found})"
        )
    return {
        "ml-100k.inter": _atomic("user_id:token item_id:token rating:float timestamp:float", lines),
        "ml-100k.item": _atomic(
            "item_id:token movie_title:token_seq release_year:token class:token_seq",
            map(_film, films),
        ),
        "ml-100k.user": _atomic(
            "user_id:token age:token gender:token occupation:token zip_code:token",
            (line.replace("|", "\t") for line in user.splitlines()),
        ),
    }


def digest_of_events(lines: Iterable[str]) -> str:
    """Return the sha256 of the lines in sorted order, so that the order of a file does not matter."""
    return hashlib.sha256("".join(f"{line}\n" for line in sorted(lines)).encode()).hexdigest()


def _atomic(header: str, lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in ["\t".join(header.split()), *lines]).encode()


def _film(line: str) -> str:
    """Turn a line of u.item (latin-1, | between, 19 flags) into one of an atomic file."""
    number, title, *_, flags = line.split("|", 5)
    year = re.search(r"\((\d{4})\)", title)
    name = title[: year.start()].strip() if year else title
    genres = " ".join(genre for genre, flag in zip(GENRES, flags.split("|"), strict=True) if flag == "1")
    return f"{number}\t{name}\t{year[1] if year else ''}\t{genres}"


def movielens_from_wheel(requirement: str = WHEEL, options: tuple[str, ...] = ()) -> Files:
    """Take MovieLens-100K out of RecBole's wheel, which pip finds wherever it finds anything."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--no-deps",
            "--quiet",
            "--disable-pip-version-check",
            "--retries",
            "1",
        ]
        run = subprocess.run(
            [*command, *options, "--dest", folder, requirement], capture_output=True, text=True, check=False
        )
        wheels = list(Path(folder).glob("*.whl"))
        if run.returncode or len(wheels) != 1:
            reason = (run.stderr.strip().splitlines() or ["no wheel came"])[-1]
            raise SourceError(f"pip download {requirement}: {reason}")
        with zipfile.ZipFile(wheels[0]) as archive:
            files = {name: archive.read(f"recbole/dataset_example/ml-100k/{name}") for name in ML_100K_SHA256}
    for name, expected in ML_100K_SHA256.items():
        if (found := hashlib.sha256(files[name]).hexdigest()) != expected:
            raise SourceError(f"{requirement}: sha256 of {name} is {found}, not {expected}")
    return files


SOURCES: dict[str, Source] = {
    "movielens-100k": Source(
        title="MovieLens 100K: 100,000 ratings of 943 people on 1,682 films, 1997-98",
        licence="GroupLens, University of Minnesota: research use with acknowledgement, no commercial use "
        "without permission (https://files.grouplens.org/datasets/movielens/ml-100k-README.txt)",
        origins=(
            Origin(ML_100K_URL, movielens_from_grouplens),
            Origin(f"the wheel {WHEEL} on PyPI", movielens_from_wheel),
        ),
    ),
}
"""The public data sets by name; a new one is one entry."""


def fetch(name: str, folder: Path, *, sources: Mapping[str, Source] = SOURCES) -> Fetched:
    """Fetch a public data set into a new folder; it appears whole or not at all.

    Raises:
        SourceError: the name is unknown, the folder is taken, or no origin gave the expected files.
    """
    if name not in sources:
        raise SourceError(f"'{name}' is no known data set", hint=f"known: {', '.join(sources)}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SourceError(f"{folder}: is there already and not an empty folder", hint="name a new folder")
    source, failed = sources[name], []
    for origin in source.origins:
        try:
            files = origin.get()
        except (SourceError, KeyError, ValueError, zipfile.BadZipFile) as error:
            failed.append(f"{origin.name}: {error}")
            continue
        _place(files, folder)
        return Fetched(folder, tuple(sorted(files)), origin.name, source.licence, tuple(failed))
    raise SourceError(
        f"{name} could not be fetched: " + "; ".join(failed), hint="is there a way to the network?"
    )


def _place(files: Files, folder: Path) -> None:
    """Write files beside the target, then rename: nobody ever sees half of them."""
    try:
        folder.absolute().parent.mkdir(parents=True, exist_ok=True)
        half = Path(tempfile.mkdtemp(dir=folder.absolute().parent, prefix=f".{folder.name}-"))
    except OSError as error:
        raise SourceError(f"{folder}: cannot be written: {error}") from error
    try:
        for name, content in files.items():
            (half / name).write_bytes(content)
        half.chmod(0o755)
        half.replace(folder)  # replaces an empty folder as well
    except OSError as error:
        raise SourceError(f"{folder}: cannot be written: {error}") from error
    finally:
        shutil.rmtree(half, ignore_errors=True)
