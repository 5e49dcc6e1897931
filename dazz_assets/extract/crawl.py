"""Walks the lists of a stream, one after another or some of them at the same time."""

from collections import Counter
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from dazz_assets.extract.batch import RowReader
from dazz_assets.extract.bounds import Bounds
from dazz_assets.extract.list_events import ListEnd, WalkEvent
from dazz_assets.extract.list_walk import ListWalk
from dazz_assets.extract.marks import Source
from dazz_assets.extract.parent_groups import PageReader, group_sources
from dazz_assets.http.client import Client
from dazz_assets.http.handover import Handover
from dazz_assets.session import Session
from dazz_assets.spec.specs import StreamSpec

# Events that wait for each walking thread; as many may have been taken meanwhile.
_WAITING_EVENTS = 2


class Crawl:
    """Runs the walks of one pass.

    ranges: what to list of the sources of one list, in order. bounds_of: what to keep of a source, where several are
    asked for together. trusts_total, reads_whole: see `ListWalk`.
    """

    def __init__(
        self,
        session: Session,
        stream: StreamSpec,
        client: Client,
        ranges: Callable[[Sequence[Source]], Sequence[Bounds]],
        bounds_of: Callable[[Source], Bounds],
        *,
        trusts_total: bool = False,
        reads_whole: bool = False,
    ) -> None:
        self._trusts_total, self._reads_whole = trusts_total, reads_whole
        self._session = session
        self._stream = stream
        self._client = client
        self._ranges = ranges
        self._bounds_of = bounds_of
        self._page_reader = PageReader(stream, RowReader(stream, session.windows, session.cursor_of(stream)))
        self._walks: list[ListWalk] = []
        # How many requests each of the walks may have in flight.
        self._share = 1

    def events(self, sources: Sequence[Source], concurrency: int) -> Generator[WalkEvent]:
        """The events of all sources, those of one source in order. A failed walk ends with its error."""
        groups = list(group_sources(self._stream, sources, self._bounds_of))
        if concurrency == 1 or len(groups) <= 1:
            self._share_out(concurrency, 1)
            for group in groups:
                yield from self._walk(group)
            return
        group_of = {source.parent: number for number, group in enumerate(groups) for source in group}
        left = Counter(group_of.values())
        self._share_out(concurrency, len(left))
        ready = Handover[WalkEvent](concurrency * _WAITING_EVENTS)
        with ThreadPoolExecutor(concurrency, thread_name_prefix="walk") as pool:
            for group in groups:
                pool.submit(self._feed, ready, group)
            try:
                while left:
                    for event in ready.take():
                        if isinstance(event, ListEnd):
                            number = group_of[event.sources[0].parent]
                            left[number] -= len(event.sources)
                            if not left[number]:
                                del left[number]
                            self._share_out(concurrency, max(len(left), 1))
                        yield event
            finally:
                ready.close()
                pool.shutdown(wait=False, cancel_futures=True)
                for walk in list(self._walks):
                    walk.stop()

    def _share_out(self, concurrency: int, walks: int) -> None:
        """Let so many walks have no more requests in flight together than one connection may."""
        self._share = max(1, concurrency // walks) if self._session.looks_ahead else 1

    def _feed(self, ready: Handover[WalkEvent], group: Sequence[Source]) -> None:
        try:
            with closing(self._walk(group)) as events:
                for event in events:
                    if not ready.put(event):
                        return
        except BaseException as error:  # noqa: BLE001  (raised again in the thread that reads)
            ready.fail(error)

    def _walk(self, group: Sequence[Source]) -> Generator[WalkEvent]:
        walk = ListWalk(
            self._session,
            self._stream,
            self._client,
            self._page_reader,
            group,
            self._bounds_of,
            trusts_total=self._trusts_total,
            reads_whole=self._reads_whole,
            concurrency=lambda: self._share,
        )
        self._walks.append(walk)
        try:
            yield from walk.events(self._ranges)
        finally:
            self._walks.remove(walk)
