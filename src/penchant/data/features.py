"""Attributes of a catalogue, of items or of people, as a sparse matrix with readable names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from penchant.data.catalogue import Catalogue
from penchant.data.cells import moments, numbers
from penchant.data.roles import MISSING, Role, roles, separator
from penchant.types import Rows

MOST_TOKENS, FEWEST_USES = 2000, 2
KNOTS, YEARS_APART, MOST_YEAR_KNOTS = 12, 3, 60
YEAR_IN_TITLE = r"\((\d{4})\)"


@dataclass(frozen=True, slots=True)
class Column:
    """How one column becomes features: by its tokens, or by its place between knots."""

    name: str
    source: str
    role: Role
    separator: str | None = None
    tokens: tuple[str, ...] = ()
    knots: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    @property
    def labels(self) -> list[str]:
        """Readable names of the features."""
        return [f"{self.name}: {token}" for token in self.tokens or (f"{knot:.6g}" for knot in self.knots)]

    def matrix(self, table: pl.DataFrame) -> sparse.csr_matrix:
        """Return the features of a table's rows, shape (n, width); a missing value gives a row of zeros."""
        shape = (table.height, len(self.tokens) or len(self.knots))
        if self.source not in table.columns:
            return sparse.csr_matrix(shape, dtype=np.float32)
        cells = table[self.source]
        if self.tokens:
            place = pl.DataFrame({"token": self.tokens, "at": np.arange(len(self.tokens))})
            found = tokens_of(cells, self.separator).join(place, on="token")
            rows, at, shares = found["row"].to_numpy(), found["at"].to_numpy(), np.ones(len(found))
        else:
            rows, at, shares = _bumps(values_of(cells, self.role), self.knots)
        return sparse.csr_matrix((shares.astype(np.float32), (rows, at)), shape=shape)


