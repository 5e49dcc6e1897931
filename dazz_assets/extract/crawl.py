"""Walks the sources of a stream to their end, one after another or concurrently, and reads their pages into rows."""

import queue
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dazz_assets.extract.batch import RowBatch, RowReader
from dazz_assets.extract.bounds import Bounds, lies_outside
from dazz_assets.extract.completeness import ListProgress, NewestFirstWatch
from dazz_assets.extract.marks import Source
from dazz_assets.extract.stream_requests import SentBounds, UnusableParentError, build_request, sent_bounds
from dazz_assets.http import FetchError, Page
from dazz_assets.http.client import Client
from dazz_assets.http.walk import WalkedPage, walk
from dazz_assets.session import Session
from dazz_assets.spec.specs import StreamSpec
from dazz_assets.windows import to_microseconds

# Statuses with which an API refuses a list that is too large, or asks for a filter.
_REFUSES_WITHOUT_FILTER = frozenset({400, 413, 416, 422})
_NO_FILTER_ADVICE = (
    "No filter was sent, since the stream's Cursor has `nulls`: a filter would leave out records whose cursor is null. "
    "If the filter lists them too, set `nulls_listed=True`; if the vendor takes no list without one, leave out `nulls`."
)
# A vendor may read bounds in its own time zone, or by the day: records up to a day outside them are usual.
_FAR = 86_400_000_000
# Read a shifting list at most this often.
_MOST_READS = 3


@dataclass(slots=True)
class SourcePage:
    """A page of a source was read.

    list_number: counts the lists read of the source. received: records of the page. rows: those to be stored, unless
    they are already.
    """

    source: Source
    list_number: int
    page: Page
    received: int
    rows: RowBatch


@dataclass(slots=True)
class SourceEnd:
    """A source was walked to its end, or its walk failed with an error.

    reason: why the last page was the last. position: where the next walk goes on, for a paginator that keeps its place.
    shifted: records moved to other pages during each read, so some may be missing.
    total: the vendor's total, if the list was read in a single walk. agrees_with_total: see `ListProgress`.
    doubt: why the list may not be complete, with the setting that settles it.
    unusable: why no request can be made for this parent (its record lacks a field that the path needs).
    strays: how many records lay far outside the range that was asked for.
    """

    source: Source
    reason: str
    error: FetchError | None = None
    shifted: bool = False
    total: int | None = None
    agrees_with_total: bool = False
    position: str | None = None
    unusable: str | None = None
    doubt: str | None = None
    strays: int = 0


@dataclass(slots=True)
class ListRestart:
    """The source's current list is read again: records moved to other pages, or it was cut short and is split.

    list_number: of that list; counts the lists read of the source.
    """

    source: Source
    list_number: int


WalkEvent = SourcePage | ListRestart | SourceEnd


