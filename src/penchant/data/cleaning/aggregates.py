"""Columns that sum up the whole log, such as units sold: they tell the past about the future.

Nothing in a table says that a column was counted later; what gives it away is that it agrees with the log.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from penchant.data.catalogue import Catalogue
from penchant.data.cells import moments, numbers
from penchant.data.dataset import Dataset
from penchant.errors import TableError
from penchant.types import Rows

AGREES, FEWEST, FEWEST_EVENTS = 0.9, 50, 5
"""Rank correlation that is no chance; fewest rows to tell; events of a row from which on a mean is one."""
SAME_DAY, MOSTLY = 86400.0, 0.8


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A column of a catalogue that agrees with the log: with what, and how well."""

    table: str
    column: str
    of: str
    agreement: float

    def __str__(self) -> str:
        return f"'{self.column}' agrees with the log's own {self.of} ({self.agreement:.2f})"


def aggregates(data: Dataset) -> list[Aggregate]:
    """Find the columns of items and users that aggregate the log."""
    events = data.interactions
    sides = (("items", data.items, events.items), ("users", data.users, events.users))
    return [found for side in sides if len(events) for found in _aggregates(data, *side)]


def _aggregates(data: Dataset, name: str, catalogue: Catalogue, rows: Rows) -> Iterator[Aggregate]:
    own = _summed_up(data, rows, len(catalogue))
    for cells in catalogue.table.drop(catalogue.title or [], strict=False).iter_columns():
        if cells.dtype.is_numeric():
            values = numbers(cells)[0].fill_null(float("nan")).to_numpy()
            found = [(abs(agreement(values, log)), of) for of, log in own.items()]
            best, of = max(found, default=(0.0, ""))
            if best >= AGREES:
                yield Aggregate(name, cells.name, of, best)
                continue
        if data.interactions.clock == "time" and (share := _last_seen(cells, data, rows)) >= MOSTLY:
            yield Aggregate(name, cells.name, "last events", share)


def _summed_up(data: Dataset, rows: Rows, n: int) -> dict[str, NDArray[np.float64]]:
    """Return what the log itself says of each row, NaN where it says too little; shape (n,) each."""
    values = data.interactions.values.astype(np.float64)
    counts = np.bincount(rows, minlength=n).astype(np.float64)
    own = {"counts": np.where(counts > 0, counts, np.nan)}
    known = np.isfinite(values)
    if known.any() and np.ptp(values[known]) > 0:
        rated = np.bincount(rows[known], minlength=n).astype(np.float64)
        sums = np.bincount(rows[known], weights=values[known], minlength=n)
        own["sums"] = np.where(rated > 0, sums, np.nan)
        own["means"] = np.where(rated >= FEWEST_EVENTS, sums / np.maximum(rated, 1), np.nan)
    return own


def agreement(values: NDArray[np.float64], log: NDArray[np.float64]) -> float:
    """Return Spearman's rank correlation over rows where both are known, 0 where they are too few."""
    both = np.isfinite(values) & np.isfinite(log)
    if both.sum() < FEWEST:
        return 0.0
    a, b = (pl.Series(part[both]).rank("average").to_numpy() for part in (values, log))
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def _last_seen(cells: pl.Series, data: Dataset, rows: Rows) -> float:
    """Return for which part of the rows a column holds the day of the last event.

    Only rows whose first event was another day count: the day on which something came out is no aggregate.
    """
    if cells.dtype.is_nested() or cells.dtype in (pl.Time, pl.Duration, pl.Boolean, pl.Binary, pl.Object):
        return 0.0
    try:
        told = moments(cells, "").seconds.fill_null(float("nan")).to_numpy().astype(np.float64)
    except (TableError, pl.exceptions.PolarsError):
        return 0.0
    times = data.interactions.times
    first, last = np.full(len(cells), np.inf), np.full(len(cells), -np.inf)
    np.minimum.at(first, rows, times)
    np.maximum.at(last, rows, times)
    telling = np.isfinite(told) & np.isfinite(last) & (last - first > 2 * SAME_DAY)
    if telling.sum() < FEWEST:
        return 0.0
    return float((np.abs(told - last)[telling] <= SAME_DAY).mean())
