"""A vendor's server on loopback with scripted responses, and a clock that moves only when someone sleeps."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, parse_qsl, urlsplit


@dataclass(frozen=True)
class ReceivedRequest:
    """A request as it arrived."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)


@dataclass(frozen=True)
class Reply:
    """A response. body: bytes are sent as they are, anything else as JSON. promised: a false Content-Length."""

    status: int = 200
    body: Any = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)
    promised: int | None = None
    hang_up: bool = False

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class Vendor:
    """Responds with what `handler` returns, in any number of threads, and keeps the requests."""

    def __init__(self) -> None:
        self.requests: list[ReceivedRequest] = []
        self.handler: Callable[[ReceivedRequest], Reply] = lambda request: Reply()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _build_handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def script(self, *replies: Reply) -> None:
        """Responds with one reply after another, and with the last one from then on."""
        left = list(replies)
        self.handler = lambda request: left.pop(0) if len(left) > 1 else left[0]

    def answer(self, request: ReceivedRequest) -> Reply:
        with self._lock:
            self.requests.append(request)
            return self.handler(request)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _build_handler(vendor: Vendor) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65536  # Send each response in one packet: Nagle's algorithm would add 40 ms to each.

        def log_message(self, format: str, *args: object) -> None:
            pass

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            reply = vendor.answer(ReceivedRequest(self.command, self.path, dict(self.headers), body))
            if reply.hang_up:
                self.close_connection = True
                return
            content = reply.content
            self.send_response_only(reply.status)
            if "Date" not in reply.headers:
                self.send_header("Date", self.date_time_string())
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.status != 204:
                self.send_header("Content-Length", str(len(content) if reply.promised is None else reply.promised))
            self.end_headers()
            # A client that was interrupted has closed the connection.
            with suppress(ConnectionError):
                self.wfile.write(content if reply.status != 204 else b"")
                self.wfile.flush()
            if reply.promised is not None:
                self.close_connection = True

        do_GET = do_POST = do_DELETE = _serve  # noqa: N815

    return Handler


class Clock:
    """Epoch seconds that pass only while someone sleeps. Keeps the length of each sleep."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now
        self.sleeps: list[float] = []
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.sleeps.append(seconds)
            self.now += seconds

    @property
    def slept(self) -> float:
        return sum(self.sleeps)


def numbered_pages(total: int, size: int) -> Iterator[list[dict[str, int]]]:
    """`total` records with ids from 0, in pages of `size`."""
    for start in range(0, total, size):
        yield [{"id": number} for number in range(start, min(total, start + size))]
