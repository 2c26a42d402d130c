"""Why a text file could not be read: looked for only after a reader has failed, line by line."""

import csv
import gzip
import io
import json
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from penchant.errors import TableError

HEAD = 1 << 16
"""Bytes by which a file is known as text."""
MAGIC = {".gz": b"\x1f\x8b", ".zst": b"\x28\xb5\x2f\xfd"}
"""How packed files begin, by their ending."""
EMPTY_HINT = "export it again, or take the file away"


def check_packing(path: Path) -> None:
    """Raise an OSError for a file that is not packed as its ending says."""
    magic = MAGIC.get(path.suffix)
    if magic is not None:
        with path.open("rb") as file:
            if not file.read(4).startswith(magic):
                raise OSError(f"it ends in {path.suffix}, but is not packed so")


def check_text(path: Path, head: bytes) -> None:
    """Refuse what is no text: zero bytes in the first line, or in what is no UTF-8 at all.

    Raises:
        TableError: the file is empty or not a text file.
    """
    if not head.removeprefix(BOM_UTF8).strip() and len(head) < HEAD:
        raise TableError(f"{path}: the file is empty", hint=EMPTY_HINT)
    if head.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        hint = f"save it as UTF-8, e.g. iconv -f utf-16 -t utf-8 {path.name}"
        raise TableError(f"{path}: this is UTF-16, not a text file in UTF-8", hint=hint)
    if b"\x00" not in head:
        return
    try:
        getincrementaldecoder("utf-8")().decode(head)
        binary = b"\x00" in head.split(b"\n", 1)[0]
    except UnicodeDecodeError:
        binary = True
    if binary:
        raise TableError(f"{path}: this is not a text file", hint="save it as UTF-8 text, or as Parquet")


@contextmanager
def _unpacked(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as raw:
        if path.suffix != ".gz":
            yield raw
            return
        with gzip.GzipFile(fileobj=raw) as file:
            yield cast(IO[bytes], file)


def not_utf8(path: Path) -> TableError | None:
    """Find the first line that is not UTF-8 (None: there is none, or the packing hides the lines)."""
    if path.suffix == ".zst":
        return None
    with _unpacked(path) as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                hint = f"save it as UTF-8, e.g. iconv -f latin1 -t utf-8 {path.name}"
                return TableError(f"{path}: line {number} is not UTF-8 text", hint=hint)
    return None


def longer_row(path: Path, separator: str) -> TableError | None:
    """Find the first row with more fields than the first."""
    if path.suffix == ".zst" or len(separator) > 1:
        return None
    with _unpacked(path) as file:
        rows = csv.reader(io.TextIOWrapper(file, "utf-8-sig", newline=""), delimiter=separator)
        try:
            width = len(next(rows))
            longer = next((len(row) for row in rows if len(row) > width), None)
        except (csv.Error, StopIteration):
            return None
    if longer is None:
        return None
    said = f"{path}: line {rows.line_num} has {longer} fields, the header has {width}"
    return TableError(said, hint="quote fields that contain the separator or a quote")


def not_json(path: Path) -> TableError | None:
    """Find the first line that is not a JSON object."""
    if path.suffix == ".zst":
        return None
    with _unpacked(path) as file:
        for number, line in enumerate(file, 1):
            try:
                reason = "" if not line.strip() or isinstance(json.loads(line), dict) else "no object {…}"
            except ValueError as error:
                reason = str(error)
            if reason:
                said = f"{path}: cannot be read as jsonl: line {number} is no JSON: {reason}"
                return TableError(said, hint='write one JSON object a line, as in {"user_id": 1}')
    return None
