"""Rate limits as vendors enforce them."""

from __future__ import annotations

from dazz_assets.sandbox import RateLimit


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_requests_over_the_limit_are_refused_until_the_window_ends() -> None:
    clock = Clock()
    limit = RateLimit(2, per=60, clock=clock)

    assert [limit.spend().exceeded for _ in range(3)] == [False, False, True]
    clock.now += 60
    assert not limit.spend().exceeded


def test_a_quota_tells_what_remains_and_when_it_is_whole_again() -> None:
    limit = RateLimit(3, per=60, clock=Clock())
    limit.spend()
    quota = limit.spend()

    assert (quota.limit, quota.used, quota.remaining) == (3, 2, 1)
    assert quota.reset >= 1_060


def test_where_refused_requests_keep_the_window_closed_only_silence_opens_it() -> None:
    clock = Clock()
    limit = RateLimit(1, per=60, keeps_closed=True, clock=clock)
    limit.spend()
    for _ in range(3):
        clock.now += 59
        assert limit.spend().exceeded
    clock.now += 60
    assert not limit.spend().exceeded
