"""Files in, one frame out. This file knows formats; it does not know what a column means."""

import gzip
import io
import json
import re
import zlib
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from penchant.data.faults import (
    EMPTY_HINT,
    HEAD,
    check_packing,
    check_text,
    longer_row,
    not_json,
    not_utf8,
)
from penchant.errors import TableError

FORMATS = (".parquet", ".csv", ".tsv", ".jsonl")
"""Endings that are read; all but Parquet, which packs by itself, with one of PACKINGS after them as well."""
PACKINGS = (".gz", ".zst")
ATOMIC = re.compile(r"^(?P<name>[^:]+):(?P<type>token|token_seq|float|float_seq)$")
UNSEEN = "\x01"
"""A separator that no text has: it gives whole lines."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a text file is laid out: `header` where the file itself has none, `separator` None to find out.

    `encoding` "latin-1" means UTF-8, or Latin-1 where that is no UTF-8. `schema` names the columns of JSON
    lines that are wanted, and their types; all of them without.
    """

    separator: str | None = None
    header: tuple[str, ...] | None = None
    encoding: str = "utf-8"
    quoted: bool = True
    schema: Mapping[str, pl.DataType | type[pl.DataType]] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its file (or folder of files); `typed`: the file itself told the types.

    `notes` are lines for the report on what a layout made of the file.
    """

    path: Path
    frame: pl.DataFrame
    typed: bool
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's name, for messages."""
        return self.path.name


def load(path: Path, form: Form | None = None) -> Table:
    """Read one file; text files give text in all columns, so that 007 stays 007.

    Raises:
        TableError: the file is empty, damaged, not what its name says, or holds no row.
    """
    if not path.is_file():
        raise TableError(f"{path}: no such file")
    if path.stat().st_size == 0:
        raise TableError(f"{path}: the file is empty", hint=EMPTY_HINT)
    ending = unpacked_name(path).rpartition(".")[2]
    try:
        check_packing(path)
        if ending == "parquet":
            table = Table(path, pl.read_parquet(path, glob=False), typed=True)
        elif ending == "jsonl":
            table = Table(path, _json_lines(path, form or Form()), typed=True)
        else:
            table = Table(path, _text(path, form or Form("\t" if ending == "tsv" else None)), typed=False)
    except (PolarsError, OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TableError(
            f"{path}: cannot be read as {ending}: {reason}",
            hint="is it damaged, or of another format? Save it as Parquet, CSV or JSON lines",
        ) from error
    if table.frame.is_empty():
        raise TableError(f"{path}: the table has no rows", hint=EMPTY_HINT)
    # Categories would be taken by their codes where a number is looked for; empty columns have no type
    as_text = pl.col(pl.Categorical, pl.Enum, pl.Null).cast(pl.String)
    return replace(table, frame=table.frame.with_columns(as_text))


def load_parts(place: Path, paths: Sequence[Path], form: Form | None = None) -> Table:
    """Read a table that is spread over files; `place` is what messages call it.

    Raises:
        TableError: as `load`; or the files differ in their columns or types.
    """
    if len(paths) == 1:
        return load(paths[0], form)
    parts = [load(path, form) for path in paths]
    for part in parts[1:]:
        if set(part.frame.columns) != set(parts[0].frame.columns):
            one, other = (", ".join(p.frame.columns) for p in (parts[0], part))
            said = f"{place}: its parts differ: {parts[0].name} has {one}; {part.name} has {other}"
            raise TableError(said, hint="give all parts the same columns")
    columns = parts[0].frame.columns
    try:
        frame = pl.concat([part.frame.select(columns) for part in parts], how="vertical_relaxed")
    except PolarsError as error:
        said = f"{place}: its parts differ in the types of their columns: {str(error).splitlines()[0]}"
        raise TableError(said, hint="write all parts alike") from error
    return Table(place, frame, parts[0].typed, (f"{place.name}: read from {len(parts):,} files",))


def unpacked_name(path: Path) -> str:
    """Return a file's name without the ending of a packing."""
    return path.name.removesuffix(path.suffix) if path.suffix in PACKINGS else path.name


def head_of(path: Path) -> bytes:
    """Return the beginning of a text file, unpacked.

    Raises:
        OSError: the packing is damaged.
    """
    if path.suffix == ".gz":
        with gzip.open(path, "rb") as file:
            return file.read(HEAD)
    if path.suffix == ".zst":
        lines = pl.scan_csv(
            path, separator=UNSEEN, quote_char=None, has_header=False, infer_schema=False, glob=False
        )
        first = lines.head(100).collect().to_series().fill_null("")
        return "".join(f"{line}\n" for line in first).encode()[:HEAD]
    with path.open("rb") as raw:
        return raw.read(HEAD)


def first_object(path: Path) -> dict[str, object]:
    """Return the first object of a file of JSON lines, an empty one where it begins otherwise."""
    try:
        first = json.loads(head_of(path).removeprefix(BOM_UTF8).split(b"\n", 1)[0])
    except (OSError, ValueError, PolarsError):
        return {}
    return first if isinstance(first, dict) else {}


def _json_lines(path: Path, form: Form) -> pl.DataFrame:
    head = head_of(path)
    check_text(path, head)
    plain = not re.search(r"[*?\[]", str(path))  # what polars would take for a pattern
    marked = head.startswith(BOM_UTF8)  # which its reader of JSON does not know
    source: Path | io.BytesIO = path
    if marked or not plain:
        source = io.BytesIO(_bytes(path).removeprefix(BOM_UTF8))
    try:
        lines = pl.scan_ndjson(source, schema=form.schema, infer_schema_length=None)
        return lines.collect(engine="streaming")
    except PolarsError as error:
        fault = not_utf8(path) or not_json(path)
        if fault is None:
            raise
        raise fault from error


def _bytes(path: Path) -> bytes:
    raw = path.read_bytes()
    return gzip.decompress(raw) if path.suffix == ".gz" else raw


def _text(path: Path, form: Form) -> pl.DataFrame:
    head = head_of(path)
    check_text(path, head)
    separator = form.separator or _separator(head)
    try:
        frame = _fields(path, form, separator)
    except PolarsError as error:
        fault = not_utf8(path)
        if fault and form.encoding == "latin-1":
            frame = _fields(_bytes(path).decode("latin-1").encode(), form, separator)
        else:
            fault = fault or longer_row(path, separator)
            if fault is None:
                raise
            raise fault from error
    return _atomic(frame.rename({name: name.strip() for name in frame.columns}))


def _fields(source: Path | bytes, form: Form, separator: str) -> pl.DataFrame:
    """Divide lines into fields; a separator of several signs, such as MovieLens' ::, ends a field as well."""
    wide = len(separator) > 1
    lines = pl.scan_csv(
        source,
        separator=UNSEEN if wide else separator,
        has_header=form.header is None,
        new_columns=["line"] if wide else list(form.header) if form.header else None,
        infer_schema=False,
        quote_char='"' if form.quoted else None,
        glob=False,
    )
    if wide and form.header:
        parts = pl.col("line").str.splitn(separator, len(form.header)).struct.rename_fields(form.header)
        lines = lines.select(parts).unnest("line")
    return lines.collect(engine="streaming")


def _separator(head: bytes) -> str:
    header = head.split(b"\n", 1)[0].decode(errors="replace")
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
