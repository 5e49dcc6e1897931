"""Walking the sources of a stream, one after another or several at once: pages as rows, to the end of what there is."""

import queue
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass

from dazz_assets.extract.batch import RawRow, RowReader
from dazz_assets.extract.bounds import Bounds
from dazz_assets.extract.completeness import ListProgress
from dazz_assets.extract.marks import Source
from dazz_assets.extract.stream_requests import first_request, sent_bounds
from dazz_assets.http import Client, FetchError, Page, Request, WalkedPage, walk
from dazz_assets.session import Session
from dazz_assets.spec.specs import StreamSpec
from dazz_assets.windows import to_microseconds

# So often is a list read whose records change places meanwhile, before it is left at that.
_WALKS = 3


@dataclass(slots=True)
class Arrived:
    """A page of a source, as rows inside the bounds."""

    source: Source
    page: Page
    received: int
    rows: list[RawRow]


@dataclass(slots=True)
class Ended:
    """A source was walked to its end, or its walk failed.

    moved: records may have slipped by, each time. total: what the vendor says of a list that was read once and whole.
    """

    source: Source
    reason: str
    error: FetchError | None = None
    moved: bool = False
    total: int | None = None


@dataclass(slots=True)
class Relisted:
    """A source is read again from its first page, because records changed places meanwhile."""

    source: Source


WalkEvent = Arrived | Relisted | Ended


class SourceWalk:
    """Lists one source, in as many ranges as the API needs, and again where records changed places meanwhile."""

    def __init__(self, session: Session, stream: StreamSpec, client: Client, maker: RowReader, source: Source) -> None:
        self._session = session
        self._stream = stream
        self._client = client
        self._source = source
        self._maker = maker
        self._lists = 0
        self._stopped = False
        self._stop_walk = threading.Event()

    def stop(self) -> None:
        """From another thread: wait for nothing any more, and send nothing."""
        self._stopped = True
        self._stop_walk.set()

    def events(self, bounds: Bounds) -> Generator[WalkEvent]:
        """Its pages, and its end; the errors of a walk are its end's."""
        left, last, moved, total = [bounds], "", False, None
        try:
            while left:
                found = left.pop(0)
                listing = yield from self._steadily(found)
                moved = moved or listing.moved
                if listing.is_cut:
                    left = [*self._rest(found, listing), *left]
                else:
                    last, total = listing.last, listing.total
            yield Ended(self._source, last, moved=moved, total=total if self._lists == 1 else None)
        except FetchError as error:
            yield Ended(self._source, "", error)

    def _steadily(self, bounds: Bounds) -> Generator[WalkEvent, None, ListProgress]:
        listing = yield from self._listed(bounds)
        for _ in range(_WALKS - 1):
            if listing.is_cut or not listing.moved:
                break
            yield Relisted(self._source)
            listing = yield from self._listed(bounds)
        return listing

    def _rest(self, bounds: Bounds, listing: ListProgress) -> list[Bounds]:
        """The ranges that bring what is left of one that an API does not list whole. Raises FetchError."""
        cursor = self._stream.cursor
        if cursor is not None and self._stream.takes_since and listing.keeps_to_bounds:
            if cursor.order == "asc" and listing.is_ascending and (rest := bounds.after(listing.newest)):
                return [rest]
            if halves := bounds.halves(self._stream, to_microseconds(self._session.now())):
                return list(halves)
        raise listing.error().add_context(
            self._client.where, f"{self._stream.method} {self._stream.path}", self._client.mask
        )

    def _listed(self, bounds: Bounds) -> Generator[WalkEvent, None, ListProgress]:
        stream, listing = self._stream, ListProgress(self._stream)
        self._lists += 1
        made: dict[int, list[RawRow]] = {}

        def rows_of(step: WalkedPage) -> list[RawRow]:
            return self._maker.rows(step.page, step.records, step.number, self._source.parent)

        newest_first = stream.cursor is not None and stream.cursor.order == "desc" and bounds.since is not None
        max_pages = self._session.max_pages

        def enough(step: WalkedPage) -> str | None:
            reason = None
            if newest_first:
                made[step.number] = rows_of(step)
                if bounds.are_passed(made[step.number]):
                    reason = "it reached what is stored already"
            if max_pages is not None and step.number >= max_pages:
                reason = f"no more than {max_pages} pages of each list are wanted"
            # Where pages are limited, that records are missing is meant.
            if reason is not None or max_pages is not None:
                listing.stop()
            return reason

        # Each list that is walked has its own event, and may begin after the call that stops them.
        self._stop_walk = threading.Event()
        if self._stopped:
            self._stop_walk.set()
        steps = walk(
            self._client,
            self._request(bounds),
            paginator=stream.paginator,
            records=stream.records,
            accept=stream.accept,
            should_stop=enough,
            stop=self._stop_walk,
        )
        try:
            with closing(steps):
                for step in steps:
                    rows = made.pop(step.number) if step.number in made else rows_of(step)
                    inside = bounds.inside(rows)
                    listing.add(step, rows, len(inside))
                    yield Arrived(self._source, step.page, len(rows), inside)
        except FetchError as error:
            if not listing.refuse(error):
                raise
        return listing

    def _request(self, bounds: Bounds) -> Request:
        sent = sent_bounds(self._session, self._stream, bounds)
        return first_request(self._session, self._stream, self._source.fields, sent)


