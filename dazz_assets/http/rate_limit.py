"""Paces requests by the documented rates, and by what responses tell of limits (`told_limits`)."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

LONGEST_WAIT = 600.0
"""Seconds that a sync waits at a time for what a vendor's limits leave. Where the vendor asks for more, it fails."""
MOST_PAUSES = 4
"""So many pauses in a row are waited for, each twice as long as the one before: of a minute, 15 minutes in all."""
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

Teller = Literal["headers", "body"]
"""Where a response tells what remains. The two may count different things, so each is followed by itself."""


@dataclass(frozen=True, slots=True)
class Rate:
    """The rate that a vendor documents, such as `Rate(1_600, per=60)`: requests per number of seconds.

    pause: the seconds for which nothing at all is sent after a refusal for the rate that names no wait, such as 60 for
    a vendor whose window opens only after a minute of silence. If the vendor then refuses again, twice as many, up to
    ten minutes; after `MOST_PAUSES` in a row, it fails. By default the refused request alone is tried again, soon.
    """

    requests: float
    per: float = 1.0
    pause: float = field(default=0.0, kw_only=True)

    def __post_init__(self) -> None:
        if self.requests <= 0 or self.per <= 0:
            raise ValueError("Rate needs more than zero requests per more than zero seconds: correct it")
        is_number = isinstance(self.pause, int | float) and not isinstance(self.pause, bool)
        if not is_number or not 0 <= self.pause <= LONGEST_WAIT:
            raise ValueError(
                f"its `pause` is {self.pause!r}; it must be a number of seconds from 0 to {LONGEST_WAIT:.0f}, "
                "for example `Rate(1_600, per=60, pause=60)`"
            )

    @property
    def spacing(self) -> float:
        """Seconds from one request to the next."""
        return self.per / self.requests / MARGIN


Rates = Rate | tuple[Rate, ...] | None
"""One rate, several that hold together, or none."""


def as_rates(rates: Rates) -> tuple[Rate, ...]:
    """The rates as a tuple, the one with the shortest period first."""
    given = (rates,) if isinstance(rates, Rate) else tuple(rates or ())
    return tuple(sorted(given, key=lambda rate: (rate.per, rate.requests)))


@dataclass(frozen=True, slots=True)
class Allowance:
    """What remains until `reset_at` (epoch seconds), of `limit` per window, as a vendor tells.

    cost: how much of it a request takes: 1 where requests are counted, more where points are.
    """

    remaining: float
    reset_at: float | None
    limit: float | None
    cost: float = 1.0

    @property
    def requests(self) -> float:
        """For how many requests the rest suffices."""
        return self.remaining / self.cost


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


class _Pauses:
    """How long nothing is sent after refusals that name no wait; see `Rate`."""

    def __init__(self, first: float) -> None:
        self._first = first
        self._began_at = 0.0
        self.in_a_row = 0
        """How many pauses began since the vendor last took a request."""
        self.are_over = False
        """Whether what was refused last is not worth another try: there were enough pauses, or no time for one."""

    def begin(self, sent_at: float, now: float, longest: float) -> float | None:
        """The seconds of the pause that begins now; none begins if it were longer than `longest`.

        sent_at: when the refused request was sent.
        """
        # A request that was in flight when a pause began makes it begin anew.
        in_a_row = self.in_a_row + (1 if sent_at > self._began_at else 0)
        seconds = min(self._first * 2.0 ** max(0, in_a_row - 1), LONGEST_WAIT)
        self.are_over = in_a_row > MOST_PAUSES or seconds > longest
        if in_a_row > MOST_PAUSES:
            seconds = self._first  # The next request is tried once more, after a silence that may suffice by then.
        if seconds > longest:
            return None
        self.in_a_row, self._began_at = in_a_row, now
        return seconds

    def end(self, sent_at: float) -> None:
        """The vendor took a request that was sent at this time."""
        if sent_at > self._began_at:
            self.in_a_row, self.are_over = 0, False


