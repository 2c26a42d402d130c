"""Which files of a folder hold the tables: our own names, or a layout of others.

These are MovieLens, RecBole's atomic files, MIND, Amazon Reviews 2023 and Metarank's log.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from penchant.data import metarank
from penchant.data.columns import Kind
from penchant.data.impressions import BEHAVIOURS, NEWS, behaviours, news, personalize
from penchant.data.tables import FORMATS, PACKINGS, Form, Table, first_object, load, load_parts, unpacked_name
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
_NEWS = Form("\t", NEWS, quoted=False)
_BEHAVIOURS = Form("\t", BEHAVIOURS, quoted=False)
_REVIEWS: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "user_id": pl.String,
    "parent_asin": pl.String,
    "asin": pl.String,
    "rating": pl.Float64,
    "timestamp": pl.Int64,
    "title": pl.String,
    "text": pl.String,
    "helpful_vote": pl.Int64,
    "verified_purchase": pl.Boolean,
}
_TELLTALE = {"user_id", "parent_asin", "rating"}
_PRODUCTS: Mapping[str, pl.DataType | type[pl.DataType]] = {
    **dict.fromkeys(("parent_asin", "title", "main_category", "store", "price"), pl.String),
    **dict.fromkeys(("features", "description", "categories"), pl.List(pl.String)),
}


def _flags(table: Table) -> Table:
    """Turn the 19 flags of u.item into one list of genres."""
    listed = pl.concat_list(
        pl.when(pl.col(genre) == "1").then(pl.lit(genre)).otherwise(pl.lit(None, pl.String))
        for genre in GENRES
    )
    frame = table.frame.with_columns(listed.list.drop_nulls().alias("genres")).drop(GENRES)
    return replace(table, frame=frame)


def _prices(table: Table) -> Table:
    """Make numbers of Amazon's prices, some of which are words."""
    number = pl.col("price").str.extract(r"(\d+(?:\.\d+)?)").cast(pl.Float64)
    return replace(table, frame=table.frame.with_columns(number))


@dataclass(frozen=True, slots=True)
class Found:
    """The files of a table, how they are laid out where the name does not say so, what is made of it."""

    paths: tuple[Path, ...]
    form: Form | None = None
    shape: Callable[[Table], Table] | None = None

    @property
    def place(self) -> Path:
        """What messages call the table: its file, or the folder of its files."""
        return self.paths[0] if len(self.paths) == 1 else self.paths[0].parent

    def load(self) -> Table:
        """Read the table."""
        table = load_parts(self.place, self.paths, self.form)
        return self.shape(table) if self.shape else table


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
    found = _own(folder) or _movielens(folder) or _mind(folder) or _recbole(folder) or _amazon(folder)
    if found and "graph" not in found and (folder / KGAT).is_file():
        found["graph"] = Found((folder / KGAT,), Form(" ", ("head", "relation", "tail"), quoted=False))
    if not found:
        seen = ", ".join(sorted(path.name for path in folder.iterdir())[:12]) or "nothing"
        raise TableError(
            f"{folder}: no table found; seen: {seen}",
            hint="name them interactions.csv (or .parquet, .jsonl), items, users, graph, requests",
        )
    return found


def load_all(folder: Path) -> dict[Kind, Table]:
    """Read all tables of a folder."""
    log = _log(folder)
    if log and all(found.paths == (log,) for found in _own(folder).values()):
        return metarank.tables(load(log, metarank.FORM))
    return {kind: found.load() for kind, found in find(folder).items()}


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def _one(folder: Path, kind: Kind, tables: list[Found]) -> Found:
    if len(tables) > 1:
        several = ", ".join(path.name for found in tables for path in found.paths[:2])
        raise TableError(f"{folder}: more than one table of {kind}: {several}", hint="leave one of them")
    return tables[0]


def _own(folder: Path) -> dict[Kind, Found]:
    endings = [ending + packed for ending in FORMATS for packed in ("", *PACKINGS)]
    found: dict[Kind, Found] = {}
    for kind, names in NAMES.items():
        tables = [
            Found((path,)) for name in names for end in endings if (path := folder / (name + end)).is_file()
        ]
        for name in names:
            tables += [Found(parts) for parts in (_numbered(folder, name), _inside(folder / name)) if parts]
        if tables:
            one = _one(folder, kind, tables)
            found[kind] = replace(one, shape=personalize) if kind == "interactions" else one
    return found


