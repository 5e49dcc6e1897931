"""The seam of `requests`: where each of its adapters sends. The HTTP engine's requests pass here, and those of any
library that is built on it."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest import mock

import requests
import responses
from requests.adapters import HTTPAdapter
from responses.registries import FirstMatchRegistry
from urllib3 import HTTPResponse

from dazz_assets.http import Prepared
from dazz_assets.http.seam import Answered, Asked, Send

Tape = Callable[[Asked, Send], Answered]
"""Is given each request, and what really sends it; see `Seam`."""


class RequestsSeam:
    """Implements `Seam`."""

    @contextmanager
    def recording(self, tape: Tape) -> Iterator[None]:
        """See `Seam`."""
        really_send = HTTPAdapter.send

        def send(
            adapter: HTTPAdapter, request: requests.PreparedRequest, *settings: Any, **named: Any
        ) -> requests.Response:
            def sent(asked: Asked) -> Answered:
                with really_send(adapter, _with(request, asked), *settings, **named) as response:
                    return Answered(response.status_code, response.headers, response.content)

            return _response(request, tape(asked_of(request), sent))

        # The place that `responses` takes as well.
        with mock.patch.object(HTTPAdapter, "send", send), _silent(logging.getLogger("urllib3")):
            yield

    @contextmanager
    def replaying(self, script: Send) -> Iterator[None]:
        """See `Seam`."""

        class Script(FirstMatchRegistry):
            def find(self, request: requests.PreparedRequest) -> tuple[responses.BaseResponse | None, list[str]]:
                answered = script(asked_of(request))
                found = responses.Response(
                    request.method or "GET", request.url or "", answered.body, status=answered.status
                )
                found.headers = {"Content-Type": "application/octet-stream", **answered.headers}
                return found, []

        with responses.RequestsMock(registry=Script, assert_all_requests_are_fired=False):
            yield


@contextmanager
def _silent(log: logging.Logger) -> Iterator[None]:
    """Without what a log says at debug level: the addresses as they are sent, with what a tape put back."""
    level = log.level
    log.setLevel(max(level, logging.INFO))
    try:
        yield
    finally:
        log.setLevel(level)


def asked_of(prepared: requests.PreparedRequest) -> Asked:
    """What a request asks. A body that is a file or a generator is read to its end."""
    return Asked(
        prepared.method or "GET",
        prepared.url or "",
        {name: _text(value) for name, value in prepared.headers.items()},
        None if prepared.body is None else _read(prepared.body),
        prepared.source if isinstance(prepared, Prepared) else (),
    )


def _text(value: Any) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def _read(body: bytes | str | Iterable[bytes | str]) -> bytes:
    if isinstance(body, bytes | str):
        return _bytes(body)
    # Of a file larger pieces than its lines, which binary ones may hardly have.
    read = getattr(body, "read", None)
    return _bytes(read()) if read is not None else b"".join(map(_bytes, body))


def _bytes(text: bytes | str) -> bytes:
    return text.encode() if isinstance(text, str) else bytes(text)


def _with(prepared: requests.PreparedRequest, asked: Asked) -> requests.PreparedRequest:
    """The request that asks this."""
    changed = prepared.copy()
    changed.method, changed.url = asked.method, asked.url
    changed.headers.update(asked.headers)
    if asked.body is not None:
        # Whole now, what a generator would have sent in chunks.
        changed.headers.pop("Transfer-Encoding", None)
        changed.prepare_body(asked.body, None)
    return changed


def _response(prepared: requests.PreparedRequest, answered: Answered) -> requests.Response:
    headers: Mapping[str, str] = answered.headers
    raw = HTTPResponse(io.BytesIO(answered.body), headers, answered.status, preload_content=False)
    return HTTPAdapter().build_response(prepared, raw)
