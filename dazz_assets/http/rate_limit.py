"""Paces requests by the documented rate, and by what responses say about limits and waiting."""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any

MARGIN = 0.98
"""Requests are paced at this share of the documented rate: with jitter, exceeding it costs a whole window."""
LOW_SHARE = 0.1
LOW_WITHOUT_LIMIT = 10
"""Below this share of a limit, or this many requests if it is unknown, the rest is spread over the time to reset."""
SAME_WINDOW_SECONDS = 2.0
"""Resets closer together than this belong to one rate-limit window: one that is given in seconds from now shifts with
latency and rounding."""
_MADE_UP_SECONDS = 5.0
"""A delay is made up for, up to this many seconds, with requests at `_CLOSEST` of their usual distance."""
_CLOSEST = 0.5
_PERIODS = (1.0, 10.0, 60.0, 600.0, 3600.0)
"""Seconds. Vendors count requests in periods like these, and ask to wait for no longer than one."""
_FEWEST_TAKEN = 10
"""A refusal after fewer requests than this teaches nothing: the vendor may just be busy."""
_PATIENCE = 60.0
_PATIENT_PERIODS = 10
"""The pace that was learned is raised after so many seconds, or periods, without a refusal."""
_MOST_KEPT = 20_000
"""Requests whose times are kept."""
_HEADER_PREFIXES = ("x-ratelimit-", "ratelimit-", "x-rate-limit-")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_MAX_SEARCHED_BYTES = 100_000
_MAX_SEARCHED_DEPTH = 5
SECONDARY_LIMIT_WAIT = 60.0
"""Seconds. GitHub: "if your request hits a secondary limit and has no retry-after, wait for at least one minute"."""


@dataclass(frozen=True, slots=True)
class Rate:
    """The rate that a vendor documents, such as `Rate(1_600, per=60)`: requests per number of seconds."""

    requests: float
    per: float = 1.0

    def __post_init__(self) -> None:
        if self.requests <= 0 or self.per <= 0:
            raise ValueError("Rate needs more than zero requests per more than zero seconds: correct it")

    @property
    def spacing(self) -> float:
        """Seconds from one request to the next."""
        return self.per / self.requests / MARGIN


@dataclass(frozen=True, slots=True)
class Allowance:
    """The requests that remain until `reset_at` (epoch seconds), of `limit` per window, as a vendor's headers say."""

    remaining: int
    reset_at: float | None
    limit: int | None


class LearnedRate:
    """What refusals teach of a limit that nobody documents. It is followed like a documented one.

    A refusal shows how many requests the vendor took in the period that it makes us wait for, of a second up to an
    hour: so many are sent in it from then on. If it comes at a pace that was learned, and the count is no lower, the
    pace goes down by a quarter. Others may have used the same limit at that time, so after a minute or ten periods
    without a refusal the pace goes up by half; with each refusal that comes of it, the next try is four times as far
    away.
    """

    def __init__(self) -> None:
        self.rate: Rate | None = None
        self._learned_at = self._raised_at = 0.0
        self._taken = 0
        self._patience = _PATIENCE

    def learn(self, sent: Sequence[float], sent_at: float, wait: float | None, now: float) -> None:
        """A request was refused. sent: when requests were sent, in order, this one included. wait: as asked for."""
        if sent_at < self._learned_at:
            self._discount(sent_at)
            return
        period = next((period for period in _PERIODS if period >= (wait or 0.0)), _PERIODS[-1])
        taken = sum(sent_at - period < at <= sent_at for at in sent) - 1
        if self.rate is None and taken < _FEWEST_TAKEN:
            return
        self._patience = max(self._patience * (1 if self.rate is None else 4), _PATIENT_PERIODS * period)
        if taken >= _FEWEST_TAKEN and (self.rate is None or taken / period < self.rate.requests / self.rate.per):
            self.rate, self._taken = Rate(taken, period), taken
        elif self.rate is not None:
            self.rate, self._taken = Rate(self.rate.requests * 0.75, self.rate.per), 0
        self._learned_at = self._raised_at = now + (wait or 0.0)

    def raise_by(self, now: float) -> None:
        """Raise the pace, if no refusal came for long enough."""
        if self.rate is not None and now - self._raised_at >= self._patience:
            self.rate, self._taken, self._raised_at = Rate(self.rate.requests * 1.5, self.rate.per), 0, now

    def _discount(self, sent_at: float) -> None:
        """Another request that was in flight at that time was refused too: the vendor took one less."""
        if self.rate is not None and self._taken > _FEWEST_TAKEN and sent_at > self._learned_at - 2 * self.rate.per:
            self._taken -= 1
            self.rate = Rate(self._taken, self.rate.per)


