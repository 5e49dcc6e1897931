"""Ranges of cursor time: what a sync is asked for, and the parts that it is done in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dazz_assets.extract.bounds import Bounds
from dazz_assets.extract.marks import Source
from dazz_assets.lake import TableVersion
from dazz_assets.session import Session
from dazz_assets.spec.specs import StreamSpec
from dazz_assets.windows import to_microseconds, window_start


@dataclass(frozen=True, slots=True)
class SyncRange:
    """What a sync covers, in cursor time. Snapshot streams are always fetched whole.

    from_mark: from the high-water mark (of a sub-stream: each parent's) to now; since and until are not used.
    since, until: [since, until), aware datetimes; None is the connection's start, and now.
    replace: what is fetched from the connection's start replaces all raw of the stream (`--refetch`).
    """

    from_mark: bool = False
    since: datetime | None = None
    until: datetime | None = None
    replace: bool = False


# A longer range is fetched in parts of so many windows, each complete and stored, where the API takes both bounds.
PART_WINDOWS = 26
START = "start"
"""The application transaction of a raw table that holds the start of the ground that its mark stands on."""


@dataclass(frozen=True, slots=True)
class Part:
    """A range [since, until) that is fetched and stored whole, in microseconds; until None is now and beyond."""

    since: int
    until: int | None


class SyncPlan:
    """Where the walks of one sync begin and end."""

    def __init__(self, session: Session, stream: StreamSpec, extent: SyncRange, stored: TableVersion | None) -> None:
        known = None if stored is None else stored.transaction(START)
        # The connection's start was set back: what lies before the old one was never asked for.
        self._is_earlier = known is not None and session.start < known
        self._session = session
        self._stream = stream
        self._extent = extent
        self.lookback = stream.cursor.lookback // timedelta(microseconds=1) if stream.cursor else 0

    def begin(self, source: Source) -> int:
        """Where what is asked for of this source begins."""
        extent, start = self._extent, self._session.start
        if extent.from_mark:
            if source.mark is None or self._is_earlier:
                return start
            # Cursors that grow below the start all the same (a counter, a clock that is off) have their mark there.
            return max(min(start, source.mark), source.mark - self.lookback)
        return start if extent.since is None or extent.replace else to_microseconds(extent.since)

    @property
    def covers_from_start(self) -> bool:
        """Whether all ground from the connection's start to now is fetched when the plan is carried out."""
        extent = self._extent
        return extent.until is None and (extent.from_mark or extent.replace or extent.since is None)

    def lower(self, sources: Sequence[Source]) -> int | None:
        """The lower bound of all rows that the walks of these sources may bring; None where there is none."""
        parts = list(self.parts(sources))
        bounds = [found for source in sources for part in parts if (found := self.bounds(source, part))]
        lowest = [found.lower for found in bounds if found.lower is not None]
        return min(lowest) if lowest and len(lowest) == len(bounds) else None

    def parts(self, sources: Sequence[Source]) -> Iterator[Part]:
        """The parts in their order."""
        since = min(map(self.begin, sources), default=self._session.start)
        until = None if self._extent.until is None else to_microseconds(self._extent.until)
        for edge in self._edges(since, until):
            yield Part(since, edge)
            since = edge
        yield Part(since, until)

    def bounds(self, source: Source, part: Part) -> Bounds | None:
        """The bounds of a source's walk in a part; None where it has nothing to fetch there."""
        if self._stream.cursor is None:
            return Bounds()
        begin = max(self.begin(source), part.since)
        if part.until is not None and begin >= part.until:
            return None
        # What an API sends from before the connection's start is stored all the same: it is the vendor's answer.
        at_start = begin == self._session.start
        lower = None if at_start and (source.mark is None or not self._extent.from_mark) else begin
        return Bounds(lower, part.until, since=begin, until=part.until, exact=at_start)

    def _edges(self, since: int, until: int | None) -> Iterator[int]:
        windows = self._session.windows
        if not self._stream.takes_both_bounds or self._extent.replace:
            return
        end = to_microseconds(self._session.now()) if until is None else until
        first, last = windows.containing(since), windows.containing(end)
        inside = [window_start(window) for window in windows.between(first, last)]
        if len(inside) > PART_WINDOWS:
            yield from (edge for edge in inside[PART_WINDOWS::PART_WINDOWS] if since < edge < end)
