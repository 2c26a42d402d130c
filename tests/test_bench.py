"""The benchmark of MovieLens against made-up answers of the command line: cuts, promises, metrics."""

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from source import ROOT

N_USERS, N_ITEMS = 12, 25


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The script as a module; its folder is on the path only here."""
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    yield importlib.import_module("movielens")
    for name in [name for name in sys.modules if name == "movielens" or name.partition(".")[0] == "rig"]:
        del sys.modules[name]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Atomic files: user u meets u + 5 films in an order that is not that of their numbers."""
    rng = np.random.default_rng(0)
    lines = [
        f"{u}\t{item}\t3\t{1000 + 10 * (place // 2)}"  # two events share each moment
        for u in range(1, N_USERS + 1)
        for place, item in enumerate(rng.permutation(N_ITEMS)[: u + 5] + 1)
    ]
    films = [f"{i}\tFilm {i}\t{1990 + i % 9 if i > 1 else ''}\tDrama War" for i in range(1, N_ITEMS + 1)]
    people = [f"{u}\t30\tF\twriter\t007" for u in range(1, N_USERS + 1)]
    write(tmp_path / "ml.inter", "user_id:token item_id:token rating:float timestamp:float", lines[::-1])
    write(
        tmp_path / "ml.item", "item_id:token movie_title:token_seq release_year:token class:token_seq", films
    )
    write(
        tmp_path / "ml.user", "user_id:token age:token gender:token occupation:token zip_code:token", people
    )
    return tmp_path


def write(path: Path, header: str, lines: list[str]) -> None:
    path.write_text("\n".join(["\t".join(header.split()), *lines]) + "\n")


def test_the_last_fifth_goes_by_time_and_then_by_number(bench: Any, folder: Path) -> None:
    films = bench.data.read(folder)
    cut = bench.data.last20(films)
    for user in range(N_USERS):
        own = np.flatnonzero(films.users == user)
        keys = sorted((films.times[e], films.films[e], e) for e in own)
        expected = {e for _, _, e in keys[int(np.floor(0.8 * len(own))) :]}
        assert set(own[cut.test[own]]) == expected
    assert (cut.train ^ cut.test).all()


