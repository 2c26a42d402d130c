"""The given data sets, read without a word of help."""

import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from penchant.data.dataset import Dataset
from penchant.data.features import AttributeSpace
from penchant.data.read import read

FOLDER = Path(os.environ.get("PENCHANT_DATA") or "not-given")
pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="PENCHANT_DATA names no folder of further real data"
)


@cache
def dataset(name: str) -> tuple[Dataset, str]:
    data, report = read(FOLDER / name)
    return data, str(report)


@pytest.mark.parametrize(
    ("name", "clock", "users", "items", "events", "requests"),
    [
        ("online_retail_ii", "time", 5_943, 4_735, 900_442, 0),
        ("ifdb", "time", 3_179, 9_708, 71_033, 0),
        ("ml_latest_small", "time", 610, 9_742, 100_836, 0),
        ("goodbooks10k_v1", "none", 53_424, 10_000, 980_112, 0),
        ("redial", "time", 0, 6_576, 0, 2_716),
        ("customer_service_intents", "time", 0, 227, 0, 28_203),
    ],
)
def test_every_data_set_is_read_by_its_own_names(
    name: str, clock: str, users: int, items: int, events: int, requests: int
) -> None:
    data, _ = dataset(name)
    found = (data.interactions.clock, data.n_users, data.n_items, len(data.interactions), len(data.requests))
    assert found == (clock, users, items, events, requests)
    assert int((data.requests["items"].list.len() > 0).sum()) == requests
    assert data.items.title == "title"
    assert (data.interactions.users >= 0).all()
    assert (data.interactions.items >= 0).all()


def test_what_was_dropped_is_said() -> None:
    assert "11,646 rows that repeat another row in every column" in dataset("online_retail_ii")[1]
    assert "3,605 items of the events are not in it" in dataset("ifdb")[1]
    assert "9,710 of 9,710 heads are items by id or title" in dataset("ml_latest_small")[1]
    assert "6,576 of 6,576 heads are items by id or title" in dataset("redial")[1]


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("online_retail_ii", ["price"]),
        ("ml_latest_small", ["genres", "year"]),
        ("goodbooks10k_v1", ["authors", "genres", "year", "language_code"]),
        ("redial", ["genres", "directors", "stars", "year"]),
        ("ifdb", ["authors", "genre", "system", "tags", "tags_clean", "published", "year"]),
    ],
)
def test_features_of_real_catalogues(name: str, columns: list[str]) -> None:
    items = dataset(name)[0].items
    space = AttributeSpace.fit(items)
    assert space.columns == columns
    matrix = space.transform(items)
    assert matrix.shape == (len(items), len(space))
    assert np.isfinite(matrix.data).all()
