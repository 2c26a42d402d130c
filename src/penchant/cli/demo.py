"""penchant demo: the main job from nothing, on real data."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import polars as pl
import typer
from rich.console import Console
from rich.table import Table

from penchant.cli.evaluate import measured
from penchant.cli.fit import fitted
from penchant.cli.tables import tables
from penchant.cli.terminal import be_quick, say, sentence_of
from penchant.data.sources import fetch
from penchant.recommender import Recommender

KNOWN, NEWCOMER, REQUEST = (
    "196",
    "I am twelve and love funny animal cartoons",
    "a dark thriller about a murder",
)


def demo(
    folder: Annotated[Path | None, typer.Option("--folder", help="Keep the data and the model here.")] = None,
) -> None:
    """Fetch MovieLens-100K, fit, compare with baselines, and show lists with reasons."""
    be_quick()
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        return tour(folder)
    with TemporaryDirectory() as temporary:
        tour(Path(temporary))


def tour(folder: Path) -> None:
    """Walk the whole way."""
    out = Console()
    if not (folder / "ml-100k").exists():
        out.rule("1. Real data")
        say(fetch("movielens-100k", folder / "ml-100k", announce=say))
    data = tables(folder / "ml-100k", None)
    out.rule("2. Fit on everything")
    fitted(data, 0, "standard", "minilm").save(folder / "model")
    model = Recommender.load(folder / "model")
    out.rule("3. How good is it? Later events held out, baselines tuned in the same run")
    out.print(measured(data, "last20", 0, "standard", "minilm").rendered())
    out.rule("4. Lists, with reasons")
    lists(out, f"for user {KNOWN}", model.recommend([KNOWN], k=5, explain=True))
    lists(
        out,
        f"for a newcomer who says: {NEWCOMER!r}",
        model.recommend(["a newcomer"], text=NEWCOMER, k=5, explain=True),
    )
    lists(out, f"for the request {REQUEST!r}", model.recommend(text=REQUEST, k=5, explain=True))
    out.rule("5. Your turn: a folder with interactions.csv (user, item, time) and items.csv (item, title, …)")
    out.print(
        "penchant check DIR\npenchant fit DIR -o MODEL\npenchant recommend MODEL --all-users -o lists.csv"
    )
    out.print("penchant evaluate DIR          # later events held out, beside tuned baselines")


def lists(out: Console, title: str, table: pl.DataFrame) -> None:
    """Print one list."""
    grid = Table("", "title", "score", "because", title=title, title_justify="left", expand=True)
    for row in table.iter_rows(named=True):
        grid.add_row(str(row["rank"]), row["title"], f"{row['score']:.2f}", sentence_of(row["reasons"]))
    out.print(grid)
