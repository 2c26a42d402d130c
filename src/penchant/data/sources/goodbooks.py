"""Goodbooks-10k, version 2: six million ratings of ten thousand books on Goodreads."""

from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from penchant.data.sources.archives import unpack
from penchant.data.sources.download import checked, download
from penchant.data.sources.terms import Origin, Source, Workplace
from penchant.errors import SourceError

URL = "https://github.com/zygmuntz/goodbooks-10k/releases/download/v1.0/goodbooks-10k.zip"
COUNTS = (
    "average_rating", "ratings_count", "work_ratings_count", "work_text_reviews_count",
    "ratings_1", "ratings_2", "ratings_3", "ratings_4", "ratings_5",
)  # fmt: skip
"""Columns of books.csv that count over the whole log: as features they tell the past about the future."""


def goodbooks(work: Workplace, url: str = URL) -> tuple[str, ...]:
    """Download the release and name its tables as Penchant reads them."""
    archive = download(url, work.downloads / "goodbooks-10k.zip", progress=work.progress)
    note = checked(archive, "goodbooks-10k.zip", {})
    unpack(
        archive,
        work.folder,
        ("ratings.csv", "books.csv"),
        optional=("to_read.csv", "tags.csv", "book_tags.csv"),
    )
    (work.folder / "ratings.csv").rename(work.folder / "interactions.csv")
    return note, "interactions.csv: ratings.csv as it came", _books(work.folder)


def _books(folder: Path) -> str:
    """Turn books.csv into items.csv without the columns that count over the whole log."""
    try:
        books = pl.read_csv(folder / "books.csv", infer_schema=False)
    except PolarsError as error:
        raise SourceError(f"books.csv: {str(error).splitlines()[0]}") from error
    left_out = [name for name in COUNTS if name in books.columns]
    books.drop(left_out).write_csv(folder / "items.csv")
    (folder / "books.csv").unlink()
    return (
        f"items.csv: books.csv without {len(left_out)} columns that count over the whole log: "
        f"{', '.join(left_out)}"
    )


GOODBOOKS = Source(
    title="Goodbooks-10k: 5,976,479 ratings of 53,424 people on 10,000 books, in order but without times",
    licence="CC BY-SA 4.0, Zygmunt Zając (https://creativecommons.org/licenses/by-sa/4.0/)",
    origins=(Origin(URL, goodbooks),),
    size="12 MB, unpacked 80 MB",
    cite="Zygmunt Zając 2017, Goodbooks-10k: a new dataset for book recommendations",
)
