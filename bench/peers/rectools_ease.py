"""Item–item least squares with a zero diagonal, library RecTools (Steck 2019)."""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import EASEModel
from search import Events, K, Lists, Setting, grid, main

GRID = grid(regularization=[50.0, 100.0, 200.0, 300.0, 500.0, 700.0, 1000.0, 2000.0])


def table(events: Events) -> Dataset:
    """Return the events as RecTools wants them: every weight is 1."""
    columns = events.columns()
    moments = pd.to_datetime(columns.pop("timestamp"), unit="s")
    return Dataset.construct(pd.DataFrame(columns | {Columns.Weight: 1.0, Columns.Datetime: moments}))


def fit(events: Events, settings: Sequence[Setting]) -> Iterator[EASEModel]:
    """Fit a model for each setting."""
    for setting in settings:
        yield EASEModel(**setting).fit(table(events))


def recommend(model: Any, events: Events) -> Lists:
    """Rank all items for all users."""
    found = model.recommend(events.user_ids, table(events), k=K, filter_viewed=True)
    found = found.sort_values([Columns.User, Columns.Rank])
    return found.groupby(Columns.User)[Columns.Item].agg(list).to_dict()


if __name__ == "__main__":
    main(GRID, fit, recommend, "rectools", "pandas")
