"""Penchant and methods of six other libraries on one cut of MovieLens-100K, each in its own environment.

    python bench/peers/run.py [--only NAME] [--again] [--data DIR] [--envs DIR] [-o bench/results/peers.json]

`last20`, as in bench/movielens.py: each user's events by time, the last fifth is asked for, all items ranked.
A peer is a script NAME.py beside this one, its library's pins stand in LIBRARY.txt. It gets the training
events, tries up to eight settings on the last fifth of each user's, and is judged here. Environments and
lists are kept under `--envs`: a method that is finished is not run again, unless its script, pins or data
changed, or with `--again`; one that failed is tried again. Results are written after each method.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import movielens  # noqa: E402 - the folder of the benchmarks is no package
import polars as pl  # noqa: E402
from rig import films as data  # noqa: E402
from rig import judge, process, results  # noqa: E402
from rig.films import Cut, Films  # noqa: E402

import penchant  # noqa: E402
from penchant.metrics import coverage  # noqa: E402
from penchant.types import Rows  # noqa: E402

PEERS = {
    "implicit_als": ("implicit", "ALS"),
    "implicit_bpr": ("implicit", "BPR"),
    "rectools_ease": ("RecTools", "EASE"),
    "rectools_sasrec": ("RecTools", "SASRec"),
    "cornac_ease": ("Cornac", "EASE"),
    "cornac_bpr": ("Cornac", "BPR"),
    "lenskit_itemknn": ("LensKit", "item kNN"),
    "lenskit_als": ("LensKit", "ALS"),
    "recbole_multivae": ("RecBole", "MultiVAE"),
    "lightfm_warp": ("LightFM", "WARP"),
}
OURS = "penchant"
K = 20
ERROR = re.compile(r"(\w+\.)*\w*(Error|Exception|Exit)\b|ERROR")
INSTALL_LIMIT, RUN_LIMIT = 300.0, 1800.0
"""Seconds that an installation and a method may take; more is a failure, and written down as one."""


@dataclass(frozen=True)
class Bench:
    """The cut, the tables that peers read, and where environments and lists are kept."""

    films: Films
    cut: Cut
    tables: Path
    envs: Path
    scripts: Path = HERE
    again: bool = False

    def kept(self, name: str) -> Path:
        """Return the folder of a method's lists and facts."""
        return self.envs / "lists" / name

    def fingerprint(self, paths: Sequence[Path]) -> str:
        """Return a hash of the tables and of all that a method's lists are made from."""
        digest = hashlib.sha256()
        for path in [*sorted(self.tables.iterdir()), *paths]:
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()

    def facts(self, name: str) -> dict[str, Any]:
        """Return what is known of a method; empty before its first run."""
        path = self.kept(name) / "facts.json"
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}

    def lists(self, folder: Path) -> Rows:
        """Return the lists that were written into a folder, shape (U, K), checked."""
        table = pl.read_csv(folder / "lists.csv", infer_schema=False)
        lists = judge.lists_in(table.with_columns(pl.col("rank").cast(pl.Int64)), self.films, K)
        judge.check(lists, self.films, self.cut)
        return lists


def write_tables(films: Films, cut: Cut, folder: Path) -> None:
    """Write the training events, and these as a part to fit and a part to choose settings on."""
    folder.mkdir(parents=True)
    validation = data.late(films, cut.train)
    parts = {"train": cut.train, "fit": cut.train & ~validation, "validation": validation}
    for name, events in parts.items():
        table = films.interactions.filter(pl.Series(events))
        table.select("user_id", "item_id", "timestamp", "rating").write_csv(folder / f"{name}.csv")


def finish(bench: Bench, name: str) -> None:
    """Make a method's lists unless they are there already; a failure is kept with its reason."""
    scripts = bench.scripts
    if name == OURS:
        sources = sorted(Path(penchant.__file__).parent.rglob("*.py"))
    else:
        pins = scripts / f"{name.partition('_')[0]}.txt"
        sources = [pins, scripts / f"{name}.py", scripts / "search.py"]
    made_from = bench.fingerprint(sources)
    known = bench.facts(name)
    if not bench.again and known.get("made from") == made_from and "reason" not in known:
        print(f"{name}: finished already", file=sys.stderr)
        return
    kept = bench.kept(name)
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as temporary:
        out = Path(temporary) / "out"
        out.mkdir()
        try:
            facts = ours(bench, out) if name == OURS else theirs(bench, name, pins, out)
            bench.lists(out)
        except SystemExit as error:
            facts = {"reason": reason(str(error), bench)}
            print(f"{name}: failed: {facts['reason']}", file=sys.stderr)
        (out / "facts.json").write_text(json.dumps(facts | {"made from": made_from}), encoding="utf-8")
        shutil.rmtree(kept, ignore_errors=True)
        out.rename(kept)


