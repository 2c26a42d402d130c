"""How moments are spelled: ISO 8601, 11/15/2019 8:55 AM, 15.11.2019, RFC 2822, Nov 15, 2019."""

import polars as pl

DATE = r"(?P<date>\d{4}[-/]\d{1,2}[-/]\d{1,2})"
CLOCK = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?P<part>[.,]\d+)?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|z|UTC|GMT|UT|[+-]\d{2}:?\d{2}|[+-]\d{2})?(?:\s*\([^)]*\))?"
)
ISO = rf"^\s*{DATE}(?:(?:T|t|,?\s)\s*{CLOCK})?\s*$"
SLASHED = r"^\s*(?P<a>\d{1,2})(?P<sign>[/.-])(?P<b>\d{1,2})[/.-](?P<year>\d{4})(?P<clock>[ T,].*)?$"
_WEEKDAY = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,?\s+)?"
_MONTH = r"(?P<month>(?i:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec))[a-z]*\.?"
NAMED = (
    rf"^\s*{_WEEKDAY}(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[\s-]+{_MONTH},?[\s-]+(?P<year>\d{{4}})(?P<clock>[\s,T].*)?$",
    rf"^\s*{_WEEKDAY}{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})(?P<clock>[\s,].*)?$",
    # as the C library and Twitter write it: the year comes last
    rf"^\s*{_WEEKDAY}{_MONTH}\s+(?P<day>\d{{1,2}})(?P<clock>\s+[\d:]+(?:\s+[+-]\d{{4}})?)\s+(?P<year>\d{{4}})$",
)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
ZONES = {
    "EST": "-0500", "EDT": "-0400", "CST": "-0600", "CDT": "-0500",
    "MST": "-0700", "MDT": "-0600", "PST": "-0800", "PDT": "-0700",
}  # fmt: skip
"""The zones that RFC 2822 knows by name."""
SLICE = 1_000_000
"""Cells at a time: the parts of a moment take more memory than its text."""


def seconds_of(column: pl.Series) -> pl.Series:
    """Parse text as seconds since 1970, null where it is no moment; no zone is UTC.

    Dates with slashes are read month first unless the column as a whole has more moments the other way.
    """
    month_first, day_first = [], []
    for part in column.alias("text").to_frame().iter_slices(SLICE):
        one, other = _slice(part["text"])
        month_first.append(one)
        day_first.append(other)
    if not month_first:
        return pl.Series("seconds", [], dtype=pl.Float64)
    return max((pl.concat(month_first), pl.concat(day_first)), key=pl.Series.count)


def _slice(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    seconds = _iso(texts)
    missing = seconds.is_null() & (texts.str.strip_chars() != "")
    rest = texts.filter(missing)
    if not len(rest):
        return seconds, seconds
    places = missing.arg_true()
    one, other = _other_forms(rest)
    return seconds.clone().scatter(places, one), seconds.clone().scatter(places, other)


def _other_forms(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Rewrite other spellings to ISO, with the month and with the day first."""
    frame = texts.alias("text").to_frame()
    slashed = pl.col("text").str.extract_groups(SLASHED)
    a, b = (slashed.struct.field(name).str.zfill(2) for name in "ab")
    year, end = slashed.struct.field("year"), slashed.struct.field("clock").fill_null("")
    month_first = pl.concat_str(year, pl.lit("-"), a, pl.lit("-"), b, end)
    day_first = pl.concat_str(year, pl.lit("-"), b, pl.lit("-"), a, end)
    dotted = slashed.struct.field("sign") == "."  # nobody who writes dots puts the month first
    month_first = pl.when(dotted).then(day_first).otherwise(month_first)
    named = [_named(pattern) for pattern in NAMED]
    one, other = (
        _iso(frame.select(pl.coalesce(way, *named, "text").alias("text"))["text"])
        for way in (month_first, day_first)
    )
    return one, other


def _named(pattern: str) -> pl.Expr:
    parts = pl.col("text").str.extract_groups(pattern).struct
    month = parts.field("month").str.to_lowercase().replace_strict(MONTHS, range(1, 13), default=None)
    end = parts.field("clock").fill_null("").str.strip_chars(" ,").str.replace_many(ZONES)
    day = parts.field("day").str.zfill(2)
    return pl.concat_str(
        parts.field("year"), pl.lit("-"), month, pl.lit("-"), day, pl.lit(" "), end
    ).str.strip_chars()


def _iso(column: pl.Series) -> pl.Series:
    part = column.alias("text").to_frame().select(pl.col("text").str.extract_groups(ISO)).unnest("text")
    hour = pl.col("hour").cast(pl.Int64, strict=False).fill_null(0)
    late = pl.col("half").str.to_lowercase().str.starts_with("p")
    # 12 AM is midnight, 12 PM noon; an hour beyond 12 with a half is no moment
    halved = pl.when(hour.is_between(1, 12)).then(hour % 12 + pl.when(late).then(12).otherwise(0))
    hour = pl.when(pl.col("half").is_null()).then(hour).otherwise(halved)
    minute, second = (pl.col(name).fill_null("00") for name in ("minute", "second"))
    date = pl.col("date").str.replace_all("/", "-")
    clock = pl.concat_str(hour.cast(pl.String).str.zfill(2), pl.lit(":"), minute, pl.lit(":"), second)
    fraction = pl.col("part").str.replace(",", ".").str.replace(r"^\.", "0.").cast(pl.Float64).fill_null(0.0)
    digits = pl.col("zone").str.replace_all(r"[^0-9]", "").str.pad_end(4, "0").cast(pl.Int64, strict=False)
    sign = pl.when(pl.col("zone").str.starts_with("-")).then(-1.0).otherwise(1.0)
    offset = (sign * (digits // 100 * 3600 + digits % 100 * 60)).fill_null(0.0)
    stamp = pl.concat_str(date, pl.lit(" "), clock).str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False)
    return part.select((stamp.dt.epoch("us") / 1e6 + fraction - offset).alias("seconds"))["seconds"]
