"""Cursor values (times, dates, epoch numbers) read as moments in time."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
# Epoch numbers below each limit, and microseconds per unit: 1e11 seconds lie beyond the year 5000.
_EPOCH_UNITS = ((Decimal(10) ** 11, 1_000_000), (Decimal(10) ** 14, 1_000), (Decimal(10) ** 17, 1))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST = 2**62


def parse_timestamp(text: str) -> int | None:
    """Microseconds since the epoch of a cursor value (RFC 3339 time, date or epoch number, as text), else None.

    A time without a zone is UTC. Epoch numbers below 1e11 are seconds, below 1e14 milliseconds, below 1e17
    microseconds, and above that nanoseconds. Fractions of a microsecond are cut off.
    """
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return _parse_epoch(text)
    if _NUMBER.fullmatch(text):  # fromisoformat would read 20250911 as a date
        return _parse_epoch(text)
    try:
        return ((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)) - _EPOCH) // timedelta(microseconds=1)
    except OverflowError:
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
