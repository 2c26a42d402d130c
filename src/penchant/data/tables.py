"""One file in, one frame out. This file knows formats; it does not know what a column means."""

import csv
import gzip
import io
import re
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from penchant.errors import TableError

FORMATS = (".parquet", ".csv", ".tsv", ".jsonl")
"""Endings that are read, each with .gz after it as well (but for Parquet, which packs by itself)."""
ATOMIC = re.compile(r"^(?P<name>[^:]+):(?P<type>token|token_seq|float|float_seq)$")


@dataclass(frozen=True, slots=True)
class Form:
    """How a text file is laid out: `header` where the file itself has none, `separator` None to find out."""

    separator: str | None = None
    header: tuple[str, ...] | None = None
    encoding: str = "utf-8-sig"
    quoted: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its file; `typed` says that the file itself told the types (Parquet, JSON lines)."""

    path: Path
    frame: pl.DataFrame
    typed: bool

    @property
    def name(self) -> str:
        """The file's name, for messages."""
        return self.path.name


def load(path: Path, form: Form | None = None) -> Table:
    """Read one table; text files give text in all columns, so that 007 stays 007.

    Raises:
        TableError: the file is empty, damaged, not what its name says, or holds no row.
    """
    if not path.is_file():
        raise TableError(f"{path}: no such file")
    if path.stat().st_size == 0:
        raise TableError(f"{path}: the file is empty", hint="export it again, or take the file away")
    ending = path.name.removesuffix(".gz").rpartition(".")[2]
    try:
        if form is None and ending == "parquet":
            table = Table(path, pl.read_parquet(path), typed=True)
        elif form is None and ending == "jsonl":
            table = Table(path, _json_lines(path), typed=True)
        else:
            table = Table(path, _text(path, form or Form("\t" if ending == "tsv" else None)), typed=False)
    except (PolarsError, OSError, EOFError, zlib.error) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TableError(
            f"{path}: cannot be read as {ending}: {reason}",
            hint="is it damaged, or of another format? Save it as Parquet, CSV or JSON lines",
        ) from error
    if table.frame.is_empty():
        raise TableError(f"{path}: the table has no rows", hint="export it again, or take the file away")
    # Categories would be taken by their codes where a number is looked for; empty columns have no type
    as_text = pl.col(pl.Categorical, pl.Enum, pl.Null).cast(pl.String)
    return replace(table, frame=table.frame.with_columns(as_text))


def _bytes(path: Path) -> bytes:
    raw = path.read_bytes()
    return gzip.decompress(raw) if path.suffix == ".gz" else raw


def _json_lines(path: Path) -> pl.DataFrame:
    return pl.read_ndjson(io.BytesIO(_decoded(path, "utf-8-sig").encode()), infer_schema_length=None)


def _decoded(path: Path, encoding: str) -> str:
    raw = _bytes(path)
    if b"\x00" in raw[:65536]:
        raise TableError(f"{path}: this is not a text file", hint="save it as UTF-8 text, or as Parquet")
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise TableError(
            f"{path}: line {line} is not UTF-8 text",
            hint=f"save it as UTF-8, e.g. iconv -f latin1 -t utf-8 {path.name}",
        ) from error


def _text(path: Path, form: Form) -> pl.DataFrame:
    text = _decoded(path, form.encoding)
    if not text.strip():
        raise TableError(f"{path}: the file is empty", hint="export it again, or take the file away")
    separator = form.separator or _separator(text)
    if len(separator) > 1:  # MovieLens' ::, which no reader of CSV takes
        text, separator = text.replace(separator, "\t"), "\t"
    try:
        frame = pl.read_csv(
            text.encode(),
            separator=separator,
            has_header=form.header is None,
            new_columns=list(form.header) if form.header else None,
            infer_schema=False,
            quote_char='"' if form.quoted else None,
        )
    except PolarsError as error:
        if (place := _longer_row(text, separator)) is None:
            raise
        hint = "quote fields that contain the separator or a quote"
        raise TableError(f"{path}: {place}", hint=hint) from error
    return _atomic(frame.rename({name: name.strip() for name in frame.columns}))


def _longer_row(text: str, separator: str) -> str | None:
    """Find the first row with more fields than the first, for people: polars does not tell which."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        width = len(next(rows))
        longer = next((len(row) for row in rows if len(row) > width), None)
    except csv.Error:
        return None
    return None if longer is None else f"line {rows.line_num} has {longer} fields, the header has {width}"


def _separator(text: str) -> str:
    header = text.split("\n", 1)[0]
    return max(",\t;|", key=header.count)


def _atomic(frame: pl.DataFrame) -> pl.DataFrame:
    """Undo RecBole's `name:type` headers: numbers become numbers, sequences of re-used tokens lists."""
    matches = [ATOMIC.match(name) for name in frame.columns]
    if not all(matches):
        return frame
    columns = []
    for column, match in zip(frame.iter_columns(), matches, strict=True):
        assert match is not None
        columns.append(_sequence(column.alias(match["name"]), match["type"]))
    return pl.DataFrame(columns)


def _sequence(column: pl.Series, kind: str) -> pl.Series:
    """Split a sequence into a list, unless it is prose: tokens of prose are mostly seen once."""
    if not kind.endswith("_seq"):
        return column
    tokens = column.str.split(" ").explode().drop_nulls()
    reused = tokens.n_unique() <= max(50, 0.1 * len(tokens))
    return column.str.split(" ") if reused else column
