"""How close a connection comes to what a vendor allows, by a clock of the test's."""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable
from itertools import pairwise

import pytest

from dazz_assets.http import Limiter, Rate

Latency = Callable[[random.Random], float]


class Vendor:
    """Allows so many requests in any period, and asks to wait `retry_after` seconds after one more."""

    def __init__(self, allowed: int, period: float, retry_after: float | None) -> None:
        self._allowed, self._period, self.retry_after = allowed, period, retry_after
        self._taken: deque[float] = deque()
        self.refusals: list[float] = []

    def takes(self, at: float) -> bool:
        while self._taken and self._taken[0] <= at - self._period:
            self._taken.popleft()
        if len(self._taken) >= self._allowed:
            self.refusals.append(at)
            return False
        self._taken.append(at)
        return True


def send_all(
    limiter: Limiter,
    vendor: Vendor,
    count: int,
    threads: int,
    latency: Latency,
    seed: int = 0,
    late: Latency = lambda chance: chance.uniform(0, 0.002),
) -> list[float]:
    """Send until so many requests were taken; when they were. late: how much longer a sleep lasts than it should."""
    chance, taken = random.Random(seed), list[float]()
    free = [(1_800_000_000.0, thread) for thread in range(threads)]
    while len(taken) < count:
        now, thread = heapq.heappop(free)

        def pause(seconds: float) -> None:
            nonlocal now
            now += seconds + late(chance)

        limiter.acquire(lambda: now, pause)  # noqa: B023  called at once
        sent_at, way = now, latency(chance)
        if vendor.takes(sent_at + chance.uniform(0, 0.01)):
            taken.append(sent_at)
        else:
            limiter.note_refusal(sent_at, vendor.retry_after, sent_at + way)
            limiter.hold(sent_at + way + (vendor.retry_after or 0.3))
        heapq.heappush(free, (sent_at + way, thread))
    return taken


def pace(taken: list[float]) -> float:
    return (len(taken) - 1) / (taken[-1] - taken[0])


def quick(chance: random.Random) -> float:
    return 0.004


def stalling(chance: random.Random) -> float:
    """Quick, but for a stall now and then, such as a commit of the caller's."""
    return 0.15 if chance.random() < 0.01 else chance.uniform(0.004, 0.014)


def slow(chance: random.Random) -> float:
    return chance.uniform(0.05, 0.15)


@pytest.mark.parametrize(("threads", "latency"), [(1, quick), (1, stalling), (8, slow)])
@pytest.mark.parametrize(("allowed", "period", "count"), [(50, 1.0, 500), (1_600, 60.0, 3_000), (10, 1.0, 300)])
def test_a_documented_rate_is_used_to_97_percent_and_never_exceeded(
    threads: int, latency: Latency, allowed: int, period: float, count: int
) -> None:
    for seed in range(5):
        vendor = Vendor(allowed, period, 1)
        taken = send_all(Limiter(Rate(allowed, per=period)), vendor, count, threads, latency, seed)
        assert vendor.refusals == []
        # After some stalls, the vendor's period leaves no room to make up for them.
        share = 0.95 if latency is stalling else 0.97
        assert share * allowed / period <= pace(taken) <= allowed / period


def test_requests_after_a_delay_make_up_for_it_without_a_burst() -> None:
    limiter, vendor = Limiter(Rate(50, per=1)), Vendor(50, 1.0, 1)
    taken = send_all(limiter, vendor, 500, 1, lambda chance: 0.2 if chance.random() < 0.01 else 0.002)
    assert vendor.refusals == []
    assert pace(taken) >= 0.93 * 50
    distances = [later - earlier for earlier, later in pairwise(taken)]
    assert min(distances) >= 0.02 / 2 - 0.002


def overslept(chance: random.Random) -> float:
    return 0.06 if chance.random() < 0.05 else chance.uniform(0, 0.005)


