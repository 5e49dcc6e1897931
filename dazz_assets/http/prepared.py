"""Requests as the library `requests` sends them, made from ours and read back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import requests
from requests.structures import CaseInsensitiveDict

from dazz_assets.http.errors import BadRequestError
from dazz_assets.http.page import Request, sent_params
from dazz_assets.http.plain_urls import is_plain
from dazz_assets.http.quotes import shorten

INVALID_REQUEST_ERRORS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidJSONError,
    requests.exceptions.InvalidProxyURL,
    UnicodeError,
    ValueError,
    TypeError,
)


_MOST_KEPT_HEADERS = 16


class PreparedRequest(requests.PreparedRequest):
    """A request as `requests` sends it, with the `source` of ours."""

    source: tuple[str, ...] = ()


class Preparer:
    """Makes requests of `requests` from ours. Threads may share it.

    Most requests differ from others in the URL alone, so the headers of the last ones are kept as they were prepared.

    headers: what each request has, unless it has its own.
    """

    def __init__(self, headers: Mapping[str, str] | None = None) -> None:
        self._defaults = dict(headers or {})
        self._known: dict[tuple[tuple[str, str], ...], CaseInsensitiveDict[str]] = {}

    def prepare(self, request: Request) -> PreparedRequest:
        """The request as it is sent. BadRequestError: it can't be sent."""
        prepared = PreparedRequest()
        prepared.source = request.source

        def prepare() -> None:
            # `PreparedRequest.prepare` also prepares cookies, auth and files, none of which a request of ours has.
            prepared.prepare_method(request.method)
            if (url := _find_plain_url(request)) is not None:
                prepared.url = url
            else:
                prepared.prepare_url(request.url, sent_params(request.params) or "")
            prepared.headers = self._prepare_headers({**self._defaults, **request.headers})
            if request.body is None:
                prepared.prepare_content_length(None)
            elif isinstance(request.body, bytes):
                prepared.prepare_body(request.body, None)
            else:
                prepared.prepare_body(None, None, request.body)

        _refuse_invalid(prepare)
        return prepared

    def sign(self, prepared: PreparedRequest, headers: Mapping[str, str]) -> PreparedRequest:
        """The same request with other headers. BadRequestError: one of them can't be sent."""
        signed = PreparedRequest()
        vars(signed).update(vars(prepared))

        def prepare() -> None:
            signed.headers = self._prepare_headers(headers)
            signed.prepare_content_length(signed.body)

        _refuse_invalid(prepare)
        return signed

    def _prepare_headers(self, headers: Mapping[str, str]) -> CaseInsensitiveDict[str]:
        key = tuple(headers.items())
        known = self._known.get(key) if all(isinstance(value, str) for value in headers.values()) else None
        if known is not None:
            return known.copy()  # Whoever sees the request later may change its headers.
        prepared = requests.PreparedRequest()
        prepared.prepare_headers(headers)
        if len(self._known) >= _MOST_KEPT_HEADERS:
            self._known.clear()
        self._known[key] = prepared.headers.copy()
        return prepared.headers


def _find_plain_url(request: Request) -> str | None:
    """The URL with its parameters, if that is what `requests` would make of them."""
    if not is_plain(request.url):
        return None
    if not request.params:
        return request.url
    if not all(value is None or isinstance(value, str | int) for value in request.params.values()):
        return None
    url = request.full_address()
    return url if is_plain(url) else None


def _refuse_invalid(prepare: Callable[[], None]) -> None:
    """Call what prepares a request. BadRequestError: it can't be sent."""
    problem = ""
    try:
        prepare()
    except INVALID_REQUEST_ERRORS as error:
        problem = innermost_reason(error)
    if problem:  # Raised out here, so that the error has no context with a URL in it.
        raise BadRequestError(f"the request can't be sent: {problem}.")


def read_prepared(prepared: requests.PreparedRequest) -> Request:
    """A request of the library `requests` as one of ours. A body that is a file or a generator is read to its end."""
    return Request(
        url=prepared.url or "",
        method=prepared.method or "GET",
        headers={name: _decode_header(value) for name, value in prepared.headers.items() if name != "Content-Length"},
        body=None if prepared.body is None else _read_sent_body(prepared.body),
        source=prepared.source if isinstance(prepared, PreparedRequest) else (),
    )


def _decode_header(value: Any) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def _read_sent_body(body: bytes | str | Iterable[bytes | str]) -> bytes:
    if isinstance(body, bytes | str):
        return _to_bytes(body)
    # Read a file whole: iterating would split it into lines, and a binary file may have few.
    read = getattr(body, "read", None)
    return _to_bytes(read()) if read is not None else b"".join(map(_to_bytes, body))


def _to_bytes(text: bytes | str) -> bytes:
    return text.encode() if isinstance(text, str) else bytes(text)


def innermost_reason(error: BaseException) -> str:
    """The innermost reason of an exception of `requests`, whose own text repeats the URL."""
    inner: Any = error
    for _ in range(5):
        below = getattr(inner, "reason", None) or next(
            (item for item in inner.args if isinstance(item, Exception)), None
        )
        if not isinstance(below, BaseException):
            break
        inner = below
    return shorten(" ".join(f"{type(inner).__name__}: {inner}".split()), 200).rstrip(".")