def test_cold_items_are_the_draws_that_are_written_down(bench: Any, folder: Path, tmp_path: Path) -> None:
    films = bench.data.read(folder)
    rng = np.random.default_rng(0)
    for number, cut in enumerate(bench.data.cold20(films)):
        cold = set((rng.permutation(N_ITEMS)[: N_ITEMS // 5] + 1).tolist())
        bench.data.write(films, cut, tmp_path / str(number))
        bench.data.write_candidates(films, cut, tmp_path / "ids")
        written = pl.read_csv(tmp_path / str(number) / "interactions.csv")
        assert set(map(int, (tmp_path / "ids").read_text().split())) == cold
        assert not cold & set(written["item_id"])
        assert len(written) == sum(int(item) not in cold for item in films.interactions["item_id"])
        assert pl.read_csv(tmp_path / str(number) / "items.csv").height == N_ITEMS
        assert (tmp_path / str(number) / "users.csv").read_text().count(",007\n") == N_USERS


class Oracle:
    """Answers like the command line: all that a user is going to meet, in any order; user 1 is forgotten."""

    def __init__(self, folder: Path, process: Any) -> None:
        self.all = pl.read_csv(folder / "ml.inter", separator="\t", infer_schema=False)
        self.all.columns = ["user_id", "item_id", "rating", "timestamp"]
        self.process, self.said = process, list[str]()

    def __call__(self, *words: Any, shown: dict[Path, str] | None = None) -> Any:
        names = {str(path): name for path, name in (shown or {}).items()}
        self.said.append(" ".join(names.get(str(word), str(word)) for word in words))
        if words[0] == "fit":
            self.known = pl.read_csv(words[1] / "interactions.csv", infer_schema=False)
            words[3].mkdir()
        else:
            k, out = int(words[words.index("-k") + 1]), words[words.index("-o") + 1]
            coming = self.all.join(self.known, on=["user_id", "item_id"], how="anti")
            ranks = pl.int_range(1, pl.len() + 1).over("user_id").alias("rank")
            ranked = coming.select("user_id", "item_id", ranks).filter(pl.col("rank") <= k)
            ranked.filter(pl.col("user_id") != "1").sample(fraction=1, shuffle=True, seed=0).write_parquet(
                out
            )
        return self.process.Run(self.said[-1], 1.0, 1.0, 10.0)


def test_perfect_lists_get_one_and_a_forgotten_user_counts_zero(
    bench: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    oracle = Oracle(folder, bench.process)
    monkeypatch.setattr(bench.process, "penchant", oracle)
    bench.main(["--data", str(folder), "-o", str(folder / "out.json")])
    results = json.loads((folder / "out.json").read_text())
    warm, cold = results["last20"], results["cold20"]
    assert warm["users"] == [N_USERS]
    for metric in ("ndcg@10", "recall@20"):
        assert warm["methods"]["Penchant"][metric]["mean"] == pytest.approx(1 - 1 / N_USERS, abs=1e-5)
    first = (cold["methods"]["Penchant"]["ndcg@10"]["draws"], cold["users"])
    assert [round(n * (1 - mean), 3) for mean, n in zip(*first, strict=True)] <= [1.0] * 3
    assert 0 <= warm["methods"]["popularity"]["ndcg@10"]["mean"] < 0.9
    assert warm["differences"]["Penchant - EASE"]["ndcg@10"]["low"] > 0
    assert set(oracle.said) == {
        "fit DIR -o MODEL --seed 0",
        "recommend MODEL --all-users -k 20 -o OUT.parquet",
        "recommend MODEL --all-users -k 10 -o OUT.parquet --candidates FILE",
    }
    assert str(folder) not in (folder / "out.json").read_text()
    assert "Penchant - popularity" in capsys.readouterr().out


@pytest.mark.parametrize("broken", ["twice", "history", "no candidate", "unknown", "too long"])
def test_broken_promises_end_the_benchmark(broken: str, bench: Any, folder: Path) -> None:
    films = bench.data.read(folder)
    cut = next(iter(bench.data.cold20(films)))
    items = films.items["item_id"]
    user = films.people["user_id"][0]
    fresh = np.setdiff1d(np.arange(N_ITEMS), films.films[films.users == 0])
    chosen = {
        "twice": [items[int(cut.candidates[0])]] * 2,
        "history": [items[int(films.films[(films.users == 0) & cut.train][0])]],
        "no candidate": [items[int(np.setdiff1d(fresh, cut.candidates)[0])]],
        "unknown": ["999"],
        "too long": [items[int(row)] for row in cut.candidates[:4]],
    }[broken]
    rows = {"user_id": [user] * len(chosen), "item_id": chosen, "rank": range(1, len(chosen) + 1)}
    with pytest.raises(SystemExit, match="recommended"):
        bench.judge.check(bench.judge.lists_in(pl.DataFrame(rows), films, 3), films, cut)


def test_lists_go_by_rank_and_ids_may_be_numbers(bench: Any, folder: Path) -> None:
    films = bench.data.read(folder)
    table = pl.DataFrame({"user_id": [2, 2, 1], "item_id": [7, 3, 9], "rank": [2, 1, 1]})
    lists = bench.judge.lists_in(table, films, 3)
    assert lists[:3].tolist() == [[8, -1, -1], [2, 6, -1], [-1, -1, -1]]


def test_draws_are_joined_user_by_user(bench: Any) -> None:
    draws = [{"ndcg@10": np.array([1.0, 0.0, np.nan])}, {"ndcg@10": np.array([0.5, np.nan, np.nan])}]
    assert bench.judge.per_user(draws, "ndcg@10").tolist() == [0.75, 0.0]
    row = bench.judge.summary(draws)["ndcg@10"]
    assert (row["mean"], row["draws"]) == (0.5, [0.5, 0.5])
    assert bench.judge.difference(draws, draws)["ndcg@10"] == {"mean": 0, "low": 0, "high": 0, "ratio": 1}


def test_memory_and_time_are_those_of_the_command(bench: Any) -> None:
    program = "import time; kept = bytearray(200 << 20); time.sleep(0.2)"
    run = bench.process.timed([sys.executable, "-c", program], "some command")
    assert 200 < run.peak_mib < 400
    assert run.seconds >= 0.2
    small = bench.process.timed([sys.executable, "-c", ""], "another")
    assert small.peak_mib < 100  # the highest of one run, not of all runs
    with pytest.raises(SystemExit, match=r"failing: exit status 2\nsaid why"):
        bench.process.timed([sys.executable, "-c", "import sys; print('said why'); sys.exit(2)"], "failing")
