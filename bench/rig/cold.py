"""What is left of a data set without its cold items, as a user's folder; lists of cold items judged."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.evaluate.protocols import Fold, Task
from penchant.metrics import counts, hits, ndcg
from penchant.types import Rows
from rig import judge, process


def written(fold: Fold, folder: Path) -> None:
    """Write what is left of the data as tables."""
    folder.mkdir()
    data = fold.train
    events = data.interactions
    columns = {
        "user_id": data.users.vocabulary.texts(events.users),
        "item_id": data.items.vocabulary.texts(events.items),
        "timestamp": events.times,
    }
    values = {} if np.isnan(events.values).all() else {"rating": events.values}
    pl.DataFrame(columns | values).write_parquet(folder / "interactions.parquet")
    items = data.items.table.with_columns(data.items.vocabulary.ids.cast(pl.String).alias("item_id"))
    items.write_parquet(folder / "items.parquet")
    candidates = data.items.vocabulary.texts(fold.tasks[0].candidates)
    (folder.parent / "candidates.txt").write_text("\n".join(candidates) + "\n", encoding="utf-8")


def recommended(
    data: Dataset, fold: Fold, place: Path, shown: Mapping[Path, str]
) -> tuple[Rows, process.Run]:
    """Ask the model at `place` for lists of the fold's users over its candidates, and tell what that cost."""
    task, output = fold.tasks[0], place / "lists.parquet"
    users = data.users.vocabulary.texts(task.users)
    (place / "users.txt").write_text("\n".join(users) + "\n", encoding="utf-8")
    options = ["--users", place / "users.txt", "--candidates", place / "candidates.txt", "-k", "10"]
    run = process.penchant("recommend", place / "MODEL", *options, "-o", output, shown=shown)
    return lists_in(pl.read_parquet(output), data, task), run


def lists_in(table: pl.DataFrame, data: Dataset, task: Task) -> Rows:
    """Return a table of lists as rows of items, (users asked, 10), −1 where there are no more."""
    lists = np.full((len(task.users), 10), -1, dtype=np.int64)
    asked = data.users.vocabulary.rows(table["user_id"].cast(pl.String))
    places = np.searchsorted(task.users, asked)
    lists[places, table["rank"].to_numpy() - 1] = data.items.vocabulary.rows(table["item_id"].cast(pl.String))
    return lists


def marks(lists: Rows, task: Task, n_users: int) -> judge.Values:
    """Return NDCG@10 of each user, NaN for those who were not asked."""
    found = np.full(n_users, np.nan)
    found[task.users] = ndcg(hits(lists, task.targets), counts(task.targets))
    return {"ndcg@10": found}
