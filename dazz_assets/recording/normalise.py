"""Normalise requests and responses for a recording: redact them, and drop what differs in each run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from dazz_assets.http import Request, Response
from dazz_assets.privacy.json_tokens import compact_json
from dazz_assets.privacy.redactor import Redactor
from dazz_assets.recording.exchange_file import LATIN_1, UTF_8, change_text, find_charset

# Headers that requests and urllib3 add, and those that don't describe the request.
_OMITTED_REQUEST_HEADERS = frozenset(
    {"accept-encoding", "connection", "content-length", "cookie", "host", "transfer-encoding", "user-agent"}
)
# Headers that the engine acts on or that a reader wants to see. Others differ in each run, or may be confidential.
_KEPT_RESPONSE_HEADERS = frozenset({"content-type", "deprecation", "link", "location", "sunset"})
_KEPT_ON_REFUSAL = ("retry-after", "ratelimit", "rate-limit")


def normalise_request(request: Request, redactor: Redactor) -> Request:
    """A request as its file has it. A recorded request and its replay normalise to the same."""
    redactor = redactor.for_requests
    headers = {name: value for name, value in request.headers.items() if name.lower() not in _OMITTED_REQUEST_HEADERS}
    return replace(
        request,
        method=request.method.upper(),
        url=redactor.redact_text(request.url),
        headers=dict(sorted(redactor.redact_headers(headers).items())),
        body=_redact_request_body(request, redactor) if request.body else None,
    )


def normalise_response(response: Response, redactor: Redactor, change_page: Callable[[str], str]) -> Response:
    """A response as its file has it. change_page: cuts and redacts the text of its body."""
    is_refusal = response.status >= 400
    headers = {name: value for name, value in response.headers.items() if _is_kept(name.lower(), is_refusal=is_refusal)}
    body = change_text(response.body, response.headers, change_page)
    if find_charset(body, response.headers) == LATIN_1:
        # What looks like Latin-1 may be UTF-8 that was cut within a letter.
        body = redactor.redact_text(body.decode(UTF_8, "surrogateescape")).encode(UTF_8, "surrogateescape")
    return Response(response.status, dict(sorted(redactor.redact_headers(headers).items())), body)


def _is_kept(name: str, *, is_refusal: bool) -> bool:
    # Rate limit headers differ in each run, but on a refusal they say how long to wait.
    return name in _KEPT_RESPONSE_HEADERS or (is_refusal and any(part in name for part in _KEPT_ON_REFUSAL))


def _redact_request_body(request: Request, redactor: Redactor) -> bytes:
    return change_text(request.body, request.headers, lambda text: redact_body_text(text, redactor))


def redact_body_text(text: str, redactor: Redactor) -> str:
    """A body's text, redacted: token by token if it is JSON, and then without white space between tokens."""
    try:
        return compact_json(redactor.redact_json(text))
    except ValueError:
        return redactor.redact_text(text)
