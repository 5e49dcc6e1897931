"""Walking the sources of a stream, one after another or some at once."""

import queue
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass

from dazz_assets.authoring.spec import StreamSpec
from dazz_assets.http import Client, FetchError, Page, Walked, walk
from dazz_assets.sync.request import first_request, sent_bound
from dazz_assets.sync.rows import Row, RowMaker
from dazz_assets.sync.session import Session
from dazz_assets.sync.sources import Source

_AHEAD = 4
_PATIENCE = 0.2


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one walk, in microseconds of cursor time: rows outside [lower, upper) are left out; None is no bound.

    since, until: what the API is asked for; `exact` sends since as it is, and not one unit earlier.
    """

    lower: int | None = None
    upper: int | None = None
    since: int | None = None
    until: int | None = None
    exact: bool = False


@dataclass(slots=True)
class Arrived:
    """A page of a source, as rows inside the bounds."""

    source: Source
    page: Page
    received: int
    rows: list[Row]


@dataclass(slots=True)
class Ended:
    """A source was walked to its end, or its walk failed."""

    source: Source
    reason: str
    error: FetchError | None = None


Event = Arrived | Ended


class _Arrivals:
    """Events on their way from the walking threads to the one that stores; a thread never waits for a place for good."""

    def __init__(self, size: int) -> None:
        self._queue: queue.Queue[Event | BaseException] = queue.Queue(maxsize=size)
        self.stopped = threading.Event()

    def put(self, event: Event | BaseException) -> bool:
        """Hand over an event; False where nobody wants it any more."""
        while not self.stopped.is_set():
            with suppress(queue.Full):
                self._queue.put(event, timeout=_PATIENCE)
                return True
        return False

    def get(self) -> Event:
        """The next event. Raises what a walking thread raised."""
        event = self._queue.get()
        if isinstance(event, BaseException):
            raise event
        return event


class Walks:
    """The walks of one pass."""

    def __init__(
        self, session: Session, stream: StreamSpec, client: Client, bounds: Callable[[Source], Bounds]
    ) -> None:
        self._session = session
        self._stream = stream
        self._client = client
        self._bounds = bounds
        self._maker = RowMaker(stream, session.windows)

    def events(self, sources: Sequence[Source], concurrency: int) -> Generator[Event]:
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

    def _into(self, arrived: "_Arrivals", source: Source) -> None:
        try:
            with closing(self._walk(source)) as events:
                for event in events:
                    if not arrived.put(event):
                        return
        except BaseException as error:  # noqa: BLE001  raised again where the events are consumed
            arrived.put(error)

    def _walk(self, source: Source) -> Generator[Event]:
        stream, bounds = self._stream, self._bounds(source)
        request = first_request(
            self._session,
            stream,
            source.fields,
            sent_bound(stream, bounds.since, inclusive=not bounds.exact),
            sent_bound(stream, bounds.until, inclusive=False),
        )
        made: dict[int, list[Row]] = {}

        def rows_of(step: Walked) -> list[Row]:
            return self._maker.rows(step.page, step.records, step.number, source.parent)

        def reached_the_mark(step: Walked) -> str | None:
            made[step.number] = rows_of(step)
            return "it reached what is stored already" if _is_before(made[step.number], bounds.since) else None

        newest_first = stream.cursor is not None and stream.cursor.order == "desc" and bounds.since is not None
        steps = walk(
            self._client,
            request,
            paginator=stream.paginator,
            records=stream.records,
            accept=stream.accept,
            should_stop=reached_the_mark if newest_first else None,
        )
        last = ""
        try:
            with closing(steps):
                for step in steps:
                    rows = made.pop(step.number) if step.number in made else rows_of(step)
                    last = step.last or ""
                    yield Arrived(source, step.page, len(rows), [row for row in rows if _inside(row, bounds)])
            yield Ended(source, last)
        except FetchError as error:
            yield Ended(source, "", error)


def _is_before(rows: Sequence[Row], since: int | None) -> bool:
    return since is not None and any(row.cursor_at is not None and row.cursor_at < since for row in rows)


def _inside(row: Row, bounds: Bounds) -> bool:
    if row.cursor_at is None:
        return True
    return (bounds.lower is None or row.cursor_at >= bounds.lower) and (
        bounds.upper is None or row.cursor_at < bounds.upper
    )