@dataclass(frozen=True, slots=True)
class AttributeSpace:
    """The features that were found in one catalogue; other tables with its columns can be put into it."""

    parts: tuple[Column, ...]

    @classmethod
    def fit(cls, catalogue: Catalogue, *, most: int = MOST_TOKENS) -> Self:
        """Find the features of a catalogue, the `most` frequent tokens of each column."""
        found, table = roles(catalogue), catalogue.table
        parts = [_fitted(Column(name, name, role), table[name], most) for name, role in found.items()]
        if catalogue.title is not None and "year" not in found.values() and "year" not in found:
            titles = table[catalogue.title].cast(pl.String)
            if int(titles.str.contains(YEAR_IN_TITLE).sum()) > 0.3 * max(1, titles.count()):
                parts.append(_fitted(Column("year", catalogue.title, "year"), titles, most))
        return cls(tuple(part for part in parts if part is not None))

    def transform(self, catalogue: Catalogue) -> sparse.csr_matrix:
        """Return the features of a catalogue, float32 of shape (n, F)."""
        blocks = [part.matrix(catalogue.table) for part in self.parts]
        if not blocks:
            return sparse.csr_matrix((len(catalogue), 0), dtype=np.float32)
        return sparse.csr_matrix(sparse.hstack(blocks, format="csr", dtype=np.float32))

    def __len__(self) -> int:
        return len(self.names)

    @property
    def columns(self) -> list[str]:
        """Names of the columns that have features."""
        return [part.name for part in self.parts]

    @property
    def names(self) -> list[str]:
        """Readable names of the features, length F."""
        return [label for part in self.parts for label in part.labels]

    @property
    def groups(self) -> Rows:
        """Which of `columns` each feature comes from, shape (F,)."""
        return np.repeat(np.arange(len(self.parts)), [len(part.labels) for part in self.parts])

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return what the space is made of: arrays by name, and plain values for JSON."""
        arrays = {f"knots_{i}": part.knots for i, part in enumerate(self.parts)}
        described = [
            {
                "name": part.name,
                "source": part.source,
                "role": part.role,
                "separator": part.separator,
                "tokens": list(part.tokens),
            }
            for part in self.parts
        ]
        return arrays, {"parts": described}

    @classmethod
    def from_state(cls, arrays: Mapping[str, NDArray[Any]], scalars: Mapping[str, Any]) -> Self:
        """Build the space again."""
        return cls(
            tuple(
                Column(**{**part, "tokens": tuple(part["tokens"])}, knots=np.asarray(arrays[f"knots_{i}"]))
                for i, part in enumerate(scalars["parts"])
            )
        )


def tokens_of(cells: pl.Series, sign: str | None) -> pl.DataFrame:
    """Return the columns row and token: each token once a row, none for what tables write for nothing."""
    frame = pl.DataFrame({"row": np.arange(len(cells)), "token": cells})
    if not cells.dtype.is_nested():
        text = pl.col("token").cast(pl.String)
        frame = frame.with_columns(text.str.split(sign) if sign else pl.concat_list(text))
    frame = frame.explode("token").with_columns(pl.col("token").cast(pl.String).str.strip_chars())
    known = pl.col("token").is_not_null() & ~pl.col("token").str.to_lowercase().is_in(list(MISSING))
    return frame.filter(known).unique(maintain_order=True)


def values_of(cells: pl.Series, role: Role) -> NDArray[np.float64]:
    """Return the numbers that a column stands for, NaN where there is none, shape (n,)."""
    if role == "date":
        seconds = moments(cells, cells.name).seconds
        years = pl.from_epoch((seconds * 1e6).cast(pl.Int64), time_unit="us").dt.year()
        return years.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    if role == "year" and cells.dtype == pl.String:
        bare, in_title = cells.str.extract(r"^\s*(\d{4})(?:\.0)?\s*$"), cells.str.extract(YEAR_IN_TITLE)
        cells = pl.select(pl.coalesce(bare, in_title)).to_series()
    return numbers(cells)[0].fill_null(float("nan")).to_numpy()


def _fitted(column: Column, cells: pl.Series, most: int) -> Column | None:
    """Find the tokens or the knots of a column; None where it gives no feature."""
    if column.role in ("category", "multi"):
        return _with_tokens(column, cells, most)
    if column.role in ("number", "year", "date"):
        values = values_of(cells, column.role)
        values = values[np.isfinite(values)]
        if not len(values):
            return None
        knots = _quantiles(values) if column.role == "number" else _year_knots(values)
        return Column(column.name, column.source, column.role, knots=knots) if len(knots) > 1 else None
    return None


def _with_tokens(column: Column, cells: pl.Series, most: int) -> Column | None:
    sign = None
    if column.role == "multi" and not cells.dtype.is_nested():
        sign = separator(cells.cast(pl.String).drop_nulls())
    counts = tokens_of(cells, sign).group_by("token").len().filter(pl.col("len") >= FEWEST_USES)
    kept = counts.sort("len", "token", descending=[True, False]).head(most)["token"].to_list()
    return Column(column.name, column.source, column.role, sign, tuple(kept)) if kept else None


def _quantiles(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.unique(np.quantile(values, np.linspace(0, 1, KNOTS)))


def _year_knots(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Spread knots evenly; a few years far in the past do not stretch the scale, they join its end."""
    first, last = np.floor(np.quantile(values, 0.01)), np.ceil(values.max())
    step = max(YEARS_APART, int(np.ceil((last - first) / MOST_YEAR_KNOTS)))
    return np.arange(first, last + step, step, dtype=np.float64) if last > first else np.empty(0)


def _bumps(values: NDArray[np.float64], knots: NDArray[np.float64]) -> tuple[Rows, Rows, NDArray[np.float64]]:
    """Share each value between the knots to its left and right; returns rows, knots and shares."""
    rows = np.flatnonzero(np.isfinite(values))
    inside = np.clip(values[rows], knots[0], knots[-1])
    left = np.clip(np.searchsorted(knots, inside, side="right") - 1, 0, len(knots) - 2)
    right_share = (inside - knots[left]) / (knots[left + 1] - knots[left])
    shares = np.concatenate((1 - right_share, right_share))
    rows, at = np.concatenate((rows, rows)), np.concatenate((left, left + 1))
    return rows[shares > 0], at[shares > 0], shares[shares > 0]
