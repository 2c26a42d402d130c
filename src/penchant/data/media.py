"""Vectors of pictures or sounds that somebody made: a column of them, or a folder of `.npy` files."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from penchant.data.assemble import rows_of
from penchant.data.catalogue import Catalogue
from penchant.data.report import Journal
from penchant.errors import TableError
from penchant.types import Vectors

FOLDERS = ("media", "vectors")
"""Folders beside the tables whose files `ITEM.npy` hold one vector each."""
SHORTEST, SAME = 8, 0.9
"""Numbers that a vector has at least, and the part of a column's cells that must have as many of them."""


def with_media(items: Catalogue, folder: Path, journal: Journal) -> Catalogue:
    """Add the vectors of `folder/media` and `folder/vectors` as columns, and say what vectors there are.

    Raises TableError for a file that is no single vector of finite numbers, or not as long as the others.
    """
    for name in FOLDERS:
        if (folder / name).is_dir() and (files := sorted((folder / name).glob("*.npy"))):
            if name in items.table.columns:
                raise TableError(
                    f"{folder / name}: the items have a column '{name}' as well", hint="rename one of them"
                )
            items = _added(items, name, files, journal)
    for name in vector_columns(items):
        block = _stack(items, name)
        known = f"{int(block.any(axis=1).sum()):,} of {len(items):,}"
        journal.say(f"items: '{name}' holds vectors of {block.shape[1]:,} numbers for {known}")
    return items


def vector_columns(items: Catalogue) -> list[str]:
    """Return the columns that hold vectors: lists of floats, eight or more, nearly all of one length."""
    found = []
    for column in items.table.iter_columns():
        column = _lists(column)
        if not isinstance(column.dtype, pl.List) or not column.dtype.inner.is_float():
            continue
        sizes = column.drop_nulls().list.len()
        usual = int(sizes.mode().max() or 0) if len(sizes) else 0  # type: ignore[arg-type]
        if usual >= SHORTEST and int((sizes == usual).sum()) >= SAME * len(sizes):
            found.append(column.name)
    return found


def media_vectors(items: Catalogue) -> Vectors:
    """Return all vectors of each item side by side, each at unit length, zero where it has none; (n, width).

    Raises TableError for a vector of another length than the others, or with numbers that are not finite.
    """
    blocks = [_stack(items, name) for name in vector_columns(items)]
    return np.concatenate(blocks, axis=1) if blocks else np.zeros((len(items), 0), dtype=np.float32)


def _lists(column: pl.Series) -> pl.Series:
    return column.cast(pl.List(column.dtype.inner)) if isinstance(column.dtype, pl.Array) else column


def _stack(items: Catalogue, name: str) -> Vectors:
    cells = _lists(items.table[name])
    sizes = cells.list.len()
    usual = int(sizes.drop_nulls().mode().max())  # type: ignore[arg-type]
    rows = np.flatnonzero(cells.is_not_null().to_numpy())
    if len(odd := np.flatnonzero((sizes != usual).fill_null(False).to_numpy())):
        raise TableError(
            f"items: '{name}' of item {items.vocabulary.texts(odd[:1])[0]} has {sizes[int(odd[0])]} numbers, "
            f"the others have {usual}",
            hint="make all vectors with one encoder, or leave the cell empty",
        )
    block = np.zeros((len(items), usual), dtype=np.float64)
    flat = cells.drop_nulls().explode().cast(pl.Float64).fill_null(float("nan")).to_numpy()
    block[rows] = flat.reshape(-1, usual)
    if len(bad := np.flatnonzero(~np.isfinite(block).all(axis=1))):
        raise TableError(
            f"items: '{name}' of item {items.vocabulary.texts(bad[:1])[0]} holds numbers that are not finite",
            hint="leave the cell empty where there is no vector",
        )
    lengths = np.linalg.norm(block, axis=1, keepdims=True)
    return np.asarray(block / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)


def _added(items: Catalogue, name: str, files: list[Path], journal: Journal) -> Catalogue:
    """Read one file an item; files that name no item are counted."""
    rows = rows_of(items.vocabulary, pl.Series([file.stem for file in files], dtype=pl.String))
    cells: list[list[float] | None] = [None] * len(items)
    size: int | None = None
    for row, file in zip(rows.tolist(), files, strict=True):
        if row < 0:
            continue
        vector = _vector(file)
        size = size or len(vector)
        if len(vector) != size:
            raise TableError(
                f"{file}: has {len(vector)} numbers, the files before it have {size}",
                hint="make all vectors with one encoder",
            )
        cells[row] = vector.tolist()
    journal.count(f"{name}/", int((rows < 0).sum()), "files whose names are no item's id", then="left out")
    column = pl.Series(name, cells, dtype=pl.List(pl.Float32))
    return replace(items, table=items.table.with_columns(column))


def _vector(file: Path) -> Vectors:
    hint = "one vector a file, saved by numpy.save, named by the item's id"
    try:
        vector = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise TableError(f"{file}: is no array of numbers ({error})", hint=hint) from error
    if not isinstance(vector, np.ndarray) or vector.dtype.kind not in "fiu":
        raise TableError(f"{file}: is no array of numbers", hint=hint)
    if vector.ndim != 1 or len(vector) < SHORTEST:
        raise TableError(
            f"{file}: has the shape {vector.shape}, not one vector of {SHORTEST} numbers or more", hint=hint
        )
    if not np.isfinite(vector).all():
        raise TableError(f"{file}: holds numbers that are not finite", hint=hint)
    return vector.astype(np.float32)
