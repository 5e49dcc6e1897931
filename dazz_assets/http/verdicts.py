"""What a response means: a page, something that passes, or something final. Each status is classified on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from dazz_assets.http.complaints import speaks_of_rate_limit, vendor_text
from dazz_assets.http.errors import (
    FetchError,
    ForbiddenError,
    NotFoundError,
    PassingError,
    RateLimitedError,
    RefusedError,
    UnauthorizedError,
    UnavailableError,
)
from dazz_assets.http.waits import allowance, wait_named

# Conformance 12. What is not here: other 5xx pass, anything else is final.
PASSING = frozenset(
    {
        408,  # The server gave up waiting for the request.
        425,  # Too early: asks for the same request again.
        429,  # Too many requests.
        500,
        502,
        503,
        504,
        *range(520, 531),  # What proxies and CDNs answer for a server that they can't reach.
        598,
        599,
    }
)
FINAL = frozenset(
    {
        *range(400, 408),  # Bad request, credentials, payment, permission, not found, method, not acceptable, proxy.
        409,  # A conflict of state: reading again does not resolve it.
        *range(410, 419),  # Gone, length, precondition, too large (2), media type, range, expectation; 418 is a block.
        421,
        422,
        423,  # Locked: by someone's decision, not for a moment.
        424,
        426,
        428,
        431,
        451,
        501,  # Not implemented: nor will it be on the next attempt.
        505,
        506,
        508,
        510,
        511,  # A captive portal wants a login.
    }
)

ADVICE: Mapping[int, str] = {
    400: "Check the stream's path and params against the vendor's documentation.",
    401: "Check the connection's credentials: they may be wrong, revoked or expired; replace them in its config.",
    403: "Grant the permission that this stream needs to the connection's credentials, at the vendor.",
    404: "Check base_url and the stream's path, and whether the credentials may see it (many vendors say 404 then).",
    405: "Set the stream's `method` to one that the vendor allows there.",
    407: "Check the proxy's settings in the environment.",
    410: "The vendor took this away: move the stream to the endpoint that replaces it.",
    413: "Make the request's body smaller: fewer fields, or a smaller page.",
    414: "Make the URL shorter: fewer params, or move them to the body.",
    422: "Check the stream's params against the vendor's documentation.",
    431: "Make the request's headers smaller.",
    451: "The vendor withholds it for legal reasons; leave it out.",
    511: "The network wants a login before it lets requests out.",
}
_CLASSES: Mapping[int, type[RefusedError]] = {401: UnauthorizedError, 403: ForbiddenError, 404: NotFoundError}


def passes(status: int) -> bool:
    """Whether a failure with this status may be gone on the next attempt."""
    return status in PASSING or (status >= 500 and status not in FINAL)


def failure(status: int, headers: Mapping[str, str], body: bytes, now: float) -> FetchError:
    """The error that a response that is no success stands for, with the vendor's text (not masked) in it."""
    wait = wait_named(status, headers, body, now)
    said = vendor_text(body)
    problem = f"{status} {_phrase(status)}." + (f" The vendor says: {said}" if said else "")
    if not problem.endswith((".", "!", "?")):
        problem += "."
    if status == 429 or (status == 403 and _shows_rate_limit(headers, body, now)):
        return _passing(RateLimitedError(problem, status=status), wait)
    if passes(status):
        return _passing(UnavailableError(problem, status=status), wait)
    kind = _CLASSES.get(status, RefusedError)
    return kind(problem, status=status, advice=ADVICE.get(status, ""))


def _passing(error: PassingError, wait: float | None) -> PassingError:
    error.wait = wait
    return error


def _shows_rate_limit(headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether a 403 is about a rate limit and not about permissions: by its headers, or by its words."""
    left = allowance(headers, now)
    return "retry-after" in headers or (left is not None and left.remaining <= 0) or speaks_of_rate_limit(body)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(no standard meaning)"
