"""How fast a connection may send: the documented rate, and what responses say about limits and waiting."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

_PREFIXES = ("x-ratelimit-", "ratelimit-", "x-rate-limit-")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_SEARCHED_BYTES = 100_000
_SEARCHED_DEPTH = 5
SECONDARY_LIMIT_WAIT = 60.0
"""GitHub: "if your request hits a secondary limit and has no retry-after, wait for at least one minute"."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a vendor's headers say is left: requests until `reset_at` (epoch seconds), of `limit` in a window."""

    remaining: int
    reset_at: float | None
    limit: int | None


def named_wait(status: int, headers: Mapping[str, str], body: bytes, now: float) -> float | None:
    """For how many seconds from `now` (epoch seconds) a failed response asks us to wait, or None if it does not say.

    The most direct word counts: `Retry-After` (seconds or a date), then `retry_in_seconds` in the body, then when a
    rate limit that is used up resets, then GitHub's minute for a secondary limit. Never below zero; what can't be
    read says nothing (conformance 1 to 4). The case of the headers' names does not matter.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    named = _retry_after(lower.get("retry-after"), now)
    if named is None:
        named = _in_body(body)
    if named is None:
        named = _until_reset(status, lower, now)
    if named is None and status in (403, 429) and b"secondary rate limit" in body.lower():
        named = SECONDARY_LIMIT_WAIT
    return None if named is None else max(0.0, named)


def allowance(headers: Mapping[str, str], now: float) -> Allowance | None:
    """What the rate-limit headers say is left, or None. `headers` are lower-case, or of a mapping that ignores case."""
    structured = headers.get("ratelimit")
    if structured is not None and (found := _structured(structured, now)) is not None:
        return found
    for prefix in _PREFIXES:
        remaining = _number(headers.get(prefix + "remaining"))
        if remaining is not None:
            limit = _number(headers.get(prefix + "limit"))
            reset_at = _moment(headers.get(prefix + "reset"), now)
            return Allowance(int(remaining), reset_at, None if limit is None else int(limit))
    return None


def _retry_after(text: str | None, now: float) -> float | None:
    if text is None:
        return None
    if (seconds := _number(text)) is not None:
        return seconds
    try:
        return parsedate_to_datetime(text).timestamp() - now
    except (ValueError, OverflowError):
        return None


def _until_reset(status: int, headers: Mapping[str, str], now: float) -> float | None:
    """The time to a reset, where the limit is used up, or where a 429 does not say how much is left of it."""
    left = allowance(headers, now)
    if left is not None:
        return left.reset_at - now if left.remaining <= 0 and left.reset_at is not None else None
    if status == 429:
        for prefix in _PREFIXES:
            if (reset_at := _moment(headers.get(prefix + "reset"), now)) is not None:
                return reset_at - now
    return None


def _in_body(body: bytes) -> float | None:
    if b"retry_in_seconds" not in body or len(body) > _SEARCHED_BYTES:
        return None
    try:
        found = [_number(str(value)) for value in _named("retry_in_seconds", json.loads(body), _SEARCHED_DEPTH)]
    except (ValueError, RecursionError):
        return None
    return max((value for value in found if value is not None), default=None)


def _named(name: str, value: Any, depth: int) -> Iterator[Any]:
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict) and name in value:
        yield value[name]
    if depth:
        for item in below:
            yield from _named(name, item, depth - 1)


def _structured(text: str, now: float) -> Allowance | None:
    """`RateLimit: "default";r=50;t=30` and the older `limit=100, remaining=50, reset=30`: least left."""
    if "remaining=" in text:
        pairs = dict(pair.strip().split("=", 1) for pair in text.split(",") if "=" in pair)
        remaining, reset = _number(pairs.get("remaining")), _number(pairs.get("reset"))
        limit = _number(pairs.get("limit"))
        if remaining is None:
            return None
        reset_at = None if reset is None else now + reset
        return Allowance(int(remaining), reset_at, None if limit is None else int(limit))
    found = []
    for policy in text.split(","):
        pairs = dict(pair.strip().split("=", 1) for pair in policy.split(";") if "=" in pair)
        left, seconds = _number(pairs.get("r")), _number(pairs.get("t"))
        if left is not None:
            found.append(Allowance(int(left), None if seconds is None else now + seconds, None))
    return min(found, key=lambda item: (item.remaining, -(item.reset_at or 0)), default=None)


def _moment(text: str | None, now: float) -> float | None:
    """A reset as an epoch in seconds: it is given as one, in milliseconds, or in seconds from now."""
    value = _number(text)
    if value is None:
        return None
    if value > 1e11:
        return value / 1000
    return value if value > 1e8 else now + value


def _number(text: str | None) -> float | None:
    match = _NUMBER.fullmatch(text.strip()) if text is not None else None
    return float(match[0]) if match else None


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
