"""What live adaptation gives from one bundle, against a refit every day, and against nothing at all.

    python bench/live.py [DATA …] [--share S] [--most N] [-o FILE]

DATA are folders of tables; without any, MovieLens-100K is fetched and online_retail_ii taken from under
PENCHANT_DATA. One bundle is fitted on all but the last `--share` of the events; these then happen one after
the other. Before each moment of somebody who takes something new, four systems give ten items: `none` knows
what the bundle knows; `live` is the service's engine, to which every event was told; `daily` is fitted anew
each midnight on all events until then, by the same settings; `daily, live histories` knows besides what the
person did since midnight. A hit is a list with an item that is taken at that moment. What somebody had taken
is left out of all lists. Intervals are over people. Writes bench/results/live.json.
"""

import argparse
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rig import process, results

from penchant.data.dataset import Dataset
from penchant.data.read import read
from penchant.data.split import Window, known_before
from penchant.evaluate.prequential import moments
from penchant.live.asked import Asked
from penchant.live.choose import open_journal
from penchant.live.engine import Engine
from penchant.live.records import Act
from penchant.recommender import Recommender

DAY, K = 86_400.0, 10
BEST = "daily, live histories"
"""The height: what live adaptation is measured against."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Somebody takes new items at a time; `start` and `end` are places in the events."""

    user: int
    time: float
    wanted: np.ndarray
    begin: int
    start: int
    asked: bool


