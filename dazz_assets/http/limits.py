"""How fast a connection may ask: the documented rate, and what the vendor's headers say is left."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dazz_assets.http.waits import Allowance, allowance

MARGIN = 0.98
"""Requests are paced at this share of the documented rate: jitter at the limit itself costs whole windows."""
LOW_SHARE = 0.1
LOW_WITHOUT_LIMIT = 10
"""Below this share of a limit, or this many requests where it is not known, what is left is spread until the reset."""
SAME_WINDOW_SECONDS = 2.0
"""Resets closer than this are one window's: a reset given in seconds from now moves with latency and rounding."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What a vendor documents: so many requests `per` so many seconds, as `Rate(1_600, per=60)`."""

    requests: float
    per: float = 1.0

    def __post_init__(self) -> None:
        if self.requests <= 0 or self.per <= 0:
            raise ValueError("Rate needs more than zero requests per more than zero seconds: correct it")

    @property
    def spacing(self) -> float:
        """Seconds from one request to the next."""
        return self.per / self.requests / MARGIN


class Limiter:
    """Paces the requests of one connection, whichever thread sends them (conformance 5, 6).

    Requests are spaced evenly, never in bursts. A closed gate (the vendor named a wait, or nothing is left) holds all.
    Times are epoch seconds.
    """

    def __init__(self, rate: Rate | None) -> None:
        self._spacing = rate.spacing if rate else 0.0
        self._lock = threading.Lock()
        self._next = 0.0
        self._asked = 0.0
        self._closed_until = 0.0
        self._left: Allowance | None = None

    def acquire(self, clock: Callable[[], float], pause: Callable[[float], None]) -> None:
        """Returns when a request may be sent; sleeps by `pause`, which may raise to give up."""
        now = clock()
        while True:
            wait, granted = self._reserve(now)
            if wait > 0:
                pause(wait)
                now = max(
                    clock(), now + wait
                )  # A sleep may end a tick early: what was waited for is over all the same.
            if granted and (wait <= 0 or not self._held(now)):
                return

    def hold(self, until: float) -> None:
        """Lets no request out before that time."""
        with self._lock:
            self._closed_until = max(self._closed_until, until)

    def observe(self, headers: Mapping[str, str], now: float) -> None:
        """Takes in what a response says is left. What is older than what is known changes nothing."""
        seen = allowance(headers, now)
        if seen is None or seen.reset_at is None or seen.reset_at <= now:
            return
        with self._lock:
            known = self._left
            if known is None or known.reset_at is None or known.reset_at <= now:
                self._left = seen
            elif abs(seen.reset_at - known.reset_at) <= SAME_WINDOW_SECONDS:
                self._left = Allowance(min(seen.remaining, known.remaining), known.reset_at, known.limit)
            elif seen.reset_at > known.reset_at:
                self._left = seen

    def _held(self, now: float) -> bool:
        """Whether a hold came while a thread waited for its turn."""
        with self._lock:
            return self._closed_until > now

    def _reserve(self, now: float) -> tuple[float, bool]:
        """Seconds to wait, and whether a request may be sent then (or must ask again)."""
        with self._lock:
            if (closed := self._closed_for(now)) > 0:
                return closed, False
            if now < self._asked - 1:  # The clock was set back: what was planned by it is void.
                self._next = now
            self._asked = now
            slot = max(self._next, now)
            self._next = slot + self._interval(now)
            if self._left is not None:
                self._left = Allowance(self._left.remaining - 1, self._left.reset_at, self._left.limit)
            return slot - now, True

    def _closed_for(self, now: float) -> float:
        left = self._left
        if left is not None and left.reset_at is not None and left.reset_at <= now:
            left = self._left = None
        used_up = left.reset_at if left is not None and left.reset_at is not None and left.remaining <= 0 else 0.0
        return max(self._closed_until, used_up) - now

    def _interval(self, now: float) -> float:
        left = self._left
        if left is None or left.reset_at is None or left.remaining <= 0:
            return self._spacing
        low = LOW_WITHOUT_LIMIT if left.limit is None else left.limit * LOW_SHARE
        if left.remaining > low:
            return self._spacing
        return max(self._spacing, (left.reset_at - now) / left.remaining)
