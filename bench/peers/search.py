"""What all peers share: tables in, a search over eight settings, lists out. Needs numpy and scipy alone.

Each script beside this one is run by the Python of its own environment, with two folders: IN holds train.csv,
and its two parts fit.csv and validation.csv; OUT receives lists.csv and facts.json.
"""

import csv
import json
import math
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

SETTINGS = 8
K = 20
Setting = Mapping[str, Any]
Lists = Mapping[str, Sequence[str]]
"""Items by user, the best one first, none of them met before."""


@dataclass(frozen=True)
class Events:
    """Who met what, when: ids, and rows of sorted ids; events in the order of their moments."""

    user_ids: list[str]
    item_ids: list[str]
    users: np.ndarray
    items: np.ndarray
    ratings: np.ndarray
    times: np.ndarray

    def matrix(self) -> sp.csr_matrix:
        """Return who met what as 0 and 1, shape (U, I)."""
        shape = (len(self.user_ids), len(self.item_ids))
        ones = np.ones(len(self.users), dtype=np.float32)
        found = sp.csr_matrix((ones, (self.users, self.items)), shape=shape)
        found.data[:] = 1.0
        return found

    def columns(self) -> dict[str, Any]:
        """Return ids and moments, an entry for each event."""
        return {
            "user_id": [self.user_ids[row] for row in self.users],
            "item_id": [self.item_ids[row] for row in self.items],
            "timestamp": self.times,
        }

    def best(self, scores: np.ndarray) -> Lists:
        """Return each user's best items that were not met, by scores of shape (U, I)."""
        scores = np.where(self.matrix().toarray() > 0, -np.inf, scores)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :K]
        return {
            user: [self.item_ids[item] for item in order[row] if scores[row, item] > -np.inf]
            for row, user in enumerate(self.user_ids)
        }


Fit = Callable[[Events, Sequence[Setting]], Iterator[Any]]
"""A model for each setting in turn; it is asked for lists before the next one is made."""
Recommend = Callable[[Any, Events], Lists]


def read(path: Path) -> Events:
    """Read a table user_id, item_id, timestamp, rating."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: (float(row["timestamp"]), int(row["item_id"])))
    users, items = (sorted({row[name] for row in rows}) for name in ("user_id", "item_id"))
    user_rows, item_rows = ({text: row for row, text in enumerate(ids)} for ids in (users, items))
    return Events(
        users,
        items,
        np.array([user_rows[row["user_id"]] for row in rows], dtype=np.int32),
        np.array([item_rows[row["item_id"]] for row in rows], dtype=np.int32),
        np.array([float(row["rating"]) for row in rows]),
        np.array([float(row["timestamp"]) for row in rows]),
    )


def ndcg(lists: Lists, wanted: Mapping[str, set[str]]) -> float:
    """Return NDCG@10, ideal over min(10, n), as a mean over all who want something."""
    found = 0.0
    for user, items in wanted.items():
        shown = lists.get(user, [])[:10]
        gain = sum(1 / math.log2(rank + 2) for rank, item in enumerate(shown) if item in items)
        found += gain / sum(1 / math.log2(rank + 2) for rank in range(min(10, len(items))))
    return found / len(wanted)


def grid(**values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return all combinations of values."""
    settings: list[dict[str, Any]] = [{}]
    for name, some in values.items():
        settings = [setting | {name: value} for setting in settings for value in some]
    return settings


def main(settings: Sequence[Setting], fit: Fit, recommend: Recommend, *packages: str) -> None:
    """Choose a setting on the validation part, fit on the whole training part, write lists and facts."""
    folder, out = (Path(word).resolve() for word in sys.argv[1:])
    train, inner, validation = (read(folder / f"{name}.csv") for name in ("train", "fit", "validation"))
    assert len(settings) <= SETTINGS
    wanted: dict[str, set[str]] = {}
    for user, item in zip(validation.users, validation.items, strict=True):
        wanted.setdefault(validation.user_ids[user], set()).add(validation.item_ids[item])
    start = time.perf_counter()
    values = []
    tried = settings if len(settings) > 1 else []  # nothing to choose, no search
    for setting, model in zip(tried, fit(inner, tried), strict=True):
        values.append(ndcg(recommend(model, inner), wanted))
        print(dict(setting), round(values[-1], 5), flush=True)
    searched = time.perf_counter()
    best = settings[int(np.argmax(values or [0.0]))]
    model = next(iter(fit(train, [best])))
    fitted = time.perf_counter()
    lists = recommend(model, train)
    listed = time.perf_counter()
    seconds = {"search": searched - start, "fit": fitted - searched, "lists": listed - fitted}
    facts = {
        "setting": dict(best),
        "settings tried": len(settings),
        "validation ndcg@10": round(max(values), 5) if values else None,
        "seconds": {name: round(value, 2) for name, value in seconds.items()},
        "versions": {"python": platform.python_version()}
        | {name: metadata.version(name) for name in (*packages, "numpy", "scipy")},
    }
    with (out / "lists.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["user_id", "item_id", "rank"])
        writer.writerows([u, i, r + 1] for u, items in lists.items() for r, i in enumerate(items[:K]))
    (out / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
