"""Tells of a coarse time of change how long another change may still bear it, so that nothing shows that one."""

import re

_SECOND = 1_000_000
_MINUTE, _DAY = 60 * _SECOND, 86_400 * _SECOND
# In a zone that nothing names, a day may end so much later than in UTC.
_LATEST_ZONE = 12 * 3_600 * _SECOND
_TIME = re.compile(r"(?<!\d)(\d\d:\d\d)(?::(\d\d)(?:[.,](\d+))?)?")
_NAMES_ZONE = re.compile(r"(?:Z|UTC|GMT|[+-]\d\d:?\d\d)$", re.I)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def find_settling(cursor: str | None, at: int, now: int, *, zone_is_known: bool) -> int | None:
    """When the unit of time ends in which a change was made, in microseconds, if that may be still to come.

    cursor: the time of change as it was sent, None for none; at: the same in microseconds. It is as coarse as it is
    written, or as its zeros let it seem. zone_is_known: whether a time that names no zone is in a known one.
    """
    if cursor is None or not now - 2 * _DAY <= at <= now + _DAY:  # Else it is over, or no time of a change.
        return None
    if (unit := _find_unit(cursor, at)) == 0:
        return None
    is_local = unit == _DAY and not zone_is_known and _NAMES_ZONE.search(cursor) is None
    return at + unit + (_LATEST_ZONE if is_local else 0)


def _find_unit(cursor: str, at: int) -> int:
    """A day, a minute or a second, in microseconds; 0 for a time that no other change bears."""
    if _NUMBER.fullmatch(cursor):
        return next((unit for unit in (_DAY, _MINUTE, _SECOND) if at % unit == 0), 0)
    found = _TIME.search(cursor)
    if found is None:
        return _DAY
    minute, second, rest = found[1], found[2] or "00", (found[3] or "").strip("0")
    if rest or second != "00":
        return 0 if rest else _SECOND
    return _DAY if minute == "00:00" else _MINUTE
