"""The fetch engine: pages of bytes from an HTTP API, authenticated, paced, retried and bounded."""

from dazz_assets.http.auth import ApiKey, Auth, Basic, BearerToken
from dazz_assets.http.authenticator import Authenticator
from dazz_assets.http.client import Client
from dazz_assets.http.errors import (
    BadRequestError,
    CredentialError,
    FetchError,
    ForbiddenError,
    LoopError,
    MissingPaginatorError,
    NotFoundError,
    NotJsonError,
    PassingError,
    RateLimitedError,
    RecordsPathError,
    RedirectError,
    RefusedError,
    ResponseTooLargeError,
    StoppedError,
    TransportError,
    UnauthorizedError,
    UnavailableError,
    UndeclaredHostError,
    UnreachableError,
    VendorReportedError,
    WaitTooLongError,
    WalkLimitError,
)
from dazz_assets.http.limits import Limiter, Rate
from dazz_assets.http.masking import Mask
from dazz_assets.http.more import says_more
from dazz_assets.http.page import Page, Param, Request, Response
from dazz_assets.http.pagination import (
    CursorToken,
    GraphQLCursor,
    Last,
    LinkHeader,
    NextLink,
    Offset,
    PageNumber,
    Paginator,
)
from dazz_assets.http.reading import Accept
from dazz_assets.http.seam import Seam, Send, Tape
from dazz_assets.http.telemetry import Counters, Event
from dazz_assets.http.waits import wait_named
from dazz_assets.http.walk import Walked, walk

__all__ = [
    "Accept",
    "ApiKey",
    "Auth",
    "Authenticator",
    "BadRequestError",
    "Basic",
    "BearerToken",
    "Client",
    "Counters",
    "CredentialError",
    "CursorToken",
    "Event",
    "FetchError",
    "ForbiddenError",
    "GraphQLCursor",
    "Last",
    "Limiter",
    "LinkHeader",
    "LoopError",
    "Mask",
    "MissingPaginatorError",
    "NextLink",
    "NotFoundError",
    "NotJsonError",
    "Offset",
    "Page",
    "PageNumber",
    "Paginator",
    "Param",
    "PassingError",
    "Rate",
    "RateLimitedError",
    "RecordsPathError",
    "RedirectError",
    "RefusedError",
    "Request",
    "Response",
    "ResponseTooLargeError",
    "Seam",
    "Send",
    "StoppedError",
    "Tape",
    "TransportError",
    "UnauthorizedError",
    "UnavailableError",
    "UndeclaredHostError",
    "UnreachableError",
    "VendorReportedError",
    "WaitTooLongError",
    "WalkLimitError",
    "Walked",
    "says_more",
    "wait_named",
    "walk",
]
