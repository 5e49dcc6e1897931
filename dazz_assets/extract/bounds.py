"""The bounds of a walk in cursor time: which rows they admit, how requests send them, and how to split them."""

from dataclasses import dataclass, replace
from datetime import UTC, timedelta, tzinfo
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from dazz_assets.declare.cursor import Cursor
from dazz_assets.extract.batch import NO_TIME, RowBatch
from dazz_assets.spec.specs import StreamSpec
from dazz_assets.windows import to_datetime


def format_moment(value: int) -> str:
    """Format a time in RFC 3339, in UTC, with the fewest fractional digits that show it exactly."""
    return _format_rfc3339(value, _time_resolution(value))


def format_bound(value: int, cursor: Cursor, *, inclusive: bool = False) -> str | int:
    """Format a bound as the API expects it: RFC 3339 in UTC with Z, or the cursor's format and zone. Rounds down.

    With `inclusive`, send the bound one unit of its resolution earlier, so that even an API that treats the bound as
    exclusive returns the records that share its value.
    """
    floored = floor_bound(value, cursor, inclusive=inclusive)
    if cursor.format == "epoch":
        return floored // 1_000_000
    if cursor.format == "epoch_ms":
        return floored // 1_000
    if cursor.format is None:
        return _format_rfc3339(floored, bound_resolution(value, cursor))
    return to_datetime(floored).astimezone(_zone(cursor)).strftime(cursor.format)


def step_out_of_repeated_hour(value: int, cursor: Cursor, *, is_since: bool) -> int:
    """A bound that a vendor can't read too narrowly: not in an hour that comes twice, as when summer time ends.

    Of a format without an offset, the vendor may take either of the two.
    """
    if cursor.zone is None or "%z" in (cursor.format or ""):
        return value
    local = to_datetime(value).astimezone(_zone(cursor))
    first, second = (local.replace(fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    if first <= second or local.fold == is_since:
        return value
    repeated = (first - second) // timedelta(microseconds=1)
    return value - repeated if is_since else value + repeated


def floor_bound(value: int, cursor: Cursor, *, inclusive: bool = False) -> int:
    """A bound as `format_bound` sends it, in microseconds."""
    unit = bound_resolution(value, cursor)
    return _floor_in_zone(value, unit, cursor) - (unit if inclusive else 0)


def asked_from(since: int, cursor: Cursor, *, exact: bool) -> int:
    """The time from which an API lists records where `since` is sent, in microseconds.

    exact: it is sent unchanged, and not one unit of its resolution earlier.
    """
    floored = floor_bound(since, cursor, inclusive=not exact)
    return step_out_of_repeated_hour(floored, cursor, is_since=True)


def round_up_bound(value: int, cursor: Cursor) -> int:
    """The next time that formats as a different bound: the next second, minute or day, as the format resolves.

    Month and year formats are found by trying each day of the following year.
    """
    unit = max(bound_resolution(value, cursor), 1_000_000)
    floored = _floor_in_zone(value, unit, cursor)
    later = [floored + step * unit for step in range(1, 367)]
    return next((at for at in later if format_bound(at, cursor) != format_bound(value, cursor)), later[0])


def midpoint(since: int, until: int, cursor: Cursor) -> int | None:
    """The middle of a range, rounded down to the bound's resolution; None if the range is too short to split."""
    middle = (since + until) // 2 // 1_000_000 * 1_000_000
    unit = bound_resolution(middle, cursor)
    middle = middle // unit * unit
    return middle if since < middle < until else None


def bound_resolution(value: int, cursor: Cursor) -> int:
    """The resolution of a bound as it is sent, in microseconds."""
    if cursor.format is None:
        return _time_resolution(value)
    if cursor.format == "epoch_ms":
        return 1_000
    if cursor.format == "epoch":
        return 1_000_000
    if "%f" in cursor.format:
        return 1
    if "%S" in cursor.format or "%s" in cursor.format or "%T" in cursor.format or "%X" in cursor.format:
        return 1_000_000
    if "%M" in cursor.format or "%R" in cursor.format:
        return 60_000_000
    return 3_600_000_000 if "%H" in cursor.format else 86_400_000_000


def _zone(cursor: Cursor) -> tzinfo:
    return UTC if cursor.zone is None else ZoneInfo(cursor.zone)


def _floor_in_zone(value: int, unit: int, cursor: Cursor) -> int:
    """A time, rounded down to the last time at which a clock in the cursor's zone shows a multiple of a unit."""
    offset = to_datetime(value).astimezone(_zone(cursor)).utcoffset() or timedelta()
    shift = offset // timedelta(microseconds=1)
    return (value + shift) // unit * unit - shift


def lies_outside(rows: RowBatch, lowest: int | None, highest: int | None) -> NDArray[np.bool_]:
    """For each row with a cursor time whether it lies outside [lowest, highest); None is no bound."""
    is_outside = np.zeros(len(rows), np.bool_)
    if rows.extent is None or _are_within(rows.extent, lowest, highest):
        return is_outside
    if lowest is not None:
        is_outside |= rows.cursor_at < lowest
    if highest is not None:
        is_outside |= rows.cursor_at >= highest
    found: NDArray[np.bool_] = is_outside & (rows.cursor_at != NO_TIME)
    return found


def _are_within(extent: tuple[int, int], lowest: int | None, highest: int | None) -> bool:
    return (lowest is None or lowest <= extent[0]) and (highest is None or extent[1] < highest)


def _time_resolution(value: int) -> int:
    return 1_000_000 if value % 1_000_000 == 0 else 1_000 if value % 1_000 == 0 else 1


def _format_rfc3339(value: int, unit: int) -> str:
    timespec = {1_000_000: "seconds", 1_000: "milliseconds"}.get(unit, "microseconds")
    return to_datetime(value).replace(tzinfo=None).isoformat(timespec=timespec) + "Z"


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of one walk, in microseconds of cursor time; None is no bound.

    lower, upper: what is to be fetched lies in [lower, upper).
    since, until: what the request asks for.
    exact: send `since` unchanged instead of one unit earlier.
    resumes: begin where the last walk of a feed ended, instead of sending the bounds.
    is_chosen: somebody chose the range, so what lies outside it is not wanted.
    """

    lower: int | None = None
    upper: int | None = None
    since: int | None = None
    until: int | None = None
    exact: bool = False
    resumes: bool = False
    is_chosen: bool = False

    def contains(self, rows: RowBatch) -> NDArray[np.bool_]:
        """For each row whether it lies in [lower, upper). Rows without a cursor time do."""
        is_inside: NDArray[np.bool_] = ~lies_outside(rows, self.lower, self.upper)
        return is_inside

    def continue_after(self, newest: int | None) -> "Bounds | None":
        """The bounds that continue an ascending list after its newest row; None if that makes no progress."""
        if newest is None or self.since is None or newest <= self.since:
            return None
        return replace(self, lower=newest, since=newest, exact=False)

    def split(self, stream: StreamSpec, now: int) -> "tuple[Bounds, Bounds] | None":
        """Split at the midpoint; None if the API does not take both bounds or the range is too short to split."""
        if self.since is None or stream.cursor is None or not stream.takes_both_bounds:
            return None
        middle = midpoint(self.since, now if self.until is None else self.until, stream.cursor)
        if middle is None:
            return None
        earlier = replace(self, upper=middle, until=middle)
        return earlier, replace(self, lower=middle, since=middle, exact=False)