@dataclass(slots=True, eq=False)
class _Sending:
    """A request. at: when it is planned to be sent, and then when it was.

    interval, least: the seconds to the next one by the rate, and at least.
    """

    at: float
    interval: float
    least: float


class Limiter:
    """Paces the requests of one connection, from any thread (conformance 5, 6).

    Requests are spaced evenly, never in bursts; after a delay, they come up to twice as close until it is made up for.
    In no period of a rate are more sent than it allows. None is sent while the vendor asks to wait or no
    request remains. Times are epoch seconds.
    """

    def __init__(self, rate: Rate | None) -> None:
        self._documented = rate
        self._learned = LearnedRate()
        self._lock = threading.Lock()
        self._sent: deque[_Sending] = deque(maxlen=_MOST_KEPT)
        # When the next request would be due if none had been late, and the earliest time for it.
        self._due = self._earliest = 0.0
        self._reserved_at = 0.0
        self._closed_until = 0.0
        self._allowance: Allowance | None = None

    def acquire(self, clock: Callable[[], float], pause: Callable[[float], None]) -> None:
        """Wait until a request may be sent. `pause` sleeps, and may raise to give up."""
        now = clock()
        while True:
            wait, sending = self._reserve(now)
            if wait > 0:
                try:
                    pause(wait)
                except BaseException:
                    self._cancel(sending)
                    raise
                # A sleep may end a tick early; the wait is over all the same.
                now = max(clock(), now + wait)
            if sending is not None and self._confirm(sending, now, has_waited=wait > 0):
                return

    def hold(self, until: float) -> None:
        """Let no request be sent before that time."""
        with self._lock:
            self._closed_until = max(self._closed_until, until)

    def learn(self, sent_at: float, wait: float | None, now: float) -> None:
        """The vendor refused a request for the rate. wait: the seconds that it asks to wait. See `LearnedRate`."""
        with self._lock:
            if self._allowance is None or self._allowance.remaining > 0:  # Else it is known how many it allows.
                self._learned.learn([item.at for item in self._sent], sent_at, wait, now)
                self._due = max(self._due, now)

    def opens_at(self, now: float) -> float:
        """When a request that comes now may be sent."""
        with self._lock:
            return max(now + self._seconds_closed(now), self._next_slot(now))

    def seconds_closed(self, now: float) -> float:
        """The seconds for which the vendor lets nothing in."""
        with self._lock:
            return self._seconds_closed(now)

    def count_room(self, now: float, seconds: float) -> int:
        """How many requests may be sent within so many seconds from now."""
        opens = self.opens_at(now)
        with self._lock:
            spacing = 0.0 if self._rate is None else self._rate.spacing
            left = _MOST_KEPT if self._allowance is None else max(0, self._allowance.remaining)
        if opens > now + seconds:
            return 0
        return left if not spacing else min(left, 1 + int((now + seconds - opens) / spacing))

    def observe(self, headers: Mapping[str, str], now: float) -> None:
        """Read from a response how many requests remain. A response older than what is known changes nothing."""
        seen = read_allowance(headers, now)
        if seen is None or seen.reset_at is None or seen.reset_at <= now:
            return
        with self._lock:
            known = self._allowance
            if known is None or known.reset_at is None or known.reset_at <= now:
                self._allowance = seen
            elif abs(seen.reset_at - known.reset_at) <= SAME_WINDOW_SECONDS:
                self._allowance = replace(known, remaining=min(seen.remaining, known.remaining))
            elif seen.reset_at > known.reset_at:
                self._allowance = seen

    def _confirm(self, sending: _Sending, now: float, *, has_waited: bool) -> bool:
        """Note that a request is sent now; False if a hold has begun while its thread waited for its turn."""
        with self._lock:
            if has_waited and self._closed_until > now:
                self._forget(sending)
                return False
            sending.at = now  # A sleep may end late, and the vendor counts from then.
            return True

    def _cancel(self, sending: _Sending | None) -> None:
        """A request is not sent after all: another may take its turn."""
        with self._lock:
            if sending is not None:
                self._forget(sending)

    def _forget(self, sending: _Sending) -> None:
        if sending not in self._sent:  # It was too long ago to be kept, or the clock was set back.
            return
        self._sent.remove(sending)
        self._due -= sending.interval
        self._earliest = max((item.at + item.least for item in self._sent), default=0.0)
        if self._allowance is not None:
            self._allowance = replace(self._allowance, remaining=self._allowance.remaining + 1)

    def _reserve(self, now: float) -> tuple[float, _Sending | None]:
        """Seconds to wait, and the request that may be sent then, or None: the caller must reserve again."""
        with self._lock:
            if (closed := self._seconds_closed(now)) > 0:
                return closed, None
            if now < self._reserved_at - 1:  # The clock was set back, so planned slots no longer hold.
                self._due = self._earliest = now
                self._sent.clear()
            self._reserved_at = now
            self._learned.raise_by(now)
            slot = self._next_slot(now)
            sending = self._plan_after(slot, now)
            if self._allowance is not None:
                self._allowance = replace(self._allowance, remaining=self._allowance.remaining - 1)
            return slot - now, sending

    def _next_slot(self, now: float) -> float:
        slot, rate = max(now, self._due, self._earliest), self._rate
        if rate is not None:
            count = max(1, int(rate.requests))
            if len(self._sent) >= count:
                slot = max(slot, self._sent[-count].at + count * rate.spacing)
        return slot

    def _plan_after(self, slot: float, now: float) -> _Sending:
        """Note a request that is sent at `slot`, and plan the one after it."""
        spacing = self._rate.spacing if self._rate is not None else 0.0
        interval = self._interval(now, spacing)
        due = max(self._due, slot - _MADE_UP_SECONDS) if self._sent else slot
        self._due = due + interval
        sending = _Sending(slot, interval, interval if interval > spacing else spacing * _CLOSEST)
        self._earliest = slot + sending.least
        self._sent.append(sending)
        return sending

    @property
    def _rate(self) -> Rate | None:
        """The documented rate or the one that was learned, whichever is lower."""
        known = [rate for rate in (self._documented, self._learned.rate) if rate is not None]
        return max(known, key=lambda rate: rate.spacing, default=None)

    def _seconds_closed(self, now: float) -> float:
        closed_until, allowance = self._closed_until, self._allowance
        if allowance is not None and allowance.reset_at is not None:
            if allowance.reset_at <= now:
                self._allowance = None
            elif allowance.remaining <= 0:
                closed_until = max(closed_until, allowance.reset_at)
        return closed_until - now

    def _interval(self, now: float, spacing: float) -> float:
        allowance = self._allowance
        if allowance is None or allowance.reset_at is None or allowance.remaining <= 0:
            return spacing
        low = LOW_WITHOUT_LIMIT if allowance.limit is None else allowance.limit * LOW_SHARE
        if allowance.remaining > low:
            return spacing
        return max(spacing, (allowance.reset_at - now) / allowance.remaining)


