"""What a cell says: ids, numbers and moments out of whatever type or spelling a table has them in."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from penchant.data.spellings import seconds_of
from penchant.errors import TableError

LONGEST_ID = 2**63 - 1
YEAR = 366 * 86_400.0
_UNITS = (
    (1e11, 1.0, "seconds"),
    (1e14, 1e3, "milliseconds"),
    (1e17, 1e6, "microseconds"),
    (math.inf, 1e9, "nanoseconds"),
)
"""Magnitudes below which numbers are taken to be in a unit, and how many of it make a second."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Times in seconds since 1970 UTC (null: none), how many cells were unreadable, and the unit found."""

    seconds: pl.Series
    unreadable: int
    unit: str


def ids(column: pl.Series, table: str) -> pl.Series:
    """Return ids as Int64 where the table types them as whole numbers (7.0 as well), else as text.

    Empty and infinite ones become null. Text is never parsed: 007 stays 007.

    Raises:
        TableError: the column holds lists or other things that are no ids.
    """
    if column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object):
        raise TableError(f"{table}: column '{column.name}' holds {column.dtype}, which cannot be ids")
    if column.dtype.is_float():
        column = column.set(column.is_nan() | column.is_infinite(), None)
        whole = bool(((column.round() == column) & (column.abs() < 2.0**53)).all())
        return column.cast(pl.Int64 if whole else pl.String)
    if column.dtype.is_integer() and ((top := column.max()) is None or int(str(top)) <= LONGEST_ID):
        return column.cast(pl.Int64)
    text = column.cast(pl.String)
    return text.set(text.str.strip_chars() == "", None)


def numbers(column: pl.Series) -> tuple[pl.Series, int]:
    """Return a column as finite Float64 (null elsewhere) and how many cells were text or infinite."""
    filled = column.drop_nulls()
    if column.dtype == pl.String:
        filled = filled.filter(filled.str.strip_chars() != "")
        column = column.str.strip_chars()
    parsed = column.cast(pl.Float64, strict=False)
    parsed = parsed.set(parsed.is_nan() | parsed.is_infinite(), None)
    return parsed, len(filled) - parsed.count()


def moments(column: pl.Series, table: str) -> Moments:
    """Return times in seconds: numbers by their size, text as spelled, dates as midnight; no zone is UTC.

    Raises:
        TableError: the column holds something that is no time.
    """
    if column.dtype.is_temporal() and column.dtype not in (pl.Time, pl.Duration):
        stamps = column.cast(pl.Datetime("us")) if column.dtype == pl.Date else column
        return Moments(stamps.dt.epoch("us") / 1e6, 0, "dates")
    if column.dtype.is_numeric():
        return _from_numbers(column)
    if column.dtype != pl.String:
        raise TableError(f"{table}: column '{column.name}' holds {column.dtype}, which is no time")
    return _from_text(column)


def _from_numbers(column: pl.Series) -> Moments:
    values, unreadable = numbers(column)
    known = values.drop_nulls()
    days = known.cast(pl.Int64, strict=False).cast(pl.String).str.to_date("%Y%m%d", strict=False)
    if len(days) and days.count() >= 0.99 * len(days) and values.min() >= 1900_01_01:  # type: ignore[operator]
        text = values.cast(pl.Int64).cast(pl.String).str.to_datetime("%Y%m%d", strict=False)
        return Moments(
            text.dt.epoch("us") / 1e6, unreadable + values.count() - text.count(), "days as YYYYMMDD"
        )
    unit = max(range(len(_UNITS)), key=lambda place: int(_sized(known, place).sum()))
    seconds, mixed = _strays(values, unit)
    return Moments(
        seconds, unreadable, f"{_UNITS[unit][2]} and {mixed:,} in other units" if mixed else _UNITS[unit][2]
    )


def _sized(values: pl.Series, unit: int) -> pl.Series:
    """Tell which values have the magnitude of a unit."""
    lower = _UNITS[unit - 1][0] if unit else 0.0
    return values.abs().is_between(lower, _UNITS[unit][0], closed="left")


def _strays(values: pl.Series, unit: int) -> tuple[pl.Series, int]:
    """Read values in the unit of most; strays of another size in their own where that is near the rest."""
    seconds = values / _UNITS[unit][1]
    usual = _sized(values, unit)
    if not bool(usual.any()) or bool(usual.all()):
        return seconds, 0
    least, most = (float(str(edge)) for edge in (seconds.filter(usual).min(), seconds.filter(usual).max()))
    mixed = 0
    for place, (_, per_second, _) in enumerate(_UNITS):
        own = values / per_second
        fits = _sized(values, place) & own.is_between(least - YEAR, most + YEAR)
        if place != unit and (n := int(fits.sum())):
            seconds, mixed = seconds.zip_with(~fits.fill_null(False), own), mixed + n
    return seconds, mixed


def _from_text(column: pl.Series) -> Moments:
    """Read cells that are numbers as such, the others as spelled moments."""
    column = column.set(column.str.strip_chars() == "", None)
    parsed = numbers(column)[0]
    spelled = column.is_not_null() & parsed.is_null()
    if not bool(spelled.any()):
        return _from_numbers(parsed)
    seconds = seconds_of(column.filter(spelled))
    unreadable, places = seconds.null_count(), spelled.arg_true()
    if not parsed.count():
        return Moments(
            pl.Series("seconds", [None] * len(column), dtype=pl.Float64).scatter(places, seconds),
            unreadable,
            "text",
        )
    counted = _from_numbers(parsed)
    unit = f"text and {counted.unit}" if seconds.count() else counted.unit
    return Moments(counted.seconds.clone().scatter(places, seconds), unreadable + counted.unreadable, unit)


def spell(seconds: float) -> str:
    """Write a moment for people: a day, or the number where it is no day of this calendar."""
    if not math.isfinite(seconds):
        return str(seconds)
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%d")
    except OverflowError:
        return f"{seconds:g}"
