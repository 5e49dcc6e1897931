"""Connections are kept open between requests, and what a connection sends is never taken for another response."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import accumulate

import pytest

from dazz_assets.http import RedirectError, Request, TransportError
from dazz_assets.http.client import Client
from tests.http.loopback import Clock, Reply, Vendor

Connect = Callable[..., Client]


class RawServer:
    """Sends scripted bytes: each connection gets a list of responses, one a request, and is then closed.

    A response may be a list of pieces, which are sent one after another.
    """

    def __init__(self, *connections: Sequence[bytes | Sequence[bytes]]) -> None:
        self.accepted = 0
        self._scripts = list(connections)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            for script in self._scripts:
                connection, _ = self._listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.accepted += 1
                with connection:
                    for response in script:
                        _read_request(connection)
                        for piece in [response] if isinstance(response, bytes) else response:
                            connection.sendall(piece)

    def close(self) -> None:
        self._listener.close()


def _read_request(connection: socket.socket) -> None:
    received = b""
    while not received.endswith(b"\r\n\r\n") and (chunk := connection.recv(65536)):
        received += chunk


def respond(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def sized(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    return respond(body, f"Content-Length: {len(body)}", *headers, status=status)


@pytest.fixture
def serve(clock: Clock) -> Iterator[Callable[..., tuple[RawServer, Client]]]:
    started: list[tuple[RawServer, Client]] = []

    def start(*connections: Sequence[bytes | Sequence[bytes]]) -> tuple[RawServer, Client]:
        server = RawServer(*connections)
        started.append((server, Client(server.url, clock=clock, sleep=clock.sleep)))
        return started[-1]

    yield start
    for server, client in started:
        client.close()
        server.close()


Serve = Callable[..., tuple[RawServer, Client]]


def fetch(server: RawServer, client: Client) -> bytes:
    return client.send(Request(f"{server.url}/x")).body


def test_requests_share_one_connection(serve: Serve) -> None:
    server, client = serve([sized(b"[1]"), sized(b"[2]"), sized(b"[3]")])
    assert [fetch(server, client) for _ in range(3)] == [b"[1]", b"[2]", b"[3]"]
    assert server.accepted == 1


def test_a_connection_that_the_server_closed_meanwhile_is_replaced(serve: Serve) -> None:
    server, client = serve([sized(b"[1]")], [sized(b"[2]")])
    assert [fetch(server, client), fetch(server, client)] == [b"[1]", b"[2]"]
    assert server.accepted == 2


@pytest.mark.parametrize(
    "response",
    [
        respond(b"3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
        sized(b"[1,2]", "Connection: close"),
        respond(b"[1,2]", "Connection: close"),
        respond(b"[1,2]"),
    ],
    ids=["in chunks", "closed after", "closed at its end", "without a length"],
)
def test_a_body_ends_where_the_response_says(serve: Serve, response: bytes) -> None:
    server, client = serve([response], [sized(b"[3]")])
    assert fetch(server, client) == b"[1,2]"


@pytest.mark.parametrize(
    "cut",
    [
        respond(b"[1", "Content-Length: 5"),
        respond(b"", "Content-Length: 5"),
        respond(b"5\r\n[1", "Transfer-Encoding: chunked"),
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"",
    ],
    ids=["in the body", "before the body", "in a chunk", "in the headers", "before the headers"],
)
def test_a_response_that_is_cut_short_is_asked_for_again(serve: Serve, cut: bytes) -> None:
    server, client = serve([cut], [sized(b"[1]")])
    assert fetch(server, client) == b"[1]"
    assert (server.accepted, client.counters.retries) == (2, 1)


def test_a_response_that_is_cut_short_each_time_fails(serve: Serve) -> None:
    server, client = serve(*[[respond(b"[1,2", "Content-Length: 50")]] * 20)
    with pytest.raises(TransportError, match="cut short after 4 bytes"):
        fetch(server, client)


def test_what_follows_a_body_is_not_read_as_the_next_response(serve: Serve) -> None:
    server, client = serve([sized(b"[1]") + sized(b"[9]"), sized(b"[9]")], [sized(b"[2]")])
    assert [fetch(server, client), fetch(server, client)] == [b"[1]", b"[2]"]


@pytest.mark.parametrize(
    "response",
    [
        sized(b"[" + b"1," * 200_000 + b"2]"),
        respond(b"3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
        sized(gzip.compress(b"[1,2]", mtime=0), "Content-Encoding: gzip"),
        b"HTTP/1.1 100 Continue\r\n\r\n" + sized(b"[1,2]"),
        respond(b"[1,2]", "X-Folded: a", "  b", "Content-Length: 5"),
        respond(b"[1,2]", "Content-Length: 5").replace(b"\r\n", b"\n"),
        sized(b"[1,2]").replace(b"HTTP/1.1", b"HTTP/1.0"),
    ],
    ids=["a large one", "in chunks", "compressed", "after an interim one", "folded", "bare line feeds", "HTTP/1.0"],
)
def test_a_response_may_come_in_small_pieces(serve: Serve, response: bytes) -> None:
    sizes = [1] * 300 if len(response) < 300 else [1, 20, 1, 60, 7_000, *[99_999] * 5]
    starts = list(accumulate(sizes, initial=0))
    pieces = [response[start : start + size] for start, size in zip(starts, sizes, strict=False)]
    server, client = serve([pieces], [sized(b"[3]")])
    assert fetch(server, client) in (b"[1,2]", b"[" + b"1," * 200_000 + b"2]")
    assert fetch(server, client) == b"[3]"


def test_what_is_left_of_a_redirect_is_not_read_as_the_next_response(vendor: Vendor, client: Client) -> None:
    vendor.handler = lambda request: (
        Reply(302, b"x" * 100_000, {"Location": "/there"}) if request.path == "/here" else Reply(body=[request.path])
    )
    for path in ("/here", "/other", "/here"):
        page = client.send(Request(vendor.url + path))
        assert page.value("0") == ("/there" if path == "/here" else "/other")


def test_a_redirect_without_a_way_to_go_leaves_a_usable_client(vendor: Vendor, client: Client) -> None:
    vendor.script(Reply(302, b"x" * 100_000), Reply(body=[1]))
    with pytest.raises(RedirectError):
        client.send(Request(vendor.url))
    assert client.send(Request(vendor.url)).body == b"[1]"


def test_headers_that_come_several_times_are_one(serve: Serve) -> None:
    server, client = serve([sized(b"[]", 'Link: </a>; rel="first"', "X-Once: 1", 'link: </b>; rel="next"')])
    headers = client.send(Request(f"{server.url}/x")).headers
    assert headers["LINK"] == '</a>; rel="first", </b>; rel="next"'
    assert headers["x-once"] == "1"


def test_a_204_has_no_body_and_keeps_the_connection(serve: Serve) -> None:
    server, client = serve([respond(b"", status="204 No Content"), sized(b"[1]")])
    assert [fetch(server, client), fetch(server, client)] == [b"", b"[1]"]
    assert server.accepted == 1


@pytest.mark.parametrize("interim", ["100 Continue", "102 Processing", "103 Early Hints"])
@pytest.mark.parametrize("is_apart", [False, True])
def test_interim_responses_are_passed_over(serve: Serve, interim: str, is_apart: bool) -> None:
    before, after = respond(b"", "Link: </a>", status=interim), sized(b"[1]")
    response = [before, before, after] if is_apart else [before + before + after]
    server, client = serve([response, sized(b"[2]")])
    assert [fetch(server, client), fetch(server, client)] == [b"[1]", b"[2]"]


@pytest.mark.parametrize("interim", ["102 Processing", "103 Early Hints"])
def test_interim_responses_to_an_unusual_request_are_passed_over(serve: Serve, interim: str) -> None:
    server, client = serve([[respond(b"", status=interim), sized(b"[1]")], sized(b"[2]")])
    unusual = Request(f"{server.url}/a", headers={"Host": "other.test"})
    assert client.send(unusual).body == b"[1]"
    assert fetch(server, client) == b"[2]"


def test_a_proxy_of_the_environment_is_used(vendor: Vendor, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", vendor.url)
    monkeypatch.delenv("no_proxy", raising=False)
    vendor.script(Reply(body=[1]))
    client = connect("http://vendor.example")
    assert client.send(Request("http://vendor.example/issues")).body == b"[1]"
    assert [request.target for request in vendor.requests] == ["http://vendor.example/issues"]


def test_threads_share_the_connections(vendor: Vendor, client: Client) -> None:
    vendor.handler = lambda request: Reply(body=[request.query["n"][0]])
    wrong: list[str] = []

    def work(first: int) -> None:
        for number in range(first, first + 50):
            page = client.send(Request(f"{vendor.url}/x", params={"n": number}))
            if page.value("0") != str(number):
                wrong.append(f"{number}: {page.body!r}")

    threads = [threading.Thread(target=work, args=(start,)) for start in range(0, 400, 50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(vendor.requests) == 400
