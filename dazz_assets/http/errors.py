"""What can go wrong between a vendor and us, as exceptions that say what happened, where, and what to do.

Their texts hold no secret: whoever raises one has masked it, and none keeps a request, a session or a cause that does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Self


class FetchError(Exception):
    """A request, or a walk over pages, that failed.

    `where` is the connection ("snyk/acme"), `url` the method and address without secrets, `status` the HTTP status if
    there was one, `advice` a sentence that says what to do.
    """

    advice: str = ""

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

    def placed(self, where: str, url: str, mask: Callable[[str], str]) -> Self:
        """This error, with its place where it has none yet, and with all secrets out of its text."""
        self.where = self.where or where
        self.url = mask(self.url or url)
        self.problem = mask(self.problem)
        self.args = (self.problem,)
        # Exceptions of requests, and the frames that they passed through, hold requests with their headers.
        self.__cause__ = self.__context__ = None
        return self.with_traceback(None)

    def __str__(self) -> str:
        place = ": ".join(part for part in (self.where, self.url) if part)
        text = f"{place}: {self.problem}" if place else self.problem
        return f"{text} {self.advice}" if self.advice else text


class PassingError(FetchError):
    """What may be different in a moment. `wait` is how long the vendor asked us to wait, in seconds, if it did."""

    wait: float | None = None
    holds_others: bool = False
    """Whether the connection's other requests should wait as well."""


class TransportError(PassingError):
    """No answer, or half of one: a timeout, a reset, a name that did not resolve, a body cut short."""

    advice = "It was tried several times; check that the address is right and can be reached from here."


class UnreachableError(TransportError):
    """Nobody is there: a name that did not resolve, a connection that was refused or not made in time."""


class UnavailableError(PassingError):
    """The vendor answered that it can't answer now: 408, 425, 5xx."""

    advice = "It was tried several times; the next sync tries again."


class RateLimitedError(PassingError):
    """The vendor says that there were too many requests: a 429, or a 403 or 200 that says so."""

    advice = "Lower the integration's rate or concurrency, or sync less often."
    holds_others = True


class NotJsonError(PassingError):
    """A success whose body is no JSON: mostly a page of HTML from a proxy or a login."""

    advice = "Check that base_url is the API's address and not that of the web pages."


class RefusedError(FetchError):
    """The vendor refused the request with a status that another attempt would not change."""


class UnauthorizedError(RefusedError):
    """401: the credentials are wrong, or no longer valid."""


class ForbiddenError(RefusedError):
    """403: the credentials are right but may not do this."""


class NotFoundError(RefusedError):
    """404: not there, or not visible to these credentials."""


class VendorReportedError(FetchError):
    """A 200 whose body holds errors. `text` of the vendor is in the message."""

    advice = 'If the data beside the errors is worth keeping, set accept = {200: "keep"} on the stream.'


class WaitTooLongError(FetchError):
    """The vendor asked for a longer wait than a sync should sit out. `seconds` is how long it asked for."""

    seconds: float = 0.0
    advice = "Nothing more was sent. Sync again after that time."


class UndeclaredHostError(FetchError):
    """A redirect, a link or the auth leads to a host that the integration does not declare. Nothing was sent there."""

    advice = "If that host is the vendor's, add it to the integration's `hosts`."


class RedirectError(FetchError):
    """A redirect without an address, or too many of them."""

    advice = "Check base_url and the stream's path."


class ResponseTooLargeError(FetchError):
    """A response larger than the bound, counted after decompression."""

    advice = "Ask for fewer records a page."


class BadRequestError(FetchError):
    """A request that can't be sent as it is: an address, a header or a body that HTTP does not allow."""

    advice = "Check base_url, and the stream's path, params and headers."


class CredentialError(FetchError):
    """An auth that fails: the connection's config can't fill its template, or an author's own flow goes wrong."""

    advice = "Correct that field in the connection's config."


class RecordsPathError(FetchError):
    """The path of the records leads to no list in the page."""

    advice = "Set `records` to the path of the list in the page (empty where the page is the list)."


class LoopError(FetchError):
    """A walk that goes round in a circle."""

    advice = "Check the stream's paginator: the vendor may not know the parameter, or names the same page again."


class WalkLimitError(FetchError):
    """A walk that took more pages, or more time, than its bound."""

    advice = "Narrow the stream, or check that its paginator comes to an end."


class MissingPaginatorError(FetchError):
    """The first page says that there is more, and no paginator is set to fetch it."""

    advice = "Set `paginator` on the stream or the integration."


class LinkError(FetchError):
    """What a page gives as the link to the next one is no address."""

    advice = (
        "Correct the paginator's path, or, where the vendor gives a token to be sent as a parameter, use "
        "CursorToken(path, param=...)."
    )


class StoppedError(FetchError):
    """The caller no longer wants the answer; raised in place of waiting or sending."""
