"""The plain kind of HTTP/1.1 messages: each head is written and read in one go, where `http.client` goes line by line.

What is unusual, allowed or not, is left to `http.client`, so that nothing is sent, read or refused in another way.
"""

from __future__ import annotations

import http.client
import re
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Literal

_BUFFER_BYTES = 131_072
# `http.client` reads no more headers, and no line that is longer.
_MOST_HEADERS = 99
_LONGEST_HEAD = 65_536
# One header a line. Its value may have any bytes but control characters.
_HEADERS = rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*\r\n)*"
_REQUEST = re.compile(rb"[A-Z]+ /[!-~]* HTTP/1\.1\r\n" + _HEADERS + rb"\r\n")
_RESPONSE = re.compile(rb"HTTP/1\.1 ([2-9]\d\d)(?: ([\t -~\x80-\xff]*))?\r\n(" + _HEADERS + rb")\r\n")


def write_request(
    method: str, target: str, host: str, headers: Mapping[str, str | bytes], body: bytes | None
) -> bytes | None:
    """A request as it is sent; None if it is not plain. host: for the `Host` header."""
    # `http.client` adds a host, an encoding and a length where they are missing.
    names = {name.lower() for name in headers}
    has_length = "content-length" in names or (method == "GET" and body is None)
    if "host" in names or "accept-encoding" not in names or not has_length or ":" in "".join(names):
        return None
    texts = {name: value for name, value in headers.items() if isinstance(value, str)}
    if len(texts) < len(headers):
        return None
    lines = "".join([f"{name}: {value}\r\n" for name, value in texts.items()])
    try:
        head = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n{lines}\r\n".encode("latin-1")
    except UnicodeEncodeError:
        return None
    if head.count(b"\n") != len(headers) + 3 or _REQUEST.fullmatch(head) is None:
        return None
    return head if body is None else head + body


class PlainResponse(http.client.HTTPResponse):
    """A response whose head is read in one go, if it is plain and comes in one piece."""

    def __init__(self, connection: socket.socket, method: str) -> None:
        super().__init__(_Buffered(connection), method=method)  # type: ignore[arg-type]
        self._is_of_head = method == "HEAD"

    def begin(self) -> None:
        """Read the head. Raises what `http.client` does."""
        received = self.fp.peek()
        head = _RESPONSE.match(received, 0, _LONGEST_HEAD)
        if head is None or head[3].count(b"\n") > _MOST_HEADERS:
            super().begin()
            while 101 < self.status < 200:  # Hints that come before the response, which `http.client` takes for it.
                self.headers = None  # type: ignore[assignment]
                super().begin()
            return
        self.fp.read(head.end())
        self.headers = self.msg = http.client.HTTPMessage()
        for line in head[3].decode("latin-1").split("\r\n")[:-1]:
            name, _, value = line.partition(":")
            self.headers[name] = value.lstrip(" \t")
        self.version, self.reason = 11, (head[2] or b"").decode("latin-1").strip()
        self.status = self.code = int(head[1])
        self._find_end()
        if self.length is not None and len(received) > head.end() + self.length:
            self.will_close = True  # What follows is no response to a request of ours.

    def _find_end(self) -> None:
        """Note where the body ends, as `http.client` does."""
        self.chunked = self.headers.get("transfer-encoding", "").lower() == "chunked"
        self.chunk_left = self.length = None
        if self._is_of_head or self.status in (http.client.NO_CONTENT, http.client.NOT_MODIFIED):
            self.length = 0
        elif not self.chunked:
            with suppress(ValueError):
                length = int(self.headers.get("content-length", ""))
                self.length = length if length >= 0 else None
        has_end = self.chunked or self.length is not None
        self.will_close = not has_end or "close" in self.headers.get("connection", "").lower()


class _Buffered:
    """A socket whose file has a large buffer: most of a page is there with its head."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def makefile(self, mode: Literal["rb"]) -> Any:
        return self._connection.makefile(mode, _BUFFER_BYTES)
