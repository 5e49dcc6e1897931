"""The error that a failed response stands for, in the vendor's own words. Each status is classified on purpose."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

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
from dazz_assets.http.rate_limit import allowance, named_wait

LONGEST = 500
_READ_BYTES = 1_000_000
_TEXT_KEYS = ("detail", "title", "message", "error_message", "error_description", "reason", "msg")
_LISTS = ("errors", "errorMessages", "error")
_RATE_LIMIT = re.compile(r"rate.?limit|too many requests|throttl|abuse detection|complexity.?(budget|exception)", re.I)


def vendor_text(body: bytes) -> str:
    """The messages of a body in JSON joined by "; ", or the start of any other body; at most `LONGEST` characters.

    Not masked: what an API echoes may hold the secret.
    """
    try:
        value = json.loads(body) if len(body) <= _READ_BYTES else None
    except (ValueError, RecursionError):
        value = None
    texts = list(dict.fromkeys(text for text in _messages(value) if text))
    if texts and isinstance(value, dict) and isinstance(value.get("documentation_url"), str):
        texts.append(value["documentation_url"])
    return shorten("; ".join(texts)) if texts else quote_start(body)


def quote_start(body: bytes) -> str:
    """The beginning of a body that is not understood, on one line."""
    return shorten(" ".join(body[: 4 * LONGEST].decode(errors="replace").split()), 200)


def shorten(text: str, longest: int = LONGEST) -> str:
    """The text, cut off where it is longer."""
    return text if len(text) <= longest else text[: longest - 3] + "..."


def error_messages(errors: list[Any]) -> str:
    """The messages of the `errors` of a success."""
    return vendor_text(json.dumps({"errors": errors}).encode())


def speaks_of_rate_limit(text: str | bytes) -> bool:
    """Whether a vendor's text gives a rate limit as the reason."""
    return _RATE_LIMIT.search(text if isinstance(text, str) else text[:20_000].decode(errors="replace")) is not None


def _messages(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value.strip()
    elif isinstance(value, list):
        for item in value[:10]:
            yield from _messages(item)
    elif isinstance(value, dict):
        for key in _TEXT_KEYS:
            if isinstance(value.get(key), str):
                yield value[key].strip()
        for key in _LISTS:
            yield from _messages(value.get(key))


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


def is_passing(status: int) -> bool:
    """Whether a failure with this status may be gone on the next attempt."""
    return status in PASSING or (status >= 500 and status not in FINAL)


def failure_of(status: int, headers: Mapping[str, str], body: bytes, now: float) -> FetchError:
    """The error that a response that is no success stands for, with the vendor's text (not masked) in it."""
    wait = named_wait(status, headers, body, now)
    said = vendor_text(body)
    problem = f"{status} {_phrase(status)}." + (f" The vendor says: {said}" if said else "")
    if not problem.endswith((".", "!", "?")):
        problem += "."
    if status == 429 or (status == 403 and _shows_rate_limit(headers, body, now)):
        return _passing(RateLimitedError(problem, status=status), wait)
    if is_passing(status):
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
