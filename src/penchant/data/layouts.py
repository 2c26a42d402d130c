"""Which files of a folder hold the tables: our own names, RecBole's atomic files, or MovieLens."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from penchant.data.columns import Kind
from penchant.data.tables import FORMATS, Form, Table, load
from penchant.errors import TableError

NAMES: Mapping[Kind, tuple[str, ...]] = {
    "interactions": ("interactions",),
    "items": ("items",),
    "users": ("users",),
    "graph": ("graph", "kg"),
    "requests": ("requests", "queries"),
}
RECBOLE: Mapping[Kind, str] = {"interactions": ".inter", "items": ".item", "users": ".user", "graph": ".kg"}
GENRES = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama",
    "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip
"""The last columns of MovieLens-100K's u.item."""
KGAT = "kg_final.txt"
"""The graph of a KGAT folder, in numbers; `item_list.txt` beside it says which numbers are items."""
_RATING = ("user_id", "item_id", "rating", "timestamp")
_FILM = ("item_id", "title", "release_date", "video_release_date", "imdb_url", *GENRES)
_PERSON = ("user_id", "age", "gender", "occupation", "zip_code")
MOVIELENS: Mapping[str, tuple[Kind, Form | None]] = {
    "ratings.csv": ("interactions", None),
    "movies.csv": ("items", None),
    "u.data": ("interactions", Form("\t", _RATING, quoted=False)),
    "u.item": ("items", Form("|", _FILM, "latin-1", quoted=False)),
    "u.user": ("users", Form("|", _PERSON, "latin-1", quoted=False)),
    "ratings.dat": ("interactions", Form("::", _RATING, "latin-1", quoted=False)),
    "movies.dat": ("items", Form("::", ("item_id", "title", "genres"), "latin-1", quoted=False)),
    "users.dat": (
        "users",
        Form("::", ("user_id", "gender", "age", "occupation", "zip_code"), "latin-1", quoted=False),
    ),
}


@dataclass(frozen=True, slots=True)
class Found:
    """A file, what it holds, and how it is laid out where its name does not say so."""

    path: Path
    form: Form | None = None


def find(folder: Path) -> dict[Kind, Found]:
    """Find the tables of a folder.

    Raises:
        TableError: there is no such folder, no table in it, or two files for one table.
    """
    if not folder.exists():
        raise TableError(f"{folder}: no such folder", hint="give the folder that holds your tables")
    if not folder.is_dir():
        raise TableError(f"{folder}: this is a file", hint=f"give the folder that holds it: {folder.parent}")
    # MovieLens first: its u.item and u.user end like atomic files
    found = _own(folder) or _movielens(folder) or _recbole(folder)
    if found and "graph" not in found and (folder / KGAT).is_file():
        found["graph"] = Found(folder / KGAT, Form(" ", ("head", "relation", "tail"), quoted=False))
    if not found:
        seen = ", ".join(sorted(path.name for path in folder.iterdir())[:12]) or "nothing"
        raise TableError(
            f"{folder}: no table found; seen: {seen}",
            hint="name them interactions.csv (or .parquet, .jsonl), items, users, graph, requests",
        )
    return found


def load_all(folder: Path) -> dict[Kind, Table]:
    """Read all tables of a folder."""
    return {kind: _flags(load(found.path, found.form)) for kind, found in find(folder).items()}


def _own(folder: Path) -> dict[Kind, Found]:
    endings = [ending + packed for ending in FORMATS for packed in ("", ".gz")]
    found: dict[Kind, Found] = {}
    for kind, names in NAMES.items():
        paths = [path for name in names for ending in endings if (path := folder / (name + ending)).is_file()]
        if len(paths) > 1:
            several = ", ".join(path.name for path in paths)
            raise TableError(f"{folder}: more than one table of {kind}: {several}", hint="leave one of them")
        if paths:
            found[kind] = Found(paths[0])
    return found


def _recbole(folder: Path) -> dict[Kind, Found]:
    found: dict[Kind, Found] = {}
    for kind, ending in RECBOLE.items():
        paths = sorted(path for path in folder.iterdir() if path.is_file() and path.suffix == ending)
        if len(paths) > 1:
            several = ", ".join(path.name for path in paths)
            raise TableError(f"{folder}: more than one table of {kind}: {several}", hint="leave one of them")
        if paths:
            found[kind] = Found(paths[0], Form("\t", quoted=False))
    return found


def _movielens(folder: Path) -> dict[Kind, Found]:
    found: dict[Kind, Found] = {}
    for name, (kind, form) in MOVIELENS.items():
        path = folder / name
        if path.is_file():
            if kind in found:
                several = f"{found[kind].path.name}, {name}"
                raise TableError(
                    f"{folder}: more than one table of {kind}: {several}", hint="leave one of them"
                )
            found[kind] = Found(path, form)
    return found


def _flags(table: Table) -> Table:
    """Turn the 19 flags of u.item into one list of genres."""
    if table.name != "u.item":
        return table
    listed = pl.concat_list(
        pl.when(pl.col(genre) == "1").then(pl.lit(genre)).otherwise(pl.lit(None, pl.String))
        for genre in GENRES
    )
    frame = table.frame.with_columns(listed.list.drop_nulls().alias("genres")).drop(GENRES)
    return Table(table.path, frame, typed=False)
