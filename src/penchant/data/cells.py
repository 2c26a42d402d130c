"""What a cell says: ids, numbers and moments out of whatever type or spelling a table has them in."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from penchant.errors import TableError

ISO = (
    r"^\s*(?P<date>\d{4}[-/]\d{1,2}[-/]\d{1,2})"
    r"(?:[T ]\s*(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?P<part>[.,]\d+)?)?"
    r"\s*(?P<zone>Z|z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?\s*$"
)
SLASHED = r"^\s*(?P<a>\d{1,2})/(?P<b>\d{1,2})/(?P<year>\d{4})(?P<clock>[ T].*)?$"
LONGEST_ID = 2**63 - 1
_UNITS = ((1e11, 1.0, "seconds"), (1e14, 1e3, "milliseconds"), (1e17, 1e6, "microseconds"))


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
    """Return times in seconds: numbers by their magnitude, text as ISO, dates as midnight; no zone is UTC.

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
    filled = column.filter(column.str.strip_chars() != "")
    if numbers(filled)[0].count() * 2 >= max(1, len(filled)):
        return _from_numbers(column)
    seconds = _from_text(column)
    return Moments(seconds, len(filled) - seconds.count(), "text")


def _from_numbers(column: pl.Series) -> Moments:
    values, unreadable = numbers(column)
    days = (
        values.drop_nulls().cast(pl.Int64, strict=False).cast(pl.String).str.to_date("%Y%m%d", strict=False)
    )
    if len(days) and days.count() >= 0.99 * len(days) and values.min() >= 1900_01_01:  # type: ignore[operator]
        text = values.cast(pl.Int64).cast(pl.String).str.to_datetime("%Y%m%d", strict=False)
        return Moments(
            text.dt.epoch("us") / 1e6, unreadable + values.count() - text.count(), "days as YYYYMMDD"
        )
    middle = values.abs().median()
    size = float(middle) if isinstance(middle, int | float) else 0.0
    for limit, per_second, unit in _UNITS:
        if size < limit:
            return Moments(values / per_second, unreadable, unit)
    return Moments(values / 1e9, unreadable, "nanoseconds")


def _from_text(column: pl.Series) -> pl.Series:
    """Parse ISO text; also 31/12/2010 8:26, where the column as a whole says whether the day is first."""
    frame = column.alias("text").to_frame()
    slashed = pl.col("text").str.extract_groups(SLASHED)
    a, b = (slashed.struct.field(name).str.zfill(2) for name in "ab")
    end = pl.concat_str(slashed.struct.field("clock").fill_null(""))
    year = slashed.struct.field("year")
    month_first = pl.concat_str(year, pl.lit("-"), a, pl.lit("-"), b, end)
    day_first = pl.concat_str(year, pl.lit("-"), b, pl.lit("-"), a, end)
    readings = [
        frame.select(pl.coalesce(rewritten, "text").alias("text"))["text"]
        for rewritten in (month_first, day_first)
    ]
    return max((_iso(reading) for reading in readings), key=pl.Series.count)


def _iso(column: pl.Series) -> pl.Series:
    part = column.alias("text").to_frame().select(pl.col("text").str.extract_groups(ISO)).unnest("text")
    two = [pl.col(name).fill_null("00").str.zfill(2) for name in ("hour", "minute", "second")]
    date = pl.col("date").str.replace_all("/", "-")
    stamp = pl.concat_str(date, pl.lit(" "), two[0], pl.lit(":"), two[1], pl.lit(":"), two[2])
    fraction = pl.col("part").str.replace(",", ".").str.replace(r"^\.", "0.").cast(pl.Float64).fill_null(0.0)
    digits = pl.col("zone").str.replace_all(r"[^0-9]", "").str.pad_end(4, "0").cast(pl.Int64, strict=False)
    sign = pl.when(pl.col("zone").str.starts_with("-")).then(-1.0).otherwise(1.0)
    offset = (sign * (digits // 100 * 3600 + digits % 100 * 60)).fill_null(0.0)
    epoch = stamp.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False).dt.epoch("us") / 1e6
    return part.select((epoch + fraction - offset).alias("seconds"))["seconds"]


def spell(seconds: float) -> str:
    """Write a moment for people: a day, or the number where it is no day of this calendar."""
    if not math.isfinite(seconds):
        return str(seconds)
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%d")
    except OverflowError:
        return f"{seconds:g}"
