"""One walk over the pages of a list, from the first to the last; a walk in circles is stopped (conformance 25, 26)."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from urllib.parse import parse_qsl, urlsplit

from msgspec import Raw

from dazz_assets.http.classify import Accept
from dazz_assets.http.client import Client
from dazz_assets.http.errors import FetchError, LoopError, MissingPaginatorError, WalkLimitError
from dazz_assets.http.next_page_hints import overlooked_hint, says_more
from dazz_assets.http.page import Page, Param, Request, sent_params
from dazz_assets.http.pagination import CursorToken, Last, LinkHeader, NextLink, Paginator

SAME_PAGES = 3
"""So many pages with the same records are a circle. Two are not: when as many records as a page holds are added at the
front of a list that is being read, the next page is the same as the last one."""


class LoopDetector:
    """The requests and pages of one walk."""

    def __init__(self) -> None:
        self._asked: dict[bytes, int] = {}
        self._came: dict[bytes, tuple[int, int]] = {}

    def ask(self, request: Request) -> None:
        """Before a request is sent. LoopError: it was sent before."""
        mark = _fingerprint(request)
        number = len(self._asked) + 1
        earlier = self._asked.setdefault(mark, number)
        if earlier != number:
            raise LoopError(
                f"page {number} would be the same request as page {earlier}: the pages go round in a circle of "
                f"{number - earlier} ({_named(request)}).",
            )

    def come(self, records: Sequence[Raw]) -> None:
        """After a page came. LoopError: its records came before, too often for chance."""
        if not records:
            return
        number = len(self._asked)
        ends = b"\0".join((str(len(records)).encode(), bytes(records[0]), bytes(records[-1])))
        mark = blake2b(ends, digest_size=12).digest()
        first, times = self._came.get(mark, (number, 0))
        self._came[mark] = first, times + 1
        if times + 1 >= SAME_PAGES:
            raise LoopError(
                f"page {number} holds the same {len(records)} records as page {first}, {times + 1} times by now, "
                "although each was asked for otherwise.",
            )


def _fingerprint(request: Request) -> bytes:
    """Of a request's method, address, query in any order, and body."""
    parts = urlsplit(request.url)
    query = sorted([*parse_qsl(parts.query, keep_blank_values=True), *_pairs(request.params)])
    body = json.dumps(request.body, sort_keys=True, default=str)
    whole = json.dumps([request.method, parts.scheme, parts.netloc, parts.path, query, body])
    return blake2b(whole.encode(), digest_size=12).digest()


def _pairs(params: Mapping[str, Param]) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in sent_params(params).items()]


def _named(request: Request) -> str:
    """The parameters of a request in short, for the message."""
    pairs = [*parse_qsl(urlsplit(request.url).query, keep_blank_values=True), *_pairs(request.params)]
    text = ", ".join(f"{name}={value}" for name, value in pairs) or "no parameters"
    return text if len(text) <= 200 else text[:197] + "..."


MOST_PAGES = 100_000
LONGEST_SECONDS = 24 * 3600.0
JOIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class WalkedPage:
    """A page of a walk: its number from 1, its records as they were sent, and why it was the last if it was."""

    page: Page
    number: int
    records: Sequence[Raw]
    last: str | None


def walk(
    client: Client,
    request: Request,
    *,
    paginator: Paginator | None = None,
    records: str = "",
    accept: Accept | None = None,
    should_stop: Callable[[WalkedPage], str | None] | None = None,
    max_pages: int = MOST_PAGES,
    max_seconds: float = LONGEST_SECONDS,
    stop: threading.Event | None = None,
) -> Generator[WalkedPage]:
    """The pages of a list, each while the next one is in flight.

    records: the path of the list in each page. accept: see `Client.send`; an accepted failure ends the walk.
    should_stop: called with each page before the next one is asked for; the text that it returns ends the walk, as the
    reason why that page was the last. It runs in the thread that fetches.

    stop: set by another thread, it ends the walk where it waits (StoppedError); the walk sets it when it is over.

    The last page has `last` set, so that who reads to it knows that the walk is complete. To stop early, close the
    iterator: nothing more is sent then. Raises `FetchError`, among them LoopError, WalkLimitError (more than max_pages,
    or max_seconds by the client's clock) and MissingPaginatorError.
    """
    steps = _Steps(client, request, paginator, records, accept, should_stop, max_pages, max_seconds)
    stop = stop or threading.Event()
    first, following = steps.take(steps.first, stop)
    if following is None:
        yield first
        return
    ahead = _Ahead(steps, following, stop)
    try:
        yield first
        yield from ahead
    finally:
        ahead.close()


