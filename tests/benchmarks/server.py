"""The benchmarks' vendor, a process of its own: its pages are rendered before the first request.

`GET /issues?after=N` lists the issues from number N on, `&updated_after=TIME` those that changed since;
`GET /issues?page=N` is the page N, from 1. `GET /stats` tells what was sent, and begins to count anew.

A thread for each connection, with blocking sockets: with the pages at hand, a response is one call of the system.
Limits hold for all requests, or for those of each token.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import socket
import sys
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from urllib.parse import parse_qs, urlsplit

from tests.benchmarks.issue_pages import IssuePages

_EMPTY = b'{"data": [], "links": {}, "meta": {}}'


class Limits:
    """What the vendor allows: so many requests in any second, and so many at once. 0 is any number."""

    def __init__(self, rate: int, at_once: int) -> None:
        self._rate = rate
        self._at_once = at_once
        self._recent: deque[float] = deque()
        self._in_flight = 0
        self._lock = threading.Lock()
        self.requests = self.refused = self.most_at_once = 0
        self._first_at = 0.0

    def enter(self) -> bool:
        """Whether a request is allowed now. One that is has to `leave`."""
        with self._lock:
            self.requests += 1
            self._first_at = self._first_at or time.time()
            now = time.monotonic()
            while self._recent and self._recent[0] <= now - 1:
                self._recent.popleft()
            if (self._rate and len(self._recent) >= self._rate) or (self._at_once and self._in_flight >= self._at_once):
                self.refused += 1
                return False
            self._recent.append(now)
            self._in_flight += 1
            self.most_at_once = max(self.most_at_once, self._in_flight)
            return True

    def leave(self) -> None:
        with self._lock:
            self._in_flight -= 1

    def take_counts(self) -> dict[str, float]:
        """What was counted since the last call."""
        with self._lock:
            counts = {"requests": self.requests, "refused": self.refused, "most_at_once": self.most_at_once}
            first_at = self._first_at
            self.requests = self.refused = self.most_at_once = 0
            self._first_at = 0.0
            self._recent.clear()  # The next contender begins with the whole limit.
            return {**counts, "first_at": first_at}


class IssueServer:
    """Answers on one port until the process ends. new_limits: makes those of each token, or the one pair for all.

    latency: seconds before each page. compressed: pages are sent as gzip makes them.
    """

    def __init__(
        self,
        pages: IssuePages,
        new_limits: Callable[[], Limits],
        *,
        per_token: bool = False,
        latency: float = 0,
        compressed: bool = False,
    ) -> None:
        self._pages = pages
        self._headers = "Content-Encoding: gzip\r\n" if compressed else ""
        self._encode = gzip.compress if compressed else bytes
        self._rendered = [self._encode(page) for page in pages.render_all()]
        self._limits = defaultdict[bytes, Limits](new_limits)
        self._per_token = per_token
        self._latency = latency
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self._socket.getsockname()[1])

    def serve(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve_connection, args=(connection,), daemon=True).start()

    def _serve_connection(self, connection: socket.socket) -> None:
        received = b""
        with connection:
            while True:
                while b"\r\n\r\n" not in received:
                    try:
                        data = connection.recv(65_536)
                    except ConnectionError:
                        return
                    if not data:
                        return
                    received += data
                head, _, received = received.partition(b"\r\n\r\n")
                try:
                    connection.sendall(self._answer(head))
                except ConnectionError:
                    return

    def _answer(self, head: bytes) -> bytes:
        url = urlsplit(head.split(b" ", 2)[1].decode())
        if url.path == "/stats":
            return _response("200 OK", json.dumps(self._take_counts()).encode())
        limits = self._limits[_token(head) if self._per_token else b""]
        if not limits.enter():
            return _response("429 Too Many Requests", b'{"errors": [{"status": "429"}]}', "Retry-After: 1\r\n")
        try:
            if self._latency:
                time.sleep(self._latency)
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            return _response("200 OK", self._page(query), self._headers)
        finally:
            limits.leave()

    def _take_counts(self) -> dict[str, float]:
        """What was counted since the last call, of all tokens: the most at once is that of any of them."""
        counts = [limits.take_counts() for limits in list(self._limits.values())] or [Limits(0, 0).take_counts()]
        begun = [found["first_at"] for found in counts if found["first_at"]]
        return {
            "requests": sum(found["requests"] for found in counts),
            "refused": sum(found["refused"] for found in counts),
            "most_at_once": max(found["most_at_once"] for found in counts),
            "first_at": min(begun, default=0.0),
        }

    def _page(self, query: dict[str, str]) -> bytes:
        size = self._pages.size
        first = (int(query["page"]) - 1) * size if "page" in query else int(query.get("after", 0))
        if "updated_after" in query:
            first = max(first, self._pages.first_since(datetime.fromisoformat(query["updated_after"]).astimezone(UTC)))
        if first >= self._pages.records:
            return self._encode(_EMPTY)
        return self._rendered[first // size] if first % size == 0 else self._encode(self._pages.render(first))


def _token(head: bytes) -> bytes:
    """What signs a request."""
    _, _, after = head.partition(b"\r\nAuthorization: ")
    return after.partition(b"\r\n")[0]


def _response(status: str, body: bytes, headers: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


def _end_with_input() -> None:
    """End when who started the server does."""
    sys.stdin.read()
    os._exit(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, required=True)
    parser.add_argument("--page-size", type=int, required=True)
    parser.add_argument("--start", type=datetime.fromisoformat, required=True)
    parser.add_argument("--latency", type=float, default=0)
    parser.add_argument("--rate", type=int, default=0)
    parser.add_argument("--at-once", type=int, default=0)
    parser.add_argument("--per-token", action="store_true")
    parser.add_argument("--compressed", action="store_true")
    options = parser.parse_args()
    pages = IssuePages(options.records, options.page_size, options.start)
    server = IssueServer(
        pages,
        partial(Limits, options.rate, options.at_once),
        per_token=options.per_token,
        latency=options.latency,
        compressed=options.compressed,
    )
    threading.Thread(target=_end_with_input, daemon=True).start()
    print(server.port, flush=True)
    server.serve()


if __name__ == "__main__":
    main()
