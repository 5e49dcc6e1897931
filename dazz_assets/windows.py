"""Windows: the periods of cursor time that partition an incremental stream."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from dazz_assets.declare.integration import WindowKind

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.date()
_MICROSECONDS_PER_DAY = 86_400_000_000
# The years that Parquet, Arrow and Python's datetime all support. Cursors with absurd values may lie outside.
LAST_DAY = date(9999, 1, 1)
FIRST_DAY = date(1, 1, 1)


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of one kind (day, week or month). A window is named by its first day (UTC); weeks begin on Monday."""

    kind: WindowKind

    def containing(self, moment: int) -> date:
        """The window that contains a moment, in microseconds since the epoch."""
        return _window_of_day(self, moment // _MICROSECONDS_PER_DAY)

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


@dataclass(frozen=True, slots=True)
class WindowSpan:
    """The windows of one kind from `first` to `last`, both included."""

    windows: Windows
    first: date
    last: date

    def nearest(self, window: date) -> date:
        """The window of the span that is nearest to a window, which may lie outside, or be of another kind."""
        return min(max(self.windows.floor(window), self.first), self.last)

    def overlaps(self, since: datetime | None, until: datetime | None) -> bool:
        """Whether a moment of [since, until) lies in the span; None is no bound."""
        end = midnight(self.windows.after(self.last))
        return (since is None or since < end) and (until is None or until > midnight(self.first))


# Cached because records of one page often fall on the same day.
@lru_cache(maxsize=4096)
def _window_of_day(windows: Windows, days: int) -> date:
    first, last = (FIRST_DAY - _EPOCH_DAY).days, (LAST_DAY - _EPOCH_DAY).days
    return FIRST_DAY if days < first else windows.floor(_EPOCH_DAY + timedelta(days=min(days, last)))


def to_microseconds(moment: datetime) -> int:
    """Microseconds since the epoch of an aware datetime."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def midnight(day: date) -> datetime:
    """The first moment of a day in UTC, which is that of the window named by it."""
    return datetime.combine(day, time(), UTC)


def window_start(window: date) -> int:
    """The first moment of a window, in microseconds since the epoch."""
    return (window - _EPOCH_DAY).days * _MICROSECONDS_PER_DAY


def to_datetime(value: int) -> datetime:
    """Microseconds since the epoch as an aware datetime in UTC; clipped to the years 1 to 9999."""
    lowest, highest = window_start(FIRST_DAY), window_start(LAST_DAY)
    return _EPOCH + timedelta(microseconds=min(max(value, lowest), highest))
