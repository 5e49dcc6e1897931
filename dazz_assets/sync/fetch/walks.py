"""Walking the sources of a stream, one after another or some at once."""

import queue
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress

from dazz_assets.authoring.spec import StreamSpec
from dazz_assets.http import Client
from dazz_assets.sync.fetch.bounds import Bounds
from dazz_assets.sync.fetch.one_walk import Ended, Event, OneWalk
from dazz_assets.sync.fetch.rows import RowMaker
from dazz_assets.sync.fetch.sources import Source
from dazz_assets.sync.session import Session

_AHEAD = 4
_PATIENCE = 0.2


class _Arrivals:
    """Events on their way from the walking threads to the one that stores; no thread waits for a place for good."""

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
        self._walks: list[OneWalk] = []

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

    def _walk(self, source: Source) -> Generator[Event]:
        walk = OneWalk(self._session, self._stream, self._client, self._maker, source)
        self._walks.append(walk)
        try:
            yield from walk.events(self._bounds(source))
        finally:
            self._walks.remove(walk)
