"""Rate limits as vendors enforce them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Quota:
    """The state of a rate limit after one request. reset: the epoch second at which a new window opens."""

    limit: int
    used: int
    reset: int
    exceeded: bool

    @property
    def remaining(self) -> int:
        """Requests left in the window."""
        return max(0, self.limit - self.used)


class RateLimit:
    """`requests` in each window of `per` seconds; a window starts with its first request.

    keeps_closed: a request over the limit restarts the window, which then opens only after `per` seconds of silence.
    """

    def __init__(
        self, requests: int, per: float, *, keeps_closed: bool = False, clock: Callable[[], float] = time.time
    ) -> None:
        self.requests = requests
        self.per = per
        self._keeps_closed = keeps_closed
        self._clock = clock
        self.clear()

    def clear(self) -> None:
        """Open a fresh window."""
        self._used = 0
        self._ends = 0.0

    def spend(self) -> Quota:
        """Count one request."""
        now = self._clock()
        if now >= self._ends:
            self._used, self._ends = 0, now + self.per
        exceeded = self._used >= self.requests
        if not exceeded:
            self._used += 1
        elif self._keeps_closed:
            self._ends = now + self.per
        return Quota(self.requests, self._used, int(self._ends) + 1, exceeded)
