"""Ranges of cursor time: what a sync is to cover, and the parts in which it fetches it."""

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
    """The range of cursor time that a sync covers. Snapshot streams ignore it and are always fetched whole.

    from_mark: from the high-water mark (of each parent, for a sub-stream) to now; since and until are not used.
    since, until: [since, until), aware datetimes; None is the connection's start, and now.
    refetch: fetch from the connection's start, and replace all raw records of the stream (`--refetch`).
    """

    from_mark: bool = False
    since: datetime | None = None
    until: datetime | None = None
    refetch: bool = False


# If the API takes both bounds, a longer range is fetched in parts of this many windows, each stored when complete.
PART_WINDOWS = 26
START = "start"
"""The application transaction of a raw table that holds the earliest start from which everything was fetched."""


@dataclass(frozen=True, slots=True)
class Part:
    """A range [since, until) that is fetched and stored as a unit, in microseconds; until None is open-ended."""

    since: int
    until: int | None


class SyncPlan:
    """Plans where the walks of one sync begin and end."""

    def __init__(self, session: Session, stream: StreamSpec, range_: SyncRange, stored: TableVersion | None) -> None:
        known = None if stored is None else stored.transaction(START)
        # The connection's start was moved back, and what lies before the old start was never fetched.
        self._start_moved_back = known is not None and session.start < known
        self._session = session
        self._stream = stream
        self._range = range_
        self.lookback = stream.cursor.lookback // timedelta(microseconds=1) if stream.cursor else 0

    def start_of(self, source: Source) -> int:
        """Where the range to fetch begins for this source, in microseconds."""
        range_, start = self._range, self._session.start
        if range_.from_mark:
            if source.mark is None or self._start_moved_back:
                return start
            # A mark may lie below the start: the cursor may be a counter, or the vendor's clock wrong.
            return max(min(start, source.mark), source.mark - self.lookback)
        return start if range_.since is None or range_.refetch else to_microseconds(range_.since)

    @property
    def covers_from_start(self) -> bool:
        """Whether everything from the connection's start to now is fetched once the plan is carried out."""
        range_ = self._range
        return range_.until is None and (range_.from_mark or range_.refetch or range_.since is None)

    def lowest_bound(self, sources: Sequence[Source]) -> int | None:
        """The lowest lower bound of the walks of these sources; None if one has no lower bound."""
        parts = list(self.parts(sources))
        bounds = [found for source in sources for part in parts if (found := self.bounds(source, part))]
        lowest = [found.lower for found in bounds if found.lower is not None]
        return min(lowest) if lowest and len(lowest) == len(bounds) else None

    def parts(self, sources: Sequence[Source]) -> Iterator[Part]:
        """The parts of the range in order."""
        since = min(map(self.start_of, sources), default=self._session.start)
        until = None if self._range.until is None else to_microseconds(self._range.until)
        for edge in self._part_edges(since, until):
            yield Part(since, edge)
            since = edge
        yield Part(since, until)

    def bounds(self, source: Source, part: Part) -> Bounds | None:
        """The bounds of a source's walk in a part; None if it has nothing to fetch there."""
        if self._stream.cursor is None:
            return Bounds()
        begin = max(self.start_of(source), part.since)
        if part.until is not None and begin >= part.until:
            return None
        # No lower bound at the start: store what the API returns from before it.
        at_start = begin == self._session.start
        lower = None if at_start and (source.mark is None or not self._range.from_mark) else begin
        return Bounds(lower, part.until, since=begin, until=part.until, exact=at_start)

    def _part_edges(self, since: int, until: int | None) -> Iterator[int]:
        windows = self._session.windows
        if not self._stream.takes_both_bounds or self._range.refetch:
            return
        end = to_microseconds(self._session.now()) if until is None else until
        first, last = windows.containing(since), windows.containing(end)
        inside = [window_start(window) for window in windows.between(first, last)]
        if len(inside) > PART_WINDOWS:
            yield from (edge for edge in inside[PART_WINDOWS::PART_WINDOWS] if since < edge < end)
