"""The seam of `requests`: where each of its adapters sends."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import requests
import responses
from requests.adapters import HTTPAdapter
from responses.registries import FirstMatchRegistry
from urllib3 import HTTPResponse

from dazz_assets.http import Request, Response, Send, Tape
from dazz_assets.http.transport import read_prepared


class RequestsSeam:
    """Implements `Seam`."""

    @contextmanager
    def recording(self, tape: Tape) -> Iterator[None]:
        """See `Seam`."""
        really_send = HTTPAdapter.send

        def send(
            adapter: HTTPAdapter, request: requests.PreparedRequest, *settings: Any, **named: Any
        ) -> requests.Response:
            def sent(changed: Request) -> Response:
                with really_send(adapter, _with(request, changed), *settings, **named) as response:
                    return Response(response.status_code, response.headers, response.content)

            return _response(request, tape(read_prepared(request), sent))

        # The place that `responses` takes as well.
        with mock.patch.object(HTTPAdapter, "send", send), _silent(logging.getLogger("urllib3")):
            yield

    @contextmanager
    def replaying(self, script: Send) -> Iterator[None]:
        """See `Seam`."""

        class Script(FirstMatchRegistry):
            def find(self, request: requests.PreparedRequest) -> tuple[responses.BaseResponse | None, list[str]]:
                response = script(read_prepared(request))
                found = responses.Response(
                    request.method or "GET", request.url or "", response.body, status=response.status
                )
                found.headers = {"Content-Type": "application/octet-stream", **response.headers}
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


def _with(prepared: requests.PreparedRequest, request: Request) -> requests.PreparedRequest:
    """The request of the library that sends this one."""
    changed = prepared.copy()
    changed.method, changed.url = request.method, request.url
    changed.headers.update(request.headers)
    if request.body is not None:
        # Whole now, what a generator would have sent in chunks.
        changed.headers.pop("Transfer-Encoding", None)
        changed.prepare_body(request.body, None)
    return changed


def _response(prepared: requests.PreparedRequest, response: Response) -> requests.Response:
    raw = HTTPResponse(io.BytesIO(response.body), response.headers, response.status, preload_content=False)
    return HTTPAdapter().build_response(prepared, raw)


@dataclass(frozen=True)
class SampleSeam:
    """The seam of `requests`, where each request that is recorded is answered by a page. Nothing is sent."""

    page: bytes

    def recording(self, tape: Tape) -> AbstractContextManager[None]:
        """See `Seam`."""
        return RequestsSeam().recording(lambda request, _: tape(request, self._answer))

    def replaying(self, script: Send) -> AbstractContextManager[None]:
        """See `Seam`."""
        return RequestsSeam().replaying(script)

    def _answer(self, _: Request) -> Response:
        return Response(200, {"Content-Type": "application/json"}, self.page)
