"""Which failures are retried, how often, and after how long (conformance 1, 2, 3, 7, 12)."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from email.utils import formatdate

import pytest

from dazz_assets.http import (
    BadRequestError,
    NotJsonError,
    RateLimitedError,
    RefusedError,
    Request,
    ResponseRules,
    TransportError,
    UnavailableError,
    UnreachableError,
    WaitTooLongError,
)
from dazz_assets.http.client import Client
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor

Connect = Callable[..., Client]
GOOD = Reply(body=[1])


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 507, *range(520, 531), 599])
def test_a_transient_status_is_retried(vendor: Vendor, client: Client, clock: Clock, status: int) -> None:
    vendor.script(Reply(status), GOOD)
    assert client.send(Request(vendor.url)).body == b"[1]"
    assert client.counters.retries == 1
    assert 0 < clock.slept < 1


@pytest.mark.parametrize(
    "status", [400, 401, 402, 403, 404, 405, 406, 409, 410, 413, 414, 415, 418, 422, 423, 424, 431, 451, 501, 505, 511]
)
def test_a_final_status_fails_at_once(vendor: Vendor, client: Client, status: int) -> None:
    vendor.script(Reply(status, {"message": "no"}), GOOD)
    with pytest.raises(RefusedError) as caught:
        client.send(Request(vendor.url))
    assert caught.value.status == status
    assert len(vendor.requests) == 1


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"Retry-After": "3"}, "Forbidden"),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "3"}, "Forbidden"),
        ({}, "API rate limit exceeded for user 7"),
        ({}, "You have triggered an abuse detection mechanism"),
    ],
)
def test_a_403_about_a_rate_limit_is_retried(
    vendor: Vendor, client: Client, headers: dict[str, str], message: str
) -> None:
    vendor.script(Reply(403, {"message": message}, headers), GOOD)
    assert client.send(Request(vendor.url)).status == 200


def test_a_rate_limit_is_retried_even_with_an_accepted_status(vendor: Vendor, client: Client) -> None:
    vendor.script(Reply(403, headers={"Retry-After": "3"}), GOOD)
    assert client.send(Request(vendor.url), ResponseRules({403: "skip"})).accepted_failure is None


@pytest.mark.parametrize("failure", [Reply(hang_up=True), Reply(body=b"[1, 2", promised=100)])
def test_a_broken_connection_is_retried(vendor: Vendor, client: Client, failure: Reply) -> None:
    vendor.script(failure, GOOD)
    assert client.send(Request(vendor.url)).body == b"[1]"


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE html><h1>Down\n for   maintenance</h1>",
        b'{"data": [',
        b'["\xff"]',
        b"[NaN",
        rb'["\ud800"] more',
        rb'{"a": "\ud800",}',
    ],
)
def test_a_successful_response_that_is_not_json_is_retried_a_few_times_and_then_quoted(
    vendor: Vendor, client: Client, body: bytes
) -> None:
    """Conformance 10."""
    vendor.script(Reply(body=body), GOOD)
    assert client.send(Request(vendor.url)).body == b"[1]"
    vendor.requests.clear()
    vendor.script(Reply(body=body))
    with pytest.raises(NotJsonError, match=r"the body is not JSON(: .*)?\. It begins: '") as caught:
        client.send(Request(vendor.url))
    assert len(vendor.requests) == 4
    assert body[:5].decode(errors="replace") in str(caught.value).replace("\\\\", "\\")


def test_retry_after_is_waited_out_with_nothing_configured(vendor: Vendor, client: Client, clock: Clock) -> None:
    vendor.script(Reply(429, headers={"Retry-After": "120"}), GOOD)
    client.send(Request(vendor.url))
    assert clock.sleeps == [120]
    assert client.counters.waited_seconds == 120


def test_retry_after_as_a_date_is_waited_out(vendor: Vendor, client: Client, clock: Clock) -> None:
    vendor.script(Reply(503, headers={"Retry-After": formatdate(clock.now + 90, usegmt=True)}), GOOD)
    client.send(Request(vendor.url))
    assert clock.sleeps == [90]


@pytest.mark.parametrize("text", ["-5", "0", formatdate(1_700_000_000, usegmt=True)])
def test_a_retry_after_in_the_past_means_no_wait(vendor: Vendor, client: Client, clock: Clock, text: str) -> None:
    vendor.script(Reply(429, headers={"Retry-After": text}), GOOD)
    client.send(Request(vendor.url))
    assert clock.sleeps == []


def test_a_repeated_retry_after_of_zero_is_ignored(vendor: Vendor, client: Client, clock: Clock) -> None:
    vendor.script(Reply(429, headers={"Retry-After": "0"}))
    with pytest.raises(RateLimitedError):
        client.send(Request(vendor.url))
    assert clock.slept > 30


@pytest.mark.parametrize("text", ["soon", ""])
def test_an_unreadable_retry_after_means_the_normal_backoff(
    vendor: Vendor, client: Client, clock: Clock, text: str
) -> None:
    vendor.script(Reply(429, headers={"Retry-After": text}), GOOD)
    client.send(Request(vendor.url))
    assert 0 < clock.slept < 1


def test_too_long_a_requested_wait_fails_at_once_and_says_how_long(
    vendor: Vendor, client: Client, clock: Clock
) -> None:
    vendor.script(Reply(429, {"message": "daily quota used"}, {"Retry-After": "3600"}), GOOD)
    with pytest.raises(WaitTooLongError, match=r"daily quota used.*asks to wait 3600 s") as caught:
        client.send(Request(vendor.url))
    assert caught.value.seconds == 3600
    assert clock.sleeps == []
    with pytest.raises(WaitTooLongError):
        client.send(Request(f"{vendor.url}/another"))
    assert len(vendor.requests) == 1


def test_a_requested_wait_of_ten_minutes_is_waited_out_each_time(vendor: Vendor, client: Client, clock: Clock) -> None:
    vendor.script(*[Reply(429, headers={"Retry-After": "600"})] * 5, GOOD)
    client.send(Request(vendor.url))
    assert clock.sleeps == [600] * 5


def test_a_requested_wait_holds_the_other_threads_of_the_connection(
    vendor: Vendor, connect: Connect, clock: Clock
) -> None:
    waiting, go_on = threading.Event(), threading.Event()

    def sleep(seconds: float) -> None:
        waiting.set()
        go_on.wait(5)
        clock.sleep(seconds)

    client = connect(sleep=sleep)
    limited = iter([True])
    vendor.handler = lambda request: Reply(429, headers={"Retry-After": "50"}) if next(limited, False) else GOOD
    threads = [threading.Thread(target=client.send, args=(Request(f"{vendor.url}/1"),))]
    threads[0].start()
    assert waiting.wait(5)
    threads.append(threading.Thread(target=client.send, args=(Request(f"{vendor.url}/2"),)))
    threads[1].start()
    threads[1].join(0.2)
    assert [request.path for request in vendor.requests] == ["/1"]
    go_on.set()
    for thread in threads:
        thread.join(5)
    assert [request.path for request in vendor.requests].count("/2") == 1


def test_three_transient_errors_cost_a_few_seconds(vendor: Vendor, client: Client, clock: Clock) -> None:
    vendor.script(Reply(503), Reply(429), Reply(hang_up=True), GOOD)
    client.send(Request(vendor.url))
    assert len(clock.sleeps) == 3
    assert clock.sleeps[0] <= 1
    assert clock.slept < 4


def test_backoff_grows_with_jitter_up_to_a_limit_and_ends_after_ten_attempts(
    vendor: Vendor, connect: Connect, clock: Clock
) -> None:
    vendor.script(Reply(500))
    first = []
    for _ in range(3):
        clock.sleeps.clear()
        with pytest.raises(UnavailableError):
            connect().send(Request(vendor.url))
        assert len(clock.sleeps) == 9
        assert all(
            expected * 0.7 < slept < expected * 1.3
            for expected, slept in zip([0.3, 0.6, 1.2, 2.4, 4.8, 9.6, 19.2, 30, 30], clock.sleeps, strict=True)
        )
        first.append(clock.sleeps[0])
    assert len(set(first)) == 3


def test_attempts_end_after_five_minutes_even_if_they_were_few(vendor: Vendor, client: Client, clock: Clock) -> None:
    def slow(request: ReceivedRequest) -> Reply:
        clock.now += 120
        return Reply(500)

    vendor.handler = slow
    with pytest.raises(UnavailableError):
        client.send(Request(vendor.url))
    assert len(vendor.requests) == 3


def test_requested_waits_do_not_count_as_backoff(vendor: Vendor, client: Client) -> None:
    vendor.script(*[Reply(429, headers={"Retry-After": "290"})] * 4, Reply(500), Reply(500), GOOD)
    assert client.send(Request(vendor.url)).status == 200


def test_a_refused_connection_is_named_in_the_error(connect: Connect) -> None:
    with pytest.raises(TransportError, match=r"127.0.0.1:9/x: no connection: 127.0.0.1:9 refuses connections\. It"):
        connect("http://127.0.0.1:9").send(Request("http://127.0.0.1:9/x"))


def test_a_name_that_does_not_resolve_is_named(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(UnreachableError, match=r"no connection: the name nowhere\.test can't be resolved\. It"):
        connect("http://nowhere.test").send(Request("http://nowhere.test/x"))


def test_https_at_a_server_of_plain_http_is_asked_about_and_not_retried(vendor: Vendor, connect: Connect) -> None:
    url = vendor.url.replace("http://", "https://")
    client = connect(url)
    with pytest.raises(BadRequestError, match=r"does not answer in TLS: .*Check base_url: is it http, not https\?"):
        client.send(Request(url))
    assert client.counters.retries == 0


def test_a_refused_connection_is_retried_only_a_few_times(clock: Clock) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    client = Client(url, where="snyk/acme", clock=clock, sleep=clock.sleep)
    with pytest.raises(UnreachableError, match=r"snyk/acme: GET .* refuses connections.*check that the address"):
        client.send(Request(f"{url}/rest/orgs"))
    assert client.counters.requests == 5
    assert clock.slept < 10