@pytest.mark.parametrize(("threads", "latency"), [(1, quick), (8, slow)])
def test_sleeps_that_end_late_on_a_busy_machine_exceed_nothing(threads: int, latency: Latency) -> None:
    for seed in range(5):
        vendor = Vendor(50, 1.0, 1)
        taken = send_all(Limiter(Rate(50, per=1)), vendor, 500, threads, latency, seed, overslept)
        assert vendor.refusals == []
        assert pace(taken) >= 0.94 * 50


@pytest.mark.parametrize(("threads", "latency"), [(1, quick), (1, stalling), (8, slow)])
def test_a_rate_that_nobody_documents_is_learned_from_the_first_refusal(threads: int, latency: Latency) -> None:
    for seed in range(5):
        vendor = Vendor(50, 1.0, 1)
        taken = send_all(Limiter(None), vendor, 500, threads, latency, seed)
        assert len(vendor.refusals) <= threads  # with several threads, those in flight at the time are refused too
        assert pace(taken[100:]) >= 0.93 * 50
        assert 500 / 50 / (taken[-1] - taken[0]) >= 0.9


def test_a_learned_rate_keeps_within_five_percent_of_what_the_limit_allows() -> None:
    vendor = Vendor(50, 1.0, 1)
    taken = send_all(Limiter(None), vendor, 500, 1, quick)
    assert len(vendor.refusals) == 1
    assert (taken[-1] - taken[0]) <= 1.05 * 500 / 50


def test_a_limit_by_the_minute_is_learned_by_the_minute() -> None:
    vendor = Vendor(300, 60.0, 40)
    taken = send_all(Limiter(None), vendor, 3_000, 1, quick)
    assert len(vendor.refusals) <= 3
    assert pace(taken) >= 0.9 * 300 / 60


def test_a_documented_rate_that_is_too_high_is_corrected() -> None:
    vendor = Vendor(30, 1.0, 1)
    taken = send_all(Limiter(Rate(50, per=1)), vendor, 600, 1, quick)
    assert len(vendor.refusals) <= 2
    assert pace(taken) >= 0.9 * 30


def test_refusals_without_a_wait_lower_the_pace_too() -> None:
    vendor = Vendor(50, 1.0, None)
    taken = send_all(Limiter(None), vendor, 1_000, 1, quick)
    assert len(vendor.refusals) <= 3
    assert pace(taken) >= 0.9 * 50


def test_a_limit_that_someone_else_used_up_is_found_again() -> None:
    vendor, limiter = Vendor(50, 1.0, 1), Limiter(None)
    for _ in range(30):
        vendor.takes(1_800_000_000.0)
    taken = send_all(limiter, vendor, 9_000, 1, quick)
    assert pace(taken[-1_000:]) >= 0.9 * 50
    assert len(vendor.refusals) <= 4


def test_one_refusal_of_a_vendor_that_is_busy_teaches_nothing() -> None:
    limiter = Limiter(None)
    now = 1_800_000_000.0
    for number in range(5):
        limiter.acquire(lambda at=now + number: at, lambda seconds: None)  # type: ignore[misc]
    limiter.note_refusal(now + 4, 2.0, now + 4)
    assert limiter.opens_at(now + 5) == now + 5


def test_a_request_that_is_not_sent_after_all_leaves_its_turn_to_another() -> None:
    limiter, now = Limiter(Rate(1, per=10)), 1_800_000_000.0
    limiter.acquire(lambda: now, lambda seconds: None)

    def give_up(seconds: float) -> None:
        raise TimeoutError

    for _ in range(5):
        with pytest.raises(TimeoutError):
            limiter.acquire(lambda: now, give_up)
    assert limiter.opens_at(now) == pytest.approx(now + 10 / 0.98, abs=1e-5)
    assert limiter.count_room(now, 1) == 0
    assert limiter.count_room(now + 20, 1) == 1
    assert Limiter(Rate(50, per=1)).count_room(now, 1) == 49
