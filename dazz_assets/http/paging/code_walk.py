"""Walks a list whose pages an author's code makes, with an SDK for example, as `walk` does one of requests."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

import requests
import urllib3
from msgspec import Raw
from requests.structures import CaseInsensitiveDict

from dazz_assets.errors import RecordingError
from dazz_assets.http.client import Client
from dazz_assets.http.errors import CodeError, FetchError, LoopError, MissingPaginatorError, TransportError
from dazz_assets.http.page import Page, Request, Response, WalkedPage
from dazz_assets.http.paging.author_code import describe_exception
from dazz_assets.http.paging.list_doubts import ListDoubts
from dazz_assets.http.paging.next_page_hints import find_next_page_hint
from dazz_assets.http.paging.page_json import NoPageError, write_pages
from dazz_assets.http.paging.refused_ends import refuse_later
from dazz_assets.http.paging.walk import MAX_PAGES, MAX_SECONDS, LoopDetector, WalkLimits
from dazz_assets.http.responses.failures import error_for_response
from dazz_assets.http.responses.response_rules import ResponseRules
from dazz_assets.http.seam import listing

# What libraries that send requests raise when no response comes. SDKs raise their own because of it.
_QUERY = re.compile(r"\?[^\s'\")>]+")
_NO_RESPONSE = (
    ConnectionError,
    TimeoutError,
    socket.gaierror,
    urllib3.exceptions.HTTPError,
    requests.ConnectionError,
    requests.Timeout,
)
_JSON = {"content-type": "application/json"}
_PAGE_ADVICE = "Yield pages (lists of records, or what the SDK answered, with `records` set) or records."

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Code:
    """A method of an author's. name: for messages.

    find_response: the vendor's response behind an exception, or None; see `Integration.error_response`.
    """

    name: str
    method: object
    find_response: Callable[[Exception], Response | FetchError | None]

    def call(self, function: Callable[[], Result]) -> Result | Response:
        """What a function that runs the code returns, or the response behind what it raises. Raises FetchError."""
        try:
            return function()
        except (FetchError, RecordingError):
            raise
        except NoPageError as error:
            found: Response | FetchError = CodeError(f"{self.name} yielded {error}.", advice=_PAGE_ADVICE)
        except Exception as error:  # noqa: BLE001  (whatever the author's code raises)
            found = self._explain(error)
        if isinstance(found, Response):
            return found
        raise found  # Raised out here, so that it has no context that could hold a secret.

    def _explain(self, error: Exception) -> Response | FetchError:
        try:
            response = self.find_response(error)
        except Exception as mistake:  # noqa: BLE001  (whatever the author's code raises)
            return CodeError(f"error_response {describe_exception(mistake, self.find_response)}.")
        if isinstance(response, FetchError):
            return response
        if isinstance(response, Response):
            return replace(response, headers=CaseInsensitiveDict(response.headers))
        if any(isinstance(cause, _NO_RESPONSE) for cause in _causes(error)):
            said = _QUERY.sub("?...", str(error))  # It may hold a token that the SDK fetched.
            return TransportError(f"{self.name} got no response: {type(error).__name__}: {said}.")
        return CodeError(f"{self.name} {describe_exception(error, self.method).rstrip('.')}.")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception, and those because of which it was raised."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__


def call_code(client: Client, code: Code, function: Callable[[], Result]) -> Result:
    """What a function that runs code of the author's returns, called again after what may pass. Raises FetchError."""

    def call() -> Result:
        found = code.call(function)
        if isinstance(found, Response):
            raise error_for_response(found.status, found.headers, found.body, client.clock())
        return found

    try:
        return client.attempts().call(call)
    except FetchError as error:
        failed = error
    raise failed.add_context(client.where, "", client.mask)


def walk_code(
    client: Client,
    request: Request,
    code: Code,
    begin: Callable[[], Iterable[object]],
    *,
    rules: ResponseRules | None = None,
    should_stop: Callable[[WalkedPage], str | None] | None = None,
    max_pages: int = MAX_PAGES,
    max_seconds: float = MAX_SECONDS,
    stop: threading.Event | None = None,
) -> Generator[Sequence[WalkedPage]]:
    """The pages of a list that code makes, in the caller's thread, each a batch of its own.

    request: what is asked for, for messages and recordings; it is not sent. begin: calls the code, once for each walk.

    After a failure that may pass the list begins again: page number 1 comes anew, and all before it are void.

    The other arguments, and what it raises, are those of `walk`.
    """
    limits = WalkLimits(max_pages, max_seconds, client.clock() + max_seconds)
    walker = _CodeWalker(client, request, code, begin, rules or ResponseRules(), should_stop, limits, stop)
    attempts = client.attempts(stop)
    try:
        for attempt in attempts.each():
            with attempt:
                for page in walker.walk():
                    attempts.note_progress()
                    yield [page]
                return
    except FetchError as error:
        failed = error
    # Raised out here, so that the error has no context that could hold a secret.
    raise failed.add_context(client.where, f"{request.method} {request.address()}", client.mask)


