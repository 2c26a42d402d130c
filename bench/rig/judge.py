"""Judge lists: a table of recommendations as rows, what was promised of it, metrics, intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from penchant.evaluate.statistics import bootstrap, paired_bootstrap
from penchant.metrics import counts, hits, ndcg, recall
from penchant.types import Rows
from rig.films import Cut, Films

Values = dict[str, NDArray[np.float64]]
"""By metric one number a user; NaN for those with nothing to find."""


def lists_in(table: pl.DataFrame, films: Films, k: int) -> Rows:
    """Return a table user_id, item_id, rank as rows of items, shape (U, k); a user who is missing gets -1."""
    place = {
        name: {text: row for row, text in enumerate(ids)}
        for name, ids in (("user_id", films.people["user_id"]), ("item_id", films.items["item_id"]))
    }
    table = table.with_columns(pl.col("user_id", "item_id").cast(pl.String)).sort("user_id", "rank")
    lists = np.full((films.shape[0], k), -1, dtype=np.int64)
    filled = np.zeros(films.shape[0], dtype=np.int64)
    for user_id, item_id in table.select("user_id", "item_id").iter_rows():
        if user_id not in place["user_id"] or item_id not in place["item_id"]:
            raise SystemExit(f"recommended: item {item_id!r} to user {user_id!r}: not both are in the data")
        user = place["user_id"][user_id]
        if filled[user] == k:
            raise SystemExit(f"recommended: more than {k} items to user {user_id!r}")
        lists[user, filled[user]] = place["item_id"][item_id]
        filled[user] += 1
    return lists


def check(lists: Rows, films: Films, cut: Cut) -> None:
    """End the benchmark where a list shows an item twice, of the history, or beside the candidates."""
    seen = films.matrix(cut.train).toarray() > 0
    for user, row in enumerate(lists):
        shown = row[row >= 0]
        strange = cut.candidates is not None and len(np.setdiff1d(shown, cut.candidates))
        if seen[user, shown].any() or strange or len(np.unique(shown)) < len(shown):
            name = films.people["user_id"][user]
            raise SystemExit(f"recommended to user {name!r}: an item twice, of the history, or no candidate")


def measured(lists: Rows, relevant: Sequence[Rows]) -> Values:
    """Return NDCG@10 and, where the lists are long enough, Recall@20 of each user."""
    found, n = hits(lists, relevant), counts(relevant)
    values = {"ndcg@10": ndcg(found[:, :10], n)}
    if lists.shape[1] >= 20:
        values["recall@20"] = recall(found[:, :20], n)
    return {name: np.where(n > 0, value, np.nan) for name, value in values.items()}


def summary(draws: Sequence[Values]) -> dict[str, Any]:
    """Return each metric's mean over users with its 95 % interval, over several draws by each user's mean.

    `mean` is that over draws of the mean over users; the interval belongs to users.
    """
    rows: dict[str, Any] = {}
    for name in draws[0]:
        interval = bootstrap(per_user(draws, name), rng=np.random.default_rng(0))
        means = [float(np.nanmean(values[name])) for values in draws]
        rows[name] = {"mean": float(np.mean(means)), "low": interval.low, "high": interval.high}
        if len(draws) > 1:
            rows[name]["draws"] = means
    return dict(rounded(rows))


def difference(ours: Sequence[Values], theirs: Sequence[Values]) -> dict[str, Any]:
    """Return the mean difference with its 95 % interval, user by user, and the ratio of the means."""
    rows: dict[str, Any] = {}
    for name in ours[0]:
        a, b = per_user(ours, name), per_user(theirs, name)
        interval = paired_bootstrap(a, b, rng=np.random.default_rng(0))
        rows[name] = {**interval._asdict(), "ratio": float(a.mean() / b.mean()) if b.any() else None}
    return dict(rounded(rows))


def per_user(draws: Sequence[Values], name: str) -> NDArray[np.float64]:
    """Return each user's mean over the draws in which there was something to find; others are left out."""
    stacked = np.stack([values[name] for values in draws])
    found = np.isfinite(stacked)
    kept = found.any(axis=0)
    sums: NDArray[np.float64] = np.where(found, stacked, 0.0).sum(axis=0)[kept] / found.sum(axis=0)[kept]
    return sums


def rounded(tree: Any) -> Any:
    """Round numbers for the results."""
    if isinstance(tree, Mapping):
        return {key: rounded(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [rounded(value) for value in tree]
    return round(tree, 5) if isinstance(tree, float) else tree
