"""Cursor values (times, dates, epoch numbers) read as moments in time."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
# Epoch numbers below each limit, and microseconds per unit: 1e11 seconds lie beyond the year 5000.
_EPOCH_UNITS = ((Decimal(10) ** 11, 1_000_000), (Decimal(10) ** 14, 1_000), (Decimal(10) ** 17, 1))
# What `fromisoformat` does not read: a leap second, the end of a day as 24:00, and the zones `z`, `UTC` and `GMT`.
_UNUSUAL = re.compile(
    r"(?P<minute>[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2})(?P<second>:[0-9]{2})?(?P<rest>[.,][0-9]+)?"
    r"(?P<zone> ?(?:[+-][0-9]{2}:?[0-9]{2}|[Zz]|UTC|GMT))?"
)
# `20260131235959`: as a number of milliseconds, it would lie in the 26th century.
_WITHOUT_SIGNS = re.compile(r"(?:19|20)[0-9]{12}")
# `Tue, 31 Aug 2026 20:36:28 +0000`: a date of messages (RFC 5322), as HTTP has it too.
_MESSAGE_DATE = re.compile(
    r"(?:[A-Z][a-z]{2}, )?[0-9]{1,2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}(?::[0-9]{2})? "
    r"(?:[+-][0-9]{4}|GMT|UTC|UT|Z)"
)
# `/Date(1573755038314+0000)/`: milliseconds, as .NET wrote times into JSON. What follows them is no part of the time.
_NET_DATE = re.compile(r"/Date\((-?[0-9]{1,15})(?:[+-][0-9]{4})?\)/")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST = 2**62
# 1990, in microseconds.
_THESE_TIMES = 631_152_000_000_000


def parse_timestamp(text: str, form: str | None = None, zone: tzinfo = UTC) -> int | None:
    """Microseconds since the epoch of a cursor value, else None: a time as in RFC 3339, RFC 5322 or .NET's JSON, a date
    or an epoch number.

    form: a strftime format, in which the vendor may write times too: it counts for what can't be read without it. One
    of digits alone settles what as many mean. With any, eight digits that can be a day are one.
    Fourteen digits are a time without signs, if they can be one.
    A time that names no zone is in `zone`. A leap second is read as the next second, as clocks without them show it.
    Epoch numbers below 1e11 are seconds, below 1e14 milliseconds, below 1e17 microseconds, and above that nanoseconds.
    Fractions of a microsecond are cut off.
    """
    if form is not None and text.isdecimal() and len(text) == _count_digits(form):
        return _parse_digits(text, form, zone)
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        unusual = _parse_unusual(text, zone)
        moment = _parse_epoch(text) if unusual is None else unusual
        return _parse_form(text, form, zone) if moment is None and form is not None else moment
    if _NUMBER.fullmatch(text) and (form is None or not is_day_number(text)):
        return _parse_epoch(text)  # fromisoformat would read 20250911 as a date
    return _count_microseconds(parsed, zone)


def is_day_number(text: str) -> bool:
    """Whether eight digits can be a day of these times, as 20260131 is."""
    is_of_these_times = len(text) == 8 and text.isdecimal() and "1990" <= text[:4] <= "2050"
    return is_of_these_times and _parse_form(text, "%Y%m%d", UTC) is not None


@lru_cache(maxsize=64)
def _count_digits(form: str) -> int:
    """How many digits a format writes, if it writes nothing else; 0 for another one."""
    example = _EPOCH.strftime(form)
    return len(example) if example.isdecimal() else 0


def _parse_digits(text: str, form: str, zone: tzinfo) -> int | None:
    """Digits that may be written by a format. An epoch number of these times may have as many."""
    moment, epoch = _parse_form(text, form, zone), _parse_epoch(text)
    if moment is not None and moment >= 0:
        return moment
    if is_day_number(text):
        return _parse_form(text, "%Y%m%d", zone)
    return epoch if epoch is not None and epoch >= _THESE_TIMES else None


def _parse_form(text: str, form: str, zone: tzinfo) -> int | None:
    try:
        return _count_microseconds(datetime.strptime(text, form), zone)
    except ValueError:
        return None


def _count_microseconds(moment: datetime, zone: tzinfo, late: timedelta = timedelta()) -> int | None:
    """Microseconds since the epoch of a time that is so much later than it is written."""
    try:
        return ((moment if moment.tzinfo else moment.replace(tzinfo=zone)) + late - _EPOCH) // timedelta(microseconds=1)
    except OverflowError:
        return None


def _parse_unusual(text: str, in_zone: tzinfo) -> int | None:
    """A time in a form that is rarer, or valid for a moment of the day alone; None if it is none."""
    if _WITHOUT_SIGNS.fullmatch(text):
        text = f"{text[:4]}-{text[4:6]}-{text[6:8]} {text[8:10]}:{text[10:12]}:{text[12:]}"
    found = _UNUSUAL.fullmatch(text)
    if found is None:
        of_net = _NET_DATE.fullmatch(text)
        return _parse_message_date(text) if of_net is None else int(of_net[1]) * 1_000
    minute, second, rest, zone = found["minute"], found["second"] or ":00", found["rest"] or "", found["zone"] or ""
    zone = "+00:00" if zone.strip() in ("z", "Z", "UTC", "GMT") else zone.strip()
    late = timedelta()
    if minute.endswith("24:00") and second == ":00" and not rest.strip(".,0"):
        minute, late = f"{minute[:-5]}00:00", timedelta(days=1)
    elif second == ":60":
        second, rest, late = ":59", "", timedelta(seconds=1)
    try:
        return _count_microseconds(datetime.fromisoformat(f"{minute}{second}{rest}{zone}"), in_zone, late)
    except ValueError:
        return None


def _parse_message_date(text: str) -> int | None:
    if not _MESSAGE_DATE.fullmatch(text):
        return None
    try:
        return _count_microseconds(parsedate_to_datetime(text), UTC)  # It always names a zone.
    except ValueError:
        return None


def _parse_epoch(text: str) -> int | None:
    if len(text) > 40 or not _NUMBER.fullmatch(text):
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    for limit, factor in _EPOCH_UNITS:
        if abs(value) < limit:
            return int(value * factor)
    scaled = value / 1000
    return int(scaled) if abs(scaled) < _LARGEST else None


def is_zone(name: str) -> bool:
    """Whether there is a time zone of this IANA name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
