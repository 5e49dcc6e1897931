"""The range of cursor time that a walk lists: as moments, as a request sends them, and how it is split."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dazz_assets.declare.cursor import Cursor
from dazz_assets.extract.batch import RawRow
from dazz_assets.spec.specs import StreamSpec
from dazz_assets.windows import to_datetime


def format_moment(value: int) -> str:
    """A moment in RFC 3339, UTC, with as many digits of the second as it has."""
    return _rfc3339(value, _resolution(value))


def format_bound(value: int, cursor: Cursor, *, inclusive: bool = False) -> str | int:
    """A bound as the API wants it: RFC 3339 in UTC with Z, or as the cursor's format says; never later than the moment.

    With `inclusive`, one unit of what is sent earlier: records that share the bound's value come again even from an
    API that takes the bound as exclusive.
    """
    unit = _unit(value, cursor)
    floored = value // unit * unit - (unit if inclusive else 0)
    if cursor.format == "epoch":
        return floored // 1_000_000
    if cursor.format == "epoch_ms":
        return floored // 1_000
    if cursor.format is None:
        return _rfc3339(floored, unit)
    return to_datetime(floored).strftime(cursor.format)


def round_up_bound(value: int, cursor: Cursor) -> int:
    """A moment after this one that is sent as another bound: the next second, minute or day, as the format resolves.

    A format of months or years has its next bound within a year of days.
    """
    unit = max(_unit(value, cursor), 1_000_000)
    later = [value // unit * unit + step * unit for step in range(1, 367)]
    return next((at for at in later if format_bound(at, cursor) != format_bound(value, cursor)), later[0])


def middle_of(since: int, until: int, cursor: Cursor) -> int | None:
    """A moment in the middle of a range that can be sent as a bound as it is; None where there is none."""
    middle = (since + until) // 2 // 1_000_000 * 1_000_000
    unit = _unit(middle, cursor)
    middle = middle // unit * unit
    return middle if since < middle < until else None


def _unit(value: int, cursor: Cursor) -> int:
    """The resolution, in microseconds, of a bound as it is sent."""
    if cursor.format is None:
        return _resolution(value)
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


def _resolution(value: int) -> int:
    return 1_000_000 if value % 1_000_000 == 0 else 1_000 if value % 1_000 == 0 else 1


def _rfc3339(value: int, unit: int) -> str:
    timespec = {1_000_000: "seconds", 1_000: "milliseconds"}.get(unit, "microseconds")
    return to_datetime(value).replace(tzinfo=None).isoformat(timespec=timespec) + "Z"


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one walk, in microseconds of cursor time: rows outside [lower, upper) are left out; None is no bound.

    since, until: what the API is asked for; `exact` sends since as it is, and not one unit earlier.
    """

    lower: int | None = None
    upper: int | None = None
    since: int | None = None
    until: int | None = None
    exact: bool = False

    def inside(self, rows: Sequence[RawRow]) -> list[RawRow]:
        """The rows that lie inside; those without a time are taken for it."""
        return [row for row in rows if row.cursor_at is None or self._holds(row.cursor_at)]

    def are_passed(self, rows: Sequence[RawRow]) -> bool:
        """Whether one of the rows is older than what was asked for."""
        return self.since is not None and any(row.cursor_at is not None and row.cursor_at < self.since for row in rows)

    def after(self, newest: int | None) -> "Bounds | None":
        """What is left behind the newest row of a list in the cursor's order; None where that is no progress."""
        if newest is None or self.since is None or newest <= self.since:
            return None
        return replace(self, lower=newest, since=newest, exact=False)

    def halves(self, stream: StreamSpec, now: int) -> "tuple[Bounds, Bounds] | None":
        """Two ranges in place of this one, where the API takes both bounds and there is a moment between them."""
        if self.since is None or stream.cursor is None or not stream.takes_both_bounds:
            return None
        middle = middle_of(self.since, now if self.until is None else self.until, stream.cursor)
        if middle is None:
            return None
        earlier = replace(self, upper=middle, until=middle)
        return earlier, replace(self, lower=middle, since=middle, exact=False)

    def _holds(self, at: int) -> bool:
        return (self.lower is None or at >= self.lower) and (self.upper is None or at < self.upper)
