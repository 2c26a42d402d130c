"""Which film of MovieLens-100K is which in the later MovieLens sets: by title and year.

The graph that RecBole ships with MovieLens-100K names films by the ids of the later sets. This makes the
table that `penchant data movielens-100k` repairs it by:

    python tools/movielens_100k_ids.py ML_100K $PENCHANT_DATA/ml_latest_small

ML_100K is what `penchant data movielens-100k ML_100K` wrote. A film is matched by one of its titles (in
brackets stand others) without case, accents, articles and punctuation, and its year; then by its title and
a year next to it; then, where a title is part of another one of that year ("Star Wars" of "Star Wars:
Episode IV"), by that, if it has two words at least. What fits two films is left out.
"""

import csv
import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import polars as pl

TABLE = Path(__file__).parents[1] / "src/penchant/data/sources/movielens_100k_ids.csv"
ARTICLES = "the|a|an|le|la|les|l|il|lo|der|die|das|el|los|las|un|une"


def plain(title: str) -> str:
    """Return a title without case, accents, articles and punctuation."""
    bare = (
        unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower().replace("&", " and ")
    )
    words = re.sub(r"[^a-z0-9]+", " ", bare.replace("'", "")).strip()
    words = re.sub(rf"^(?:{ARTICLES}) | (?:{ARTICLES})$", "", words)
    return words.strip()


def spellings(title: str) -> Iterator[str]:
    """Give the title, and those that stand in brackets behind it."""
    bare = re.sub(r"\(\d{4}\)\s*$", "", title).strip()
    yield plain(re.sub(r"\([^)]*\)", "", bare))
    for other in re.findall(r"\(([^)]*)\)", bare):
        yield plain(re.sub(r"^a\.k\.a\.\s*", "", other))


def index(films: list[tuple[int, str, int]]) -> dict[tuple[str, int], set[int]]:
    """Map each spelling and year to the films that are written so."""
    found: dict[tuple[str, int], set[int]] = defaultdict(set)
    for number, title, year in films:
        for spelling in filter(None, spellings(title)):
            found[spelling, year].add(number)
    return found


def matched(old: list[tuple[int, str, int]], new: list[tuple[int, str, int]]) -> list[tuple[int, int]]:
    """Return pairs (id in MovieLens-100K, id in the later sets)."""
    known, pairs = index(new), {}
    for number, title, year in old:
        for years in ((year,), (year - 1, year + 1)):
            fits = {
                film for spelling in spellings(title) for y in years for film in known.get((spelling, y), ())
            }
            if len(fits) == 1:
                pairs[number] = fits.pop()
                break
    taken = set(pairs.values())
    for number, title, year in old:
        if number not in pairs and len(fits := inside(title, year, known) - taken) == 1:
            pairs[number] = fits.pop()
    return sorted(pairs.items())


def inside(title: str, year: int, known: dict[tuple[str, int], set[int]]) -> set[int]:
    """Return the films of a year whose title holds this one, or is held by it: Star Wars, Episode IV."""
    return {
        film
        for (spelling, other), films in known.items()
        if other == year
        for own in spellings(title)
        if min(own.count(" "), spelling.count(" "))
        and (f" {own} " in f" {spelling} " or own.endswith(f" {spelling}"))
        for film in films
    }


def main() -> None:
    """Write the table, and say how many films were found."""
    ours, theirs = map(Path, sys.argv[1:3])
    films = pl.read_csv(ours / "ml-100k.item", separator="\t", quote_char=None, infer_schema=False)
    old = [
        (int(number), title or "", int(year))
        for number, title, year, _ in films.iter_rows()
        if year and re.fullmatch(r"\d{4}", year)
    ]
    table = pl.read_parquet(theirs / "items.parquet")
    new = [
        (number, title, int(found[1]))
        for number, title in table.select("item_id", "title").iter_rows()
        if (found := re.search(r"\((\d{4})\)\s*$", title))
    ]
    pairs = matched(old, new)
    with TABLE.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("item_id", "movielens_id"))
        writer.writerows(pairs)
    print(f"{TABLE.name}: {len(pairs):,} of {len(films):,} films")


if __name__ == "__main__":
    main()
