"""The fetch engine: fetches pages from an HTTP API, with auth, pacing, retries and limits.

Here is what a declaration names. What sends is imported from its own module (`client`, `walk`, `credential`), so that
reading integrations doesn't load `requests`.
"""

from dazz_assets.http.auth.auth import ApiKey, Auth, Basic, BearerToken
from dazz_assets.http.auth.auth_choice import Auths
from dazz_assets.http.auth.fetched_token import AuthConnection, TokenAuth
from dazz_assets.http.auth.oauth import ClientCredentials, JwtGrant, RefreshToken, TokenExchange
from dazz_assets.http.auth.signed_jwt import SignedJwt
from dazz_assets.http.errors import (
    BadRequestError,
    CredentialError,
    FetchError,
    LoopError,
    MissingPaginatorError,
    NotJsonError,
    PlaceLostError,
    RangeTooLargeError,
    RateLimitedError,
    RecordsPathError,
    RedirectError,
    RefusedError,
    ResponseTooLargeError,
    SignInError,
    StoppedError,
    TransientError,
    TransportError,
    UnavailableError,
    UndeclaredHostError,
    UnreachableError,
    VendorReportedError,
    WaitTooLongError,
    WalkLimitError,
)
from dazz_assets.http.json.body_format import Format
from dazz_assets.http.mask import Mask
from dazz_assets.http.page import Page, Param, Request, Response
from dazz_assets.http.paging.more import Last
from dazz_assets.http.paging.next_page_hints import find_next_page_hint
from dazz_assets.http.paging.pagination import (
    CursorToken,
    GraphQLCursor,
    LinkHeader,
    NextLink,
    Offset,
    PageNumber,
    Paginator,
)
from dazz_assets.http.rate_limit import Limiter, Rate, Rates, as_rates
from dazz_assets.http.responses.response_rules import Absence, Accept, ResponseRules, Shape
from dazz_assets.http.seam import Seam, Send, Tape
from dazz_assets.http.telemetry import ClientEvent, Counters
from dazz_assets.http.told_limits import Budget, requested_wait

__all__ = [
    "Absence",
    "Accept",
    "ApiKey",
    "Auth",
    "AuthConnection",
    "Auths",
    "BadRequestError",
    "Basic",
    "BearerToken",
    "Budget",
    "ClientCredentials",
    "ClientEvent",
    "Counters",
    "CredentialError",
    "CursorToken",
    "FetchError",
    "Format",
    "GraphQLCursor",
    "JwtGrant",
    "Last",
    "Limiter",
    "LinkHeader",
    "LoopError",
    "Mask",
    "MissingPaginatorError",
    "NextLink",
    "NotJsonError",
    "Offset",
    "Page",
    "PageNumber",
    "Paginator",
    "Param",
    "PlaceLostError",
    "RangeTooLargeError",
    "Rate",
    "RateLimitedError",
    "Rates",
    "RecordsPathError",
    "RedirectError",
    "RefreshToken",
    "RefusedError",
    "Request",
    "Response",
    "ResponseRules",
    "ResponseTooLargeError",
    "Seam",
    "Send",
    "Shape",
    "SignInError",
    "SignedJwt",
    "StoppedError",
    "Tape",
    "TokenAuth",
    "TokenExchange",
    "TransientError",
    "TransportError",
    "UnavailableError",
    "UndeclaredHostError",
    "UnreachableError",
    "VendorReportedError",
    "WaitTooLongError",
    "WalkLimitError",
    "as_rates",
    "find_next_page_hint",
    "requested_wait",
]