@dataclass(slots=True, eq=False)
class _Sending:
    """A request. at: when it is planned to be sent, and then when it was.

    interval, least: the seconds to the next one by the rate, and at least. due_before: when one was due without it.
    """

    at: float
    interval: float
    least: float
    due_before: float


Turn = Sequence[_Sending]
"""The turn of a request: what each of the paces that it keeps notes of it."""


class Limiter:
    """Paces the requests of one connection, from any thread (conformance 5, 6).

    Requests are spaced evenly by the rate with the shortest period, never in bursts; after a delay, they come up to
    twice as close until it is made up for. In no period of a rate are more sent than it allows. None is sent while the
    vendor asks to wait or what remains does not suffice for a request. Times are epoch seconds.
    """

    def __init__(self, rates: Rates = None) -> None:
        self._lock = threading.Lock()
        # The paces that each request keeps. What its response tells is noted by the first.
        self._paces: tuple[_Pace, ...] = (_Pace(as_rates(rates)),)

    def narrow(self, rates: Rates) -> Limiter:
        """A limiter for requests that keep rates of their own beside those of this one.

        What their responses tell in headers, the waits that they ask for, and the pause of their own rates hold for
        these requests alone.
        """
        narrowed = Limiter()
        narrowed._lock, narrowed._paces = self._lock, (_Pace(as_rates(rates)), *self._paces)
        return narrowed

    def acquire(self, clock: Callable[[], float], pause: Callable[[float], None]) -> Turn:
        """Wait until a request may be sent, and return its turn. `pause` sleeps, and may raise to give up."""
        now = clock()
        while True:
            wait, sendings = self._reserve(now)
            if wait > 0:
                try:
                    pause(wait)
                except BaseException:
                    self.give_back(sendings)
                    raise
                # A sleep may end a tick early; the wait is over all the same.
                now = max(clock(), now + wait)
            if sendings and self._confirm(sendings, now, has_waited=wait > 0):
                return sendings

    def give_back(self, turn: Turn) -> None:
        """A request is not sent after all: another may take its turn."""
        with self._lock:
            self._forget(turn)

    def hold(self, until: float) -> None:
        """Let no request be sent before that time."""
        with self._lock:
            self._paces[0].closed_until = max(self._paces[0].closed_until, until)

    def note_refusal(
        self, sent_at: float, wait: float | None, now: float, longest: float = LONGEST_WAIT
    ) -> float | None:
        """The vendor refused a request for the rate. wait: the seconds that it asks to wait. See `LearnedRate`.

        Returns the seconds to wait: those, or else those of a pause, which has begun for all requests that keep the
        rate with it. Rates of a limiter's own go before those that it was narrowed from. longest: a pause of more
        seconds does not begin.
        """
        with self._lock:
            pausing = self._pausing
            if not wait and pausing is not None and pausing.pauses is not None:
                wait = pausing.pauses.begin(sent_at, now, longest)
                pausing.closed_until = max(pausing.closed_until, now + (wait or 0.0))
                # A refusal right after a silence shows nothing of the pace before it.
                if wait is None or pausing.pauses.in_a_row > 1:
                    return wait
            self._paces[0].learn(sent_at, wait, now)
            return wait

    @property
    def pauses_are_over(self) -> bool:
        """Whether pauses did not open the limit, or one would have been too long, and no request was taken since."""
        with self._lock:
            pausing = self._pausing
            return pausing is not None and pausing.pauses is not None and pausing.pauses.are_over

    def note_success(self, sent_at: float) -> None:
        """The vendor took a request that was sent at this time."""
        with self._lock:
            for pace in self._paces:
                if pace.pauses is not None:
                    pace.pauses.end(sent_at)

    def observe(self, seen: Allowance | None, now: float, teller: Teller = "headers") -> None:
        """Note what remains, as a response tells. A response older than what is known changes nothing.

        What a body tells is the connection's, whichever limiter its request kept.
        """
        if seen is not None and seen.reset_at is not None and seen.reset_at > now:
            with self._lock:
                self._paces[-1 if teller == "body" else 0].observe(seen, now, teller)

    def opens_at(self, now: float) -> float:
        """When a request that comes now may be sent."""
        with self._lock:
            return max(now + self._seconds_closed(now), self._next_slot(now))

    def seconds_closed(self, now: float) -> float:
        """The seconds for which the vendor lets nothing in."""
        with self._lock:
            return self._seconds_closed(now)

    def tight_budget(self, now: float) -> Allowance | None:
        """What pages last told of a budget, if requests wait because little or nothing of it remains."""
        with self._lock:
            found = (pace.tight_budget(now) for pace in self._paces)
            return next((allowance for allowance in found if allowance is not None), None)

    def count_room(self, now: float, seconds: float) -> int:
        """How many requests may be sent within so many seconds from now."""
        opens = self.opens_at(now)
        with self._lock:
            return 0 if opens > now + seconds else min(pace.count_room(now + seconds - opens) for pace in self._paces)

    @property
    def _pausing(self) -> _Pace | None:
        """The pace whose pauses its requests keep."""
        return next((pace for pace in self._paces if pace.pauses is not None), None)

    def _confirm(self, sendings: Sequence[_Sending], now: float, *, has_waited: bool) -> bool:
        """Note that a request is sent now; False if a hold has begun while its thread waited for its turn."""
        with self._lock:
            if has_waited and any(pace.closed_until > now for pace in self._paces):
                self._forget(sendings)
                return False
            for sending in sendings:
                sending.at = now  # A sleep may end late, and the vendor counts from then.
            return True

    def _forget(self, sendings: Sequence[_Sending]) -> None:
        for pace, sending in zip(self._paces, sendings, strict=False):
            pace.forget(sending)

    def _reserve(self, now: float) -> tuple[float, Sequence[_Sending]]:
        """Seconds to wait, and the request that may be sent then, by each pace; none: the caller must reserve again."""
        with self._lock:
            if (closed := self._seconds_closed(now)) > 0:
                return closed, ()
            for pace in self._paces:
                pace.begin_turn(now)
            slot = self._next_slot(now)
            return slot - now, [pace.plan(slot, now) for pace in self._paces]

    def _next_slot(self, now: float) -> float:
        return max(pace.next_slot(now) for pace in self._paces)

    def _seconds_closed(self, now: float) -> float:
        return max(pace.seconds_closed(now) for pace in self._paces)


