"""What written tags, audiences and moods give to items without events: the same fit without and with them.

    python bench/writer.py [DATA] [--writer NAME] [--what FIELDS] [--items N] [--draws N] [--effort E]
                           [-o FILE]

DATA is a folder of tables, MovieLens-100K without it. Protocol `cold20`: a fifth of the items lose
all events, and these alone are ranked. `--items` keeps only so many items, those with most events, where the
machine cannot write for all. `shuffled` gives each item what was written of another: its gain is noise.
Writes bench/results/writer.json.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from rig import judge, process, results
from rig.cold import marks, recommended, written

from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.data.read import read
from penchant.data.vocabulary import Vocabulary
from penchant.evaluate.protocols import Fold, cold_draws
from penchant.types import Rows

WITHOUT, WITH, SHUFFLED = "without", "written", "shuffled"


def main() -> None:
    """Write, fit each way, and write down what came out."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--writer", default="smollm2")
    parser.add_argument("--what", default="tags,audience,mood")
    parser.add_argument("--items", type=int)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--effort", default="standard")
    parser.add_argument("-o", "--output", type=Path, default=results.RESULTS / "writer.json")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary) / "movielens-100k"
        if not given.folder:
            process.penchant("data", "movielens-100k", folder, shown={folder: "DIR"})
        data = most_met(read(folder)[0], given.items)
        found = measured(data, given, Path(temporary))
    told = f"--writer {given.writer} --what {given.what} --draws {given.draws} --effort {given.effort}"
    told += f" --items {given.items}" if given.items else ""
    results.write(given.output, f"python bench/writer.py {told}", found)
    for way, row in (found["methods"] | found["differences"]).items():
        mark = row["ndcg@10"]
        print(f"{way:24} {mark['mean']:.4f} [{mark['low']:.4f}, {mark['high']:.4f}]")


def most_met(data: Dataset, n: int | None) -> Dataset:
    """Return the data with its n items of most events alone."""
    if n is None or n >= data.n_items:
        return data
    kept = np.sort(np.argsort(-data.item_counts(), kind="stable")[:n])
    place = np.full(data.n_items, -1, dtype=np.int64)
    place[kept] = np.arange(n)
    events = data.interactions.where(place[data.interactions.items] >= 0)
    items = Catalogue(
        Vocabulary(data.items.vocabulary.ids.gather(kept)), data.items.table[kept], data.items.title
    )
    return replace(data, interactions=replace(events, items=place[events.items]), items=items)


def measured(data: Dataset, given: argparse.Namespace, place: Path) -> dict[str, Any]:
    """Write for all items, then fit on each draw without, with, and with what was written of others."""
    values: dict[str, list[judge.Values]] = {WITHOUT: [], WITH: [], SHUFFLED: []}
    runs: list[dict[str, Any]] = []
    tables: dict[str, Path] = {}
    for fold in cold_draws(data, given.draws):
        here = place / fold.name.replace(" ", "-")
        here.mkdir()
        written(fold, here / "DIR")
        if not tables:
            tables = {WITH: place / "W.parquet", SHUFFLED: place / "S.parquet"}
            command = ("write", here / "DIR", "-o", tables[WITH], "--writer", given.writer)
            shown = {here / "DIR": "DIR", tables[WITH]: "W.parquet"}
            runs.append(process.penchant(*command, "--what", given.what, "--thin", "0", shown=shown).row())
            table = pl.read_parquet(tables[WITH])
            ids = table["item_id"].sample(fraction=1.0, shuffle=True, seed=0)
            table.with_columns(ids).write_parquet(tables[SHUFFLED])
        for way in values:
            lists, row = asked(data, fold, here, given.effort, tables.get(way))
            values[way].append(marks(lists, fold.tasks[0], data.n_users))
            runs += [{"draw": fold.name, "way": way, **run} for run in row]
    table = pl.read_parquet(tables[WITH])
    filled = {name: int(table[name].drop_nulls().len()) for name in given.what.split(",") if name != "tags"}
    if "tags" in table.columns:
        filled["tags"] = int((table["tags"].list.len() > 0).sum())
    return {
        "items": data.n_items,
        "filled": filled,
        "methods": {name: judge.summary(rows) for name, rows in values.items()},
        "differences": {
            f"{name} - {WITHOUT}": judge.difference(values[name], values[WITHOUT])
            for name in (WITH, SHUFFLED)
        },
        "runs": runs,
    }


def asked(
    data: Dataset, fold: Fold, place: Path, effort: str, table: Path | None
) -> tuple[Rows, list[dict[str, Any]]]:
    """Fit, with a table of written things where one is given, and return the lists of the fold's users."""
    names = {place / name: name for name in ("DIR", "MODEL", "candidates.txt", "users.txt", "lists.parquet")}
    shown = names | ({table: table.name} if table else {})
    joined = ("--written", table) if table else ()
    runs = [
        process.penchant(
            "fit", place / "DIR", "-o", place / "MODEL", "--effort", effort, *joined, shown=shown
        )
    ]
    lists, run = recommended(data, fold, place, shown)
    return lists, [one.row() for one in (*runs, run)]


if __name__ == "__main__":
    main()
