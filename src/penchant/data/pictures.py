"""Pictures of items: files named by the items' ids, or by a column of the items' table."""

from dataclasses import replace
from pathlib import Path

import polars as pl

from penchant.data.assemble import rows_of
from penchant.data.catalogue import Catalogue
from penchant.data.report import Journal

FOLDERS = ("pictures", "images")
"""Folders beside the tables whose files `ITEM.jpg` show one item each, or in which a column's files lie."""
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
NAMED = 0.5
"""The part of a column's cells that must end like a picture's name."""


def with_pictures(items: Catalogue, folder: Path, journal: Journal) -> Catalogue:
    """Say which file shows which item: by a column of file names, else by `pictures/` or `images/`.

    Only files inside the folder count. Nothing is opened here: whether a file is a picture is found out when
    it is read.
    """
    column = _column(items)
    found = None if column is None else _by_column(items, column, folder, journal)
    if found is None:
        found = _by_name(items, folder, journal)
    n = len(found) - found.count(None)
    if n:
        journal.say(f"items: pictures of {n:,} of {len(items):,}")
    return replace(items, pictures=tuple(found)) if n else items


def _column(items: Catalogue) -> str | None:
    """Return the first column of text that mostly holds names of picture files, and no addresses of pages."""
    for column in items.table.iter_columns():
        if column.dtype != pl.String or not len(filled := column.drop_nulls().str.strip_chars()):
            continue
        ends = filled.str.to_lowercase().str.contains(r"\.(jpe?g|png|webp)$")
        if int((ends & ~filled.str.contains("://", literal=True)).sum()) > NAMED * len(filled):
            return column.name
    return None


def _by_column(items: Catalogue, name: str, folder: Path, journal: Journal) -> list[Path | None] | None:
    """Find the files that a column names; None where not one of them is there."""
    home, missing, outside = folder.resolve(), 0, 0
    found: list[Path | None] = []
    for cell in items.table[name].str.strip_chars().to_list():
        path = None
        if cell:
            cell = cell.replace("\0", "")  # no path holds it
            places = [place / cell for place in (folder, *(folder / own for own in FOLDERS))]
            inside = [place for place in places if place.resolve().is_relative_to(home)]
            path = next((place for place in inside if _is_picture(place)), None)
            if path is None:
                away = not (folder / cell).resolve().is_relative_to(home)
                outside, missing = outside + away, missing + (not away)
        found.append(path)
    if found.count(None) == len(found):
        journal.say(f"items: '{name}' names pictures, of which none is in {folder}: not read")
        return None
    journal.count("items", outside, f"files of '{name}' that lie outside of {folder}", then="not read")
    journal.count("items", missing, f"files of '{name}' that are not there", then="no picture")
    return found


def _by_name(items: Catalogue, folder: Path, journal: Journal) -> list[Path | None]:
    """Find the files whose names are items' ids; of several with one id, the first in the alphabet."""
    found: list[Path | None] = [None] * len(items)
    for name in FOLDERS:
        if not (folder / name).is_dir():
            continue
        files = sorted(path for path in (folder / name).iterdir() if _is_picture(path))
        rows = rows_of(items.vocabulary, pl.Series([path.stem for path in files], dtype=pl.String)).tolist()
        again = 0
        for row, path in zip(rows, files, strict=True):
            if row >= 0 and found[row] is None:
                found[row] = path
            else:
                again += row >= 0
        journal.count(f"{name}/", rows.count(-1), "pictures whose names are no item's id", then="left out")
        journal.count(f"{name}/", again, "further pictures of an item", then="left out, the first counts")
    return found


def _is_picture(path: Path) -> bool:
    try:
        return path.suffix.lower() in SUFFIXES and path.is_file()
    except OSError:  # a name too long for the file system is no file
        return False
