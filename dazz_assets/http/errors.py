"""Exceptions for failed requests and walks. Each says what happened, where, and what to do about it.

`FetchError.add_context` masks the text and drops the cause before an error leaves this package, so that neither holds a
secret.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

NOT_MODIFIED = 304
UNAUTHORIZED = 401
REFUSES_ACCESS = frozenset({UNAUTHORIZED, 403, 404})
"""Statuses that mean that the credentials may not read this. Many vendors answer 404 for what may not be seen."""
# Forbidden, not found, gone, or legally withheld.
_REFUSES_ONE_PARENT = frozenset({403, 404, 410, 451})


class FetchError(Exception):
    """A request, or a walk over pages, failed.

    where: the connection ("desk/acme"). url: the method and URL, without secrets. status: the HTTP status, if a
    response came. advice: a sentence that says what to do.
    """

    advice: str = ""
    refusal: int | None = None
    """The status that a refusal stands for: its own, one that the body tells, or 403 if only the vendor's words do."""
    codes: Sequence[str] = ()
    """What the body of a refusal gives as the reason, such as `invalid_cursor`."""
    end_advice: str = ""
    """What to set if the list ends where a later page was refused: the end of `advice`; empty for other failures."""
    needs: tuple[str, ...] = ()
    """The permissions of which one is missing: that which the vendor names, or else those that the stream declares."""
    unfound: tuple[str, ...] = ()
    """The fields of the config that are part of the address which was not found."""

    def __init__(
        self, problem: str, *, where: str = "", url: str = "", status: int | None = None, advice: str = ""
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.where = where
        self.url = url
        self.status = status
        if advice:
            self.advice = advice

    @property
    def is_access_refused(self) -> bool:
        """Whether the vendor says that the credentials may not read this, with a status or in its words."""
        return self.refusal in REFUSES_ACCESS

    @property
    def is_of_one_parent(self) -> bool:
        """Whether a sync passes over the parent that was asked for, and goes on with the others."""
        return self.refusal in _REFUSES_ONE_PARENT

    def add_context(self, where: str, url: str, mask: Callable[[str], str]) -> Self:
        """Add the connection and the URL where they are missing, mask all secrets, and return this error."""
        self.where = self.where or where
        self.url = mask(self.url or url)
        self.problem = mask(self.problem)
        self.args = (self.problem,)
        # Exceptions raised by `requests`, and their stack frames, hold requests with their headers.
        self.__cause__ = self.__context__ = None
        return self.with_traceback(None)

    def __str__(self) -> str:
        context = ": ".join(part for part in (self.where, self.url) if part)
        text = f"{context}: {self.problem}" if context else self.problem
        return f"{text} {self.advice}" if self.advice else text


class TransientError(FetchError):
    """A failure that another attempt may not meet. wait: the seconds that the vendor, or a rate's pause, asks for."""

    wait: float | None = None
    holds_others: bool = False
    """Whether the connection's other requests should wait too."""


class TransportError(TransientError):
    """No complete response came: a timeout, a reset, a name that did not resolve, a body that was cut short."""

    advice = "It was tried several times; check that the address is right and can be reached from here."


class UnreachableError(TransportError):
    """No connection could be made: the name did not resolve, or the connection was refused or timed out."""


class UnavailableError(TransientError):
    """The vendor can't handle the request right now: 408, 425, 5xx."""

    advice = "It was tried several times; the next sync tries again."


class RateLimitedError(TransientError):
    """The vendor reports too many requests: with a 429, or in the text of a 403 or 200."""

    advice = (
        "Lower the integration's rate or concurrency, or sync less often. If the vendor takes nothing until it was "
        "left alone for a while, set so many seconds: rate = Rate(..., pause=60)."
    )
    holds_others = True
    outlasts_sync: bool = False
    """Whether the limit is one of a day or longer, without a wait that the vendor asks for: it is not tried again."""
    outlasts_pauses: bool = False
    """Whether it came again after all the pauses of the rate, or there is no time for one: it is not tried again."""


class NotJsonError(TransientError):
    """A successful response whose body is not JSON: usually an HTML page from a proxy or a login."""

    advice = "Check that base_url is the address of the API and not of the web pages."


class TooDeepError(FetchError):
    """A response is JSON, and too deeply nested to be read."""

    advice = "If the vendor lets requests name the fields that they want, leave out the one that is nested."

    def __init__(self, status: int | None = None) -> None:
        super().__init__("a value in the response is nested too deeply to be read.", status=status)


class EmptyBodyError(TransientError):
    """A successful response with an empty body, which may be a list cut off as well as a list without records."""

    advice = 'It was tried several times. If it means that there are no records, set empty = ("body",) on the stream.'


class NotReadyError(TransientError):
    """A 202: the vendor is still making the list. monitor: the address at which it says how far it is, if it did."""

    monitor: str | None = None
    advice = (
        "It was asked for again until the walk's time was over (`max_time`). If it means that there are no records, "
        'set accept = {202: "skip"} on the stream.'
    )


class JobBegunError(FetchError):
    """A POST was accepted without a list of records: it may have begun a job, so it is not sent again."""

    advice = (
        "It is not sent again, which could begin another job. Give the job a stream of its own (the object in "
        '`records`, with shape = "object") and its result a sub-stream, whose path names the job: "/jobs/{parent.id}". '
        'If the vendor asks for the same request again, say by which text of the body: accept = {(%d, "busy"): '
        '"retry"}.'
    )


class RangeTooLargeError(FetchError):
    """The vendor lists a smaller range only, in the stream's words: `accept = {422: "split"}`."""

    advice = "Give the stream's Cursor both `since` and `until`, so that its range can be split, or a `step`."


class RefusedError(FetchError):
    """The vendor refused the request with a status that another attempt would not change, such as 401, 403 or 404.

    needs: the permissions of which one is missing.
    """

    def __init__(
        self,
        problem: str,
        *,
        where: str = "",
        url: str = "",
        status: int | None = None,
        advice: str = "",
        needs: Sequence[str] = (),
    ) -> None:
        super().__init__(problem, where=where, url=url, status=status, advice=advice)
        self.refusal = status
        self.needs = tuple(needs)


class BlockedError(RefusedError):
    """The answer seems to be that of something in front of the API, so it says nothing of what was asked for.

    is_certain: whether it bears the mark of that. Else it is a web page, which a stream may accept by its status.
    """

    is_certain: bool = False
    advice = (
        "Something in front of the API seems to have answered (a firewall, a CDN, a proxy), not the API itself: let it "
        "pass requests from here, or ask the vendor to; fewer at a time may be enough (`rate`, `concurrency`)."
    )

    def __init__(
        self, problem: str, *, where: str = "", url: str = "", status: int | None = None, advice: str = ""
    ) -> None:
        super().__init__(problem, where=where, url=url, status=status, advice=advice)
        self.refusal = None


class PlaceLostError(RefusedError):
    """The vendor no longer takes its own place in a list (a token, a cursor, a link), so the rest can't be read."""

    advice = (
        "The vendor no longer takes its own place in the list, so the rest is missing: sync again. If that happens "
        "each time, make the walk shorter: larger pages, or a `step` on the stream's Cursor."
    )


class VendorReportedError(FetchError):
    """A 200 whose body reports an error. The message quotes it."""


class WaitTooLongError(FetchError):
    """The vendor asked for a longer wait than a sync accepts. seconds: how long it asked for."""

    seconds: float = 0.0
    advice = "Nothing more was sent. Sync again after that time."


class UndeclaredHostError(FetchError):
    """A redirect, a link or the auth leads to an undeclared host. Nothing was sent there."""

    advice = "If that host is the vendor's, add it to the integration's `hosts`."


class RedirectError(FetchError):
    """A redirect has no address, or there were too many redirects."""

    advice = "Check base_url and the stream's path."


class ResponseTooLargeError(FetchError):
    """A response is larger than allowed, counted after decompression."""

    advice = "Ask for fewer records per page."


class BadRequestError(FetchError):
    """A request can't be sent: HTTP does not allow its URL, a header or its body."""

    advice = "Check base_url, and the stream's path, params and headers."


class CredentialError(FetchError):
    """The auth failed: the connection's config can't fill its template, or the author's own flow went wrong."""

    advice = "Correct that field in the connection's config."


class SignInError(CredentialError, RefusedError):
    """The vendor refused a request of the auth's own, such as that for a token, so that nothing can be asked for."""

    def __init__(
        self, problem: str, *, where: str = "", url: str = "", status: int | None = None, advice: str = ""
    ) -> None:
        super().__init__(problem, where=where, url=url, status=status, advice=advice)
        self.refusal = None  # Of no stream and no parent: nothing of them was asked for.

    @classmethod
    def from_refusal(cls, error: RefusedError, advice: str) -> Self:
        """The error for the refusal of such a request, with its words. advice: on the auth's credentials."""
        begin = "The connection can't sign in. "
        if error.status in (404, 405, 410):
            begin += "Check this address first: the integration's auth names it. "
        return cls(error.problem, where=error.where, url=error.url, status=error.status, advice=begin + advice)

    def copy(self) -> Self:
        """The same error, to be raised once more."""
        return type(self)(self.problem, where=self.where, url=self.url, status=self.status, advice=self.advice)


class PaginatorError(FetchError):
    """An author's own paginator raised an exception, or returned something else than its protocol says."""

    advice = "Correct the paginator."


class CodeError(FetchError):
    """The code that makes a stream's pages, or the client for it, raised what no response explains."""

    advice = (
        "If an SDK raised it because of what the vendor answered, return that answer in the integration's "
        "`error_response`; else correct the code."
    )


class RecordsPathError(FetchError):
    """The path in `records` does not lead to a list in the page."""

    advice = "Set `records` to the path of the list in the page (empty where the page is the list)."


class RepeatedNameError(FetchError):
    """A page names a field twice, with two values: nobody can tell which of them it means."""

    advice = "The vendor has to send each name once: records may be missing whichever value is read."


class LoopError(FetchError):
    """A walk goes round in circles."""

    advice = "Check the stream's paginator: the vendor may ignore its parameter, or keep naming the same next page."


class WalkLimitError(FetchError):
    """A walk took more pages or more time than allowed."""

    advice = "Narrow the stream, or check that its paginator comes to an end."


class MissingPaginatorError(FetchError):
    """The first page says that there are more pages, but no paginator fetches them."""

    advice = "Set `paginator` on the stream or the integration."


class LinkError(FetchError):
    """The value that a page gives as the link to the next one is not a URL."""

    advice = (
        "Correct the paginator's path. If the vendor gives a token to send as a parameter, use "
        "CursorToken(path, param=...)."
    )


class StoppedError(FetchError):
    """The caller stopped the walk; raised instead of waiting or sending."""
