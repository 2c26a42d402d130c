"""A small bundle with something of everything, and looks into one on disk."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from penchant.store import Contents, current, read

LINEAGE = {"seed": 0, "data": "abc", "metrics": {"ndcg@10": 0.5}}


def contents(value: float = 1.0) -> Contents:
    """Two matrices, one of them under two names, and something of everything else."""
    matrix = np.full((200, 200), value, dtype=np.float32)  # large enough to be mapped
    arrays: dict[str, NDArray[Any]] = {
        "a/weights": matrix,
        "b/weights": matrix,
        "c": np.arange(5),
        "scalar": np.array(float(value)),
    }
    tables = {"items": pl.DataFrame({"item_id": ["007", "ü"], "year": [1999, None]})}
    return Contents(arrays, {"a": {"l2": float(value), "names": ["x", "y"], "none": None}}, tables)


def held(folder: Path) -> float:
    """The value with which the current contents were made, after looking at all of them."""
    found = read(folder)[0]
    value = float(found.arrays["scalar"])
    same(found, contents(value))
    return value


def same(found: Contents, expected: Contents) -> None:
    assert found.arrays.keys() == expected.arrays.keys()
    for name, array in expected.arrays.items():
        identical(found.arrays[name], array)
    assert found.scalars == expected.scalars
    assert found.tables.keys() == expected.tables.keys()
    for name, table in expected.tables.items():
        assert found.tables[name].schema == table.schema
        assert found.tables[name].equals(table)


def identical(found: NDArray[Any], expected: NDArray[Any]) -> None:
    assert type(found) is np.ndarray
    assert not found.flags.writeable
    assert (found.dtype.str, found.shape) == (expected.dtype.str, expected.shape)
    assert found.tobytes() == expected.tobytes()  # NaN and the sign of 0 as well


def versions(folder: Path) -> set[str]:
    return {path.name for path in (folder / "versions").iterdir()}


def manifest_path(folder: Path) -> Path:
    return folder / "versions" / current(folder) / "penchant.json"


def small(value: float) -> Contents:
    return Contents({"scalar": np.array(float(value)), "b": np.ones(3)}, {}, {"t": pl.DataFrame({"x": [1]})})
