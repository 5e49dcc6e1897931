"""How fast a connection asks (conformance 5, 6)."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from dazz_assets.http import Client, Rate, Request, WaitTooLongError
from tests.http.loopback import Clock, Reply, Vendor

Connect = Callable[..., Client]


def left(remaining: int, reset: float, limit: int = 100) -> Reply:
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
    assert max(clock.sleeps) == pytest.approx(0.1 / 0.98)


def test_the_threads_of_a_connection_share_its_rate(vendor: Vendor, connect: Connect, clock: Clock) -> None:
    began = clock.now
    client = connect(rate=Rate(10, per=1))
    threads = [threading.Thread(target=lambda: [client.send(Request(vendor.url)) for _ in range(5)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(vendor.asked) == 20
    assert clock.now - began >= 19 * 0.1 / 0.98 - 1e-6


def test_two_connections_share_no_rate(vendor: Vendor, connect: Connect, clock: Clock) -> None:
    """Conformance 47."""
    one, two = connect(rate=Rate(1, per=60)), connect(rate=Rate(1, per=60))
    one.send(Request(vendor.url))
    two.send(Request(vendor.url))
    assert clock.sleeps == []


@pytest.mark.parametrize("settings", [(0, 1), (1, 0), (-1, 1)])
def test_a_rate_is_more_than_nothing(settings: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="Rate needs more than zero"):
        Rate(settings[0], per=settings[1])


def test_when_nothing_is_left_the_next_request_waits_for_the_reset(
    vendor: Vendor, client: Client, clock: Clock
) -> None:
    vendor.script(left(0, clock.now + 45), left(99, clock.now + 105))
    client.send(Request(vendor.url))
    client.send(Request(vendor.url))
    assert clock.sleeps == [45]


def test_the_last_request_that_is_left_is_used(vendor: Vendor, client: Client, clock: Clock) -> None:
    vendor.script(left(1, clock.now + 45, limit=5), left(0, clock.now + 45, limit=5))
    client.send(Request(vendor.url))
    client.send(Request(vendor.url))
    assert clock.sleeps == []
    client.send(Request(vendor.url))
    assert clock.sleeps == [45]


def test_what_is_left_is_spread_over_the_time_to_the_reset_when_it_is_little(
    vendor: Vendor, client: Client, clock: Clock
) -> None:
    reset = clock.now + 60
    remaining = iter([11, 10, 9, 8, 7, 6, 5])
    vendor.handler = lambda asked: left(next(remaining), reset)
    for _ in range(6):
        client.send(Request(vendor.url))
    assert len(clock.sleeps) == 3
    assert all(5 < seconds < 8 for seconds in clock.sleeps)


def test_while_much_is_left_nothing_waits(vendor: Vendor, client: Client, clock: Clock) -> None:
    vendor.handler = lambda asked: left(50, clock.now + 3000)
    for _ in range(5):
        client.send(Request(vendor.url))
    assert clock.sleeps == []


def test_a_stale_zero_does_not_stop_a_fresh_window(vendor: Vendor, client: Client, clock: Clock) -> None:
    vendor.script(left(99, clock.now + 120), left(0, clock.now + 60), left(97, clock.now + 120))
    for _ in range(3):
        client.send(Request(vendor.url))
    assert clock.sleeps == []


def test_a_stale_number_does_not_raise_what_is_left(vendor: Vendor, client: Client, clock: Clock) -> None:
    reset = clock.now + 60
    vendor.script(left(5, reset), left(80, reset + 1))
    for _ in range(4):
        client.send(Request(vendor.url))
    assert len(clock.sleeps) == 2
    assert min(clock.sleeps) > 10


def test_a_reset_that_is_too_far_off_fails_at_once_and_sends_nothing(
    vendor: Vendor, client: Client, clock: Clock
) -> None:
    vendor.script(left(0, clock.now + 3000))
    client.send(Request(vendor.url))
    with pytest.raises(WaitTooLongError, match="3000 s") as caught:
        client.send(Request(f"{vendor.url}/x"))
    assert caught.value.seconds == pytest.approx(3000)
    assert len(vendor.asked) == 1
    assert clock.sleeps == []


def test_a_clock_that_is_set_back_costs_no_wait(vendor: Vendor, connect: Connect, clock: Clock) -> None:
    client = connect(rate=Rate(10, per=1))
    client.send(Request(vendor.url))
    clock.now -= 3600
    client.send(Request(vendor.url))
    assert clock.slept < 1
