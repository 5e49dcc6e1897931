"""Heads that are written or read in one go are what `http.client` makes of them, however odd they are.

But for hints before a response, which it takes for the response: tests/http/test_connections.py.
"""

from __future__ import annotations

import http.client
import io
from collections.abc import Sequence
from itertools import pairwise
from typing import Any
from urllib.parse import urljoin

import requests
from hypothesis import example, given
from hypothesis import strategies as st

from dazz_assets.http import Request
from dazz_assets.http.errors import BadRequestError
from dazz_assets.http.json.body_bytes import is_utf8
from dazz_assets.http.plain_messages import PlainResponse, write_request
from dazz_assets.http.plain_urls import join_url
from dazz_assets.http.prepared import Preparer

BODY = b"[1, 2, 3]" * 20


class Received(io.RawIOBase):
    """What arrives over a connection, piece by piece."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = [piece for piece in pieces if piece]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._pieces:
            return 0
        piece = self._pieces[0][: len(buffer)]
        self._pieces[0] = self._pieces[0][len(piece) :]
        if not self._pieces[0]:
            del self._pieces[0]
        buffer[: len(piece)] = piece
        return len(piece)


class FakeSocket:
    """Keeps what is sent, and receives pieces."""

    def __init__(self, pieces: Sequence[bytes] = ()) -> None:
        self.sent = b""
        self._pieces = pieces

    def sendall(self, data: bytes) -> None:
        self.sent += data

    def makefile(self, mode: str, buffering: int = 8192) -> io.BufferedReader:
        return io.BufferedReader(Received(self._pieces), buffering)


def read(response: http.client.HTTPResponse) -> tuple[Any, ...]:
    """Everything that a response says, and its body; or the kind of error that it raises."""
    try:
        response.begin()
        headers = list(response.headers.items())
        told = (response.version, response.status, response.reason, headers, response.chunked, response.length)
        return *told, response.will_close, response.read()
    except (http.client.HTTPException, OSError, ValueError) as error:
        return (type(error),)


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


STATUS_LINES = st.sampled_from(
    [
        *[b"HTTP/1.1 %d OK\r\n" % status for status in (200, 201, 204, 302, 304, 404, 503, 600, 999)],
        *[b"HTTP/1.1 200\r\n", b"HTTP/1.1 200 \r\n", b"HTTP/1.1 200  In \xb2 order \r\n", b"HTTP/1.1  200 OK\r\n"],
        *[
            b"HTTP/1.0 200 OK\r\n",
            b"HTTP/1.2 200 OK\r\n",
            b"HTTP/2 200 OK\r\n",
            b"HTTP/1.1 200 OK\n",
            b"ICY 200 OK\r\n",
        ],
        *[b"HTTP/1.1 20 OK\r\n", b"HTTP/1.1 2000 OK\r\n", b"HTTP/1.1 099 OK\r\n", b"HTTP/1.1 2x0 OK\r\n", b"\r\n", b""],
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 100 Continue\r\nX-A: 1\r\n\r\nHTTP/1.1 100\r\n\r\nHTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 LONG\r\n",
    ]
)
NAMES = st.sampled_from(
    [
        *[
            b"Content-Length",
            b"content-length",
            b"Transfer-Encoding",
            b"Connection",
            b"Keep-Alive",
            b"Link",
            b"X-A",
            b"x-a",
        ],
        *[b"", b" X", b"X ", b"X Y", b"\tX", b"X\x01", b"\xc3\xbc", b"From x", b"X\x00", b"X@Y", b"!#$%&'*+-.^_`|~"],
    ]
)
VALUES = st.one_of(
    st.sampled_from(
        [
            *[b"180", b"5", b"0", b"+5", b"-5", b"1_8", b" 180 ", b"180, 180", b"999999", b"\xb2", b"", b"5\xa0"],
            *[b"chunked", b"Chunked", b"gzip, chunked", b"close", b"Close", b"keep-alive, close", b"keep-alive"],
            *[
                b"a\r\n b",
                b"a\r\n\tb",
                b"a\nb: c",
                b"a\rb",
                b"a\x0bb",
                b"a\x85b",
                b"a\x1cb",
                b"a\x00b",
                b"  a\t ",
                b"\xe9",
            ],
            *[b"<https://x.example/y?z=1>; rel=next", b"LONG", b":", b"a: b"],
        ]
    ),
    st.binary(max_size=6),
)
SEPARATORS = st.sampled_from([b": ", b": ", b": ", b":", b":\t ", b" : ", b""])
ENDS = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b"\r\n\r\n", b""])
LINES = st.tuples(NAMES, SEPARATORS, VALUES, ENDS).map(b"".join)
BODIES = st.sampled_from([BODY, BODY[:7], b"", b"3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n", b"5\r\n[1", BODY * 2_000])


@given(
    STATUS_LINES,
    st.lists(LINES, max_size=5),
    st.sampled_from([b"\r\n", b"\r\n", b"\n", b""]),
    BODIES,
    st.sampled_from(["GET", "GET", "HEAD", "POST"]),
    st.lists(st.integers(0, 2_000), max_size=4),
)
@example(b"HTTP/1.1 200 OK\r\n", [b"Content-Length: 180\r\n"], b"\r\n", BODY, "GET", [])
@example(b"HTTP/1.1 200 OK\r\n", [b"Content-Length: 180\r\n"], b"\r\n", BODY, "GET", range(300))
@example(b"HTTP/1.1 200 OK\r\n", [b"X-%d: 1\r\n" % number for number in range(99)], b"\r\n", BODY, "GET", [])
@example(b"HTTP/1.1 200 OK\r\n", [b"X-%d: 1\r\n" % number for number in range(100)], b"\r\n", BODY, "GET", [])
@example(b"HTTP/1.1 200 OK\r\n", [b"X: LONG\r\n"], b"\r\n", BODY, "GET", [])
def test_a_response_is_read_as_http_client_reads_it(
    status_line: bytes, lines: list[bytes], end: bytes, body: bytes, method: str, places: Sequence[int]
) -> None:
    data = b"".join((status_line, *lines, end, body)).replace(b"LONG", b"x" * 66_000)
    pieces = cut(data, places)
    expected = read(http.client.HTTPResponse(FakeSocket(pieces), method=method))  # type: ignore[arg-type]
    found = read(PlainResponse(FakeSocket(pieces), method))  # type: ignore[arg-type]
    if len(found) > 1 and len(expected) > 1 and found[6] and not expected[6]:
        # More came than the body, and is thrown away with its connection, so that it is not the next response.
        assert len(data.partition(b"\r\n\r\n")[2]) > len(expected[7])
        found = (*found[:6], False, found[7])
    assert found == expected


METHODS = st.sampled_from(["GET", "POST", "DELETE", "QUERY", "GE T", "get", "G\r\n"])
TARGETS = st.one_of(
    st.sampled_from(["/", "/a?b=c", "/a b", "/\x7f", "/\u00e9", "/a%20b", "*", "", "/a\r\nX: 1", "//a/../b?c#d"]),
    st.text(max_size=8).map(lambda text: f"/{text}"),
)
SENT_NAMES = st.sampled_from(
    [
        *["Accept", "Accept-Encoding", "accept-encoding", "Host", "Content-Length", "Transfer-Encoding"],
        *["X-A", "", "X:", "X\n", " X", "X Y"],
    ]
)
SENT_VALUES = st.one_of(
    st.sampled_from(["a", "", "  a ", "a\r\n b", "a\nb", "a\x00", "\u00e9", "\u20ac", "9", b"bytes"]),
    st.text(max_size=5),
)


@given(
    METHODS,
    TARGETS,
    st.dictionaries(SENT_NAMES, SENT_VALUES, max_size=4).map(lambda headers: {"Accept-Encoding": "gzip", **headers}),
    st.sampled_from([None, b"", b"{}", BODY]),
)
@example("GET", "/a?b=c", {"Accept-Encoding": "gzip", "Authorization": "Bearer token"}, None)
@example("POST", "/a", {"Accept-Encoding": "gzip", "Content-Length": "180"}, BODY)
def test_a_request_is_written_as_http_client_writes_it(
    method: str, target: str, headers: dict[str, Any], body: bytes | None
) -> None:
    written = write_request(method, target, "api.example:8443", headers, body)
    if written is None:
        return
    connection = http.client.HTTPConnection("api.example", 8443)
    connection.sock = socket = FakeSocket()
    connection.request(method, target, body, headers)
    assert written == socket.sent


def test_an_ordinary_request_and_response_are_plain() -> None:
    headers = {"Accept-Encoding": "gzip", "Authorization": "Bearer token", "Content-Length": "2"}
    assert write_request("POST", "/graphql?a=b%20c", "api.example", headers, b"{}") is not None
    response = PlainResponse(FakeSocket([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"]), "GET")  # type: ignore[arg-type]
    response._read_status = None  # type: ignore[attr-defined]  # what `http.client` would begin with
    response.begin()
    assert response.read() == b"{}"


ESCAPES = ["..", "./", "//", "%20", "%41", "%7e", "%2f", "%2F", "%25", "%zz", "xn--"]
URL_PARTS = st.sampled_from([*"/?&=#.%;:@!$*+,'()[]{}|^`~_-\\\"\n \x7faB1\u00e9\ud800", *ESCAPES])
HOSTS = st.sampled_from(
    [
        *["a", "a.b", "x-1.y", "127.0.0.1", "1.2.3.4.5", "999.1.1.1", "xn--fiqs8s", "xn--a"],
        *["A.b", "a..b", "-a", "a-", "*.a", "[::1]", "u:p@a", "\u00fc.b", "a_b"],
    ]
)
PORTS = st.sampled_from(["", ":8080", ":80", ":443", ":0", ":065", ":65535", ":65536", ":", ":x"])
PARAMS = st.dictionaries(
    st.one_of(URL_PARTS, st.text(max_size=3)),
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), URL_PARTS, st.text(max_size=4), st.lists(st.integers())
    ),
    max_size=2,
)


@given(
    st.sampled_from(["https://", "http://", "HTTPS://", "ftp://", ""]),
    HOSTS,
    PORTS,
    st.lists(URL_PARTS, max_size=8).map("".join),
    st.one_of(st.just({}), PARAMS),
)
@example("https://", "a", "", "/b;", {})
@example("https://", "a", "", "/b?", {"c": 1})
def test_a_url_is_sent_as_requests_sends_it(
    scheme: str, host: str, port: str, rest: str, params: dict[str, Any]
) -> None:
    url = f"{scheme}{host}{port}{rest}"
    expected = requests.PreparedRequest()
    lowered = {name: str(value).lower() if isinstance(value, bool) else value for name, value in params.items()}
    try:
        expected.prepare_url(url, {name: value for name, value in lowered.items() if value is not None} or "")
    except (requests.RequestException, ValueError):
        expected.url = None
    try:
        sent = Preparer().prepare(Request(url, params=params)).url
    except BadRequestError:
        sent = None
    assert sent == expected.url


@given(
    st.sampled_from(
        ["https://a.b/c/d?e", "http://a.b:80", "https://a.b/c;d/../e#f", "HTTP://A.b/", "https://a/%20?%20"]
    ),
    st.sampled_from(["", "/", "//", "https://", "http://a", "https://a.b:443/", "?", "#", " "]),
    st.lists(URL_PARTS, max_size=6).map("".join),
)
@example("https://a.b/c", "/", "d;")
def test_a_link_leads_where_urljoin_leads(base: str, start: str, rest: str) -> None:
    link = (start + rest).strip()
    try:
        expected = urljoin(base, link)
    except ValueError:
        return
    assert join_url(base, link) == expected


@given(st.lists(st.one_of(st.binary(max_size=4), st.text(max_size=3).map(lambda text: text.encode(errors="replace")))))
@example([b"\xed\xa0\x80"])
@example([b"\xf4\x90\x80\x80"])
@example([b"\xc0\xaf"])
@example([b"ok \xe2\x82"])
def test_bytes_are_utf_8_if_python_can_decode_them(parts: list[bytes]) -> None:
    data = b"".join(parts)
    try:
        data.decode()
    except UnicodeDecodeError:
        assert not is_utf8(data)
    else:
        assert is_utf8(data)


def test_a_header_in_bytes_is_left_to_http_client() -> None:
    headers: dict[str, str | bytes] = {"Accept-Encoding": "gzip", "C": b"z", "A": "x\r\nB: 1"}
    assert write_request("GET", "/a", "api.example", headers, None) is None
