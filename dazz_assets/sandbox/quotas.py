"""Rate limits as vendors enforce them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Quota:
    """What a rate limit says of one request; `reset` is the epoch second at which the window opens again."""

    limit: int
    used: int
    reset: int
    exceeded: bool

    @property
    def remaining(self) -> int:
        """Requests left in the window."""
        return max(0, self.limit - self.used)


class RateLimit:
    """So many requests in a window of `per` seconds that starts with its first request.

    With `keeps_closed`, a request over the limit starts the window anew: it opens only after a whole `per` of silence.
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
