"""When a cursor is, and in which window that lies: the rules as arithmetic, which shares no code with the library."""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

_DATE = r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
_TIME = re.compile(
    rf"{_DATE}(?:[Tt]([0-9]{{2}}):([0-9]{{2}}):([0-9]{{2}})(?:\.([0-9]+))?([Zz]|[+-][0-9]{{2}}:[0-9]{{2}})?)?"
)
_WITHOUT_SIGNS = re.compile(r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})")
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_DAY = 86_400_000_000
_FIRST_WINDOWS_DAY, _LAST_WINDOWS_DAY = date(1, 1, 1).toordinal(), date(9999, 1, 1).toordinal()


def read_moment(text: str) -> int | None:
    """Microseconds since the epoch of an RFC 3339 time, a date or a number of seconds, milliseconds and so on."""
    signed = _WITHOUT_SIGNS.sub(r"\1-\2-\3T\4:\5:\6", text) if _WITHOUT_SIGNS.fullmatch(text) else text
    found = _TIME.fullmatch(signed)
    moment = None if found is None else _count_microseconds(*found.groups())
    return _read_number(text) if moment is None and re.fullmatch("[0-9]+", text) else moment


def _count_microseconds(
    year: str, month: str, day: str, hour: str | None, minute: str | None, second: str | None,
    fraction: str | None, zone: str | None,
) -> int | None:  # fmt: skip
    try:
        days = date(int(year), int(month), int(day)).toordinal() - _EPOCH_DAY
    except ValueError:
        return None
    hours, minutes, seconds = int(hour or 0), int(minute or 0), int(second or 0)
    is_end_of_day = (hours, minutes, seconds) == (24, 0, 0) and not (fraction or "").strip("0")
    if not is_end_of_day and (hours > 23 or minutes > 59 or seconds > 60):
        return None
    parts = 0 if seconds == 60 else int((fraction or "")[:6].ljust(6, "0"))
    east = 0 if zone in (None, "Z", "z") else int(zone[0] + "1") * (int(zone[1:3]) * 60 + int(zone[4:6]))
    return days * _DAY + ((hours * 60 + minutes - east) * 60 + seconds) * 1_000_000 + parts


def _read_number(text: str) -> int | None:
    """Seconds below 1e11, then milliseconds, microseconds and nanoseconds, a thousand times as many each."""
    number = int(text)
    for power, factor in ((11, 1_000_000), (14, 1_000), (17, 1)):
        if number < 10**power:
            return number * factor
    return number // 1_000


def find_window(moment: int, kind: Literal["day", "week", "month"]) -> date:
    """The first day of the window that a moment lies in. The first and last ones hold all that is beyond them."""
    ordinal = min(max(moment // _DAY + _EPOCH_DAY, _FIRST_WINDOWS_DAY), _LAST_WINDOWS_DAY)
    if kind == "week":
        return date.fromordinal((ordinal - 1) // 7 * 7 + 1)  # The first day of the year 1 was a Monday.
    return date.fromordinal(ordinal).replace(day=1) if kind == "month" else date.fromordinal(ordinal)
