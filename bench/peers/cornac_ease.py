"""Item–item least squares with a zero diagonal, library Cornac (Steck 2019)."""

from collections.abc import Iterator, Sequence
from typing import Any

from cornac.data import Dataset
from cornac.models import EASE
from search import Events, K, Lists, Setting, grid, main

GRID = grid(lamb=[50.0, 100.0, 200.0, 300.0, 500.0, 700.0, 1000.0, 2000.0])


def table(events: Events) -> Dataset:
    """Return the events as Cornac wants them: every value is 1."""
    columns = events.columns()
    ones = [1.0] * len(events.users)
    return Dataset.from_uir(list(zip(columns["user_id"], columns["item_id"], ones, strict=True)), seed=0)


def fit(events: Events, settings: Sequence[Setting]) -> Iterator[EASE]:
    """Fit a model for each setting; negative weights stay, as in the paper."""
    for setting in settings:
        yield EASE(**setting, posB=False, verbose=False).fit(table(events))


def recommend(model: Any, events: Events) -> Lists:
    """Rank all items for all users."""
    seen = table(events)
    return {user: model.recommend(user, k=K, remove_seen=True, train_set=seen) for user in events.user_ids}


if __name__ == "__main__":
    main(GRID, fit, recommend, "cornac")