def main() -> None:
    """Measure each folder and write what came out."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--share", type=float, default=0.1)
    parser.add_argument("--most", type=int, default=4_000)
    parser.add_argument("-o", "--output", type=Path, default=results.RESULTS / "live.json")
    given = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory() as temporary:
        folders = given.folders
        if not folders:
            folders = [
                Path(temporary) / "movielens-100k",
                Path(os.environ["PENCHANT_DATA"]) / "online_retail_ii",
            ]
            process.penchant("data", "movielens-100k", folders[0], shown={folders[0]: "DIR"})
        for folder in folders:
            found[folder.name] = measured(folder, given.share, given.most, Path(temporary))
            print(folder.name, found[folder.name])
    results.write(
        given.output, f"python bench/live.py --share {given.share:g} --most {given.most}", {"data": found}
    )


def measured(folder: Path, share: float, most: int, place: Path) -> dict[str, Any]:
    """Play the last part of one log against the systems."""
    data, _ = read(folder)
    times = np.sort(data.interactions.times)
    cut = float(times[int((1 - share) * len(times))])
    model = Recommender.fit(known_before(data, cut), seed=0)
    bundle = place / f"{folder.name}-model"
    model.save(bundle, model.data.end)
    asked = drawn(list(taken(data, cut)), most)
    hits = {"none": still(model, data, asked, cut)}
    hits["daily"], hits["daily, live histories"] = daily(model, data, asked)
    hits["live"] = live(bundle, data, asked, cut)
    people = np.array([one.user for one in asked])
    return judged(hits, people) | {"moments": len(asked), "days": round(float(times[-1] - cut) / DAY, 1)}


def taken(data: Dataset, cut: float) -> Iterator[Moment]:
    """Yield the moments behind the cut at which somebody takes something new, in the order of time."""
    events = data.interactions
    bounds = events.bounds(data.n_users)
    starts, ends = moments(events, Window(cut, np.inf))
    for at in np.argsort(events.times[starts], kind="stable"):
        start, end = int(starts[at]), int(ends[at])
        user = int(events.users[start])
        inside = np.arange(start, end)
        rows = np.unique(events.items[inside][events.weights[inside] > 0])
        fresh = rows[~np.isin(rows, events.items[bounds[user] : start])]
        if len(fresh):
            yield Moment(user, float(events.times[start]), fresh, int(bounds[user]), start, True)


def drawn(every: list[Moment], most: int) -> list[Moment]:
    """Return so many of the moments, still in order."""
    if len(every) <= most:
        return every
    return [every[at] for at in np.sort(np.random.default_rng(0).permutation(len(every))[:most])]


def still(model: Recommender, data: Dataset, asked: list[Moment], cut: float) -> list[bool]:
    """Ask a model that knows histories up to the cut."""
    return [hit(model, data, one, cut) for one in asked]


def hit(model: Recommender, data: Dataset, one: Moment, until: float, at: float | None = None) -> bool:
    """Ask as of a moment, with the history before `until`; what was taken since is left out."""
    events, had = data.interactions, slice(one.begin, one.start)
    query = data.queries(np.array([one.user]), at=until if at is None else at)[0]
    known = events.times[had] < until
    query = replace(
        query,
        rows=events.items[had][known],
        times=events.times[had][known],
        weights=events.weights[had][known],
        values=events.values[had][known],
        excluded=np.unique(events.items[had][~known]),
    )
    rows = model.rank([query], K)[0][0]
    return bool(np.isin(rows[rows >= 0], one.wanted).any())


def daily(model: Recommender, data: Dataset, asked: list[Moment]) -> tuple[list[bool], list[bool]]:
    """Ask models that are fitted anew each midnight: with histories up to then, and up to the moment."""
    still_, fresh, today, fitted = [], [], None, model
    for one in asked:
        day = one.time // DAY
        if day != today:
            today, until = day, day * DAY
            if until > model.data.end:
                fitted = model.refit(known_before(data, until))
        still_.append(hit(fitted, data, one, max(fitted.data.end, day * DAY)))
        fresh.append(hit(fitted, data, one, one.time))
    return still_, fresh


def live(bundle: Path, data: Dataset, asked: list[Moment], cut: float) -> list[bool]:
    """Ask the engine, which hears of every event of everybody."""
    events, now = data.interactions, [cut]
    journal = open_journal(str(bundle) + ".journal")
    engine = Engine(bundle, journal, clock=lambda: now[0])
    later = np.flatnonzero(events.times >= cut)
    later = later[np.argsort(events.times[later], kind="stable")]
    users, items = (
        data.users.vocabulary.texts(events.users[later]),
        data.items.vocabulary.texts(events.items[later]),
    )
    told, found = 0, []
    for one in asked:
        now[0] = one.time
        acts = []
        while told < len(later) and events.times[later[told]] < one.time:
            at = later[told]
            kind = (
                "interaction"
                if events.weights[at] > 0
                else "dislike"
                if events.weights[at] < 0
                else "impression"
            )
            acts.append(Act(users[told], items[told], kind, float(events.times[at])))
            told += 1
        if acts:
            engine.observe(acts).result()
            engine.moved = 0.0
        given = engine.recommend(Asked(user=data.users.vocabulary.texts([one.user])[0], k=K))
        rows = data.items.vocabulary.rows(given.ids)
        found.append(bool(np.isin(rows, one.wanted).any()))
    engine.close()
    return found


def judged(hits: dict[str, list[bool]], people: np.ndarray) -> dict[str, Any]:
    """Return the hit rates and how much of the gain of a daily refit the engine keeps, with intervals."""
    names = list(hits)
    values = np.array([hits[name] for name in names], dtype=np.float64)
    _, at = np.unique(people, return_inverse=True)
    sums = np.stack([np.bincount(at, weights=row) for row in values])
    counts = np.bincount(at).astype(np.float64)
    rng = np.random.default_rng(0)
    draws = rng.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), size=2_000).astype(np.float64)
    rates = (draws @ sums.T) / (draws @ counts)[:, None]
    place = {name: names.index(name) for name in names}
    none, live_, refit = (rates[:, place[name]] for name in ("none", "live", BEST))
    rows = {name: told(float(values[place[name]].mean()), rates[:, place[name]]) for name in names}
    means = {name: float(values[place[name]].mean()) for name in names}
    gain = means[BEST] - means["none"]
    kept = (live_ - none) / np.where(np.abs(refit - none) < 1e-9, np.nan, refit - none)
    return {
        "hit_rate@10": rows,
        "live - none": told(means["live"] - means["none"], live_ - none),
        "daily - none": told(means["daily"] - means["none"], rates[:, place["daily"]] - none),
        f"{BEST} - none": told(gain, refit - none),
        f"live - {BEST}": told(means["live"] - means[BEST], live_ - refit),
        "kept": told((means["live"] - means["none"]) / gain if gain else float("nan"), kept),
    }


def told(mean: float, draws: np.ndarray) -> dict[str, float]:
    """Return a mean with its interval."""
    low, high = np.nanquantile(draws, [0.025, 0.975])
    return {"mean": round(mean, 5), "low": round(float(low), 5), "high": round(float(high), 5)}


if __name__ == "__main__":
    main()
