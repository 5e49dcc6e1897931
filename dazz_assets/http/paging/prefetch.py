"""Fetches the pages of a walk in a thread, and hands over together those that come quickly."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

from dazz_assets.http.page import Request, WalkedPage

# A batch is handed over at so many pages or bytes, and no more than that waits: a step over columns takes hardly longer
# for several pages than for one, and what it works on stays in the processor's cache.
_MOST_PAGES = 8
_MOST_BYTES = 512 * 1024
# How long to wait for more pages of a batch, in seconds. Those of a slower vendor are handed over one by one.
_GATHER_SECONDS = 0.01
_JOIN_SECONDS = 2.0


class Prefetcher:
    """Fetches the pages after the first one in a thread, while the caller handles those before them.

    fetch: the page of a request, and the request after it, or None; it raises once `stop` is set.
    """

    def __init__(
        self,
        fetch: Callable[[Request, threading.Event], tuple[WalkedPage, Request | None]],
        request: Request,
        stop: threading.Event,
    ) -> None:
        self._fetch_page = fetch
        self._stop = stop
        self._ready = _ReadyPages()
        self._thread = threading.Thread(target=self._fetch, args=(request,), name="dazz-fetch", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Sequence[WalkedPage]]:
        is_last = False
        while not is_last:
            pages = self._ready.take()
            yield pages
            is_last = pages[-1].end_reason is not None

    def close(self) -> None:
        """End the thread: at once if it is waiting, else after its request in flight."""
        self._stop.set()
        self._ready.close()
        self._thread.join(_JOIN_SECONDS)

    def _fetch(self, second: Request) -> None:
        request: Request | None = second
        try:
            while request is not None:
                walked, request = self._fetch_page(request, self._stop)
                self._ready.put(walked)
        except BaseException as error:  # noqa: BLE001  (raised again in the thread that reads)
            self._ready.fail(error)


class _ReadyPages:
    """Pages on their way from the thread that fetches them to the one that handles them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._pages: list[WalkedPage] = []
        self._bytes = 0
        self._error: BaseException | None = None
        self._is_closed = False

    def put(self, page: WalkedPage) -> None:
        """Add a page, once there is room for it."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or not self._is_full())
            self._pages.append(page)
            self._bytes += len(page.page.body)
            if len(self._pages) == 1 or self._is_whole():
                self._changed.notify()

    def fail(self, error: BaseException) -> None:
        """Let the reader raise an error after the pages before it."""
        with self._changed:
            self._error = error
            self._changed.notify()

    def take(self) -> Sequence[WalkedPage]:
        """The pages that are ready, one at least. Raises what the thread that fetches them raised."""
        with self._changed:
            self._changed.wait_for(lambda: self._pages or self._error is not None)
            if not self._pages and self._error is not None:
                raise self._error
            self._changed.wait_for(self._is_whole, timeout=_GATHER_SECONDS)
            pages, self._pages, self._bytes = self._pages, [], 0
            self._changed.notify()
            return pages

    def close(self) -> None:
        """Let nothing wait for room: nobody reads any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _is_full(self) -> bool:
        return len(self._pages) >= _MOST_PAGES or self._bytes >= _MOST_BYTES

    def _is_whole(self) -> bool:
        """Whether a batch need not wait for more pages."""
        return self._is_full() or self._error is not None or self._pages[-1].end_reason is not None
