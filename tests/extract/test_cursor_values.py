"""Cursor values are read as times from any format; bounds are never later than the time they stand for."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dazz_assets import Cursor
from dazz_assets.extract.bounds import floor_bound, format_bound, format_moment
from dazz_assets.spec.timestamps import parse_timestamp
from dazz_assets.windows import Windows, to_datetime, to_microseconds, window_start

MOMENT = to_microseconds(datetime(2026, 1, 31, 12, 30, 15, 123456, tzinfo=UTC))
SECOND = MOMENT // 1_000_000 * 1_000_000

# Epoch numbers of earlier times look like later ones in a coarser unit.
moments = st.datetimes(datetime(1974, 1, 1), datetime(2200, 1, 1)).map(
    lambda value: to_microseconds(value.replace(tzinfo=UTC))
)
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-01-31T12:30:15.123456Z", MOMENT),
        ("2026-01-31T13:30:15.123456+01:00", MOMENT),
        ("2026-01-31T14:30:15.123456+0200", MOMENT),
        ("2026-01-31 12:30:15.123456", MOMENT),
        ("2026-01-31T12:30:15.123456789Z", MOMENT),
        ("2026-01-31T12:30:15Z", SECOND),
        ("2026-01-31t12:30:15.123456z", MOMENT),
        ("2026-01-31 12:30:15 UTC", SECOND),
        ("2026-01-31 12:30:15.123456 GMT", MOMENT),
        ("2016-12-31T23:59:60Z", to_microseconds(datetime(2017, 1, 1, tzinfo=UTC))),
        ("2017-01-01T08:59:60.5+0900", to_microseconds(datetime(2017, 1, 1, tzinfo=UTC))),
        ("2026-01-30T24:00:00Z", to_microseconds(datetime(2026, 1, 31, tzinfo=UTC))),
        ("2026-01-30 24:00", to_microseconds(datetime(2026, 1, 31, tzinfo=UTC))),
        ("1969-12-31T24:00:00Z", 0),
        ("20260131123015", SECOND),
        ("20260130240000", to_microseconds(datetime(2026, 1, 31, tzinfo=UTC))),
        ("20260230123015", 20_260_230_123_015_000),  # no such day
        ("2026-01-31", to_microseconds(datetime(2026, 1, 31, tzinfo=UTC))),
        (str(SECOND // 1_000_000), SECOND),
        (f"{SECOND // 1_000_000}.123456", MOMENT),
        (str(MOMENT // 1_000), MOMENT // 1_000 * 1_000),
        (str(MOMENT), MOMENT),
        (f"{MOMENT}789", MOMENT),
        ("Sat, 31 Jan 2026 12:30:15 +0000", SECOND),
        ("Sat, 31 Jan 2026 12:30:15 GMT", SECOND),
        ("31 Jan 2026 05:30:15 -0700", SECOND),
        ("1 Feb 2026 00:00 UT", to_microseconds(datetime(2026, 2, 1, tzinfo=UTC))),
        (f"/Date({MOMENT // 1_000})/", MOMENT // 1_000 * 1_000),
        (f"/Date({MOMENT // 1_000}+1300)/", MOMENT // 1_000 * 1_000),
        ("/Date(-86400000-0500)/", -86_400_000_000),
        ("/Date(0)/", 0),
        ("1.5e3", 1_500_000_000),
        ("0", 0),
        ("-1", -1_000_000),
    ],
)
def test_times_dates_and_epoch_numbers_are_read(text: str, value: int) -> None:
    assert parse_timestamp(text) == value


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "2026-13-01", "1e400", "NaN", "true", "[]", "9" * 50, "٣"),
        *("2026-01-31T24:00:01Z", "2026-01-31T12:60:00Z", "2026-01-31T12:30:15 PST", "9999-12-31T24:00:00Z"),
        *("Sat, 31 Jan 2026", "Sat, 31 Jan 2026 12:30:15", "30 Feb 2026 12:30:15 GMT", "31 Jab 2026 12:30:15 GMT"),
    ],
)
def test_anything_else_is_not_a_cursor(text: str) -> None:
    assert parse_timestamp(text) is None


@pytest.mark.parametrize(
    ("text", "form", "day"),
    [
        ("20260131", "%Y%m%d", datetime(2026, 1, 31)),
        ("202601", "%Y%m", datetime(2026, 1, 1)),
        ("202601311230", "%Y%m%d%H%M", datetime(2026, 1, 31, 12, 30)),
        ("31.01.2026", "%d.%m.%Y", datetime(2026, 1, 31)),
        ("Sat, 31 Jan 2026 12:30:15 GMT", "%a, %d %b %Y %H:%M:%S GMT", datetime(2026, 1, 31, 12, 30, 15)),
        ("2026-01-31T12:30:15Z", "%Y%m%d", datetime(2026, 1, 31, 12, 30, 15)),
        (str(SECOND // 1_000_000), "%Y%m%d", datetime(2026, 1, 31, 12, 30, 15)),
        (str(SECOND // 1_000_000), "%Y%m%d%H", datetime(2026, 1, 31, 12, 30, 15)),
        ("2026013112", "%Y%m%d%H", datetime(2026, 1, 31, 12)),
        ("Sat, 31 Jan 2026 12:30:15 +0000", "%Y-%m-%d", datetime(2026, 1, 31, 12, 30, 15)),
        ("2026-01-31T14:30:15.000+0200", "%Y-%m-%d %H:%M", datetime(2026, 1, 31, 12, 30, 15)),
        ("2026-01-31 12:30:15", "%d/%m/%Y", datetime(2026, 1, 31, 12, 30, 15)),
        ("20260131", "%Y-%m-%d", datetime(2026, 1, 31)),
        ("20260131", "%d%m%Y", datetime(2026, 1, 31)),
        ("31012026", "%d%m%Y", datetime(2026, 1, 31)),
    ],
)
def test_a_strftime_format_is_read_as_well(text: str, form: str, day: datetime) -> None:
    assert parse_timestamp(text, form) == to_microseconds(day.replace(tzinfo=UTC))


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d/%m/%Y", "%Y-%m-%d %H", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])
@given(value=moments)
def test_epoch_numbers_are_read_beside_a_format_that_writes_more_than_digits(form: str, value: int) -> None:
    for unit in (1_000_000, 1_000, 1):
        assert parse_timestamp(str(value // unit), form) == value // unit * unit
    assert parse_timestamp(f"{value}000", form) == value


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2026-01-31 12:30:15", None),
        ("20260131123015", None),
        ("2026-01-31T12:30:15.0", "%Y-%m-%d %H:%M"),
        ("31.01.2026 12:30:15", "%d.%m.%Y %H:%M:%S"),
    ],
)
def test_a_time_that_names_no_zone_is_in_that_of_the_cursor(text: str, form: str | None) -> None:
    assert parse_timestamp(text, form, ZoneInfo("Asia/Tokyo")) == SECOND - 9 * 3_600_000_000


@pytest.mark.parametrize("text", ["2026-01-31T12:30:15Z", "2026-01-31 13:30:15+0100", str(SECOND // 1_000_000)])
def test_a_time_that_names_its_zone_is_not(text: str) -> None:
    assert parse_timestamp(text, None, ZoneInfo("Asia/Tokyo")) == SECOND


def test_digits_of_the_formats_length_that_are_no_such_time_are_no_cursor() -> None:
    assert parse_timestamp("20260230", "%Y%m%d") is None


@given(moments, st.sampled_from(["%Y%m%d", "%d/%m/%Y %H:%M:%S", "%Y%m%d%H%M%S", "%y%j"]))
def test_a_value_in_the_format_of_the_bounds_is_read_as_the_time_that_was_sent(value: int, format: str) -> None:
    if format != "%y%j" or datetime(1974, 1, 1) <= to_datetime(value).replace(tzinfo=None) < datetime(2069, 1, 1):
        sent = format_bound(value, cursor := Cursor("at", format=format))
        assert parse_timestamp(str(sent), format) == floor_bound(value, cursor)


@given(moments, zones)
def test_the_same_time_in_any_zone_is_the_same_cursor(value: int, zone: timezone) -> None:
    assert parse_timestamp(to_datetime(value).astimezone(zone).isoformat()) == value


@given(moments)
def test_a_formatted_time_parses_as_the_same_time(value: int) -> None:
    assert parse_timestamp(format_moment(value)) == value


@given(moments, st.sampled_from([None, "epoch", "epoch_ms", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M", "%Y-%m-%d"]))
def test_a_bound_is_never_later_than_its_time_and_an_inclusive_one_is_earlier(value: int, format: str | None) -> None:
    cursor = Cursor("at", format=format)

    def read(bound: str | int) -> int:
        text = str(bound)
        found = parse_timestamp(text.replace(" ", "T") if format == "%Y-%m-%d %H:%M" else text)
        assert found is not None
        return found

    assert read(format_bound(value, cursor)) <= value
    assert read(format_bound(value, cursor, inclusive=True)) < value


@pytest.mark.parametrize(
    ("value", "format", "text"),
    [
        (SECOND, None, "2026-01-31T12:30:15Z"),
        (MOMENT, None, "2026-01-31T12:30:15.123456Z"),
        (MOMENT, "epoch", SECOND // 1_000_000),
        (MOMENT, "epoch_ms", MOMENT // 1_000),
        (MOMENT, "%d/%m/%Y %H:%M", "31/01/2026 12:30"),
    ],
)
def test_bounds_are_sent_in_the_format_of_the_cursor(value: int, format: str | None, text: str | int) -> None:
    assert format_bound(value, Cursor("at", format=format)) == text


@given(moments, st.sampled_from(["day", "week", "month"]))
def test_a_time_lies_in_its_window_and_in_no_other(value: int, kind: str) -> None:
    windows = Windows(kind)  # type: ignore[arg-type]
    window = windows.containing(value)
    assert window_start(window) <= value < window_start(windows.after(window))
    assert windows.floor(window) == window


@given(moments, moments, st.sampled_from(["day", "week", "month"]))
def test_windows_follow_each_other_without_a_gap(one: int, other: int, kind: str) -> None:
    windows = Windows(kind)  # type: ignore[arg-type]
    earlier, later = min(one, other), max(one, other)
    first, last = windows.containing(earlier), windows.containing(min(later, earlier + 10**15))
    found = list(windows.between(first, last))
    assert found[0] == first
    assert found[-1] == last
    assert all(windows.after(earlier) == later for earlier, later in pairwise(found))


def test_a_week_begins_on_monday_and_hostile_cursors_have_a_window_too() -> None:
    windows = Windows("week")
    assert windows.containing(MOMENT).isoformat() == "2026-01-26"
    assert windows.containing(2**62).year == 9998 or windows.containing(2**62).year == 9999
    assert windows.containing(-(2**62)).year == 1
