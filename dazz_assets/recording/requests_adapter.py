"""The seam of `requests`: the `send` method of its adapters."""

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
from dazz_assets.http.prepared import read_prepared


class RequestsSeam:
    """Implements `Seam` for `requests`."""

    @contextmanager
    def recording(self, tape: Tape) -> Iterator[None]:
        """See `Seam`."""
        send_really = HTTPAdapter.send

        def send(
            adapter: HTTPAdapter, request: requests.PreparedRequest, *args: Any, **options: Any
        ) -> requests.Response:
            def send_changed(changed: Request) -> Response:
                with send_really(adapter, _prepare_changed(request, changed), *args, **options) as response:
                    return Response(response.status_code, response.headers, response.content)

            return _build_response(request, tape(read_prepared(request), send_changed))

        # `responses` patches the same method.
        with mock.patch.object(HTTPAdapter, "send", send), _hide_debug_logs(logging.getLogger("urllib3")):
            yield

    @contextmanager
    def replaying(self, script: Send) -> Iterator[None]:
        """See `Seam`."""

        class ScriptRegistry(FirstMatchRegistry):
            def find(self, request: requests.PreparedRequest) -> tuple[responses.BaseResponse | None, list[str]]:
                response = script(read_prepared(request))
                found = responses.Response(
                    request.method or "GET", request.url or "", response.body, status=response.status
                )
                found.headers = {"Content-Type": "application/octet-stream", **response.headers}
                return found, []

        with responses.RequestsMock(registry=ScriptRegistry, assert_all_requests_are_fired=False):
            yield


@contextmanager
def _hide_debug_logs(log: logging.Logger) -> Iterator[None]:
    """Hide a log's debug messages, which hold the URLs that are sent, with the originals that a tape restored."""
    level = log.level
    log.setLevel(max(level, logging.INFO))
    try:
        yield
    finally:
        log.setLevel(level)


def _prepare_changed(prepared: requests.PreparedRequest, request: Request) -> requests.PreparedRequest:
    """A copy of the library's request, changed to send this one."""
    changed = prepared.copy()
    changed.method, changed.url = request.method, request.url
    changed.headers.update(request.headers)
    if request.body is not None:
        # The body is whole now, even if a generator would have sent it in chunks.
        changed.headers.pop("Transfer-Encoding", None)
        changed.prepare_body(request.body, None)
    return changed


def _build_response(prepared: requests.PreparedRequest, response: Response) -> requests.Response:
    raw = HTTPResponse(io.BytesIO(response.body), response.headers, response.status, preload_content=False)
    return HTTPAdapter().build_response(prepared, raw)


@dataclass(frozen=True)
class SampleSeam:
    """A seam of `requests` that answers each recorded request with the same page, and sends nothing."""

    page: bytes

    def recording(self, tape: Tape) -> AbstractContextManager[None]:
        """See `Seam`."""
        return RequestsSeam().recording(lambda request, _: tape(request, self._respond))

    def replaying(self, script: Send) -> AbstractContextManager[None]:
        """See `Seam`."""
        return RequestsSeam().replaying(script)

    def _respond(self, _: Request) -> Response:
        return Response(200, {"Content-Type": "application/json"}, self.page)
