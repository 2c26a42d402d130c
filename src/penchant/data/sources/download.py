"""A file from the web to the disk: streamed, resumed after a break, never trusted before it is whole."""

import errno
import hashlib
import json
import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from penchant.data.sources.terms import Progress, unseen
from penchant.errors import SourceError

TIMEOUT, PATIENT = 5.0, 30.0
"""Seconds without an answer after which an origin is given up: where there is another one, where not."""
CHUNK, SPARE = 1 << 18, 64 << 20
"""Bytes read at a time, and bytes of the disk that stay free."""
BREAKS, PAUSE = 20, 0.5
"""Breaks of the connection that one run outlives, and seconds before it asks again."""
DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EIO)
"""Troubles of the disk, which asking the server again does not mend."""
WEB_PAGES = ("text/html", "application/xhtml+xml")
GOES_ON = "what came is kept: the same command goes on from there"


class _Redirects(HTTPRedirectHandler):
    """Follows redirects, but not from an encrypted connection to an open one."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> Request | None:
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise SourceError(f"{req.full_url}: leads to {newurl}, which is not encrypted")
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


_opener = build_opener(_Redirects)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is known of a file of which a part is there: `mark` is the server's word for its version."""

    url: str
    mark: str
    total: int | None


def download(url: str, target: Path, *, progress: Progress = unseen, timeout: float = PATIENT) -> Path:
    """Bring a file to `target`; while it is not whole it is called `target.part`, and a later call goes on.

    A part is only continued where the server names a version (ETag or Last-Modified) and it is the same one.
    Raises SourceError where the file cannot be had, is a web page, does not fit on the disk, or where the
    connection breaks for good.
    """
    if target.exists():
        return target
    part, came = _beside(target, ".part"), False
    for turn in range(BREAKS + 1):
        before = _size(part)
        try:
            _stream(url, target, progress, timeout)
            part.replace(target)
            _beside(target, ".json").unlink(missing_ok=True)
            return target
        except (HTTPException, OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno in DISK:
                hint = f"make room, or choose DIR on another disk; {GOES_ON}"
                raise SourceError(f"{part}: cannot be written: {error.strerror}", hint=hint) from error
            gained = _size(part) > before
            if not (gained or came) or turn == BREAKS or (isinstance(error, HTTPError) and error.code < 500):
                hint = GOES_ON if _size(part) else "is there a way to the network?"
                raise SourceError(f"{url}: {error}", hint=hint) from error
            came = gained  # one more try without a gain, then it is over
            time.sleep(PAUSE)
    raise AssertionError("the last turn returns or raises")


def _stream(url: str, target: Path, progress: Progress, timeout: float) -> None:
    part, kept = _beside(target, ".part"), _kept(url, target)
    start = _size(part) if kept else 0
    headers = {"User-Agent": "penchant", "Accept-Encoding": "identity"}
    if kept and start:
        headers |= {"Range": f"bytes={start}-", "If-Range": kept.mark}
    try:
        answer: HTTPResponse = _opener.open(Request(url, headers=headers), timeout=timeout)
    except HTTPError as error:
        if error.code != 416 or not start:
            raise
        part.unlink()  # the part is longer than the file: it was another one
        raise ConnectionError("the file has changed; starting again") from error
    with answer:
        if answer.headers.get_content_type() in WEB_PAGES:
            raise SourceError(f"{url}: answers with a web page, not with a file")
        start, total = _extent(answer, start, kept)
        fits(target.parent, (total or 0) - start, target.name)
        if not start:
            part.write_bytes(
                b""
            )  # before the note: an older part must never be taken for one of this version
        note = {"url": url, "mark": _mark(answer.headers), "total": total}
        _beside(target, ".json").write_text(json.dumps(note))
        with part.open("ab") as out:
            _pour(answer, out, start, total, target.name, progress)
    if total is not None and _size(part) != total:
        raise ConnectionError(f"the connection broke after {_size(part):,} of {total:,} bytes")


def _pour(
    answer: HTTPResponse, out: IO[bytes], done: int, total: int | None, name: str, progress: Progress
) -> None:
    progress(name, done, total)
    while chunk := answer.read1(CHUNK):
        out.write(chunk)
        done += len(chunk)
        if total is not None and done > total:
            raise ConnectionError(f"more than the announced {total:,} bytes came")
        progress(name, done, total)


def _extent(answer: HTTPResponse, start: int, kept: _Kept | None) -> tuple[int, int | None]:
    """Return from which byte on the answer's body is, and how many bytes there are in all."""
    length = answer.headers["Content-Length"]
    if answer.status != 206:
        return 0, int(length) if length else None
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers["Content-Range"] or "")
    total = int(found[2]) if found and found[2] != "*" else None
    if not found or int(found[1]) != start or (kept and kept.total and total and total != kept.total):
        raise ConnectionError("the answer is another piece than the one asked for")
    return start, total or (kept.total if kept else None)


def _kept(url: str, target: Path) -> _Kept | None:
    """Return what is known of the part that is there, None where it cannot be continued."""
    try:
        found: Any = json.loads(_beside(target, ".json").read_text())
        kept = _Kept(found["url"], found["mark"], found["total"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return kept if kept.url == url and kept.mark else None


def _mark(headers: Message) -> str:
    etag = headers["ETag"] or ""
    return (headers["Last-Modified"] or "") if not etag or etag.startswith("W/") else etag


def _beside(target: Path, ending: str) -> Path:
    return target.with_name(target.name + ending)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def fits(folder: Path, wanted: int, name: str) -> None:
    """Raise a SourceError where the disk has no room for `wanted` more bytes."""
    free = shutil.disk_usage(folder).free
    if wanted + SPARE > free:
        raise SourceError(
            f"{folder}: {name} needs {wanted + SPARE:,} bytes, {free:,} are free",
            hint="make room, or choose DIR on another disk",
        )


def published_md5(url: str, timeout: float = PATIENT) -> str | None:
    """Return the md5 that stands in the small file `url`, None where there is no such file.

    Raises SourceError where it cannot be asked for, or holds no md5.
    """
    try:
        with _opener.open(Request(url, headers={"User-Agent": "penchant"}), timeout=timeout) as answer:
            text = answer.read(4096).decode("ascii", "replace")
    except HTTPError as error:
        if error.code in (404, 410):
            return None
        raise SourceError(f"{url}: {error}") from error
    except (HTTPException, OSError, ValueError) as error:
        raise SourceError(f"{url}: {error}") from error
    found = re.search(r"\b[0-9a-fA-F]{32}\b", text)
    if found is None:
        raise SourceError(f"{url}: holds no md5")
    return found[0].lower()


def digest(path: Path, algorithm: str) -> str:
    """Return the hash of a file, as hexadecimal text."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


def checked(path: Path, name: str, expected: Mapping[str, str]) -> str:
    """Compare a file with its hash by algorithm; returns a line that says what was found.

    Without a hash to compare with, the line says so and gives the sha256. A file with another hash is
    deleted, and a SourceError raised.
    """
    if not expected:
        return f"{name}: no hash is published for it; the sha256 found is {digest(path, 'sha256')}"
    for algorithm, wanted in expected.items():
        if (found := digest(path, algorithm)) != wanted:
            path.unlink()
            raise SourceError(f"{name}: {algorithm} is {found}, not {wanted}")
    return (
        f"{name}: {', '.join(f'{algorithm} {wanted}' for algorithm, wanted in expected.items())}, as expected"
    )
