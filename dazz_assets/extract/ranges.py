"""Ranges of cursor time: what a sync is to cover, and the parts in which it fetches it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from dazz_assets.declare.cursor import Cursor
from dazz_assets.extract.bounds import Bounds, asked_from, bound_resolution
from dazz_assets.extract.marks import Source
from dazz_assets.extract.rereads import begin_due
from dazz_assets.http.paging.pagination import keeps_place
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
    accept_shrink: let a complete list lose any share of its records (`--accept-shrink`).
    """

    from_mark: bool = False
    since: datetime | None = None
    until: datetime | None = None
    refetch: bool = False
    accept_shrink: bool = False


# Records may become visible this long after their time, though the stream has no look-back.
_LATE = timedelta(days=7)
# Seconds pass between the planning of a step and its request.
_STEP_SLACK = 60_000_000
# If the API takes both bounds, a longer range is fetched in parts of this many windows, each stored when complete.
PART_WINDOWS = 26
START = "start"
"""The application transaction of a raw table that holds the start since which all sources are fetched, up to the mark.

It is committed with the first mark of a source. Of a sub-stream it is the latest of the starts of its parents' marks.
"""


def _step_edges(bounds: Bounds, end: int, cursor: Cursor, step: timedelta) -> list[int]:
    """Return the edges between the steps of a range, at times that are sent exactly, so that no step is too long."""
    since = bounds.since or 0
    unit = bound_resolution(since, cursor)
    # Each step but one that begins exactly begins one unit earlier than its edge.
    early = 0 if _needs_exact_steps(cursor, unit) else unit
    length = max(unit, step // timedelta(microseconds=1) // unit * unit - early)
    floor = since // unit * unit
    edges = list(range(floor + length, end, length))
    # The end is sent rounded up, and an open one moves on until the request is made.
    last = edges[-1] if edges else floor
    if end + unit + _STEP_SLACK - last > length:
        between = (last + end) // 2 // unit * unit
        edges += [between] if last < between < end else []
    return [edge for edge in edges if edge > since]


def _leaves_out_nulls(cursor: Cursor | None) -> bool:
    """Whether a filter would leave out records: those whose cursor is null, which the stream wants."""
    return cursor is not None and cursor.nulls is not None and not cursor.nulls_listed


def _needs_exact_steps(cursor: Cursor, unit: int) -> bool:
    """Whether a step is too short to begin one unit earlier."""
    return cursor.step is not None and cursor.step // timedelta(microseconds=1) < 2 * unit


@dataclass(frozen=True, slots=True)
class Part:
    """A range [since, until) that is fetched and stored as a unit, in microseconds; until None is open-ended.

    before_marks: it lies before the start that the marks were made with. It is listed of sources with a mark only.
    is_listed_again: this sync has listed it before, and moved the marks over it.
    """

    since: int
    until: int | None
    before_marks: bool = False
    is_listed_again: bool = False


class SyncPlan:
    """Plans where the walks of one sync begin and end.

    may_reread: whether sources are listed from the start again if that is due. reread: how often, if this sync may.
    """

    def __init__(
        self,
        session: Session,
        stream: StreamSpec,
        range_: SyncRange,
        stored: TableVersion | None,
        *,
        may_reread: bool = False,
    ) -> None:
        known = None if stored is None else stored.transaction(START)
        # The start that the marks were made with, if it is later than the connection's, which was moved back.
        self.marks_from = known if known is not None and session.start < known and range_.from_mark else None
        self._session = session
        self._stream = stream
        self._range = range_
        is_whole = range_.since is range_.until is None
        self.reread = stream.cursor.reread if may_reread and is_whole and stream.cursor is not None else None
        self.lookback = stream.cursor.lookback // timedelta(microseconds=1) if stream.cursor else 0

    def begin_rereads(self, sources: Sequence[Source]) -> None:
        """Begin the re-reads of sources that are due. Call before planning anything."""
        if self.reread is not None:
            now, start = to_microseconds(self._session.now()), self._session.start
            begin_due(sources, self.reread, now, start, lists_all=not self._range.from_mark)

    def rereads(self, source: Source) -> bool:
        """Whether a source is listed from the start again, or from where that was interrupted."""
        return self.reread is not None and source.reread_to is not None

    def start_of(self, source: Source) -> int:
        """Where the range to fetch begins for this source, in microseconds."""
        range_, start = self._range, self._session.start
        if range_.from_mark:
            return start if self.marks_from is not None else self._continue_at(source)
        return start if range_.since is None or range_.refetch else to_microseconds(range_.since)

    def _continue_at(self, source: Source) -> int:
        """Where a source is listed from its mark on, in microseconds."""
        start, cursor = self._session.start, self._stream.cursor
        if self.rereads(source) and source.reread_to is not None:
            return max(start, source.reread_to)
        # A mark may lie below the start: the cursor may be a counter, or the vendor's clock wrong.
        begin = start if source.mark is None else max(min(start, source.mark), self._begin_before(source.mark))
        is_before_known = source.mark is None and self.marks_from is not None
        if source.covered is None or cursor is None or cursor.step is None or is_before_known:
            return begin
        # Each step is a request, so what was fetched is not listed again, but for what may have come a little late.
        late = max(cursor.step / 2, _LATE) // timedelta(microseconds=1)
        return max(begin, source.covered - self.lookback - late)

    def _begin_before(self, mark: int) -> int:
        """Where a listing from a mark on begins. Steps that are sent exactly begin with another one before it, as what
        has the mark's own time may come later, and an API that takes the bound as exclusive does not list it.
        """
        begin, cursor = mark - self.lookback, self._stream.cursor
        unit = 0 if cursor is None else bound_resolution(begin, cursor)
        return begin - unit if cursor is not None and _needs_exact_steps(cursor, unit) else begin

    def _covered(self, source: Source) -> int | None:
        return source.covered if self._range.from_mark and not self.rereads(source) else None

    def needs_covered(self, covered: int, now: int) -> bool:
        """Whether a sync from the mark would list long ranges again, unless it is noted that they were fetched.

        covered: up to where that is known already; both in microseconds.
        """
        cursor = self._stream.cursor
        if cursor is None or not (cursor.step is not None or self._is_fetched_in_parts):
            return False
        if cursor.step is not None:
            return now - covered > cursor.step // timedelta(microseconds=2)  # so that one request lists the rest
        windows = self._session.windows
        between = windows.between(windows.containing(covered), windows.containing(now))
        return sum(1 for _ in between) > PART_WINDOWS // 2

    @property
    def _fetches_gap_alone(self) -> bool:
        """Whether what lies before `marks_from` is fetched by itself, instead of everything from the start again."""
        return self.marks_from is not None and self._is_fetched_in_parts

    @property
    def _is_fetched_in_parts(self) -> bool:
        stream = self._stream
        return (
            stream.takes_both_bounds
            and not (self._range.refetch or keeps_place(stream.paginator))
            and not _leaves_out_nulls(stream.cursor)
        )

    @property
    def lists_again(self) -> bool:
        """Whether a range or everything is fetched that may be stored already, as somebody chose."""
        range_ = self._range
        return range_.refetch or range_.since is not None or range_.until is not None

    @property
    def covers_from_start(self) -> bool:
        """Whether everything from the connection's start to now is fetched once the plan is carried out."""
        range_ = self._range
        return range_.until is None and (range_.from_mark or range_.refetch or range_.since is None)

    def lowest_bound(self, sources: Sequence[Source]) -> int | None:
        """The lowest lower bound of the walks of these sources; None if one has no lower bound."""
        parts = list(self.parts(sources))
        bounds = [found for source in sources for part in parts if (found := self.bounds(source, part))]
        lowest = [lower for found in bounds if (lower := found.since if found.resumes else found.lower) is not None]
        return min(lowest) if lowest and len(lowest) == len(bounds) else None

    def parts(self, sources: Sequence[Source]) -> Iterator[Part]:
        """The parts of the range in order."""
        begins = self._continue_at if self._fetches_gap_alone else self.start_of
        since = min(map(begins, sources), default=self._session.start)
        until = None if self._range.until is None else to_microseconds(self._range.until)
        # What was fetched before is listed in one go, however long ago the mark is: it holds little that is new.
        known = min((max(begins(source), self._covered(source) or 0) for source in sources), default=since)
        for edge in self._part_edges(known, until):
            yield Part(since, edge)
            since = edge
        yield Part(since, until)
        if self.marks_from is not None and self._fetches_gap_alone:
            yield from self._parts_before_marks(self.marks_from)

    def _parts_before_marks(self, until: int) -> Iterator[Part]:
        """Yield the parts between the connection's start and that of the marks, the latest first.

        So the start of the marks moves back part by part, and an interrupted sync continues with the next one.
        """
        start = self._session.start
        for edge in [*reversed(list(self._window_edges(start, until))), start]:
            yield Part(edge, until, before_marks=True)
            until = edge

    def bounds(self, source: Source, part: Part) -> Bounds | None:
        """The bounds of a source's walk in a part; None if it has nothing to fetch there."""
        if self._stream.cursor is None:
            return Bounds()
        if part.is_listed_again:
            return self._bounds_between(source, part, part.since)
        if part.before_marks:
            return None if source.mark is None else self._bounds_between(source, part, part.since)
        begins = self._continue_at if self._fetches_gap_alone else self.start_of
        begin, covered = begins(source), self._covered(source)
        if covered is None or part.since >= covered:
            begin = max(begin, part.since)
        elif part.until is not None and part.until <= covered:
            return None
        if part.until is not None and begin >= part.until:
            return None
        if self._resumes(source):
            return Bounds(since=begin, resumes=True)
        if not _leaves_out_nulls(self._stream.cursor):
            return self._bounds_between(source, part, begin)
        if part.until is None and (self._range.from_mark or self._range.refetch):
            return Bounds()
        return replace(self._bounds_between(source, part, begin), since=None, until=None)

    def listed_from(self, since: int, *, exact: bool = False) -> int:
        """The time from which records are listed where a sync begins: what is listed late is not left out."""
        cursor = self._stream.cursor
        if cursor is None:
            return since
        exact = exact or _needs_exact_steps(cursor, bound_resolution(since, cursor))
        return asked_from(since, self._session.fill_cursor(cursor), exact=exact)

    def reread_from(self, mark: int) -> int:
        """The time from which the next sync lists records again, in microseconds."""
        return self.listed_from(self._begin_before(mark))

    def _bounds_between(self, source: Source, part: Part, begin: int) -> Bounds:
        # No lower bound at the start: store what the API returns from before it.
        at_start = begin == self._session.start
        is_chosen = not (self._range.from_mark or self._range.refetch)
        lower: int | None = begin if is_chosen else self.listed_from(begin, exact=at_start)
        if at_start and (source.mark is None or not self._range.from_mark):
            lower = None
        return Bounds(lower, part.until, since=begin, until=part.until, exact=at_start, is_chosen=is_chosen)

    def steps(self, bounds: Bounds) -> Sequence[Bounds]:
        """Return the ranges in which a walk lists its bounds: one, or several where the API takes no longer range.

        A range of which everything is replaced is split here and not in parts, which are stored one by one.
        """
        cursor, since = self._stream.cursor, bounds.since
        if cursor is None or bounds.resumes or since is None or not self._stream.takes_both_bounds:
            return [bounds]
        end = to_microseconds(self._session.now()) if bounds.until is None else bounds.until
        exact = False
        if cursor.step is not None:
            exact = _needs_exact_steps(cursor, bound_resolution(since, cursor))
            bounds = replace(bounds, exact=bounds.exact or exact)
            edges = _step_edges(bounds, end, cursor, cursor.step)
        elif self._range.refetch:
            edges = list(self._window_edges(since, end))
        else:
            return [bounds]
        if not edges:
            return [bounds]
        first = replace(bounds, upper=edges[0], until=edges[0])
        inner = [
            replace(bounds, lower=low, since=low, upper=high, until=high, exact=exact) for low, high in pairwise(edges)
        ]
        return [first, *inner, replace(bounds, lower=edges[-1], since=edges[-1], exact=exact)]

    def _resumes(self, source: Source) -> bool:
        """Whether a source's walk goes on where the last one ended."""
        goes_on = self._range.from_mark and self.marks_from is None and not self.rereads(source)
        return goes_on and source.position is not None

    def _part_edges(self, since: int, until: int | None) -> Iterator[int]:
        if not self._is_fetched_in_parts:
            return
        end = to_microseconds(self._session.now()) if until is None else until
        yield from self._window_edges(since, end)

    def _window_edges(self, since: int, end: int) -> Iterator[int]:
        """Yield the edges of parts of `PART_WINDOWS` windows."""
        windows = self._session.windows
        first, last = windows.containing(since), windows.containing(end)
        inside = [window_start(window) for window in windows.between(first, last)]
        if len(inside) > PART_WINDOWS:
            yield from (edge for edge in inside[PART_WINDOWS::PART_WINDOWS] if since < edge < end)
