"""What adaptation gives to items without events: the same fit with the model frozen and adapted.

    python bench/adapt.py [DATA …] [--draws N] [--ask "METHOD …"] [-o FILE]
    python bench/adapt.py --methods [DATA] [--draws N]   what each method costs and gives: adapt_methods.json
    python bench/adapt.py --tricks [DATA] [--draws N]    what smoothing and others give: adapt_tricks.json
    python bench/adapt.py --few [DATA] [--draws N]       items without events, labels few: adapt_few.json
    python bench/adapt.py --later [DATA]                 what a later lesson makes it forget: adapt_later.json

DATA are folders of tables; without any, MovieLens-100K is fetched, and ifdb taken from under PENCHANT_DATA.
Protocol `cold20`: a fifth of the items lose all events, and these alone are ranked; the language model is
adapted anew for each draw, on what is left. `--ask` hands options on to `penchant adapt`, and may be given
several times: the ways are compared. Writes bench/results/adapt.json.
"""

import argparse
import os
import shlex
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rig import judge, process, results, teaching
from rig.cold import marks, recommended, written

from penchant.data.dataset import Dataset
from penchant.data.read import read
from penchant.evaluate.protocols import Fold, cold_draws
from penchant.types import Rows

FROZEN = "frozen"


def main() -> None:
    """Measure each folder and write what came out."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--ask", action="append", default=[])
    parser.add_argument("--methods", action="store_true")
    parser.add_argument("--tricks", action="store_true")
    parser.add_argument("--few", action="store_true")
    parser.add_argument("--later", action="store_true")
    parser.add_argument("-o", "--output", type=Path)
    given = parser.parse_args()
    name = next((name for name in (*teaching.WAYS, "later") if getattr(given, name)), None)
    if name is not None:
        one_film_set(name, given)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folders = given.folders
        if not folders:
            folders = [Path(temporary) / "movielens-100k", Path(os.environ["PENCHANT_DATA"]) / "ifdb"]
            process.penchant("data", "movielens-100k", folders[0], shown={folders[0]: "DIR"})
        ways = given.ask or [""]
        found = {folder.name: measured(folder, given.draws, ways) for folder in folders}
    told = " ".join(f"--ask {shlex.quote(way)}" for way in given.ask)
    output = given.output or results.RESULTS / "adapt.json"
    results.write(output, f"python bench/adapt.py {told}".strip(), {"data": found})
    for name, result in found.items():
        print(f"\n{name}, cold20, NDCG@10 of {given.draws} draws")
        for way, row in (result["methods"] | result["differences"]).items():
            mark = row["ndcg@10"]
            ratio = f" x {mark['ratio']:.3f}" if "ratio" in mark else ""
            print(f"{way:24} {mark['mean']:.4f} [{mark['low']:.4f}, {mark['high']:.4f}]{ratio}")


def one_film_set(name: str, given: argparse.Namespace) -> None:
    """Compare methods, or lessons one after the other, on one folder, MovieLens-100K unless named."""
    output = given.output or results.RESULTS / f"adapt_{name}.json"
    draws = f" --draws {given.draws}" if name != "later" else ""

    def keep(found: dict[str, Any]) -> None:
        results.write(output, f"python bench/adapt.py --{name}{draws}", found, "peft")

    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folders[0] if given.folders else Path(temporary) / "movielens-100k"
        if not given.folders:
            process.penchant("data", "movielens-100k", folder, shown={folder: "DIR"})
        if name == "later":
            keep(teaching.later(folder))
        else:
            teaching.compared(folder, name, given.draws, keep)


def measured(folder: Path, draws: int, ways: Sequence[str]) -> dict[str, Any]:
    """Compare the ways to adapt with the frozen model on one data set."""
    data, _ = read(folder)
    values: dict[str, list[judge.Values]] = {}
    runs: list[dict[str, Any]] = []
    for fold in cold_draws(data, draws):
        with tempfile.TemporaryDirectory() as temporary:
            place = Path(temporary)
            os.environ["PENCHANT_CACHE"] = str(place / "cache")
            written(fold, place / "DIR")
            for way in (None, *ways):
                name = FROZEN if way is None else f"adapted {way}".strip()
                lists, row = asked(data, fold, place, way)
                values.setdefault(name, []).append(marks(lists, fold.tasks[0], data.n_users))
                runs += [{"draw": fold.name, "way": name, **run} for run in row]
    others = [name for name in values if name != FROZEN]
    return {
        "methods": {name: judge.summary(rows) for name, rows in values.items()},
        "differences": {
            f"{name} - {FROZEN}": judge.difference(values[name], values[FROZEN]) for name in others
        },
        "runs": runs,
    }


def asked(data: Dataset, fold: Fold, place: Path, way: str | None) -> tuple[Rows, list[dict[str, Any]]]:
    """Adapt where a way is given, fit, and return the lists of the fold's users with what it cost."""
    shown = {
        place / name: name for name in ("DIR", "LM", "MODEL", "candidates.txt", "users.txt", "lists.parquet")
    }
    runs, language = [], "minilm"
    if way is not None:
        language = str(place / "LM")
        runs.append(
            process.penchant("adapt", place / "DIR", "-o", place / "LM", *shlex.split(way), shown=shown)
        )
    runs.append(
        process.penchant("fit", place / "DIR", "-o", place / "MODEL", "--language", language, shown=shown)
    )
    lists, run = recommended(data, fold, place, shown)
    return lists, [one.row() for one in (*runs, run)]


if __name__ == "__main__":
    main()
