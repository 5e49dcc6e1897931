"""How long a connection is silent after limits whose refusals name no wait (`Rate(pause=)`)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from dazz_assets.http import Limiter, Rate, RateLimitedError, Request
from dazz_assets.http.auth.auth import BearerToken
from dazz_assets.http.auth.authenticator import Authenticator
from dazz_assets.http.auth.credential import Credential, CredentialSet
from dazz_assets.http.client import Client
from dazz_assets.http.errors import StoppedError
from dazz_assets.http.responses.response_rules import ResponseRules
from dazz_assets.sandbox import RateLimit
from tests.http.loopback import Clock, ReceivedRequest, Reply, Vendor

Connect = Callable[..., Client]
GOOD, REFUSED = Reply(body=[1]), Reply(429)
RATE = Rate(100, per=1, pause=45)


class SharedClock:
    """Epoch seconds that pass only while all of so many threads wait."""

    def __init__(self, threads: int) -> None:
        self.now = 1_800_000_000.0
        self._running = threads
        self._wakes: list[float] = []
        self._changed = threading.Condition()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._changed:
            wakes_at = self.now + seconds
            self._wakes.append(wakes_at)
            self._stop_running()
            self._changed.wait_for(lambda: self.now >= wakes_at)
            self._wakes.remove(wakes_at)

    def leave(self) -> None:
        """A thread has ended."""
        with self._changed:
            self._stop_running()

    def _stop_running(self) -> None:
        self._running -= 1
        if not self._running and self._wakes:
            self.now = max(self.now, min(self._wakes))
            self._running = sum(wake <= self.now for wake in self._wakes)
            self._changed.notify_all()


def waits(clock: Clock) -> list[float]:
    """The waits but for those of ordinary pacing."""
    return [round(seconds, 3) for seconds in clock.sleeps if seconds > 1]


def test_a_refusal_that_names_no_wait_is_followed_by_the_pause_of_the_rate(
    vendor: Vendor, connect: Connect, clock: Clock
) -> None:
    vendor.script(REFUSED, GOOD)
    assert connect(rate=RATE).send(Request(vendor.url)).body == b"[1]"
    assert waits(clock) == [45]


@pytest.mark.parametrize("reply", [Reply(403, {"message": "Rate limit exceeded"}), Reply(400, {"reason": "slow down"})])
def test_a_limit_is_known_by_words_and_by_what_the_stream_says_too(
    vendor: Vendor, connect: Connect, clock: Clock, reply: Reply
) -> None:
    vendor.script(reply, GOOD)
    connect(rate=RATE).send(Request(vendor.url), ResponseRules({(400, "slow down"): "limit"}))
    assert waits(clock) == [45]


def test_a_wait_that_the_vendor_names_goes_before_the_pause(vendor: Vendor, connect: Connect, clock: Clock) -> None:
    vendor.script(Reply(429, headers={"Retry-After": "7"}), GOOD)
    connect(rate=RATE).send(Request(vendor.url))
    assert waits(clock) == [7]


def test_another_failure_that_may_pass_is_no_limit(vendor: Vendor, connect: Connect, clock: Clock) -> None:
    vendor.script(Reply(503), GOOD)
    connect(rate=RATE).send(Request(vendor.url))
    assert waits(clock) == []


def test_each_pause_that_did_not_suffice_is_doubled_up_to_ten_minutes(
    vendor: Vendor, connect: Connect, clock: Clock
) -> None:
    vendor.script(*[REFUSED] * 4, GOOD)
    connect(rate=Rate(100, per=1, pause=100)).send(Request(vendor.url))
    assert waits(clock) == [100, 200, 400, 600]


def test_a_request_fails_after_four_pauses_and_each_later_one_after_one(
    vendor: Vendor, connect: Connect, clock: Clock
) -> None:
    vendor.script(REFUSED)
    client = connect(rate=Rate(100, per=60, pause=60))
    took = []
    for _ in range(3):
        began = clock.now
        with pytest.raises(RateLimitedError, match=r"429 Too Many Requests.* It came again after 4 pauses in a row"):
            client.send(Request(vendor.url))
        took.append(round(clock.now - began))
    assert took == [60 + 120 + 240 + 480, 60, 60]
    assert len(vendor.requests) == 5 + 1 + 1


def test_after_pauses_that_did_not_help_a_request_that_is_taken_makes_the_next_pause_a_first_one(
    vendor: Vendor, connect: Connect, clock: Clock
) -> None:
    vendor.script(*[REFUSED] * 5, GOOD, REFUSED, GOOD)
    client = connect(rate=RATE)
    with pytest.raises(RateLimitedError):
        client.send(Request(vendor.url))
    client.send(Request(vendor.url))
    client.send(Request(vendor.url))
    assert waits(clock) == [45, 90, 180, 360, 45, 45]


def test_a_wait_that_the_vendor_names_is_kept_after_pauses_that_did_not_help(
    vendor: Vendor, connect: Connect, clock: Clock
) -> None:
    vendor.script(*[REFUSED] * 5, Reply(429, headers={"Retry-After": "7"}), GOOD)
    client = connect(rate=RATE)
    with pytest.raises(RateLimitedError):
        client.send(Request(vendor.url))
    assert client.send(Request(vendor.url)).body == b"[1]"
    assert waits(clock)[-2:] == [45, 7]


def test_a_request_with_one_of_several_tokens_fails_when_pauses_of_each_did_not_help(
    vendor: Vendor, connect: Connect, clock: Clock
) -> None:
    names = ("one", "two")
    credentials = CredentialSet(
        [Credential(Authenticator(BearerToken(name), {}, [name]), Limiter(RATE), name) for name in names]
    )
    closed, asked_with = {"one"}, list[str]()

    def answer(asked: ReceivedRequest) -> Reply:
        asked_with.append(asked.headers["Authorization"].removeprefix("Bearer "))
        return REFUSED if asked_with[-1] in closed else GOOD

    vendor.handler = answer
    client = connect(credentials=credentials)
    for _ in range(7):
        client.send(Request(vendor.url))
        clock.sleep(600)
    assert asked_with == ["one", "two"] * 7

    closed, began = set(names), clock.now
    with pytest.raises(RateLimitedError):
        client.send(Request(vendor.url))
    assert clock.now - began <= 45 + 90 + 180 + 360 + 1


@pytest.mark.parametrize(("pause", "waited"), [(60, 0), (12, 12), (10, 30)], ids=["longer", "once", "twice"])
def test_where_attempts_have_little_time_pauses_take_it_from_them(
    vendor: Vendor, connect: Connect, clock: Clock, pause: float, waited: float
) -> None:
    vendor.script(REFUSED)
    client = connect(rate=Rate(100, per=1, pause=pause), backoff_seconds=30.0)
    for _ in range(3):
        with pytest.raises(RateLimitedError, match="nothing should be sent for the `pause` of the rate"):
            client.send(Request(vendor.url))
    assert sum(waits(clock)) == waited


def test_a_wait_of_no_seconds_is_none_where_the_rate_has_a_pause(
    vendor: Vendor, connect: Connect, clock: Clock
) -> None:
    refused = Reply(429, headers={"Retry-After": "0"})
    vendor.script(refused, refused, GOOD)
    connect(rate=RATE).send(Request(vendor.url))
    assert waits(clock) == [45, 90]


def test_after_a_request_that_was_taken_the_next_pause_is_a_first_one(
    vendor: Vendor, connect: Connect, clock: Clock
) -> None:
    vendor.script(REFUSED, REFUSED, GOOD, REFUSED, GOOD)
    client = connect(rate=RATE)
    client.send(Request(vendor.url))
    client.send(Request(vendor.url))
    assert waits(clock) == [45, 90, 45]


def test_without_a_pause_the_refused_request_is_tried_again_soon(
    vendor: Vendor, connect: Connect, clock: Clock
) -> None:
    vendor.script(REFUSED, GOOD)
    connect(rate=Rate(100, per=1)).send(Request(vendor.url))
    assert waits(clock) == []


def test_of_several_rates_the_longest_pause_is_kept(vendor: Vendor, connect: Connect, clock: Clock) -> None:
    vendor.script(REFUSED, GOOD)
    connect(rate=(Rate(100, per=1, pause=5), Rate(900, per=60, pause=20))).send(Request(vendor.url))
    assert waits(clock) == [20]


def test_a_limit_by_the_day_is_not_waited_for(vendor: Vendor, connect: Connect, clock: Clock) -> None:
    vendor.script(Reply(429, {"message": "Daily limit exceeded"}))
    client = connect(rate=RATE)
    for _ in range(2):
        with pytest.raises(RateLimitedError, match="Daily limit exceeded"):
            client.send(Request(vendor.url))
    assert waits(clock) == []


def test_a_page_that_was_asked_for_before_its_turn_begins_a_pause_too(
    vendor: Vendor, connect: Connect, clock: Clock
) -> None:
    vendor.script(REFUSED, GOOD)
    client = connect(rate=RATE)
    with pytest.raises(RateLimitedError):
        client.send_once(Request(vendor.url), ResponseRules(), stop=threading.Event())
    client.send(Request(vendor.url))
    assert waits(clock) == [45]


def test_a_window_that_requests_keep_closed_is_left_alone_by_all_threads(vendor: Vendor, connect: Connect) -> None:
    clock, arrivals = SharedClock(threads=4), list[tuple[float, bool]]()
    limit = RateLimit(5, per=45, keeps_closed=True, clock=clock)

    def answer(request: ReceivedRequest) -> Reply:
        exceeded = limit.spend().exceeded
        arrivals.append((clock.now, exceeded))
        return REFUSED if exceeded else GOOD

    def send_some() -> None:
        try:
            for _ in range(5):
                client.send(Request(vendor.url))
        finally:
            clock.leave()

    vendor.handler = answer
    client = connect(rate=RATE, clock=clock, sleep=clock.sleep)
    threads = [threading.Thread(target=send_some) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(not exceeded for _, exceeded in arrivals) == 20
    assert any(exceeded for _, exceeded in arrivals)
    for (refused_at, exceeded), (next_at, _) in pairwise(arrivals):
        # One that was in flight at that moment can't be called back.
        assert not exceeded or next_at == refused_at or next_at >= refused_at + 45


def test_all_threads_give_up_soon_after_the_last_pause(vendor: Vendor, connect: Connect) -> None:
    clock, failed = SharedClock(threads=4), list[str]()

    def send() -> None:
        try:
            client.send(Request(vendor.url))
        except RateLimitedError as error:
            failed.append(error.problem)
        finally:
            clock.leave()

    vendor.script(REFUSED)
    client, began = connect(rate=RATE, clock=clock, sleep=clock.sleep), clock.now
    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failed) == 4
    assert clock.now - began <= 45 + 90 + 180 + 360 + 3 * 45 + 1


def test_refusals_of_requests_that_were_in_flight_together_are_one(clock: Clock) -> None:
    limiter, began = Limiter(RATE), clock.now
    assert [limiter.note_refusal(began - 1, None, began + late) for late in (0, 2)] == [45, 45]
    assert limiter.opens_at(began + 2) == began + 47
    assert limiter.note_refusal(began + 47, None, began + 48) == 90


def test_a_request_that_is_taken_ends_what_pauses_could_not(clock: Clock) -> None:
    limiter, now = Limiter(RATE), clock.now
    assert limiter.note_refusal(now, None, now, longest=30) is None
    assert limiter.pauses_are_over
    limiter.note_success(now + 1)
    assert not limiter.pauses_are_over


def test_the_pause_of_an_endpoint_holds_its_requests_alone(clock: Clock) -> None:
    shared = Limiter(Rate(10, per=1, pause=45))
    narrow, other = shared.narrow(Rate(5, per=1, pause=8)), shared.narrow(Rate(5, per=1))
    now = clock.now
    assert narrow.note_refusal(now, None, now) == 8
    assert [limiter.opens_at(now) - now for limiter in (narrow, shared, other)] == [8, 0, 0]
    assert other.note_refusal(now, None, now) == 45
    assert [limiter.opens_at(now) - now for limiter in (narrow, shared, other)] == [45, 45, 45]


def test_a_refusal_after_a_silence_teaches_no_slower_pace(vendor: Vendor, connect: Connect, clock: Clock) -> None:
    client = connect(rate=Rate(10, per=1, pause=45))
    vendor.script(*[GOOD] * 20, *[REFUSED] * 2, GOOD)
    for _ in range(21):
        client.send(Request(vendor.url))
    clock.sleeps.clear()
    client.send(Request(vendor.url))
    # As the first refusal taught, 20 in a minute; after a delay, up to twice as close.
    assert 60 / 20 / 2 <= clock.slept <= 60 / 20 / 0.98


def test_a_stop_ends_a_pause(vendor: Vendor, connect: Connect) -> None:
    stop = threading.Event()
    vendor.script(REFUSED)
    client = connect(rate=RATE, sleep=lambda seconds: stop.set())
    with pytest.raises(StoppedError):
        client.send(Request(vendor.url), stop=stop)
    assert len(vendor.requests) == 1


@pytest.mark.parametrize("pause", [-1, 601, float("nan"), float("inf"), "60", True, None, timedelta(minutes=1)])
def test_a_pause_is_a_number_of_seconds_that_a_sync_waits_for(pause: Any) -> None:
    with pytest.raises(ValueError, match=r"its `pause` is .*; it must be a number of seconds from 0 to 600"):
        Rate(10, per=1, pause=pause)
