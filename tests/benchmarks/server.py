"""The benchmarks' vendor, a process of its own: its pages are rendered before the first request.

`GET /issues?after=N` lists the issues from number N on, `&updated_after=TIME` those that changed since;
`GET /issues?page=N` is the page N, from 1. `GET /stats` tells what was sent, and begins to count anew.

A thread for each connection, with blocking sockets: with the pages at hand, a response is one call of the system.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import threading
import time
from collections import deque
from datetime import UTC, datetime
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
            return {**counts, "first_at": first_at}


class IssueServer:
    """Answers on one port until the process ends. latency: seconds before each page."""

    def __init__(self, pages: IssuePages, limits: Limits, latency: float) -> None:
        self._pages = pages
        self._rendered = pages.render_all()
        self._limits = limits
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
                    connection.sendall(self._answer(head.split(b" ", 2)[1].decode()))
                except ConnectionError:
                    return

    def _answer(self, target: str) -> bytes:
        url = urlsplit(target)
        if url.path == "/stats":
            return _response("200 OK", json.dumps(self._limits.take_counts()).encode())
        if not self._limits.enter():
            return _response("429 Too Many Requests", b'{"errors": [{"status": "429"}]}', "Retry-After: 1\r\n")
        try:
            if self._latency:
                time.sleep(self._latency)
            return _response("200 OK", self._page({name: values[0] for name, values in parse_qs(url.query).items()}))
        finally:
            self._limits.leave()

    def _page(self, query: dict[str, str]) -> bytes:
        size = self._pages.size
        first = (int(query["page"]) - 1) * size if "page" in query else int(query.get("after", 0))
        if "updated_after" in query:
            first = max(first, self._pages.first_since(datetime.fromisoformat(query["updated_after"]).astimezone(UTC)))
        if first >= self._pages.records:
            return _EMPTY
        return self._rendered[first // size] if first % size == 0 else self._pages.render(first)


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
    options = parser.parse_args()
    pages = IssuePages(options.records, options.page_size, options.start)
    server = IssueServer(pages, Limits(options.rate, options.at_once), options.latency)
    threading.Thread(target=_end_with_input, daemon=True).start()
    print(server.port, flush=True)
    server.serve()


if __name__ == "__main__":
    main()
