"""Moments as a request's bounds."""

from dazz_assets.authoring.cursor import Cursor
from dazz_assets.sync.windows import moment


def shown(value: int) -> str:
    """A moment in RFC 3339, UTC, with as many digits of the second as it has."""
    return _rfc3339(value, _resolution(value))


def sent(value: int, cursor: Cursor, *, inclusive: bool = False) -> str | int:
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
    return moment(floored).strftime(cursor.format)


def rounded_up(value: int, cursor: Cursor) -> int:
    """A moment after this one that is sent as another bound: the next second, minute or day, as the format resolves.

    A format of months or years has its next bound within a year of days.
    """
    unit = max(_unit(value, cursor), 1_000_000)
    later = [value // unit * unit + step * unit for step in range(1, 367)]
    return next((at for at in later if sent(at, cursor) != sent(value, cursor)), later[0])


def between(since: int, until: int, cursor: Cursor) -> int | None:
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
    return moment(value).replace(tzinfo=None).isoformat(timespec=timespec) + "Z"