def _numbered(folder: Path, name: str) -> tuple[Path, ...]:
    """Return the files name-1.csv, name-2.csv … in the order of their numbers."""
    ending = "|".join(re.escape(ending) for ending in FORMATS)
    pattern = re.compile(rf"{name}[-_.]?(?:part[-_]?)?(\d+)({ending})(\.gz|\.zst)?")
    parts = [(int(match[1]), path) for path in _files(folder) if (match := pattern.fullmatch(path.name))]
    return tuple(path for _, path in sorted(parts))


def _inside(folder: Path) -> tuple[Path, ...]:
    """Return the part files of a folder that is one table; what Spark leaves beside them is none."""
    if not folder.is_dir():
        return ()
    paths = [path for path in _files(folder) if not path.name.startswith("_")]
    tables = [path for path in paths if unpacked_name(path).endswith(FORMATS)]
    endings = {unpacked_name(path).rpartition(".")[2] for path in tables}
    if len(endings) > 1:
        said = f"{folder}: its parts are of different formats: {', '.join(sorted(endings))}"
        raise TableError(said, hint="leave parts of one format")
    if not tables:
        seen = ", ".join(path.name for path in paths[:12]) or "nothing"
        hint = f"put parts in it that end in {', '.join(FORMATS)}, or take the folder away"
        raise TableError(f"{folder}: no table found; seen: {seen}", hint=hint)
    return tuple(sorted(tables, key=_natural))


def _natural(path: Path) -> list[tuple[int, str]]:
    """Order part-2 before part-10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.name)]


def _recbole(folder: Path) -> dict[Kind, Found]:
    found: dict[Kind, Found] = {}
    for kind, ending in RECBOLE.items():
        tables = [
            Found((path,), Form("\t", quoted=False)) for path in _files(folder) if path.suffix == ending
        ]
        if tables:
            found[kind] = _one(folder, kind, tables)
    return found


def _movielens(folder: Path) -> dict[Kind, Found]:
    tables: dict[Kind, list[Found]] = {}
    for name, (kind, form) in MOVIELENS.items():
        for path in (folder / (name + packed) for packed in ("", *PACKINGS)):
            if path.is_file():
                shape = _flags if name == "u.item" else None
                tables.setdefault(kind, []).append(Found((path,), form, shape))
    return {kind: _one(folder, kind, found) for kind, found in tables.items()}


def _mind(folder: Path) -> dict[Kind, Found]:
    found: dict[Kind, Found] = {}
    for packed in ("", *PACKINGS):
        if (path := folder / f"behaviors.tsv{packed}").is_file():
            found["interactions"] = Found((path,), _BEHAVIOURS, behaviours)
        if (path := folder / f"news.tsv{packed}").is_file():
            found["items"] = Found((path,), _NEWS, news)
    return found


def _amazon(folder: Path) -> dict[Kind, Found]:
    """Find the reviews and the catalogue of one category: X.jsonl and meta_X.jsonl."""
    lines = {unpacked_name(path): path for path in _files(folder) if unpacked_name(path).endswith(".jsonl")}
    catalogues = [name for name in lines if name.startswith("meta_")]
    reviews = [name for name, path in lines.items() if first_object(path).keys() >= _TELLTALE]
    found: dict[Kind, Found] = {}
    if reviews:
        tables = [Found((lines[name],), Form(schema=_REVIEWS)) for name in reviews]
        found["interactions"] = _one(folder, "interactions", tables)
    if catalogues:
        tables = [Found((lines[name],), Form(schema=_PRODUCTS), _prices) for name in catalogues]
        found["items"] = _one(folder, "items", tables)
    return found


def _log(folder: Path) -> Path | None:
    """Return Metarank's log, where a folder has one and no table with a name of its own."""
    if not folder.is_dir():
        return None
    lines = [path for path in _files(folder) if unpacked_name(path).endswith(".jsonl")]
    names = {name for several in NAMES.values() for name in several}
    if len(lines) != 1 or unpacked_name(lines[0]).removesuffix(".jsonl") in names - {"interactions"}:
        return None
    return lines[0] if metarank.is_log(lines[0]) else None