class _Pace:
    """What was sent and told of one set of limits. Its limiter holds the lock."""

    def __init__(self, documented: tuple[Rate, ...]) -> None:
        self._documented = documented
        self._learned = LearnedRate()
        # Which of several rates a refusal was for is not known, so the longest pause is kept.
        pause = max((rate.pause for rate in documented), default=0.0)
        self.pauses = _Pauses(pause) if pause else None
        counted = max((int(rate.requests) for rate in documented), default=0)
        self._sent: deque[_Sending] = deque(maxlen=max(_MOST_KEPT, counted))
        # When the next request would be due if none had been late, and the earliest time for it.
        self._due = self._earliest = 0.0
        self._begun_at = 0.0
        self.closed_until = 0.0
        self._allowances: dict[Teller, Allowance] = {}

    def learn(self, sent_at: float, wait: float | None, now: float) -> None:
        """A request was refused; see `LearnedRate`."""
        if all(allowance.requests >= 1 for allowance in self._allowances.values()):  # Else what it allows is known.
            self._learned.learn([item.at for item in self._sent], sent_at, wait, now)
            self._due = max(self._due, now)

    def observe(self, seen: Allowance, now: float, teller: Teller) -> None:
        """See `Limiter.observe`. seen: it has a reset, which is yet to come."""
        known = self._allowances.get(teller)
        if known is None or known.reset_at is None or seen.reset_at is None or known.reset_at <= now:
            self._allowances[teller] = seen
        elif abs(seen.reset_at - known.reset_at) <= SAME_WINDOW_SECONDS:
            least = min(seen.remaining, known.remaining)
            self._allowances[teller] = replace(known, remaining=least, cost=seen.cost)
        elif seen.reset_at > known.reset_at:
            self._allowances[teller] = seen

    def count_room(self, seconds: float) -> int:
        """How many requests may be sent in so many seconds."""
        left = min((max(0, int(item.requests)) for item in self._allowances.values()), default=_MOST_KEPT)
        spacing = self._spacing
        return left if not spacing else min(left, 1 + int(seconds / spacing))

    def tight_budget(self, now: float) -> Allowance | None:
        """See `Limiter.tight_budget`."""
        told = self._allowances.get("body")
        if told is None or told.reset_at is None or told.reset_at <= now:
            return None
        return told if told.requests < 1 or self._interval(told, now) > self._spacing else None

    def seconds_closed(self, now: float) -> float:
        """The seconds until the vendor takes a request; not above zero if it does now."""
        closed_until = self.closed_until
        for teller, allowance in list(self._allowances.items()):
            if allowance.reset_at is None or allowance.reset_at <= now:
                del self._allowances[teller]
            elif allowance.requests < 1:
                closed_until = max(closed_until, allowance.reset_at)
        return closed_until - now

    def begin_turn(self, now: float) -> None:
        """Call it before a request is planned."""
        if now < self._begun_at - 1:  # The clock was set back, so planned slots no longer hold.
            self._due = self._earliest = now
            self._sent.clear()
        self._begun_at = now
        self._learned.raise_by(now)

    def next_slot(self, now: float) -> float:
        """When the next request may be sent."""
        slot = max(now, self._due, self._earliest)
        for rate in self._rates:
            count = max(1, int(rate.requests))
            if len(self._sent) >= count:
                slot = max(slot, self._sent[-count].at + count * rate.spacing)
        return slot

    def plan(self, slot: float, now: float) -> _Sending:
        """Note a request that is sent at `slot`, and plan the one after it."""
        spacing = self._spacing
        interval = max((self._interval(item, now) for item in self._allowances.values()), default=0.0)
        interval = max(interval, spacing)
        due = max(self._due, slot - _MADE_UP_SECONDS) if self._sent else slot
        least = interval if interval > spacing else spacing * _CLOSEST
        sending = _Sending(slot, interval, least, due_before=self._due)
        self._due = due + interval
        self._earliest = slot + sending.least
        self._sent.append(sending)
        self._take(1)
        return sending

    def forget(self, sending: _Sending) -> None:
        """A request that was planned is not sent."""
        if sending not in self._sent:  # It was too long ago to be kept, or the clock was set back.
            return
        self._due = sending.due_before if sending is self._sent[-1] else self._due - sending.interval
        self._sent.remove(sending)
        self._earliest = max((item.at + item.least for item in self._sent), default=0.0)
        self._take(-1)

    def _take(self, requests: int) -> None:
        for teller, item in self._allowances.items():
            self._allowances[teller] = replace(item, remaining=item.remaining - requests * item.cost)

    @property
    def _rates(self) -> tuple[Rate, ...]:
        return self._documented if self._learned.rate is None else (*self._documented, self._learned.rate)

    @property
    def _spacing(self) -> float:
        """Seconds between requests: by the documented rate of the shortest period or the one that was learned."""
        known = [*self._documented[:1], *([self._learned.rate] if self._learned.rate is not None else [])]
        return max((rate.spacing for rate in known), default=0.0)

    def _interval(self, allowance: Allowance, now: float) -> float:
        """Seconds between requests if little remains, which is spread over the time to the reset; else 0."""
        if allowance.reset_at is None or allowance.requests < 1:
            return 0.0
        low = LOW_WITHOUT_LIMIT * allowance.cost if allowance.limit is None else allowance.limit * LOW_SHARE
        return 0.0 if allowance.remaining > low else (allowance.reset_at - now) / allowance.requests
