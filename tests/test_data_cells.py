from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.cells import ids, moments, numbers, spell
from penchant.errors import TableError

MOMENT = 1_577_934_245  # 2020-01-02 03:04:05 UTC


@pytest.mark.parametrize(
    ("unit", "factor"),
    [("seconds", 1), ("milliseconds", 10**3), ("microseconds", 10**6), ("nanoseconds", 10**9)],
)
@pytest.mark.parametrize("kind", [pl.Int64, pl.Float64, pl.String])
def test_numbers_are_read_in_the_unit_of_their_magnitude(
    unit: str, factor: int, kind: type[pl.DataType]
) -> None:
    column = pl.Series("t", [MOMENT * factor, (MOMENT + 60) * factor]).cast(kind)
    read = moments(column, "x.csv")
    assert read.seconds.to_list() == pytest.approx([MOMENT, MOMENT + 60])
    assert (read.unit, read.unreadable) == (unit, 0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2020-01-02T03:04:05Z", MOMENT),
        ("2020-01-02 03:04:05", MOMENT),
        ("2020-01-02 03:04:05.5", MOMENT + 0.5),
        ("2020-01-02T05:04:05+02:00", MOMENT),
        ("2020-01-01T22:04:05-0500", MOMENT),
        ("2020-01-02 03:04:05 UTC", MOMENT),
        ("2020/01/02 03:04", MOMENT - 5),
        ("2020-01-02", MOMENT - 3 * 3600 - 245),
        ("1/2/2020 3:04", MOMENT - 5),
        ("1969-12-31 23:59:59", -1),
        ("1/2/2020 3:04:05 AM", MOMENT),
        ("1/2/2020 3:04:05 PM", MOMENT + 12 * 3600),
        ("1/2/2020 12:04:05 a.m.", MOMENT - 3 * 3600),
        ("1/2/2020 12:04:05 PM", MOMENT + 9 * 3600),
        ("02.01.2020 03:04:05", MOMENT),
        ("Thu, 02 Jan 2020 03:04:05 +0000", MOMENT),
        ("Thu, 2 Jan 2020 03:04:05 GMT", MOMENT),
        ("Wed, 01 Jan 2020 22:04:05 EST", MOMENT),
        ("Wed, 01 Jan 2020 22:04:05 -0500 (EST)", MOMENT),
        ("Thu Jan  2 03:04:05 2020", MOMENT),
        ("Thu Jan 02 03:04:05 +0000 2020", MOMENT),
        ("January 2, 2020 3:04:05 AM", MOMENT),
        ("02-Jan-2020", MOMENT - 3 * 3600 - 245),
        ("2 Jan 2020 03:04:05", MOMENT),
        ("2106-02-07T06:28:16Z", 2.0**32),
        ("1970-01-01", 0),
    ],
)
def test_text_is_read_as_iso_with_and_without_zone(text: str, seconds: float) -> None:
    assert moments(pl.Series("t", [text]), "x.csv").seconds.to_list() == pytest.approx([seconds])


def test_the_whole_column_says_whether_the_day_is_first() -> None:
    read = moments(pl.Series("t", ["02/01/2020 03:04", "31/12/2019 03:04"]), "x.csv")
    assert read.seconds.to_list() == pytest.approx([MOMENT - 5, MOMENT - 5 - 2 * 86400])


def test_typed_dates_are_read() -> None:
    day = datetime(2020, 1, 2, tzinfo=UTC).timestamp()
    assert moments(pl.Series([date(2020, 1, 2)]), "x").seconds.to_list() == [day]
    zoned = pl.Series([datetime(2020, 1, 2, 3, 4, 5)]).dt.replace_time_zone("Europe/Berlin")
    assert moments(zoned, "x").seconds.to_list() == [MOMENT - 3600]
    assert moments(pl.Series([20200102, 20191231]), "x").seconds.to_list() == [day, day - 2 * 86400]


