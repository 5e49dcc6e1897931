"""Waiting as vendors ask, backoff when they don't, and pacing."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import formatdate
from itertools import pairwise

import pytest

from dazz_assets import Offset, Rate
from dazz_assets.errors import SyncError
from dazz_assets.http import requested_wait
from tests.conformance.conftest import Connect
from tests.conformance.connected import items, offset_page
from tests.conformance.integrations import CommonIntegration, ItemsStream
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor

NOW = 1_800_000_000.0


class VendorIntegration(CommonIntegration):
    paginator = Offset()
    streams = (ItemsStream,)


def test_01_a_429_with_retry_after_is_waited_out_with_nothing_configured(
    connect: Connect, api: Vendor, clock: Clock
) -> None:
    api.script(Reply(429, headers={"Retry-After": "120"}), Reply(body=items(1, 2)), Reply())
    acme = connect(VendorIntegration)
    report = acme.sync(ItemsStream)
    assert acme.ids(ItemsStream) == [1, 2]
    assert report.retries == 1
    assert report.waited_seconds == pytest.approx(120, abs=1)
    assert clock.slept == pytest.approx(120, abs=1)


def test_02_a_wait_of_an_hour_fails_at_once_and_says_so(connect: Connect, api: Vendor, clock: Clock) -> None:
    api.script(Reply(429, headers={"Retry-After": "3600"}))
    with pytest.raises(SyncError, match=r"acme.*wait 3600 s.*Sync again after that time"):
        connect(VendorIntegration).sync(ItemsStream)
    assert (len(api.requests), clock.slept) == (1, 0)


@pytest.mark.parametrize(
    ("seconds_from_now", "least", "most"),
    [(90, 89, 91), (-500, 0, 0)],
    ids=["a future date is waited for", "a past date means no wait"],
)
def test_03_retry_after_as_a_date(
    connect: Connect, api: Vendor, clock: Clock, seconds_from_now: int, least: float, most: float
) -> None:
    date = formatdate(clock.now + seconds_from_now, usegmt=True)
    api.script(Reply(429, headers={"Retry-After": date}), Reply(body=items(1)), Reply())
    connect(VendorIntegration).sync(ItemsStream)
    assert least <= clock.slept <= most


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [("-5", 0, 0), ("soon", 0.1, 1)],
    ids=["a negative number means no wait", "unreadable text means the usual backoff"],
)
def test_03_unusable_retry_after(
    connect: Connect, api: Vendor, clock: Clock, value: str, least: float, most: float
) -> None:
    api.script(Reply(429, headers={"Retry-After": value}), Reply(body=items(1)), Reply())
    connect(VendorIntegration).sync(ItemsStream)
    assert least <= clock.slept <= most


@pytest.mark.parametrize(
    ("status", "headers", "body", "seconds"),
    [
        (429, {"X-RateLimit-Reset": str(NOW + 30)}, b"", 30),
        (429, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{(NOW + 30) * 1000:.0f}"}, b"", 30),
        (429, {"RateLimit-Reset": "30"}, b"", 30),
        (429, {"RateLimit": '"default";r=0;t=30'}, b"", 30),
        (429, {"RateLimit": "limit=100, remaining=0, reset=30"}, b"", 30),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(NOW + 30)}, b"", 30),
        (403, {"X-RateLimit-Remaining": "17", "X-RateLimit-Reset": str(NOW + 30)}, b"", None),
        (429, {}, b'{"error": {"retry_in_seconds": 30}}', 30),
        (200, {}, b'{"errors": [{"extensions": {"retry_in_seconds": 30}}]}', 30),
        (429, {"Retry-After": "5", "X-RateLimit-Reset": str(NOW + 30)}, b"", 5),
        (503, {}, b"", None),
    ],
)
def test_04_one_pure_function_reads_the_requested_wait(
    status: int, headers: Mapping[str, str], body: bytes, seconds: float | None
) -> None:
    assert requested_wait(status, headers, body, NOW) == (None if seconds is None else pytest.approx(seconds, abs=0.01))


def test_04_a_reset_is_waited_for(connect: Connect, api: Vendor, clock: Clock) -> None:
    exhausted = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{clock.now + 45:.0f}"}
    api.script(Reply(429, headers=exhausted), Reply(body=items(1)), Reply())
    connect(VendorIntegration).sync(ItemsStream)
    assert clock.slept == pytest.approx(45, abs=1)


def allowance_headers(remaining: int, seconds: float, clock: Clock) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": "1000",
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": f"{clock.now + seconds:.0f}",
    }


def test_05_a_late_zero_of_an_older_rate_window_does_not_stop_a_fresh_one(
    connect: Connect, api: Vendor, clock: Clock
) -> None:
    fresh, stale = allowance_headers(900, 600, clock), allowance_headers(0, 60, clock)
    api.script(Reply(body=items(1), headers=fresh), Reply(body=items(2), headers=stale), Reply(body=items(3)), Reply())
    connect(VendorIntegration).sync(ItemsStream)
    assert clock.slept == 0


def test_05_a_late_large_number_does_not_raise_the_remaining_requests(
    connect: Connect, api: Vendor, clock: Clock
) -> None:
    low, stale = allowance_headers(4, 60, clock), allowance_headers(900, 60, clock)
    pages = [Reply(body=items(number), headers=stale) for number in range(2, 5)]
    api.script(Reply(body=items(1), headers=low), *pages, Reply())
    connect(VendorIntegration).sync(ItemsStream)
    assert clock.slept > 40  # the few remaining requests are spread over the time to the reset


def test_06_requests_stay_a_little_below_the_documented_rate(connect: Connect, api: Vendor, clock: Clock) -> None:
    class PacedIntegration(VendorIntegration):
        rate = Rate(60, per=60)

    records = items(*range(20))
    times: list[float] = []

    def note_time(request: ReceivedRequest) -> Reply:
        times.append(clock.now)
        return Reply(body=offset_page(records, request, 1))

    api.handler = note_time
    connect(PacedIntegration).sync(ItemsStream)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert len(gaps) == 20
    assert all(1.005 < gap < 1.1 for gap in gaps)


def test_07_backoff_is_jittered_and_ends_after_some_attempts(connect: Connect, api: Vendor, clock: Clock) -> None:
    api.script(Reply(503, {"message": "down for maintenance"}))
    with pytest.raises(SyncError, match="down for maintenance"):
        connect(VendorIntegration).sync(ItemsStream)
    first, attempts = list(clock.sleeps), len(api.requests)
    clock.sleeps.clear()
    with pytest.raises(SyncError):
        connect(VendorIntegration).sync(ItemsStream)
    assert attempts == 10
    assert first != clock.sleeps
    assert first[0] < 1
    assert first[-1] > 10 * first[0]


def test_07_backoff_ends_after_some_minutes_if_attempts_take_long(connect: Connect, api: Vendor, clock: Clock) -> None:
    def respond_slowly(request: ReceivedRequest) -> Reply:
        clock.now += 100
        return Reply(504)

    api.handler = respond_slowly
    with pytest.raises(SyncError, match="504"):
        connect(VendorIntegration).sync(ItemsStream)
    assert 2 <= len(api.requests) <= 4
