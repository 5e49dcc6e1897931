"""What a page costs until its records are at hand, in what can be counted: copies, scans, and calls of the system."""

from __future__ import annotations

import json
import socket
import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

from dazz_assets.http import BearerToken, NextLink, Request, ResponseRules
from dazz_assets.http.client import Client
from dazz_assets.http.json import body_format, json_slices
from dazz_assets.http.json.body_bytes import is_utf8
from dazz_assets.http.page import WalkedPage
from dazz_assets.http.paging.walk import walk

URL = "http://127.0.0.1:9"
RECORDS = 100
BODY = json.dumps(
    {
        "data": [{"id": number, "title": "größer " * 100, "tags": [1, {"a": 2}]} for number in range(RECORDS)],
        "links": {"next": f"{URL}/items?after=100"},
        "meta": {"count": 100_000},
    },
    ensure_ascii=False,
).encode()
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
LARGE = len(BODY) // 2
# The connection's buffer, what of it is looked at for the head, and the body.
MOST_COPIES = 3
# What finds out whether the body is one value or one a line. A method that looks at an end is no scan.
MOST_SCANS = 1
LOOKS_AT_ENDS = {"startswith", "endswith", "isascii", "isspace", "strip", "lstrip", "rstrip"}


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each connection holds the page already, so that it arrives in the same pieces each time."""
    others = []

    def connect(*address: object, **options: object) -> socket.socket:
        ours, other = socket.socketpair()
        other.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * len(BODY))
        other.setblocking(False)
        assert other.send(RESPONSE) == len(RESPONSE)
        others.append(other)
        return ours

    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
    yield
    for other in others:
        other.close()


def fetch_page() -> WalkedPage:
    """A page of a list that goes on. It is fetched in this thread."""
    client = Client(URL, auth=BearerToken("{config.token}"), values={"token": "secret-token"}, secrets=["secret-token"])
    ((page,),) = walk(
        client,
        Request(f"{URL}/items"),
        paginator=NextLink("links.next"),
        rules=ResponseRules(records="data"),
        should_stop=lambda page: "one is enough",
    )
    client.close()
    assert len(page.records) == RECORDS
    return page


class Copies:
    """The places where a block of memory was taken that is at least half as large as the page."""

    def __init__(self) -> None:
        self.places: list[str] = []
        self._before = 0

    def watch(self, frame: FrameType, event: str, argument: object) -> None:
        taken, most = tracemalloc.get_traced_memory()
        if most - self._before >= LARGE:
            self.places.append(f"{frame.f_code.co_filename}:{frame.f_lineno}, before {event} {argument!r:.60}")
        tracemalloc.reset_peak()
        self._before = taken


class Scans:
    """The methods of bytes and texts as large as the page that were called, but for those that look at an end."""

    def __init__(self) -> None:
        self.methods: Counter[str] = Counter()

    def watch(self, frame: FrameType, event: str, argument: Any) -> None:
        owner = getattr(argument, "__self__", None) if event == "c_call" else None
        if isinstance(owner, bytes | bytearray | str | memoryview) and len(owner) >= LARGE:
            self.methods[argument.__name__] += argument.__name__ not in LOOKS_AT_ENDS


@contextmanager
def profiled(watch: Callable[[FrameType, str, Any], None]) -> Iterator[None]:
    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(before)


@pytest.mark.usefixtures("connected")
def test_the_bytes_of_a_page_are_copied_once_from_the_connections_buffer() -> None:
    fetch_page()  # What is made once is not counted.
    copies = Copies()
    tracemalloc.start()
    try:
        with profiled(copies.watch):
            fetch_page()
    finally:
        tracemalloc.stop()
    assert len(copies.places) <= MOST_COPIES, "\n".join(copies.places)


@pytest.mark.usefixtures("connected")
def test_few_methods_go_over_the_bytes_of_a_page() -> None:
    fetch_page()
    scans = Scans()
    with profiled(scans.watch):
        fetch_page()
    assert scans.methods.total() <= MOST_SCANS, scans.methods


@pytest.mark.usefixtures("connected")
def test_a_page_is_parsed_once_and_checked_for_utf_8_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[int] = []
    checked: list[int] = []

    class Decoder:
        def __init__(self, decoder: Any) -> None:
            self._decoder = decoder

        def decode(self, data: Any) -> Any:
            parsed.append(memoryview(data).nbytes)
            return self._decoder.decode(data)

    def check(body: bytes) -> bool:
        checked.append(len(body))
        return is_utf8(body)

    build = json_slices._build_path_decoder
    monkeypatch.setattr(json_slices, "_build_path_decoder", lambda *names: Decoder(build(*names)))
    for name in ("_OBJECT", "_LIST"):
        monkeypatch.setattr(json_slices, name, Decoder(getattr(json_slices, name)))
    for module in (json_slices, body_format):
        monkeypatch.setattr(module, "is_utf8", check)
    fetch_page()
    assert len(BODY) <= sum(parsed) < 1.05 * len(BODY)
    assert len(BODY) <= sum(checked) < 1.05 * len(BODY)


@pytest.mark.usefixtures("connected")
def test_a_page_takes_one_call_to_send_and_one_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: Counter[str] = Counter()

    def count(owner: type, name: str) -> None:
        method = getattr(owner, name)

        def counted(*arguments: Any) -> Any:
            calls[name] += 1
            return method(*arguments)

        monkeypatch.setattr(owner, name, counted)

    count(socket.socket, "sendall")
    count(socket.socket, "settimeout")
    count(socket.SocketIO, "readinto")
    fetch_page()
    assert calls == {"sendall": 1, "settimeout": 1, "readinto": 1}  # The time-out is set once for a connection.