def requested_wait(status: int, headers: Mapping[str, str], body: bytes, now: float) -> float | None:
    """The seconds that a failed response asks us to wait from `now` (epoch seconds), or None if it doesn't say.

    In this order: `Retry-After` (seconds or a date), `retry_in_seconds` in the body, the reset of a rate limit that is
    used up, GitHub's minute for a secondary limit. Never below zero; unreadable values are ignored (conformance 1 to
    4). The names of headers may be in any case.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    wait = _parse_retry_after(lower.get("retry-after"), now)
    if wait is None:
        wait = _find_wait_in_body(body)
    if wait is None:
        wait = _seconds_until_reset(status, lower, now)
    if wait is None and status in (403, 429) and b"secondary rate limit" in body.lower():
        wait = SECONDARY_LIMIT_WAIT
    return None if wait is None else max(0.0, wait)


def read_allowance(headers: Mapping[str, str], now: float) -> Allowance | None:
    """The allowance in the rate-limit headers, or None. `headers` must have lower-case names or ignore case."""
    structured = headers.get("ratelimit")
    if structured is not None and (found := _parse_structured(structured, now)) is not None:
        return found
    for prefix in _HEADER_PREFIXES:
        remaining = _parse_number(headers.get(prefix + "remaining"))
        if remaining is not None:
            limit = _parse_number(headers.get(prefix + "limit"))
            reset_at = _parse_reset(headers.get(prefix + "reset"), now)
            return Allowance(int(remaining), reset_at, None if limit is None else int(limit))
    return None


def _parse_retry_after(text: str | None, now: float) -> float | None:
    if text is None:
        return None
    if (seconds := _parse_number(text)) is not None:
        return seconds
    try:
        return parsedate_to_datetime(text).timestamp() - now
    except (ValueError, OverflowError):
        return None


def _seconds_until_reset(status: int, headers: Mapping[str, str], now: float) -> float | None:
    """The seconds to the reset if the limit is used up, or if a 429 doesn't say what remains of it."""
    allowance = read_allowance(headers, now)
    if allowance is not None:
        is_used_up = allowance.remaining <= 0
        return allowance.reset_at - now if is_used_up and allowance.reset_at is not None else None
    if status == 429:
        for prefix in _HEADER_PREFIXES:
            if (reset_at := _parse_reset(headers.get(prefix + "reset"), now)) is not None:
                return reset_at - now
    return None