class _Steps:
    """Takes one step of a walk at a time, in whichever thread."""

    def __init__(
        self,
        client: Client,
        request: Request,
        paginator: Paginator | None,
        records: str,
        accept: Accept | None,
        should_stop: Callable[[WalkedPage], str | None] | None,
        max_pages: int,
        max_seconds: float,
    ) -> None:
        self._client = client
        self._paginator = paginator
        self._records = records
        self._accept = accept
        self._should_stop = should_stop
        self._max_pages = max_pages
        self._max_seconds = max_seconds
        self._ends_at = client.clock() + max_seconds
        self._trail = LoopDetector()
        self._number = 0
        self.first = paginator.first(request) if paginator else request

    def take(self, request: Request, stop: threading.Event) -> tuple[WalkedPage, Request | None]:
        """The page that answers a request, and the request that follows it, if one does."""
        try:
            return self._take(request, stop)
        except FetchError as error:
            failed = error
        raise failed.placed(self._client.where, f"{request.method} {request.address()}", self._client.mask)

    def _take(self, request: Request, stop: threading.Event) -> tuple[WalkedPage, Request | None]:
        self._demand_within_bounds()
        self._trail.ask(request)
        self._number += 1
        page = self._client.send(request, self._accept, stop=stop)
        records = page.records(self._records)
        self._trail.come(records)
        following = self._following(request, page, len(records))
        last = following.reason if isinstance(following, Last) else None
        walked = WalkedPage(page, self._number, records, last)
        if last is None and self._should_stop is not None and (reason := self._should_stop(walked)) is not None:
            return WalkedPage(page, self._number, records, reason), None
        return walked, None if isinstance(following, Last) else following

    def _following(self, request: Request, page: Page, received: int) -> Request | Last:
        if page.skipped is not None:
            return Last(f"accepted as empty: {page.skipped}")
        if page.document.is_empty:
            return Last("an empty body")
        if self._paginator is not None:
            following = self._paginator.next(request, page, received)
            if isinstance(following, Last) and self._number == 1 and received:
                self._demand_end(page)
            return following
        if (sign := says_more(page)) is not None:
            raise MissingPaginatorError(
                f"the first page says by {sign} that there is more, and no paginator is set.",
                url=f"{request.method} {page.url}",
            )
        return Last("the only page: there is no paginator, and it names no further page")

    def _demand_end(self, page: Page) -> None:
        """Of a paginator that follows what a page says: it doesn't look past it (one page is no list of all)."""
        if not isinstance(self._paginator, LinkHeader | NextLink | CursorToken):
            return
        path = None if isinstance(self._paginator, LinkHeader) else self._paginator.path
        if (problem := overlooked_hint(page, path)) is not None:
            raise MissingPaginatorError(
                problem,
                url=f"{page.request.method} {page.url}",
                advice="Correct the paginator, so that it looks where the page says it.",
            )

    def _demand_within_bounds(self) -> None:
        if self._number >= self._max_pages:
            raise WalkLimitError(f"more than {self._max_pages} pages.")
        if self._client.clock() > self._ends_at:
            raise WalkLimitError(f"longer than {self._max_seconds:.0f} s, after {self._number} pages.")


class _Ahead:
    """Fetches the pages after the first one in a thread, at most one more than is being handled and one in flight."""

    def __init__(self, steps: _Steps, following: Request, stop: threading.Event) -> None:
        self._steps = steps
        self._stop = stop
        self._queue: queue.Queue[WalkedPage | BaseException] = queue.Queue(maxsize=1)
        self._thread = threading.Thread(target=self._fetch, args=(following,), name="dazz-fetch", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[WalkedPage]:
        while True:
            item = self._queue.get()
            if isinstance(item, BaseException):
                raise item
            yield item
            if item.last is not None:
                return

    def close(self) -> None:
        """Ends the thread: after its request in flight, at once where it waits."""
        self._stop.set()
        while self._thread.is_alive():
            try:
                self._queue.get_nowait()
            except queue.Empty:
                break
        self._thread.join(JOIN_SECONDS)

    def _fetch(self, following: Request) -> None:
        request: Request | None = following
        try:
            while request is not None:  # Once stopped, the client sends nothing more and raises.
                walked, request = self._steps.take(request, self._stop)
                self._put(walked)
        except BaseException as error:  # noqa: BLE001  (raised again in the thread that reads)
            self._put(error)

    def _put(self, item: WalkedPage | BaseException) -> None:
        while not self._stop.is_set():
            try:
                self._queue.put(item, timeout=0.2)
            except queue.Full:
                continue
            return