class _CodeWalker:
    """Walks one list, from its start each time."""

    def __init__(
        self,
        client: Client,
        request: Request,
        code: Code,
        begin: Callable[[], Iterable[object]],
        rules: ResponseRules,
        should_stop: Callable[[WalkedPage], str | None] | None,
        limits: WalkLimits,
        stop: threading.Event | None,
    ) -> None:
        self._client = client
        self._doubts = ListDoubts(client)
        self._request = request
        self._code = code
        self._begin = begin
        self._rules = rules
        self._should_stop = should_stop
        self._limits = limits
        self._stop = stop

    def walk(self) -> Generator[WalkedPage]:
        """The pages from the first to the last. Raises FetchError."""
        with closing(self._bodies()) as bodies:
            page, number, received, loop_detector = self._next_page(bodies, 1), 1, 0, LoopDetector()
            if page is None:
                nothing = self._make_page(Response(200, _JSON, b"[]"), self._client.clock())
                yield WalkedPage(nothing, 1, [], "its code yielded no page")
            while page is not None:
                listed = page.listed(self._rules)
                self._check_loop(loop_detector, listed.records, number)
                received += len(listed.records)
                walked = WalkedPage(page, number, listed.records, None, ids=listed.ids)
                walked = replace(walked, end_reason=self._find_end(walked))
                # Only whether another page follows tells whether this one is the last.
                following = None if walked.end_reason is not None else self._look_ahead(bodies, number)
                if walked.end_reason is None and following is None:
                    self._check_hints(page, number, received)
                    walked = replace(walked, end_reason="its code yielded no further page", doubts=self._doubts.take())
                yield walked
                if isinstance(following, FetchError):
                    raise following
                page, number = following, number + 1

    def _check_loop(self, detector: LoopDetector, records: Sequence[Raw], number: int) -> None:
        try:
            detector.check_records(records, number)
        except LoopError as error:
            error.advice = f"Check {self._code.name}: it may ask for the same page again and again."
            raise

    def _bodies(self) -> Generator[bytes]:
        """The pages as JSON. The code runs when the first one is asked for."""
        pages = self._begin()
        if not isinstance(pages, Iterable):
            raise NoPageError("nothing: it returned " + ("None" if pages is None else f"a {type(pages).__name__}"))
        yield from write_pages(pages, self._rules)

    def _next_page(self, bodies: Iterator[bytes], number: int) -> Page | None:
        """The page of this number; None if there is none. A response that the stream accepts is one. Raises FetchError.

        It is asked for whatever it costs: whether the code sends a request for it is not known.
        """
        self._limits.check(number - 1, self._client.clock())
        page = self._client.take_page(lambda: self._ask(bodies), self._rules, stop=self._stop)
        if page is not None:
            if page.accepted_failure is not None and page.accepted_end is None:
                refuse_later(page, number)
            self._client.note_accepted(page)
        return page

    def _ask(self, bodies: Iterator[bytes]) -> Page | None:
        """What the code yields next, or the response behind what it raises. Raises FetchError."""
        asked_at = self._client.clock()
        with listing(self._request.source):
            found = self._code.call(lambda: next(bodies, None))
        if found is None:
            return None
        return self._make_page(Response(200, _JSON, found) if isinstance(found, bytes) else found, asked_at)

    def _make_page(self, response: Response, asked_at: float) -> Page:
        return Page(
            status=response.status,
            headers=response.headers,
            body=response.body,
            url=self._client.mask(self._request.full_address()),
            fetched_at=datetime.fromtimestamp(asked_at, UTC),
            request=self._request,
        )

    def _look_ahead(self, bodies: Iterator[bytes], number: int) -> Page | FetchError | None:
        """The page after this number, or the error that came in its place, which must not hold this one back."""
        try:
            return self._next_page(bodies, number + 1)
        except FetchError as error:
            return error

    def _find_end(self, walked: WalkedPage) -> str | None:
        """Why a page is the last one, whatever the code would yield after it."""
        page = walked.page
        if page.accepted_end is not None:
            return f"accepted as the end: {page.accepted_end}"
        if page.accepted_failure is not None:
            return f"accepted as empty: {page.accepted_failure}"
        return None if self._should_stop is None else self._should_stop(walked)

    def _check_hints(self, page: Page, number: int, received: int) -> None:
        """Raise MissingPaginatorError if the last page says that there is more, and warn if it may say so."""
        hint = find_next_page_hint(
            page,
            records=self._rules.records,
            ignored=self._rules.data_fields,
            pages_read=number,
            # A total that the stream declares is compared with the whole list; one that it switched off is not read.
            received=received if self._rules.total == "" else None,
        )
        if hint is None:
            return
        problem = f"{hint.sign} in the last page says that there is more, but {self._code.name} yielded no more."
        advice = f'Yield all pages, or, if it is data, set data_fields = ("{hint.field}",).'
        if not hint.is_doubtful:
            raise page.make_error(MissingPaginatorError, problem, advice)
        self._doubts.add(f"unread {hint.field}", f"{page.url}: {problem.replace('says', 'may say')} {advice}")
