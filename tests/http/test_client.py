"""The client of one connection: what it sends, its limits, counters, warnings and hooks."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import responses
from requests import Response

from dazz_assets.http import BearerToken, ClientEvent, Counters, Rate, Request, ResponseTooLargeError, transport
from dazz_assets.http.client import Client
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor

Connect = Callable[..., Client]


def test_parameters_are_added_to_those_of_the_url(vendor: Vendor, client: Client) -> None:
    client.send(
        Request(f"{vendor.url}/x?a=1", params={"b": True, "c": None, "d": [1, 2], "e": "ü &", "f": 1.5, "g": False})
    )
    assert vendor.requests[0].pairs == [
        ("a", "1"), ("b", "true"), ("d", "1"), ("d", "2"), ("e", "ü &"), ("f", "1.5"), ("g", "false"),
    ]  # fmt: skip


def test_a_body_is_sent_as_json(vendor: Vendor, client: Client) -> None:
    client.send(Request(vendor.url, method="POST", body={"query": "{ ü }"}, headers={"X-Version": "2"}))
    (request,) = vendor.requests
    assert (request.method, request.body) == ("POST", b'{"query": "{ \\u00fc }"}')
    assert (request.headers["Content-Type"], request.headers["X-Version"]) == ("application/json", "2")


def test_a_page_names_its_url_and_connection(vendor: Vendor, client: Client) -> None:
    vendor.script(Reply(503), Reply(body={"data": []}, headers={"X-Total": "7"}))
    page = client.send(Request(f"{vendor.url}/x", params={"limit": 2}))
    assert page.url == f"{vendor.url}/x?limit=2"
    assert page.headers["x-total"] == "7"
    assert page.where == "vendor/acme"


def test_fetched_at_is_when_the_request_was_sent_and_not_when_the_response_came(
    vendor: Vendor, client: Client, clock: Clock
) -> None:
    received_at = []

    def respond_slowly(request: ReceivedRequest) -> Reply:
        received_at.append(clock.now)
        clock.now += 20
        return Reply(body=[1])

    vendor.handler = respond_slowly
    page = client.send(Request(vendor.url))
    assert page.fetched_at == datetime.fromtimestamp(received_at[0], UTC)
    assert clock.now == received_at[0] + 20


@pytest.mark.parametrize(
    "before",
    [Reply(503), Reply(429, headers={"Retry-After": "60"}), Reply(302, headers={"Location": "/elsewhere"})],
    ids=["a failure", "a requested wait", "a redirect"],
)
def test_after_retries_and_redirects_fetched_at_is_when_the_last_request_was_sent(
    vendor: Vendor, client: Client, clock: Clock, before: Reply
) -> None:
    received_at: list[float] = []

    def respond_slowly(request: ReceivedRequest) -> Reply:
        received_at.append(clock.now)
        clock.now += 20
        return before if len(received_at) == 1 else Reply(body=[1])

    vendor.handler = respond_slowly
    page = client.send(Request(vendor.url))
    first, second = received_at
    assert page.fetched_at.timestamp() == pytest.approx(second, abs=1e-6)
    assert second >= first + 20


def test_a_compressed_page_is_decompressed(vendor: Vendor, client: Client) -> None:
    vendor.script(Reply(body=gzip.compress(b'["x"]'), headers={"Content-Encoding": "gzip"}))
    assert client.send(Request(vendor.url)).body == b'["x"]'
    assert "gzip" in vendor.requests[0].headers["Accept-Encoding"]


def test_a_response_is_limited_in_size_after_decompression(
    vendor: Vendor, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "LARGEST_RESPONSE", 3_000_000)
    bomb = gzip.compress(b"[" + b" " * 50_000_000 + b"]")
    assert len(bomb) < 100_000
    endless = Reply(body=b" " * 4_000_000, promised=10**12)
    for reply in (Reply(body=bomb, headers={"Content-Encoding": "gzip"}), Reply(body=b" " * 3_000_001), endless):
        vendor.script(reply)
        with pytest.raises(ResponseTooLargeError, match="larger than 3000000 bytes"):
            client.send(Request(vendor.url))
    assert len(vendor.requests) == 3


def test_cookies_are_not_kept(vendor: Vendor, client: Client) -> None:
    vendor.script(Reply(302, headers={"Set-Cookie": "a=1", "Location": "/y"}), Reply(headers={"Set-Cookie": "b=2"}))
    client.send(Request(f"{vendor.url}/x"))
    client.send(Request(f"{vendor.url}/x"))
    assert all("Cookie" not in request.headers for request in vendor.requests)


def test_netrc_is_not_read(vendor: Vendor, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("default login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    client.send(Request(vendor.url))
    assert "Authorization" not in vendor.requests[0].headers


def test_the_proxy_of_the_environment_is_used(
    vendor: Vendor, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", vendor.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    connect("http://api.example.com").send(Request("http://api.example.com/x"))
    assert vendor.requests[0].target == "http://api.example.com/x"


def test_the_certificates_of_the_environment_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/our-ca.pem")
    with responses.RequestsMock() as mocked:
        mocked.get("https://api.example.com/x", json=[])
        Client("https://api.example.com").send(Request("https://api.example.com/x"))
        assert mocked.calls[0].request.req_kwargs["verify"] == "/etc/our-ca.pem"  # type: ignore[attr-defined]
        assert mocked.calls[0].request.req_kwargs["timeout"] == (10.0, 60.0)  # type: ignore[attr-defined]


def test_hooks_see_each_response_and_may_read_it(vendor: Vendor, client: Client) -> None:
    seen: list[tuple[int, bytes]] = []

    def hook(response: Response, *args: Any, **kwargs: Any) -> None:
        seen.append((response.status_code, response.content))

    client.session.hooks["response"].append(hook)
    vendor.script(Reply(301, b"moved", {"Location": "/y"}), Reply(503, b"down"), Reply(body=[1]))
    assert client.send(Request(vendor.url)).body == b"[1]"
    assert seen == [(301, b"moved"), (503, b"down"), (200, b"[1]")]


def test_what_a_hook_changes_in_a_request_that_was_sent_is_not_sent_with_the_next_one(
    vendor: Vendor, connect: Connect
) -> None:
    def hook(response: Response, *args: Any, **kwargs: Any) -> None:
        response.request.headers["Authorization"] = "hidden"
        response.request.headers["Accept"] = "text/html"

    client = connect(auth=BearerToken("secret-token"))
    client.session.hooks["response"].append(hook)
    for _ in range(3):
        client.send(Request(vendor.url))
    sent = [(request.headers["Authorization"], request.headers["Accept"]) for request in vendor.requests]
    assert sent == [("Bearer secret-token", "application/json")] * 3


def test_the_responses_library_can_replace_the_vendor() -> None:
    with responses.RequestsMock() as mocked:
        mocked.get("https://api.example.com/x?limit=1", json=[{"id": 1}])
        page = Client("https://api.example.com").send(Request("https://api.example.com/x", params={"limit": 1}))
    assert page.value("0.id") == 1


def test_counters_hold_requests_bytes_retries_and_waits(vendor: Vendor, client: Client) -> None:
    vendor.script(Reply(503, b"12345"), Reply(429, b"", {"Retry-After": "7"}), Reply(body=[1]))
    client.send(Request(vendor.url))
    first = client.counters
    assert (first.requests, first.bytes, first.retries) == (3, 8, 2)
    assert 7 < first.waited_seconds < 8
    client.send(Request(vendor.url))
    assert client.counters == first + Counters(requests=1, bytes=3)


def test_responses_retries_and_waits_emit_events(vendor: Vendor, connect: Connect) -> None:
    events: list[ClientEvent] = []
    vendor.script(Reply(429, b"", {"Retry-After": "7"}), Reply(body=[1]))
    connect(on_event=events.append).send(Request(vendor.url))
    assert [event.kind for event in events] == ["response", "retry", "response"]
    assert (events[1].seconds, events[1].where) == (7, "vendor/acme")


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (429, {"Retry-After": "2"}),
        (503, {"Retry-After": "30"}),
        (429, {"Retry-After": "4", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4"}),
    ],
)
def test_a_wait_is_told_once_although_time_passes_while_it_begins(
    vendor: Vendor, connect: Connect, clock: Clock, status: int, headers: dict[str, str]
) -> None:
    def ticking_clock() -> float:
        clock.now += 0.001
        return clock.now

    events: list[ClientEvent] = []
    vendor.script(Reply(status, b"", headers), Reply(body=[1]))
    connect(on_event=events.append, clock=ticking_clock).send(Request(vendor.url))
    assert [event.kind for event in events] == ["response", "retry", "response"]
    assert str(status) in events[1].text


def test_a_wait_for_the_rate_emits_one_event_that_says_so(vendor: Vendor, connect: Connect) -> None:
    events: list[ClientEvent] = []
    client = connect(on_event=events.append, rate=Rate(1, per=60))
    client.send(Request(vendor.url))
    client.send(Request(vendor.url))
    (waiting,) = [event for event in events if event.kind == "waiting"]
    assert (waiting.text, waiting.seconds > 1) == ("the vendor's rate limit", True)


@pytest.mark.parametrize(
    ("headers", "announcement"),
    [
        ({"Deprecation": "@1688169599"}, "is deprecated since 2023-06-30"),
        ({"Deprecation": "true"}, "is deprecated"),
        ({"Sunset": "Wed, 11 Nov 2026 23:59:59 GMT"}, "ends on Wed, 11 Nov 2026 23:59:59 GMT"),
        (
            {"Deprecation": "true", "Sunset": "2026-11-11", "Link": '<https://x.io/v2>; rel="sunset"'},
            "is deprecated and ends on 2026-11-11 (https://x.io/v2)",
        ),
    ],
)
def test_an_announced_deprecation_becomes_one_warning(
    vendor: Vendor, client: Client, headers: dict[str, str], announcement: str
) -> None:
    vendor.script(Reply(headers=headers))
    for number in range(3):
        client.send(Request(f"{vendor.url}/orgs/{number}"))
    assert client.warnings == (f"GET {vendor.url}/orgs/0: the vendor says that this API {announcement}",)


def test_when_too_many_warnings_come_the_last_one_says_so(client: Client) -> None:
    for number in range(150):
        client.warn(f"subject {number}", f"warning {number}")
    assert client.warnings[-2:] == ("warning 99", "more warnings came; only the first 100 are told")


def test_deprecation_false_causes_no_warning(vendor: Vendor, client: Client) -> None:
    vendor.script(Reply(headers={"Deprecation": "false"}))
    client.send(Request(vendor.url))
    assert client.warnings == ()


def test_clients_share_nothing(vendor: Vendor, other_host: Vendor, connect: Connect) -> None:
    """Conformance 47: a connection whose vendor asks it to wait does not delay another one."""
    hostile = connect(auth=BearerToken("{config.t}"), values={"t": "one"}, where="vendor/hostile")
    fine = connect(auth=BearerToken("{config.t}"), values={"t": "two"}, where="vendor/fine")
    vendor.script(Reply(headers={"Set-Cookie": "a=1", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "500"}))
    hostile.send(Request(vendor.url))
    vendor.script(Reply())
    fine.send(Request(vendor.url))
    assert vendor.requests[1].headers["Authorization"] == "Bearer two"
    assert fine.counters == Counters(requests=1, bytes=2)
    assert hostile.session is not fine.session