_AHEAD = 4
_PATIENCE = 0.2


class _Arrivals:
    """Events on their way from the walking threads to the one that stores; no thread waits for a place for good."""

    def __init__(self, size: int) -> None:
        self._queue: queue.Queue[WalkEvent | BaseException] = queue.Queue(maxsize=size)
        self.stopped = threading.Event()

    def put(self, event: WalkEvent | BaseException) -> bool:
        """Hand over an event; False where nobody wants it any more."""
        while not self.stopped.is_set():
            with suppress(queue.Full):
                self._queue.put(event, timeout=_PATIENCE)
                return True
        return False

    def get(self) -> WalkEvent:
        """The next event. Raises what a walking thread raised."""
        event = self._queue.get()
        if isinstance(event, BaseException):
            raise event
        return event


class Crawl:
    """The walks of one pass."""

    def __init__(
        self, session: Session, stream: StreamSpec, client: Client, bounds: Callable[[Source], Bounds]
    ) -> None:
        self._session = session
        self._stream = stream
        self._client = client
        self._bounds = bounds
        self._maker = RowReader(stream, session.windows)
        self._walks: list[SourceWalk] = []

    def events(self, sources: Sequence[Source], concurrency: int) -> Generator[WalkEvent]:
        """Pages and ends of all sources; those of one source come in order. Errors of a walk are its end's."""
        if concurrency == 1 or len(sources) <= 1:
            for source in sources:
                yield from self._walk(source)
            return
        arrived = _Arrivals(concurrency * _AHEAD)
        with ThreadPoolExecutor(concurrency, thread_name_prefix="walk") as pool:
            for source in sources:
                pool.submit(self._into, arrived, source)
            try:
                left = len(sources)
                while left:
                    event = arrived.get()
                    left -= isinstance(event, Ended)
                    yield event
            finally:
                arrived.stopped.set()
                pool.shutdown(wait=False, cancel_futures=True)
                for walk in list(self._walks):
                    walk.stop()

    def _into(self, arrived: _Arrivals, source: Source) -> None:
        try:
            with closing(self._walk(source)) as events:
                for event in events:
                    if not arrived.put(event):
                        return
        except BaseException as error:  # noqa: BLE001  raised again where the events are consumed
            arrived.put(error)

    def _walk(self, source: Source) -> Generator[WalkEvent]:
        walk = SourceWalk(self._session, self._stream, self._client, self._maker, source)
        self._walks.append(walk)
        try:
            yield from walk.events(self._bounds(source))
        finally:
            self._walks.remove(walk)