def test_unreadable_and_infinite_times_are_counted_and_empty_ones_are_not() -> None:
    read = moments(pl.Series([1e9, float("inf"), float("nan"), None]), "x")
    assert (read.seconds.to_list(), read.unreadable) == ([1e9, None, None, None], 2)
    read = moments(pl.Series(["2020-02-30", "soon", "", None, "2020-01-02"]), "x")
    assert (read.seconds.count(), read.unreadable) == (1, 2)


def test_a_column_of_lists_is_no_time() -> None:
    with pytest.raises(TableError, match="which is no time"):
        moments(pl.Series("t", [[1]]), "x.parquet")


def test_text_ids_are_never_parsed() -> None:
    assert ids(pl.Series(["007", "7", "7.0", " ", None]), "x").to_list() == ["007", "7", "7.0", None, None]


def test_whole_floats_are_whole_numbers_and_others_are_text() -> None:
    assert ids(pl.Series([7.0, None, float("nan"), float("inf")]), "x").to_list() == [7, None, None, None]
    assert ids(pl.Series([7.5, 8.0]), "x").to_list() == ["7.5", "8.0"]


def test_ids_of_other_types() -> None:
    assert ids(pl.Series([2**63 + 1], dtype=pl.UInt64), "x").to_list() == ["9223372036854775809"]
    assert ids(pl.Series(["a", "b"], dtype=pl.Categorical), "x").to_list() == ["a", "b"]
    with pytest.raises(TableError, match="cannot be ids"):
        ids(pl.Series("user", [["a"]]), "x")


def test_numbers_count_text_and_infinity() -> None:
    values, bad = numbers(pl.Series(["4", " 5 ", "good", "inf", "", None]))
    assert (values.to_list(), bad) == ([4, 5, None, None, None, None], 2)


@given(st.datetimes(min_value=datetime(1800, 1, 1), max_value=datetime(2200, 1, 1)))
def test_every_moment_survives_iso(moment: datetime) -> None:
    aware = moment.replace(tzinfo=UTC)
    expected = (aware - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
    for text in (aware.isoformat(), moment.isoformat(sep=" ")):
        assert moments(pl.Series([text]), "x").seconds.to_list() == pytest.approx([expected], abs=1e-5)


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_any_moment_can_be_spelled(seconds: float) -> None:
    assert spell(seconds)


@pytest.mark.parametrize("text", ["1/2/2020 13:04 PM", "2020-13-01", "32 Jan 2020", "Thu", "12:30"])
def test_what_only_looks_like_a_moment_is_unreadable(text: str) -> None:
    read = moments(pl.Series([text, "2020-01-02"]), "x")
    assert read.seconds.to_list() == [None, MOMENT - 3 * 3600 - 245]


def test_one_column_may_mix_spellings_and_units() -> None:
    cells = [
        "2020-01-02T03:04:05Z",
        str(MOMENT),
        f"{MOMENT}000",
        f"{MOMENT}000000",
        "Thu, 2 Jan 2020 03:04:05 GMT",
    ]
    read = moments(pl.Series([*cells, str(MOMENT), "never", ""]), "x")
    assert read.seconds.to_list() == [*[MOMENT] * 6, None, None]
    assert (read.unreadable, read.unit) == (1, "text and seconds and 2 in other units")


def test_strays_far_from_the_rest_keep_the_unit_of_most() -> None:
    read = moments(pl.Series([MOMENT * 1000, MOMENT * 1000 + 1, 5]), "x")
    assert read.seconds.to_list() == pytest.approx([MOMENT, MOMENT + 0.001, 0.005])


@given(
    st.datetimes(min_value=datetime(1950, 1, 1), max_value=datetime(2200, 1, 1)).map(
        lambda moment: moment.replace(microsecond=0)
    ),
    st.sampled_from(
        ["%m/%d/%Y %I:%M:%S %p", "%a, %d %b %Y %H:%M:%S +0000", "%d %B %Y %H:%M:%S", "%d.%m.%Y %H:%M:%S"]
    ),
)
def test_every_moment_survives_other_spellings(moment: datetime, form: str) -> None:
    expected = (moment - datetime(1970, 1, 1)).total_seconds()
    assert moments(pl.Series([moment.strftime(form), "12/31/2000"]), "x").seconds[0] == expected
