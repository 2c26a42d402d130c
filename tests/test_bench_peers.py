"""The benchmark of peers with scripts of made-up peers: resumed, failing, judged; what all peers share."""

import importlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from source import ROOT

N_USERS, N_ITEMS = 8, 30
POPULAR = '''
"""Counts; the sign is searched."""

from search import grid, main


def fit(events, settings):
    for setting in settings:
        yield setting["sign"] * events.matrix().toarray().sum(axis=0)


def recommend(model, events):
    return events.best(model + 0 * events.matrix().toarray())


main(grid(sign=[-1, 1]), fit, recommend)
'''
FAILING = 'raise ImportError("no such thing as /somewhere/deep/lib.so")'
REPEATING = """
import json, sys
from pathlib import Path

out = Path(sys.argv[2])
user, item = Path(sys.argv[1], "train.csv").read_text().splitlines()[1].split(",")[:2]
(out / "lists.csv").write_text(f"user_id,item_id,rank\\n{user},{item},1\\n")
(out / "facts.json").write_text(json.dumps({}))
"""
PEERS = {
    name: (name.partition("_")[0].title(), name) for name in ("some_popular", "some_failing", "more_seen")
}


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The script as a module; its folder is on the path only here."""
    for threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.setenv(threads, "1")
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    monkeypatch.syspath_prepend(str(ROOT / "bench" / "peers"))
    yield importlib.import_module("run")
    for name in [name for name in sys.modules if name.partition(".")[0] in {"run", "rig", "movielens"}]:
        del sys.modules[name]


class World:
    """Films that all meet in one order, peers' scripts, and environments that stand already."""

    def __init__(self, folder: Path, bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bench, self.folder = bench, folder
        self.scripts, self.envs, self.ml = (folder / name for name in ("scripts", "envs", "ml"))
        for path in (self.scripts, self.envs, self.ml):
            path.mkdir()
        for name, text in zip(PEERS, (POPULAR, FAILING, REPEATING), strict=True):
            (self.scripts / f"{name}.py").write_text(text)
        (self.scripts / "search.py").write_text((ROOT / "bench/peers/search.py").read_text())
        for library in ("some", "more"):
            (self.scripts / f"{library}.txt").write_text("nothing==1\n")
            python = self.envs / library / "bin" / "python"
            python.parent.mkdir(parents=True)
            python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
            python.chmod(0o755)
            (self.envs / library / "pins.txt").write_text("nothing==1\n")
        self.write_films()
        self.started = list[str]()
        timed = bench.process.timed

        def noted(command: Any, title: str, limit: float | None = None) -> Any:
            self.started.append(title)
            return timed(command, title, limit)

        monkeypatch.setattr(bench.process, "timed", noted)
        monkeypatch.setattr(bench.movielens, "ours", self.ours)

    def write_films(self) -> None:
        lines = [
            f"{u}\t{i}\t3\t{100 * u + i}"
            for u in range(1, N_USERS + 1)
            for i in range(1, 11 + u)
            if u % 3 or i % 2
        ]
        head = "user_id:token\titem_id:token\trating:float\ttimestamp:float"
        (self.ml / "x.inter").write_text("\n".join([head, *lines]) + "\n")
        items = [f"{i}\tFilm\t1990\tDrama" for i in range(1, N_ITEMS + 1)]
        head = "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq"
        (self.ml / "x.item").write_text("\n".join([head, *items]) + "\n")
        (self.ml / "x.user").write_text("user_id:token\n" + "".join(f"{u}\n" for u in range(1, N_USERS + 1)))

    def ours(self, films: Any, cut: Any, k: int, effort: list[str]) -> Any:
        """Perfect lists."""
        self.started.append("penchant")
        lists = np.full((N_USERS, k), -1, dtype=np.int64)
        for user, items in enumerate(films.per_user(cut.test)):
            lists[user, : len(items)] = items
        return lists, [{"seconds": 2.0, "peak_mib": 5.0}, {"seconds": 1.0, "peak_mib": 6.0}]

    def run(self, *words: str) -> dict[str, Any]:
        """Run the benchmark; return its results."""
        self.started.clear()
        out = self.folder / "out.json"
        given = ["--data", str(self.ml), "--envs", str(self.envs), "-o", str(out), *words]
        self.bench.main(given, PEERS, self.scripts)
        assert str(self.folder) not in out.read_text() and "/somewhere" not in out.read_text()
        found: dict[str, Any] = json.loads(out.read_text())
        return found


@pytest.fixture
def world(bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Everything that a run needs."""
    return World(tmp_path, bench, monkeypatch)


def test_finished_methods_are_judged_and_not_run_again(world: World) -> None:
    first = world.run()
    assert world.started == ["penchant", *PEERS]
    methods = first["methods"]
    assert methods["penchant"]["ndcg@10"]["mean"] == 1
    assert methods["penchant"]["seconds"] == {"fit": 2, "lists": 1}
    popular = methods["some_popular"]
    assert (popular["library"], popular["setting"], popular["settings tried"]) == ("Some", {"sign": 1}, 2)
    assert 0 < popular["ndcg@10"]["mean"] < 1 and popular["recall@20"]["mean"] > 0
    assert popular["versions"]["numpy"] == np.__version__
    assert set(popular["seconds"]) == {"search", "fit", "lists"}
    assert first["differences"]["some_popular"]["ndcg@10"]["mean"] == pytest.approx(
        1 - popular["ndcg@10"]["mean"], abs=1e-4
    )
    second = world.run()
    assert world.started == ["some_failing", "more_seen"]
    assert second["methods"] == methods
    script = world.scripts / "some_popular.py"
    script.write_text(script.read_text() + "# changed\n")
    world.run("--only", "some_popular")
    assert world.started == ["some_popular"]
    world.run("--only", "penchant", "--again")
    assert world.started == ["penchant"]


def test_failures_are_kept_with_their_reasons(world: World) -> None:
    methods = world.run()["methods"]
    assert methods["some_failing"]["reason"] == (
        "some_failing: exit status 1: ImportError: no such thing as …/lib.so"
    )
    assert "of the history" in methods["more_seen"]["reason"]
    assert "ndcg@10" not in methods["some_failing"] and "ndcg@10" not in methods["more_seen"]


def test_a_new_list_of_pins_installs_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (world.scripts / "some.txt").write_text("no such package at all\n")
    methods = world.run("--only", "some_popular")["methods"]
    assert methods["more_seen"]["reason"] == "not run yet"
    reason = methods["some_popular"]["reason"]
    assert reason.startswith("pip install -r some.txt: exit status 1: ERROR")
    assert world.started == ["pip install -r some.txt"]


def test_a_peer_that_takes_too_long_is_ended(bench: Any) -> None:
    program = "import time; print('begun', flush=True); time.sleep(60)"
    with pytest.raises(SystemExit, match=r"slow: took more than 0\.5 s\nbegun"):
        bench.process.timed([sys.executable, "-c", program], "slow", 0.5)


def test_the_shared_search_agrees_with_our_metric(bench: Any, tmp_path: Path) -> None:
    search = importlib.import_module("search")
    rng = np.random.default_rng(0)
    wanted = [np.sort(rng.permutation(40)[:n]) for n in (1, 3, 12, 25)]
    lists = np.stack([rng.permutation(40)[:20] for _ in wanted])
    ours = bench.judge.measured(lists, wanted)["ndcg@10"].mean()
    theirs = search.ndcg(
        {str(user): [str(item) for item in row] for user, row in enumerate(lists)},
        {str(user): {str(item) for item in items} for user, items in enumerate(wanted)},
    )
    assert theirs == pytest.approx(ours)
    assert search.grid(a=[1, 2], b="x") == [{"a": 1, "b": "x"}, {"a": 2, "b": "x"}]
    pl.DataFrame({"user_id": [7, 7, 8], "item_id": [3, 1, 3], "timestamp": [2, 1, 0], "rating": 5}).write_csv(
        tmp_path / "t.csv"
    )
    events = search.read(tmp_path / "t.csv")
    assert (events.user_ids, events.item_ids, events.items.tolist()) == (["7", "8"], ["1", "3"], [1, 0, 1])
    assert events.best(np.ones((2, 2))) == {"7": [], "8": ["1"]}


def test_every_peer_has_a_script_and_exact_pins(bench: Any) -> None:
    folder = ROOT / "bench" / "peers"
    assert {path.stem for path in folder.glob("*_*.py")} == set(bench.PEERS)
    for name in bench.PEERS:
        text = (folder / f"{name}.py").read_text()
        assert not re.search(r"^\s*(import|from) penchant", text, re.MULTILINE)
        pins = (folder / f"{name.partition('_')[0]}.txt").read_text().split()
        assert all(re.fullmatch(r"[\w\[\]-]+==[\d.]+", pin) for pin in pins)


def test_the_table_of_the_docs_is_that_of_the_results(bench: Any) -> None:
    readme = importlib.import_module("rig.readme")
    rows = readme.peers(
        {
            "methods": {
                "penchant": {"library": "Penchant", "method": "fit"}
                | numbers(0.3, {"fit": 2.0, "lists": 1.0}),
                "a_b": {
                    "library": "A",
                    "method": "B",
                    "settings tried": 8,
                    "versions": {"a": "1.0", "numpy": "2"},
                }
                | numbers(0.2, {"search": 9.0, "fit": 1.0, "lists": 0.5}),
                "c_d": {"library": "C", "method": "D", "reason": "c_d: exit | status 1"},
            },
            "differences": {"a_b": {"ndcg@10": {"mean": 0.1, "low": 0.05, "high": 0.15}}},
        }
    )
    assert [row.split("|")[1].strip() for row in rows[2:]] == ["**Penchant**", "A 1.0 B", "C D"]
    assert "+0.100 [0.050, 0.150]" in rows[3] and "no result" in rows[4] and r"exit \| status" in rows[4]
    found = readme.read("peers")
    page = (ROOT / "docs" / "evaluate.md").read_text()
    assert "\n".join(readme.peers(found)) in page


def numbers(mean: float, seconds: dict[str, float]) -> dict[str, Any]:
    interval = {"mean": mean, "low": mean - 0.01, "high": mean + 0.01}
    return {"ndcg@10": interval, "recall@20": interval, "items in the first ten": 4, "seconds": seconds}
