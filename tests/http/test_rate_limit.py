"""How fast a connection sends (conformance 5, 6)."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from dazz_assets.http import Limiter, Rate, Request, WaitTooLongError
from dazz_assets.http.client import Client
from dazz_assets.http.errors import StoppedError
from dazz_assets.http.rate_limit import Allowance
from tests.http.loopback import Clock, Reply, Vendor

Connect = Callable[..., Client]


def reply_with_allowance(remaining: int, reset: float, limit: int = 100) -> Reply:
    return Reply(
        headers={
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(remaining),
            "X-RateLimit-Reset": str(reset),
        }
    )


def test_requests_are_spaced_two_percent_below_the_documented_rate(
    vendor: Vendor, connect: Connect, clock: Clock
) -> None:
    client = connect(rate=Rate(10, per=1))
    for _ in range(21):
        client.send(Request(vendor.url))
    assert clock.slept == pytest.approx(20 * 0.1 / 0.98)
    assert max(clock.sleeps) == pytest.approx(0.1 / 0.98, abs=1e-5)


def test_the_threads_of_a_connection_share_its_rate(vendor: Vendor, connect: Connect, clock: Clock) -> None:
    began = clock.now
    client = connect(rate=Rate(10, per=1))
    threads = [threading.Thread(target=lambda: [client.send(Request(vendor.url)) for _ in range(5)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(vendor.requests) == 20
    assert clock.now - began >= 19 * 0.1 / 0.98 - 1e-6


def test_a_request_that_a_stopped_walk_does_not_send_leaves_its_turn_to_another(
    vendor: Vendor, connect: Connect, clock: Clock
) -> None:
    client, stop = connect(rate=Rate(1, per=60)), threading.Event()
    stop.set()
    with pytest.raises(StoppedError):
        client.send(Request(vendor.url), stop=stop)
    client.send(Request(vendor.url))
    assert (len(vendor.requests), clock.slept) == (1, 0)


def test_two_connections_share_no_rate(vendor: Vendor, connect: Connect, clock: Clock) -> None:
    """Conformance 47."""
    one, two = connect(rate=Rate(1, per=60)), connect(rate=Rate(1, per=60))
    one.send(Request(vendor.url))
    two.send(Request(vendor.url))
    assert clock.sleeps == []


@pytest.mark.parametrize("settings", [(0, 1), (1, 0), (-1, 1)])
def test_a_rate_must_be_positive(settings: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="Rate needs more than zero"):
        Rate(settings[0], per=settings[1])


def test_when_no_request_remains_the_next_one_waits_for_the_reset(vendor: Vendor, client: Client, clock: Clock) -> None:
    vendor.script(reply_with_allowance(0, clock.now + 45), reply_with_allowance(99, clock.now + 105))
    client.send(Request(vendor.url))
    client.send(Request(vendor.url))
    assert clock.sleeps == [45]


def test_the_last_remaining_request_is_used(vendor: Vendor, client: Client, clock: Clock) -> None:
    vendor.script(reply_with_allowance(1, clock.now + 45, limit=5), reply_with_allowance(0, clock.now + 45, limit=5))
    client.send(Request(vendor.url))
    client.send(Request(vendor.url))
    assert clock.sleeps == []
    client.send(Request(vendor.url))
    assert clock.sleeps == [45]


def test_a_few_remaining_requests_are_spread_over_the_time_to_the_reset(
    vendor: Vendor, client: Client, clock: Clock
) -> None:
    reset = clock.now + 60
    remaining = iter([11, 10, 9, 8, 7, 6, 5])
    vendor.handler = lambda request: reply_with_allowance(next(remaining), reset)
    for _ in range(6):
        client.send(Request(vendor.url))
    assert len(clock.sleeps) == 3
    assert all(5 < seconds < 8 for seconds in clock.sleeps)


def test_many_remaining_requests_are_not_delayed(vendor: Vendor, client: Client, clock: Clock) -> None:
    vendor.handler = lambda request: reply_with_allowance(50, clock.now + 3000)
    for _ in range(5):
        client.send(Request(vendor.url))
    assert clock.sleeps == []


def test_a_stale_zero_does_not_stop_a_fresh_window(vendor: Vendor, client: Client, clock: Clock) -> None:
    vendor.script(
        reply_with_allowance(99, clock.now + 120),
        reply_with_allowance(0, clock.now + 60),
        reply_with_allowance(97, clock.now + 120),
    )
    for _ in range(3):
        client.send(Request(vendor.url))
    assert clock.sleeps == []


def test_a_stale_response_does_not_raise_the_remaining_requests(vendor: Vendor, client: Client, clock: Clock) -> None:
    reset = clock.now + 60
    vendor.script(reply_with_allowance(5, reset), reply_with_allowance(80, reset + 1))
    for _ in range(4):
        client.send(Request(vendor.url))
    assert len(clock.sleeps) == 2
    assert min(clock.sleeps) > 10


def test_too_distant_a_reset_fails_at_once_and_sends_nothing(vendor: Vendor, client: Client, clock: Clock) -> None:
    vendor.script(reply_with_allowance(0, clock.now + 3000))
    client.send(Request(vendor.url))
    with pytest.raises(WaitTooLongError, match="3000 s") as caught:
        client.send(Request(f"{vendor.url}/x"))
    assert caught.value.seconds == pytest.approx(3000)
    assert len(vendor.requests) == 1
    assert clock.sleeps == []


def test_setting_the_clock_back_causes_no_wait(vendor: Vendor, connect: Connect, clock: Clock) -> None:
    client = connect(rate=Rate(10, per=1))
    client.send(Request(vendor.url))
    clock.now -= 3600
    client.send(Request(vendor.url))
    assert clock.slept < 1


def test_a_limit_of_an_endpoint_holds_for_its_requests_and_a_budget_in_a_body_for_all() -> None:
    now = 1_800_000_000.0
    shared = Limiter(Rate(10, per=1))
    narrow = shared.narrow(Rate(1, per=10))
    narrow.observe(Allowance(0, now + 60, None), now)
    assert (shared.opens_at(now), narrow.opens_at(now)) == (now, now + 60)
    narrow.hold(now + 90)
    assert (shared.opens_at(now), narrow.opens_at(now)) == (now, now + 90)
    narrow.observe(Allowance(5, now + 30, None, cost=8), now, "body")
    assert (shared.opens_at(now), narrow.opens_at(now)) == (now + 30, now + 90)


def test_a_request_of_an_endpoint_takes_a_turn_of_all_limits_and_gives_it_back(clock: Clock) -> None:
    shared = Limiter(Rate(10, per=1))
    narrow = shared.narrow(Rate(1, per=10))
    narrow.acquire(clock, clock.sleep)
    assert shared.opens_at(clock.now) == pytest.approx(clock.now + 0.1 / 0.98)
    assert narrow.opens_at(clock.now) == pytest.approx(clock.now + 10 / 0.98)

    def refuse(seconds: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        narrow.acquire(clock, refuse)
    assert shared.opens_at(clock.now) < clock.now + 0.2
    assert narrow.opens_at(clock.now) < clock.now + 11