def ours(bench: Bench, out: Path) -> dict[str, Any]:
    """Fit and recommend by the command line."""
    lists, runs = movielens.ours(bench.films, bench.cut, K, [])
    users, items = bench.films.people["user_id"], bench.films.items["item_id"]
    rows = [
        (users[user], items[int(item)], rank + 1)
        for user, row in enumerate(lists)
        for rank, item in enumerate(row[row >= 0])
    ]
    pl.DataFrame(rows, schema=["user_id", "item_id", "rank"], orient="row").write_csv(out / "lists.csv")
    seconds = {"fit": runs[0]["seconds"], "lists": runs[1]["seconds"]}
    return {"setting": {}, "seconds": seconds, "peak_mib": max(run["peak_mib"] for run in runs)}


def theirs(bench: Bench, name: str, pins: Path, out: Path) -> dict[str, Any]:
    """Install a library where it is missing, and run a peer's script by that environment's Python."""
    python = installed(bench.envs / pins.stem, pins)
    script = bench.scripts / f"{name}.py"
    print(f"{name}: searching, fitting", file=sys.stderr, flush=True)
    run = process.timed([str(python), str(script), str(bench.tables), str(out)], name, RUN_LIMIT)
    for made in ("facts.json", "lists.csv"):
        if not (out / made).exists():
            raise SystemExit(f"{name}: wrote no {made}")
    facts: dict[str, Any] = json.loads((out / "facts.json").read_text(encoding="utf-8"))
    return facts | {"peak_mib": run.peak_mib}


def installed(environment: Path, pins: Path) -> Path:
    """Return the Python of an environment that holds what is pinned."""
    python, marker = environment / "bin" / "python", environment / "pins.txt"
    if marker.exists() and marker.read_bytes() == pins.read_bytes():
        return python
    print(f"{pins.stem}: installing", file=sys.stderr, flush=True)
    if not python.exists():
        process.timed([sys.executable, "-m", "venv", str(environment)], "venv", INSTALL_LIMIT)
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "-q"]
    build = pins.with_suffix(".build.txt")
    if build.exists():  # what an old setup.py needs that no longer builds by itself
        process.timed([*pip, "-r", str(build)], f"pip install -r {build.name}", INSTALL_LIMIT)
        pip += ["--no-build-isolation", "--no-use-pep517"]
    process.timed([*pip, "-r", str(pins)], f"pip install -r {pins.name}", INSTALL_LIMIT)
    shutil.copyfile(pins, marker)
    return python


def reason(said: str, bench: Bench) -> str:
    """Return what went wrong in one line, without this machine's paths."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines[1:] if ERROR.match(line)]
    named = [error for error in errors if not error.startswith("ERROR")] or errors or lines[1:]
    text = ": ".join([lines[0], *named[-1:]]).replace(str(bench.envs), "ENVS")
    return re.sub(r"(?<![\w./])/(?:[\w.@+-]+/)+", "…/", text)


def judged(bench: Bench, peers: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """Return the results of all methods; what was not run yet says so."""
    relevant = bench.films.per_user(bench.cut.test)
    methods: dict[str, Any] = {}
    values = {}
    for name, (library, method) in {OURS: ("Penchant", "fit"), **peers}.items():
        facts = bench.facts(name)
        facts.pop("made from", None)
        methods[name] = {"library": library, "method": method}
        if not facts:
            facts = {"reason": "not run yet"}
        if "reason" not in facts:
            lists = bench.lists(bench.kept(name))
            values[name] = [judge.measured(lists, relevant)]
            shown = round(coverage(lists[:, :10], bench.films.shape[1]) * bench.films.shape[1])
            methods[name] |= judge.summary(values[name]) | {"items in the first ten": shown}
        methods[name] |= facts
    differences = {
        name: judge.difference(values[OURS], found)
        for name, found in values.items()
        if OURS in values and name != OURS
    }
    users = sum(len(items) > 0 for items in relevant)
    return {"data": "movielens-100k, last20", "users": users, "methods": methods, "differences": differences}


def main(
    arguments: Sequence[str] | None = None,
    peers: Mapping[str, tuple[str, str]] = PEERS,
    scripts: Path = HERE,
) -> None:
    """Run what is not finished, and write the results after each method."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=[OURS, *peers], metavar="NAME", help=", ".join([OURS, *peers]))
    parser.add_argument("--again", action="store_true", help="run finished methods as well")
    parser.add_argument("--data", type=Path, help="what penchant data movielens-100k wrote; else fetched")
    parser.add_argument("--envs", type=Path, default=HERE / "envs", help="where both are kept")
    parser.add_argument("-o", "--output", type=Path, default=results.RESULTS / "peers.json")
    options = parser.parse_args(arguments)
    for threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(threads, "1")  # more of them slow implicit down; one for all is comparable
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.data or Path(temporary) / "movielens-100k"
        if options.data is None:
            process.penchant("data", "movielens-100k", folder, shown={folder: "DIR"})
        films = data.read(folder)
        cut = data.last20(films)
        tables = Path(temporary) / "tables"
        write_tables(films, cut, tables)
        bench = Bench(films, cut, tables, options.envs.resolve(), scripts, options.again)
        for name in [options.only] if options.only else [OURS, *peers]:
            finish(bench, name)
            results.write(options.output, "python bench/peers/run.py", judged(bench, peers))


if __name__ == "__main__":
    main()
