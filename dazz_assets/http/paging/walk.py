"""Walks the pages of a list from the first to the last, and stops a walk that goes in circles (conformance 25, 26)."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from urllib.parse import parse_qsl, urlsplit

from msgspec import Raw

from dazz_assets.counts import format_count
from dazz_assets.http.client import Client
from dazz_assets.http.errors import (
    FetchError,
    LoopError,
    PlaceLostError,
    RefusedError,
    TooDeepError,
    VendorReportedError,
    WalkLimitError,
)
from dazz_assets.http.handover import Handover
from dazz_assets.http.page import Page, Request, WalkedPage, sent_params
from dazz_assets.http.paging.author_code import first_request, next_request
from dazz_assets.http.paging.counted_unit import check_unit
from dazz_assets.http.paging.hidden_rows import watch_hidden_rows
from dazz_assets.http.paging.kept_place import follow_place
from dazz_assets.http.paging.left_lists import describe_left_lists
from dazz_assets.http.paging.list_doubts import ListDoubts
from dazz_assets.http.paging.list_ends import ListEnds
from dazz_assets.http.paging.look_ahead import LookAhead
from dazz_assets.http.paging.loop_advice import REPEATS_ADVICE, advise_on_loop
from dazz_assets.http.paging.more import Last
from dazz_assets.http.paging.next_links import find_left_out
from dazz_assets.http.paging.pagination import (
    CursorToken,
    LinkHeader,
    NextLink,
    Paginator,
    records_path,
)
from dazz_assets.http.paging.refused_ends import advise_end, end_with, refuse_later
from dazz_assets.http.paging.tied_tokens import TiedTokens
from dazz_assets.http.paging.unread_more import UnreadMore
from dazz_assets.http.quotes import end_sentence, shorten
from dazz_assets.http.responses.failures import may_be_end, refuses_place
from dazz_assets.http.responses.redirects import describe_redirect
from dazz_assets.http.responses.response_rules import Accept, ResponseRules
from dazz_assets.http.responses.vendor_warnings import find_vendor_warning

MAX_PAGES = 100_000
MAX_SECONDS = 24 * 3600.0
LOOP_PAGES = 3
"""This many pages with the same records are a loop. Two are not: when a page's worth of records is inserted at the
front of a list during a walk, the next page repeats the last one."""
# Statuses with which APIs answer a request for a page behind the last one.
_MAY_MEAN_END = frozenset({400, 404, 416, 422})
# A batch is handed over at so many pages or bytes, and no more than that waits: a step over columns takes hardly longer
# for several pages than for one, and what it works on stays in the processor's cache.
_MOST_PAGES = 8
_MOST_BYTES = 512 * 1024
_JOIN_SECONDS = 2.0
_LONGEST_QUOTE = 200
_KEPT_PLACE_ADVICE = (
    "This place in the list was kept from the last sync. If the vendor has forgotten it, begin again at a day with "
    "`--since`, or with everything by `--refetch`."
)


def walk(
    client: Client,
    request: Request,
    *,
    paginator: Paginator | None = None,
    rules: ResponseRules | None = None,
    position: str | None = None,
    should_stop: Callable[[WalkedPage], str | None] | None = None,
    max_pages: int = MAX_PAGES,
    max_seconds: float = MAX_SECONDS,
    stop: threading.Event | None = None,
    concurrency: Callable[[], int] = lambda: 1,
) -> Generator[Sequence[WalkedPage]]:
    """The pages of a list in order, in batches of those that came quickly. More are fetched meanwhile.

    rules: how responses are to be read, and where the records are; an accepted failure ends the walk.
    position: where to begin, from the last page of an earlier walk; for paginators that keep their place.
    should_stop: called with each page before the next one is requested. A text that it returns ends the walk, as the
    `end_reason` of that page. It runs in the thread that fetches.
    stop: another thread may set it to end the walk, even while it waits (StoppedError). The walk sets it when it ends.
    concurrency: how many of its requests may be in flight at a time, asked before each page. More than one are only for
    paginators that count, see `LookAhead`; the pages come in order all the same.

    The last page has an `end_reason`: a caller that receives it knows that the walk is complete. To stop early, close
    the iterator; nothing more is sent then. Raises `FetchError`: LoopError, WalkLimitError (more than max_pages, or
    max_seconds by the client's clock) and MissingPaginatorError among others.
    """
    limits = WalkLimits(max_pages, max_seconds, client.clock() + max_seconds)
    rules = rules or ResponseRules()
    ahead = LookAhead(client, rules, paginator, concurrency)
    fetcher = _PageFetcher(client, request, paginator, rules, position, should_stop, limits, ahead)
    stop = stop or threading.Event()
    first_page, next_request = fetcher.fetch(fetcher.start, stop)
    if next_request is None:
        yield [first_page]
        return
    ready = Handover[WalkedPage](_MOST_PAGES, most_size=_MOST_BYTES, gathers=True)
    thread = threading.Thread(
        target=_fetch_pages, args=(fetcher, next_request, stop, ready), name="dazz-fetch", daemon=True
    )
    thread.start()
    try:
        pages: Sequence[WalkedPage] = [first_page]
        yield pages
        while pages[-1].end_reason is None:
            pages = ready.take()
            yield pages
    finally:
        stop.set()  # It ends the thread: at once if it is waiting, else after its request in flight.
        ready.close()
        thread.join(_JOIN_SECONDS)
        ahead.close()


def _fetch_pages(fetcher: _PageFetcher, second: Request, stop: threading.Event, ready: Handover[WalkedPage]) -> None:
    """Fetch the pages after the first one, while the reader handles those before them."""
    request: Request | None = second
    try:
        while request is not None:
            walked, request = fetcher.fetch(request, stop)
            ready.put(walked, size=len(walked.page.body), is_last=request is None)
    except BaseException as error:  # noqa: BLE001  (raised again in the thread that reads)
        ready.fail(error)


@dataclass(frozen=True, slots=True)
class WalkLimits:
    """How many pages a walk may read, and until when, in epoch seconds. seconds: how long that was at its start."""

    pages: int
    seconds: float
    ends_at: float

    def check(self, pages_read: int, now: float) -> None:
        """Call it before each page. WalkLimitError: none may follow."""
        if pages_read >= self.pages:
            raise WalkLimitError(f"the walk takes more than {format_count(self.pages, 'page')} (`max_pages`).")
        if now > self.ends_at:
            raise WalkLimitError(
                f"the walk takes longer than {self.seconds:.0f} s (`max_time`), after "
                f"{format_count(pages_read, 'page')}."
            )


class _PageFetcher:
    """Fetches one page of a walk at a time, from any thread."""

    def __init__(
        self,
        client: Client,
        request: Request,
        paginator: Paginator | None,
        rules: ResponseRules,
        position: str | None,
        should_stop: Callable[[WalkedPage], str | None] | None,
        limits: WalkLimits,
        ahead: LookAhead,
    ) -> None:
        self._ahead = ahead
        self._client = client
        self._paginator = paginator
        self._rules = rules
        self._should_stop = should_stop
        self._limits = limits
        self._repeats = isinstance(paginator, CursorToken) and paginator.repeats
        self._loop_detector = LoopDetector(requests_repeat=self._repeats)
        self._unread_more = UnreadMore(paginator)
        self._ties = TiedTokens(paginator)
        self._hidden = watch_hidden_rows(paginator)
        self._doubts = ListDoubts(client)
        self._ends = ListEnds(client, paginator, self._doubts, may_have_one_page=limits.pages == 1)
        self._number = self._received = 0
        self._last_page: Page | None = None
        self._last_request: Request | None = None
        self._is_sent_again = False
        self._place = follow_place(paginator, position)
        self._resumes = position is not None
        self.start = self._find_first(request)
        if position is not None and isinstance(paginator, LinkHeader | NextLink | CursorToken):
            self.start = paginator.go_on(self.start, position)

    def fetch(self, request: Request, stop: threading.Event) -> tuple[WalkedPage, Request | None]:
        """The page for a request, and the request for the page after it, or None."""
        try:
            return self._fetch(request, stop)
        except FetchError as error:
            failed = error
        except RecursionError:
            failed = TooDeepError()
        if isinstance(failed, LoopError):
            again = (self._ties.loop_advice or REPEATS_ADVICE) if self._is_sent_again and not self._repeats else ""
            failed.advice = advise_on_loop(self._paginator, self._last_page, self._last_request, failed.advice, again)
        # Raised out here, so that the error has no context that could hold a secret.
        raise failed.add_context(self._client.where, f"{request.method} {request.address()}", self._client.mask)

    def _fetch(self, request: Request, stop: threading.Event) -> tuple[WalkedPage, Request | None]:
        self._limits.check(self._number, self._client.clock())
        self._is_sent_again, self._last_request = request == self._last_request, request
        self._loop_detector.check_request(request)
        self._number += 1
        try:
            page = self._get(request, stop)
        except RefusedError as error:
            page = self._read_refusal(request, error)
        except VendorReportedError as error:
            if self._number > 1:
                self._check_place(error)
            raise
        before, self._last_page = self._last_page, page
        listed = page.listed(self._rules_of(request))
        records = listed.records
        self._warn_of_other_answer(page, self._loop_detector.check_records(records, self._number), len(records))
        if self._number == 1:
            self._ends.check_first(page, self._rules_of(request), len(records))
        elif self._number == 2 and self._paginator is not None and before is not None:
            self._ends.note_followed(before, page, self._rules_of(before.request), self._received)
        self._pass_on_warning(page, self._rules_of(request), len(records))
        if self._number == 1 and (left := describe_left_lists(page, self._rules_of(request))) is not None:
            self._client.warn("lists left", f"{request.method} {page.url}: {left}")
        self._received += len(records)
        if self._hidden is not None:
            self._hidden.add(request, records)
        following = self._find_next(request, page, before, len(records))
        seems_to_end = isinstance(following, Last) or (self._hidden is not None and self._hidden.empty_pages > 0)
        if seems_to_end and before is not None and self._number == 2 and not records:
            self._check_unit(page, before, stop)
        if isinstance(following, Request):
            self._check_link(request, following)
        if (tied := self._ties.check(page)) is not None:
            self._client.warn("tied token", f"{request.method} {page.url}: {tied}")
        self._check_more(request, page, is_last=isinstance(following, Last))
        end_reason = following.reason if isinstance(following, Last) else None
        position = self._find_position(request, page, is_last=isinstance(following, Last))
        doubts = self._doubts.take()
        walked = WalkedPage(page, self._number, records, end_reason, position, listed.ids, doubts)
        if isinstance(following, Last):
            return walked, None
        if self._should_stop is not None and (reason := self._should_stop(walked)) is not None:
            return replace(walked, end_reason=reason), None
        most = self._limits.pages - self._number
        self._ahead.plan(request, page, len(records), following, most, ends=self._should_stop is not None)
        return walked, following

    def _find_position(self, request: Request, page: Page, *, is_last: bool) -> str | None:
        """Where a later walk goes on if this one ends with this page, or None of a list that is no feed."""
        if self._place is None:
            return None
        if (lost := self._place.add(page, self._rules_of(request), is_last=is_last)) is not None:
            self._client.warn("resume", f"{request.method} {page.url}: {lost}")
        return self._place.position

    def _check_unit(self, page: Page, first: Page, stop: threading.Event) -> None:
        """Look at a list that ends with an empty second page."""
        rules = self._rules_of(self.start)
        if page.accepted_failure is None and page.accepted_end is None:
            check_unit(
                self._paginator,
                self.start,
                first,
                rules,
                lambda request: self._client.send(request, rules, stop=stop, until=self._limits.ends_at),
            )

    def _check_more(self, request: Request, page: Page, *, is_last: bool) -> None:
        """Tell of a paginator's `more` that the pages don't have."""
        records = self._rules_of(request).records
        if (warning := self._unread_more.check(page, self._number, records, is_last=is_last)) is not None:
            self._client.warn("more", f"{request.method} {page.url}: {warning}")

    def _warn_of_other_answer(self, page: Page, same_as: int | None, received: int) -> None:
        """Warn of a page that may not be the one that was asked for. same_as: the earlier page that it repeats."""
        url = f"{page.request.method} {page.url}"
        if page.final_url != page.url and (redirect := describe_redirect(page)) is not None:
            self._client.warn("redirect", f"{url}: {redirect}")
        if same_as is not None and received > 1:
            self._doubts.add(
                "repeated page",
                f"{url}: page {self._number} seems to hold the same {received} records as page {same_as}. If the "
                "vendor answered from a cache, or ignored where the page begins, records are missing: sync again, and "
                "correct `paginator` if it stays so.",
            )

    def _check_link(self, request: Request, following: Request) -> None:
        """Warn of a link to the second page that leads into another list."""
        is_link = self._number == 1 and isinstance(self._paginator, LinkHeader | NextLink)
        if is_link and (left_out := find_left_out(request, following)):
            keep = ", ".join(f'"{name}"' for name in left_out)
            self._doubts.add(
                "link",
                f"{request.method} {request.address()}: the link to the next page counts on, but leaves out "
                f"{', '.join(left_out)}, without which it may be in another list. So that they are sent again, set "
                f"keep = ({keep},) on the paginator.",
            )

    def _pass_on_warning(self, page: Page, rules: ResponseRules, received: int) -> None:
        if (warning := find_vendor_warning(page, rules, self._number, received, self._client.mask)) is None:
            return
        place, said = warning
        beside = "" if received else ", beside no records"
        self._client.warn(
            f"vendor's {place}",
            f"{page.request.method} {page.url}: the vendor warns (`{place}`{beside}): {end_sentence(said)} "
            f'If that is data, or known, set data_fields = ("{place}",).',
        )

    def _get(self, request: Request, stop: threading.Event) -> Page:
        """The page of a request, if it came ahead of its turn, or else asked for now."""
        page, rules = self._ahead.take(request, stop), self._rules_of(request)
        if self._last_page is not None and "skip" in rules.accept.values():
            rules = self._end_with_skipped(self._last_page, rules)
        if page is None or (page.accepted_failure is not None and page.accepted_end is None):
            moves_on = self._repeats and self._number > 1
            return self._client.send(request, rules, stop=stop, until=self._limits.ends_at, moves_on=moves_on)
        self._client.note_accepted(page)
        return page

    def _end_with_skipped(self, before: Page, rules: ResponseRules) -> ResponseRules:
        """The rules of a page behind one that may be the last: what says that there is no list may say so of a page."""
        if not self._ends.may_be_refused(before, rules, self._number - 1, self._received):
            return rules
        accept: Accept = {key: "end" if action == "skip" else action for key, action in rules.accept.items()}
        return replace(rules, accept=accept)

    def _read_refusal(self, request: Request, error: RefusedError) -> Page:
        """The end of the list, if that is what the refusal of its page means. Raises the error, or PlaceLostError."""
        before = self._last_page
        if self._resumes and self._number == 1:
            error.advice = _KEPT_PLACE_ADVICE
        elif before is not None and error.status in _MAY_MEAN_END:
            rules = self._rules_of(before.request)
            if self._ends.may_be_refused(before, rules, self._number - 1, self._received):
                return end_with(before, request, error, self._client.mask(error.problem))
            self._check_place(error)
            if may_be_end(error.problem):
                error.end_advice = advise_end(error.status, self._client.mask(error.problem), error.codes)
                error.advice += error.end_advice
        raise error

    def _check_place(self, error: FetchError) -> None:
        """Raises PlaceLostError instead, if that is what a refused later page says."""
        if refuses_place(" ".join((error.problem, *error.codes))):
            raise PlaceLostError(error.problem, url=error.url, status=error.status)

    def _rules_of(self, request: Request) -> ResponseRules:
        """How the page of a request is to be read."""
        records = records_path(self._paginator, request, self._rules.records)
        return self._rules if records == self._rules.records else replace(self._rules, records=records)

    def _find_first(self, request: Request) -> Request:
        try:
            return first_request(self._paginator, request)
        except FetchError as error:
            failed = error
        raise failed.add_context(self._client.where, "", self._client.mask)

    def _find_next(self, request: Request, page: Page, before: Page | None, received: int) -> Request | Last:
        if page.accepted_end is not None:
            return Last(f"accepted as the end: {page.accepted_end}")
        if page.accepted_failure is not None:
            refuse_later(page, self._number)
            return Last(f"accepted as empty: {page.accepted_failure}")
        if self._paginator is not None:
            following = next_request(self._paginator, request, page, received)
            if self._ties.is_end(page, received, leads_to_itself=following == request):
                following = Last("a page of which only the value that was sent leads on")
            following = self._ends.find_end(page, self._number, received, self._received) or following
            following = self._ends.read_on(page, received, following)
            if self._hidden is not None:
                following = self._hidden.find_next(request, page, following)
            if isinstance(following, Last):
                self._ends.check_last(page, before, self._rules_of(page.request), self._number, self._received)
            return following
        self._ends.check_last(page, before, self._rules_of(page.request), self._number, self._received)
        if page.document.is_empty:
            return Last("an empty body")
        return Last("the only page: there is no paginator, and it names no further page")


class LoopDetector:
    """Remembers the requests and pages of one walk, to find loops.

    requests_repeat: the same request may bring other pages, as for a scroll. The same page twice is a loop then.
    """

    def __init__(self, *, requests_repeat: bool = False) -> None:
        self._requests_repeat = requests_repeat
        self._requests: dict[bytes, int] = {}
        self._pages: dict[bytes, tuple[int, int]] = {}

    def check_request(self, request: Request) -> None:
        """Call it before a request is sent. LoopError: the walk has sent it before."""
        if self._requests_repeat:
            return
        number = len(self._requests) + 1
        earlier = self._requests.setdefault(_hash_request(request), number)
        if earlier != number:
            raise LoopError(
                f"page {number} would be the same request as page {earlier}: the pages go round in a circle of "
                f"{number - earlier} ({_format_params(request)}).",
            )

    def check_records(self, records: Sequence[Raw], number: int) -> int | None:
        """Call it with the records of each page, and its number. LoopError: they came too often for chance.

        Returns the number of an earlier page with the same records, or None.
        """
        if not records:
            return None
        told = records if self._requests_repeat else (records[0], records[-1])
        digest = blake2b(str(len(records)).encode(), digest_size=12)
        for record in told:  # One by one: a hash of more than 2,047 bytes gives up the interpreter's lock.
            digest.update(b"\0")
            digest.update(record)
        key = digest.digest()
        first, count = self._pages.get(key, (number, 0))
        self._pages[key] = first, count + 1
        if count and self._requests_repeat:
            raise LoopError(
                f"page {number} holds the same {format_count(len(records), 'record')} as page {first}, although a "
                "token that repeats goes on behind them (`repeats`)."
            )
        if count + 1 >= LOOP_PAGES:
            they = "It" if len(records) == 1 else "They"
            raise LoopError(
                f"page {number} holds the same {format_count(len(records), 'record')} as page {first}. {they} came "
                f"{count + 1} times, although each request was a different one.",
            )
        return first if count else None


def _hash_request(request: Request) -> bytes:
    """A hash of a request's method, URL, query in any order, and body."""
    parts = urlsplit(request.url)
    body = None if request.body is None else json.dumps(request.body, sort_keys=True, default=str)
    identity = repr((request.method, parts[:3], sorted(_list_params(request)), body))
    return blake2b(identity.encode(errors="surrogatepass"), digest_size=12).digest()


def _list_params(request: Request) -> list[tuple[str, str]]:
    """The parameters in a request's URL and `params`."""
    in_url = parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
    return [*in_url, *((name, str(value)) for name, value in sent_params(request.params).items())]


def _format_params(request: Request) -> str:
    text = ", ".join(f"{name}={value}" for name, value in _list_params(request)) or "no parameters"
    return shorten(text, _LONGEST_QUOTE)
