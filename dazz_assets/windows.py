"""Windows: periods of cursor time, the partitions of incremental streams."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from dazz_assets.declare.integration import WindowKind

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.date()
_MICROSECONDS_A_DAY = 86_400_000_000
# A year that every reader of Parquet, Arrow and Python's datetime agrees on; hostile cursors may lie beyond.
_LAST_DAY = date(9999, 1, 1)
_FIRST_DAY = date(1, 1, 1)


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of one kind. A window is named by its first day (UTC): a week begins on its Monday."""

    kind: WindowKind

    def holding(self, moment: int) -> date:
        """The window that contains a moment, in microseconds since the epoch."""
        return _holding(self, moment // _MICROSECONDS_A_DAY)

    def floor(self, day: date) -> date:
        """The window that contains a day."""
        if self.kind == "month":
            return day.replace(day=1)
        return day - timedelta(days=day.weekday()) if self.kind == "week" else day

    def after(self, window: date) -> date:
        """The next window."""
        if self.kind == "month":
            return (window.replace(day=28) + timedelta(days=4)).replace(day=1)
        return window + timedelta(days=7 if self.kind == "week" else 1)

    def between(self, first: date, last: date) -> Iterator[date]:
        """The windows from `first` to `last`, both included."""
        window = self.floor(first)
        while window <= last:
            yield window
            window = self.after(window)


# Records of a page share their days, or nearly.
@lru_cache(maxsize=4096)
def _holding(windows: Windows, days: int) -> date:
    first, last = (_FIRST_DAY - _EPOCH_DAY).days, (_LAST_DAY - _EPOCH_DAY).days
    return _FIRST_DAY if days < first else windows.floor(_EPOCH_DAY + timedelta(days=min(days, last)))


def to_microseconds(moment: datetime) -> int:
    """An aware datetime as microseconds since the epoch."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def window_start(window: date) -> int:
    """The first moment of a window, in microseconds since the epoch."""
    return (window - _EPOCH_DAY).days * _MICROSECONDS_A_DAY


def to_datetime(value: int) -> datetime:
    """Microseconds since the epoch as an aware datetime in UTC; clipped to the years 1 to 9999."""
    lowest, highest = window_start(_FIRST_DAY), window_start(_LAST_DAY)
    return _EPOCH + timedelta(microseconds=min(max(value, lowest), highest))
