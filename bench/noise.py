"""What noise costs: MovieLens-100K with random events, and with shuffled ratings, beside EASE and ALS.

    python bench/noise.py [--data DIR] [--effort quick|standard] [-o FILE]

Validation only: the last fifth of each user (protocol last20) is taken away unseen; of the rest, each
user's last fifth is asked for. `random events`: so many events more, of random users on random films,
at moments when their user was there. `random moments`: the same at any moment of the log, most of them
after the user had left, so that histories end in noise. `shuffled ratings`: this part of the ratings
changes places; everybody learns what was liked (4 and 5; we by `--target liked`), and the films asked
for are those that were truly liked. EASE and ALS are tuned on an inner cut of the same noisy events.
Writes bench/results/noise.json.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.random import Generator
from rig import films as data
from rig import judge, process, results, rivals
from rig.films import Cut, Films, late

from penchant.types import Rows

OURS, K, LIKED = "Penchant", 20, 4.0
SHARES = (0.0, 0.1, 0.2)
RANDOM = {"random events": False, "random moments": True}
ALS = tuple((factors, confidence) for factors in (32, 64) for confidence in (1.0, 5.0))


def with_random_events(
    films: Films, cut: Cut, share: float, rng: Generator, *, anywhere: bool
) -> tuple[Films, Cut]:
    """Add random events to the training part; none of them is an event that is asked for.

    Their moments are some of the same user's, or of anybody's with `anywhere`.
    """
    n, times = round(share * int(cut.train.sum())), films.times[cut.train]
    users, items = (rng.integers(0, size, n) for size in films.shape)
    fine = films.matrix(cut.test).toarray()[users, items] == 0
    users, items = users[fine], items[fine]
    if anywhere:
        moments = rng.choice(times, len(users))
    else:
        order = np.argsort(films.users[cut.train], kind="stable")
        sizes = np.bincount(films.users[cut.train], minlength=films.shape[0])
        places = (np.cumsum(sizes) - sizes)[users] + (rng.random(len(users)) * sizes[users]).astype(np.int64)
        moments = times[order][places]
    more = pl.DataFrame(
        {
            "user_id": films.people["user_id"].gather(users),
            "item_id": films.items["item_id"].gather(items),
            "rating": rng.integers(1, 6, len(users)).astype(str),
            "timestamp": moments.astype(int).astype(str),
        }
    )
    noisy = replace(
        films,
        interactions=pl.concat([films.interactions, more], how="diagonal"),
        users=np.concatenate([films.users, users]),
        films=np.concatenate([films.films, items]),
        times=np.concatenate([films.times, more["timestamp"].cast(pl.Float64).to_numpy()]),
    )
    train = np.concatenate([cut.train, np.ones(len(users), dtype=bool)])
    return noisy, Cut(cut.name, train, np.concatenate([cut.test, np.zeros(len(users), dtype=bool)]))


def with_shuffled_ratings(films: Films, cut: Cut, share: float, rng: Generator) -> Films:
    """Let a part of the ratings of the training part change places."""
    ratings = films.interactions["rating"].to_numpy().copy()
    chosen = rng.choice(np.flatnonzero(cut.train), round(share * int(cut.train.sum())), replace=False)
    ratings[chosen] = ratings[rng.permutation(chosen)]
    return replace(films, interactions=films.interactions.with_columns(pl.Series("rating", ratings)))


def als_scores(films: Films, cut: Cut, grid: Sequence[Any]) -> Iterator[rivals.Matrix]:
    """Fit implicit ALS for each setting (factors, confidence)."""
    from implicit.cpu.als import AlternatingLeastSquares

    for factors, confidence in grid:
        model = AlternatingLeastSquares(factors=factors, alpha=confidence, iterations=15, random_state=0)
        model.fit(films.matrix(cut.train).tocsr(), show_progress=False)
        yield np.asarray(model.user_factors @ model.item_factors.T, dtype=np.float64)


def others(films: Films, cut: Cut, learned: Cut) -> dict[str, Rows]:
    """Tune and rank the peers: they learn from `learned`, and may list what `cut` has not in its history."""
    inner = late(films, learned.train)
    validation = Cut("inner", learned.train & ~inner, inner)
    every: tuple[tuple[str, rivals.Method, Sequence[Any]], ...] = (
        ("EASE", rivals.ease_scores, rivals.L2),
        ("ALS", als_scores, ALS),
    )
    lists = {}
    for name, method, grid in every:
        _, settings = rivals.rival(films, learned, K, [validation], method, "setting", grid)
        lists[name] = rivals.ranked(next(iter(method(films, learned, [settings["setting"]]))), films, cut, K)
    return lists


def ours(films: Films, cut: Cut, options: Sequence[str]) -> tuple[Rows, dict[str, Any]]:
    """Fit and recommend as a user would."""
    with tempfile.TemporaryDirectory() as temporary:
        tables, model, out = (Path(temporary) / name for name in ("tables", "model", "out.parquet"))
        shown = {tables: "DIR", model: "MODEL", out: "OUT.parquet"}
        data.write(films, cut, tables)
        fit = process.penchant("fit", tables, "-o", model, "--seed", "0", *options, shown=shown)
        process.penchant("recommend", model, "--all-users", "-k", str(K), "-o", out, shown=shown)
        return judge.lists_in(pl.read_parquet(out), films, K), fit.row()


def measured(
    films: Films, cut: Cut, learned: Cut, asked: list[Rows], options: Sequence[str]
) -> dict[str, Any]:
    """Judge us and the others on one noisy training part."""
    own, fit = ours(films, cut, options)
    every = {OURS: own, **others(films, cut, learned)}
    for lists in every.values():
        judge.check(lists, films, cut)
    values = {name: judge.measured(lists, asked) for name, lists in every.items()}
    return {
        "methods": {name: judge.summary([value]) for name, value in values.items()},
        "differences": {f"{OURS} - {name}": judge.difference([values[OURS]], [values[name]])
                        for name in every if name != OURS},
        "fit": fit,
    }  # fmt: skip


def main() -> None:
    """Measure every kind and share of noise, and write the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--effort", default="quick", help="handed on to penchant fit")
    parser.add_argument("-o", "--output", type=Path, default=results.RESULTS / "noise.json")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.data or Path(temporary) / "movielens-100k"
        if given.data is None:
            process.penchant("data", "movielens-100k", folder, shown={folder: "DIR"})
        whole = data.read(folder)
    rest = data.last20(whole).train
    validation = late(whole, rest)
    cut, effort = Cut("validation", rest & ~validation, validation), ["--effort", given.effort]
    found: dict[str, dict[str, Any]] = {kind: {} for kind in (*RANDOM, "shuffled ratings")}
    for share in SHARES:
        for kind, anywhere in RANDOM.items():
            films, noisy = with_random_events(whole, cut, share, np.random.default_rng(1), anywhere=anywhere)
            found[kind][f"{share:g}"] = measured(films, noisy, noisy, whole.per_user(cut.test), effort)
        films = with_shuffled_ratings(whole, cut, share, np.random.default_rng(1))
        liked = [table["rating"].cast(pl.Float64).to_numpy() >= LIKED
                 for table in (films.interactions, whole.interactions)]  # fmt: skip
        learned, asked = Cut("liked", cut.train & liked[0], cut.test), whole.per_user(cut.test & liked[1])
        options = [*effort, "--target", "liked"]
        found["shuffled ratings"][f"{share:g}"] = measured(films, cut, learned, asked, options)
    for kind, rows in found.items():
        for share, row in rows.items():
            means = ", ".join(f"{name} {v['ndcg@10']['mean']:.4f}" for name, v in row["methods"].items())
            print(f"{kind}, {share}: NDCG@10 {means}")
    results.write(given.output, f"python bench/noise.py --effort {given.effort}", found)


if __name__ == "__main__":
    main()