def _find_wait_in_body(body: bytes) -> float | None:
    if b"retry_in_seconds" not in body or len(body) > _MAX_SEARCHED_BYTES:
        return None
    try:
        values = _find_values("retry_in_seconds", json.loads(body), _MAX_SEARCHED_DEPTH)
        found = [_parse_number(str(value)) for value in values]
    except (ValueError, RecursionError):
        return None
    return max((value for value in found if value is not None), default=None)


def _find_values(name: str, value: Any, depth: int) -> Iterator[Any]:
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict) and name in value:
        yield value[name]
    if depth:
        for item in below:
            yield from _find_values(name, item, depth - 1)


def _parse_structured(text: str, now: float) -> Allowance | None:
    """Parse `RateLimit: "default";r=50;t=30` and the older `limit=100, remaining=50, reset=30`.

    Of several policies the one with the fewest remaining requests counts.
    """
    if "remaining=" in text:
        pairs = dict(pair.strip().split("=", 1) for pair in text.split(",") if "=" in pair)
        remaining, reset = _parse_number(pairs.get("remaining")), _parse_number(pairs.get("reset"))
        limit = _parse_number(pairs.get("limit"))
        if remaining is None:
            return None
        reset_at = None if reset is None else now + reset
        return Allowance(int(remaining), reset_at, None if limit is None else int(limit))
    found = []
    for policy in text.split(","):
        pairs = dict(pair.strip().split("=", 1) for pair in policy.split(";") if "=" in pair)
        remaining, seconds = _parse_number(pairs.get("r")), _parse_number(pairs.get("t"))
        if remaining is not None:
            found.append(Allowance(int(remaining), None if seconds is None else now + seconds, None))
    return min(found, key=lambda item: (item.remaining, -(item.reset_at or 0)), default=None)


def _parse_reset(text: str | None, now: float) -> float | None:
    """A reset in epoch seconds. Vendors give it in epoch seconds, epoch milliseconds, or seconds from now."""
    value = _parse_number(text)
    if value is None:
        return None
    if value > 1e11:
        return value / 1000
    return value if value > 1e8 else now + value


def _parse_number(text: str | None) -> float | None:
    match = _NUMBER.fullmatch(text.strip()) if text is not None else None
    return float(match[0]) if match else None