class SourceWalk:
    """Lists one source: splits its range if the API cuts the list short, and re-reads it if records change pages.

    concurrency: how many requests it may have in flight now.
    """

    def __init__(
        self,
        session: Session,
        stream: StreamSpec,
        client: Client,
        row_reader: RowReader,
        source: Source,
        *,
        trusts_total: bool = False,
        concurrency: Callable[[], int],
    ) -> None:
        self._trusts_total = trusts_total
        self._concurrency = concurrency
        self._session = session
        self._stream = stream
        self._client = client
        self._source = source
        self._row_reader = row_reader
        self._lists_read = 0
        self._position: str | None = None
        self._doubt: str | None = None
        self._strays = 0
        self._stopped = False
        self._stop_walk = threading.Event()

    def stop(self) -> None:
        """Make the walk send nothing more and end any wait. Call from another thread."""
        self._stopped = True
        self._stop_walk.set()

    def events(self, ranges: Sequence[Bounds]) -> Generator[WalkEvent]:
        """Yield the source's pages and then its end, which carries the error if the walk fails."""
        pending, reason, shifted, total, agrees = list(ranges), "", False, None, False
        try:
            while pending:
                current = pending.pop(0)
                progress = yield from self._read_until_stable(current)
                reason = progress.end_reason
                remaining = self._remaining_bounds(current, progress) if progress.is_cut_short else []
                if len(remaining) > 1:
                    yield ListRestart(self._source, self._lists_read)
                else:
                    # Of a list that is split, only what its halves are like counts.
                    shifted = shifted or progress.surely_shifted
                if not progress.is_cut_short:
                    total, agrees = progress.total, progress.agrees_with_total
                    self._note_total(progress)
                pending = [*remaining, *pending]
            total = total if self._lists_read == 1 else None
            agrees = agrees and self._lists_read == 1
            end = SourceEnd(self._source, reason, None, shifted, total, agrees, self._position)
            yield replace(end, doubt=self._doubt, strays=self._strays)
        except FetchError as error:
            yield SourceEnd(self._source, "", error)
        except UnusableParentError as error:
            yield SourceEnd(self._source, "", unusable=str(error))

    def _note_total(self, progress: ListProgress) -> None:
        """Tell of a list that looks whole but for its total, and of a declared total that is not there."""
        if progress.is_below_total:
            self._doubt = progress.describe_doubt()
        if progress.lacks_declared_total:
            name = self._stream.stream.__name__
            self._client.warn(
                f"total of {self._stream.name}",
                f"no page of {self._stream.name} has a number at `{self._stream.total}`, so nothing shows that the "
                f"list is whole. Correct `total` on {name}",
            )

    def _read_until_stable(self, bounds: Bounds) -> Generator[WalkEvent, None, ListProgress]:
        progress = yield from self._read_list(bounds)
        for _ in range(_MOST_READS - 1):
            if progress.is_cut_short or not progress.shifted:
                break
            yield ListRestart(self._source, self._lists_read)
            progress = yield from self._read_list(bounds)
        return progress

    def _remaining_bounds(self, bounds: Bounds, progress: ListProgress) -> list[Bounds]:
        """Return the bounds that list the rest of a range that was cut short, or both its halves. Raises FetchError.

        A total that never agreed with a list may mean something else, so it is no reason to fail: it is told.
        """
        cursor = self._stream.cursor
        if cursor is not None and self._stream.takes_since and progress.respects_bounds:
            if cursor.order == "asc" and progress.is_ascending and (rest := bounds.continue_after(progress.newest)):
                return [rest]
            if halves := bounds.split(self._stream, to_microseconds(self._session.now())):
                return list(halves)
        if progress.is_only_doubtful:
            self._doubt = progress.describe_doubt()
            return []
        raise progress.make_error().add_context(
            self._client.where, f"{self._stream.method} {self._stream.path}", self._client.mask
        )

    def _read_list(self, bounds: Bounds) -> Generator[WalkEvent, None, ListProgress]:
        stream, progress = self._stream, ListProgress(self._stream, trusts_total=self._trusts_total)
        self._lists_read += 1
        # Rows of pages that find_stop_reason had to read before the walk yields them.
        rows_by_page: dict[int, RowBatch] = {}
        is_newest_first = stream.cursor is not None and stream.cursor.order == "desc" and bounds.since is not None
        watch = NewestFirstWatch(bounds)
        max_pages = self._session.max_pages
        sent = sent_bounds(self._session, self._stream, bounds)

        def find_stop_reason(step: WalkedPage) -> str | None:
            reason = None
            if is_newest_first:
                rows_by_page[step.number] = self._read_rows(step)
                if watch.has_passed(rows_by_page[step.number].moments.tolist()):
                    reason = "it reached what is stored already"
            if max_pages is not None and step.number >= max_pages:
                reason = f"at most {max_pages} pages of each list are read"
            # With a page limit, missing records are intended.
            if reason is not None or max_pages is not None:
                progress.stop()
            return reason

        steps = walk(
            self._client,
            build_request(self._session, self._stream, self._source.fields, sent),
            paginator=stream.paginator,
            rules=stream.rules,
            position=self._source.position if bounds.resumes else None,
            max_pages=stream.max_pages,
            max_seconds=stream.max_time.total_seconds(),
            # Pages are asked for ahead with less care where nothing ends the walk before its end.
            should_stop=find_stop_reason if is_newest_first or max_pages is not None else None,
            stop=self._new_stop_event(),
            concurrency=self._concurrency,
        )
        try:
            with closing(steps):
                for step in steps:
                    rows = rows_by_page.pop(step.number, None)
                    rows = self._read_rows(step) if rows is None else rows
                    is_inside = bounds.contains(rows)
                    progress.add(step, rows, int(np.count_nonzero(is_inside)))
                    self._position = step.position or self._position
                    wanted = rows.select(is_inside | self._find_unasked(rows, bounds, sent))
                    yield SourcePage(self._source, self._lists_read, step.page, len(rows), wanted)
        except FetchError as error:
            if bounds.since is None and stream.takes_since and error.status in _REFUSES_WITHOUT_FILTER:
                error.advice = _NO_FILTER_ADVICE
                raise
            if not progress.is_result_limit(error):
                raise
            progress.end_at_limit(error)
        return progress

    def _new_stop_event(self) -> threading.Event:
        """An event for one list; already set if `stop` was called before the list began."""
        self._stop_walk = threading.Event()
        if self._stopped:
            self._stop_walk.set()
        return self._stop_walk

    def _read_rows(self, step: WalkedPage) -> RowBatch:
        return self._row_reader.read_rows(step, self._source.parent, self._source.fields)

    def _find_unasked(self, rows: RowBatch, bounds: Bounds, sent: SentBounds | None) -> NDArray[np.bool_]:
        """The rows outside the range that was asked for: no other list need bring them.

        What lies outside the bounds only because they are sent rounded is stored already, or comes with the next range,
        and so are the old records at the end of a list that is sorted newest first.
        """
        stream, cursor = self._stream, self._stream.cursor
        if sent is None or cursor is None or bounds.is_chosen or (cursor.order == "desc" and not stream.takes_since):
            return np.zeros(len(rows), np.bool_)
        lowest = sent.lowest - _FAR if stream.takes_since and sent.lowest is not None else None
        highest = sent.highest + _FAR if stream.takes_until and sent.highest is not None else None
        self._strays += int(lies_outside(rows, lowest, highest).sum())
        return lies_outside(rows, sent.lowest, sent.highest)


