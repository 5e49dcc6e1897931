"""What a cursor's values mean: times, dates and epoch numbers as moments."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
# The units that epoch numbers come in, told apart by their size: a second count of this size lies beyond the year 5000.
_EPOCH_UNITS = ((Decimal(10) ** 11, 1_000_000), (Decimal(10) ** 14, 1_000), (Decimal(10) ** 17, 1))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST = 2**62


def parse_timestamp(text: str) -> int | None:
    """A cursor's value (RFC 3339 time, date or epoch number, as text) in microseconds since the epoch; else None.

    A time without a zone is UTC. Epoch numbers below 1e11 are seconds, below 1e14 milliseconds, below 1e17
    microseconds, beyond it nanoseconds. Fractions of a microsecond are cut off.
    """
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return _epoch(text)
    if _NUMBER.fullmatch(text):  # fromisoformat reads 20250911 as a date
        return _epoch(text)
    try:
        return ((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)) - _EPOCH) // timedelta(microseconds=1)
    except OverflowError:
        return None


def _epoch(text: str) -> int | None:
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
