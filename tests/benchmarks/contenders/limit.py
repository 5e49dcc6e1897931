"""The machine's limit: every page received over one socket, and its bytes written compressed. No JSON is read."""

import socket
import sys
from urllib.parse import urlsplit

import zstandard

_NEXT = b'"next": "'


def main(url: str, out: str) -> None:
    address = urlsplit(url)
    host, port = str(address.hostname), int(address.port or 80)
    buffer = memoryview(bytearray(4 << 20))
    with (
        socket.create_connection((host, port)) as connection,
        open(out, "wb") as file,
        zstandard.ZstdCompressor(level=1).stream_writer(file) as compressed,
    ):
        target: bytes | None = b"/issues"
        while target is not None:
            connection.sendall(b"GET %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (target, host.encode()))
            body = _receive(connection, buffer)
            compressed.write(body)
            target = _find_next(bytes(body[-300:]))


def _receive(connection: socket.socket, buffer: memoryview) -> memoryview:
    """The body of one response."""
    received = connection.recv_into(buffer)
    while b"\r\n\r\n" not in bytes(buffer[: min(received, 500)]):
        received += connection.recv_into(buffer[received:])
    head = bytes(buffer[:500]).partition(b"\r\n\r\n")[0]
    length = int(head.lower().partition(b"content-length:")[2].split()[0])
    start = len(head) + 4
    while received < start + length:
        received += connection.recv_into(buffer[received:])
    return buffer[start : start + length]


def _find_next(end: bytes) -> bytes | None:
    """The link to the next page, from the end of a page: what lies behind the records."""
    found = end.rfind(_NEXT)
    return None if found < 0 else end[found + len(_NEXT) :].partition(b'"')[0]


if __name__ == "__main__":
    main(*sys.argv[1:3])