# Events queued for each walking thread.
_QUEUED_EVENTS = 4
# Seconds after which a thread with a full queue checks whether it was stopped.
_PUT_TIMEOUT = 0.2


class _EventQueue:
    """Passes events from walking threads to the one that stores them. No thread blocks forever on a full queue."""

    def __init__(self, size: int) -> None:
        self._queue: queue.Queue[WalkEvent | BaseException] = queue.Queue(maxsize=size)
        self.stopped = threading.Event()

    def put(self, event: WalkEvent | BaseException) -> bool:
        """Add an event; return False if the consumer has stopped."""
        while not self.stopped.is_set():
            with suppress(queue.Full):
                self._queue.put(event, timeout=_PUT_TIMEOUT)
                return True
        return False

    def get(self) -> WalkEvent:
        """The next event, or raise what a walking thread raised."""
        event = self._queue.get()
        if isinstance(event, BaseException):
            raise event
        return event


class Crawl:
    """Runs the walks of one pass. ranges: what to list of a source, in order. trusts_total: see `ListProgress`."""

    def __init__(
        self,
        session: Session,
        stream: StreamSpec,
        client: Client,
        ranges: Callable[[Source], Sequence[Bounds]],
        *,
        trusts_total: bool = False,
    ) -> None:
        self._trusts_total = trusts_total
        self._session = session
        self._stream = stream
        self._client = client
        self._ranges = ranges
        self._row_reader = RowReader(stream, session.windows)
        self._walks: list[SourceWalk] = []
        # How many requests each of the walks may have in flight.
        self._share = 1

    def events(self, sources: Sequence[Source], concurrency: int) -> Generator[WalkEvent]:
        """The events of all sources, those of one source in order. A failed walk ends with its error."""
        if concurrency == 1 or len(sources) <= 1:
            self._share_out(concurrency, 1)
            for source in sources:
                yield from self._walk(source)
            return
        self._share_out(concurrency, len(sources))
        queued = _EventQueue(concurrency * _QUEUED_EVENTS)
        with ThreadPoolExecutor(concurrency, thread_name_prefix="walk") as pool:
            for source in sources:
                pool.submit(self._feed, queued, source)
            try:
                left = len(sources)
                while left:
                    event = queued.get()
                    left -= isinstance(event, SourceEnd)
                    self._share_out(concurrency, max(left, 1))
                    yield event
            finally:
                queued.stopped.set()
                pool.shutdown(wait=False, cancel_futures=True)
                for walk in list(self._walks):
                    walk.stop()

    def _share_out(self, concurrency: int, sources: int) -> None:
        """Let the walks of so many sources have no more requests in flight together than one connection may."""
        self._share = max(1, concurrency // sources) if self._session.looks_ahead else 1

    def _feed(self, queued: _EventQueue, source: Source) -> None:
        try:
            with closing(self._walk(source)) as events:
                for event in events:
                    if not queued.put(event):
                        return
        except BaseException as error:  # noqa: BLE001  re-raised by the consumer
            queued.put(error)

    def _walk(self, source: Source) -> Generator[WalkEvent]:
        walk = SourceWalk(
            self._session,
            self._stream,
            self._client,
            self._row_reader,
            source,
            trusts_total=self._trusts_total,
            concurrency=lambda: self._share,
        )
        self._walks.append(walk)
        try:
            yield from walk.events(self._ranges(source))
        finally:
            self._walks.remove(walk)
