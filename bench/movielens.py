"""MovieLens-100K through the command line, beside floors and peers of the same run.

    python bench/movielens.py [--data DIR] [--effort quick|standard|best] [--only last20|cold20] [-o FILE]

`last20`: each user's events by time, then item number; the last fifth is asked for, all items are ranked.
`cold20`: a fifth of the items loses all events, three draws; only these are ranked.
NDCG@10 is relative to min(10, n) hits, Recall@20 to min(20, n); users without test items do not count, users
without a list count 0. DIR is what `penchant data movielens-100k DIR` writes; without it, it is fetched.
Writes bench/results/movielens.json.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
from rig import films as data
from rig import judge, process, results, rivals
from rig.films import Cut, Films

from penchant.metrics import coverage
from penchant.types import Rows

OURS = "Penchant"


@dataclass
class Protocol:
    """Values, settings and costs of each method, gathered draw by draw."""

    values: dict[str, list[judge.Values]] = field(default_factory=dict)
    settings: dict[str, list[rivals.Settings]] = field(default_factory=dict)
    shown: dict[str, list[int]] = field(default_factory=dict)
    runs: list[dict[str, Any]] = field(default_factory=list)

    def add(self, name: str, lists: Rows, films: Films, cut: Cut, settings: rivals.Settings) -> None:
        """Judge one method's lists."""
        judge.check(lists, films, cut)
        self.values.setdefault(name, []).append(judge.measured(lists, films.per_user(cut.test)))
        self.settings.setdefault(name, []).append(settings)
        self.shown.setdefault(name, []).append(
            round(coverage(lists[:, :10], films.shape[1]) * films.shape[1])
        )

    def results(self, films: Films) -> dict[str, Any]:
        """Return what is written down."""
        methods = {
            name: judge.summary(values)
            | {"items in the first ten": self.shown[name], "settings": self.settings[name]}
            for name, values in self.values.items()
        }
        against = {
            f"{OURS} - {name}": judge.difference(self.values[OURS], values)
            for name, values in self.values.items()
            if name != OURS
        }
        users = [int((values["ndcg@10"] >= 0).sum()) for values in self.values[OURS]]
        return {"users": users, "methods": methods, "differences": against, "runs": self.runs}


def ours(films: Films, cut: Cut, k: int, effort: Sequence[str]) -> tuple[Rows, list[dict[str, Any]]]:
    """Fit and recommend as a user would; return the lists and what they cost."""
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        tables, model, out, candidates = (
            work / name for name in ("tables", "model", "out.parquet", "candidates.txt")
        )
        shown = {tables: "DIR", model: "MODEL", out: "OUT.parquet", candidates: "FILE"}
        data.write(films, cut, tables)
        fit = process.penchant("fit", tables, "-o", model, "--seed", "0", *effort, shown=shown)
        words: list[str | Path] = ["recommend", model, "--all-users", "-k", str(k), "-o", out]
        if cut.candidates is not None:
            data.write_candidates(films, cut, candidates)
            words += ["--candidates", candidates]
        recommend = process.penchant(*words, shown=shown)
        lists = judge.lists_in(pl.read_parquet(out), films, k)
        bundle = {"bundle_mib": process.size_mib(model)}
    return lists, [{"cut": cut.name} | fit.row() | bundle, {"cut": cut.name} | recommend.row()]


def run(
    films: Films,
    cuts: Sequence[Cut],
    k: int,
    others: Callable[[Films, Cut, int], dict[str, rivals.Rival]],
    effort: Sequence[str],
) -> dict[str, Any]:
    """Judge ourselves and the others on each cut."""
    protocol = Protocol()
    for cut in cuts:
        lists, runs = ours(films, cut, k, effort)
        protocol.runs += runs
        protocol.add(OURS, lists, films, cut, {})
        start = time.perf_counter()
        for name, (listed, settings) in others(films, cut, k).items():
            protocol.add(name, listed, films, cut, settings)
        print(f"{cut.name}: the others took {time.perf_counter() - start:.1f} s", file=sys.stderr)
    return protocol.results(films)


def table(name: str, found: dict[str, Any]) -> str:
    """Return the results of a protocol for a terminal."""
    metrics = [metric for metric in ("ndcg@10", "recall@20") if metric in found["methods"][OURS]]
    lines = [f"\n{name}: {found['users']} users"]
    lines.append(f"{'':36}" + "".join(f"{metric:^28}" for metric in metrics) + "shown")
    for method, row in found["methods"].items():
        cells = [f"{row[m]['mean']:.4f} [{row[m]['low']:.4f}, {row[m]['high']:.4f}]" for m in metrics]
        lines.append(
            f"{method:36}" + "".join(f"{cell:^28}" for cell in cells) + f"{row['items in the first ten']}"
        )
    for pair, row in found["differences"].items():
        cells = [f"{row[m]['mean']:+.4f} [{row[m]['low']:+.4f}, {row[m]['high']:+.4f}]" for m in metrics]
        ratio = row["ndcg@10"]["ratio"]
        lines.append(
            f"{pair[:36]:36}" + "".join(f"{cell:^28}" for cell in cells) + (f"x {ratio:.3f}" if ratio else "")
        )
    lines += [
        f"{row['cut']:16} {row['seconds']:8.1f} s {row['peak_mib']:8.0f} MiB   {row['command']}"
        for row in found["runs"]
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the protocols and write the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--effort", help="quick, standard or best; handed on to penchant fit")
    parser.add_argument("--only", choices=["last20", "cold20"])
    parser.add_argument("-o", "--output", type=Path, default=results.RESULTS / "movielens.json")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.data or Path(temporary) / "movielens-100k"
        if options.data is None:
            process.penchant("data", "movielens-100k", folder, shown={folder: "DIR"})
        films = data.read(folder)
    effort = ["--effort", options.effort] if options.effort else []
    found: dict[str, Any] = {"data": "movielens-100k"}
    if options.only != "cold20":
        found["last20"] = run(films, [data.last20(films)], 20, rivals.warm, effort)
    if options.only != "last20":
        found["cold20"] = run(films, list(data.cold20(films)), 10, rivals.cold, effort)
    for name in ("last20", "cold20"):
        if name in found:
            print(table(name, found[name]))
    results.write(options.output, " ".join(["python bench/movielens.py", *effort]), found)


if __name__ == "__main__":
    main()
