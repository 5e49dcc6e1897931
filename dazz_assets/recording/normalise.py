"""Requests and responses as recordings have them: redacted, and without what is new in each run."""

from __future__ import annotations

from dataclasses import replace

from dazz_assets.http import Request, Response
from dazz_assets.privacy.json_tokens import compact_json, trim_list
from dazz_assets.privacy.redactor import Redactor
from dazz_assets.recording.exchange_file import LATIN_1, UTF_8, change_text, find_charset
from dazz_assets.spec.specs import StreamSpec

# What requests and urllib3 add by themselves, and what says nothing of the request.
_OUR_HEADERS = frozenset(
    {"accept-encoding", "connection", "content-length", "cookie", "host", "transfer-encoding", "user-agent"}
)
# What the engine acts on, or a reader wants to know. The rest is new in each run, or nobody's business.
_THEIR_HEADERS = frozenset({"content-type", "deprecation", "link", "location", "sunset"})
_ON_REFUSAL = ("retry-after", "ratelimit", "rate-limit")


def normalise_request(request: Request, redactor: Redactor) -> Request:
    """A request as its file has it; the same for one that is recorded and one that is replayed."""
    redactor = redactor.for_requests
    headers = {name: value for name, value in request.headers.items() if name.lower() not in _OUR_HEADERS}
    return replace(
        request,
        method=request.method.upper(),
        url=redactor.text(request.url),
        headers=dict(sorted(redactor.headers(headers).items())),
        body=_request_body_as_recorded(request, redactor) if request.body else None,
    )


def normalise_response(
    response: Response, redactor: Redactor, stream: StreamSpec | None, records: int | None
) -> Response:
    """A response as its file has it; of a stream's page so many records, or all."""
    is_refusal = response.status >= 400
    headers = {name: value for name, value in response.headers.items() if _is_kept(name.lower(), is_refusal=is_refusal)}
    return Response(
        response.status,
        dict(sorted(redactor.headers(headers).items())),
        _body_as_recorded(response, redactor, stream, records),
    )


def _is_kept(name: str, *, is_refusal: bool) -> bool:
    # On a success the numbers of a rate limit are others in each run; on a refusal they say how long to wait.
    return name in _THEIR_HEADERS or (is_refusal and any(part in name for part in _ON_REFUSAL))


def _request_body_as_recorded(request: Request, redactor: Redactor) -> bytes:
    return change_text(request.body, request.headers, lambda text: _text_as_recorded(text, redactor))


def _text_as_recorded(text: str, redactor: Redactor) -> str:
    try:
        return compact_json(redactor.json(text))
    except ValueError:
        return redactor.text(text)


def _body_as_recorded(response: Response, redactor: Redactor, stream: StreamSpec | None, records: int | None) -> bytes:
    body = change_text(response.body, response.headers, lambda text: _page_as_recorded(text, redactor, stream, records))
    if find_charset(body, response.headers) != LATIN_1:
        return body
    # What passes for Latin-1 may be UTF-8 that was cut within a letter.
    return redactor.text(body.decode(UTF_8, "surrogateescape")).encode(UTF_8, "surrogateescape")


def _page_as_recorded(text: str, redactor: Redactor, stream: StreamSpec | None, records: int | None) -> str:
    try:
        if stream is not None and records is not None:
            text = trim_list(text, stream.records, records)
        personal = stream.personal if stream is not None else ()
        return compact_json(redactor.json(text, personal, stream.records if stream is not None else ""))
    except ValueError:
        return redactor.text(text)
