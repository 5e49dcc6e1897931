"""How often and how long a request is tried again. tenacity runs the attempts and grows the backoff."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar, cast

from tenacity import RetryCallState, Retrying, retry_if_exception_type
from tenacity.wait import wait_exponential

from dazz_assets.http.errors import NotJsonError, PassingError, UnreachableError, WaitTooLongError

ATTEMPTS = 10
NOT_JSON_ATTEMPTS = 4
"""A page of HTML where JSON was due is seldom gone in a moment."""
UNREACHABLE_ATTEMPTS = 5
"""A wrong address stays wrong, and whoever typed it waits; a vendor that is gone is asked again by the next sync."""
BACKOFF_SECONDS = 300.0
"""The total time of one request's attempts and backoff, without the waits that the vendor named."""
FIRST_BACKOFF = 0.3
LONGEST_BACKOFF = 30.0
LONGEST_NAMED_WAIT = 600.0
"""A vendor that asks for a longer wait gets it, but not from a sync that sits there: the sync fails, saying so."""

Answer = TypeVar("Answer")

_backoff = wait_exponential(multiplier=FIRST_BACKOFF, max=LONGEST_BACKOFF)


class Attempts:
    """Calls a function until it answers, fails for good, or a bound is reached (conformance 2, 7).

    clock: epoch seconds. wait: called before another attempt with the seconds, whether the vendor named them, and the
    error that made it necessary. It does the waiting, so that a wait can be stopped, and shared by a
    connection's threads.
    """

    def __init__(self, clock: Callable[[], float], wait: Callable[[float, bool, PassingError], None]) -> None:
        self._clock = clock
        self._wait = wait

    def call(self, function: Callable[[], Answer]) -> Answer:
        """What the function returns. Its last error, or WaitTooLongError where the vendor asked for too long a wait."""
        started = self._clock()
        named_seconds = 0.0

        def is_over(state: RetryCallState) -> bool:
            error = _error_of(state)
            if state.attempt_number >= _attempts(error):
                return True
            spent = self._clock() - started - named_seconds
            return spent + (0.0 if error.wait is not None else state.upcoming_sleep) > BACKOFF_SECONDS

        def pause(state: RetryCallState) -> None:
            nonlocal named_seconds
            error, seconds, is_named = _error_of(state), state.upcoming_sleep, _is_named(state)
            if is_named and seconds > LONGEST_NAMED_WAIT:
                raise wait_too_long(seconds, error)
            self._wait(seconds, is_named, error)
            named_seconds += seconds if is_named else 0.0

        retrying = Retrying(
            retry=retry_if_exception_type(PassingError),
            wait=_seconds,
            stop=is_over,
            before_sleep=pause,
            sleep=_have_waited,
            reraise=True,
        )
        return retrying(function)


def _error_of(state: RetryCallState) -> PassingError:
    """The error of the last attempt; tenacity asks how to go on only after those that may pass."""
    return cast(PassingError, state.outcome and state.outcome.exception())


def _attempts(error: PassingError) -> int:
    if isinstance(error, NotJsonError):
        return NOT_JSON_ATTEMPTS
    return UNREACHABLE_ATTEMPTS if isinstance(error, UnreachableError) else ATTEMPTS


def _is_named(state: RetryCallState) -> bool:
    """Whether the vendor named the wait. One that says "now" again and again is not believed."""
    named = _error_of(state).wait
    return named is not None and (named > 0 or state.attempt_number == 1)


def _seconds(state: RetryCallState) -> float:
    """How long to wait before the next attempt: as the vendor says, or the backoff with jitter."""
    named = _error_of(state).wait
    if named is not None and _is_named(state):
        return named
    return _backoff(state) * random.uniform(0.75, 1.25)


def _have_waited(_: float) -> None:
    """In place of tenacity's own sleep, which could be neither stopped nor shared."""


def wait_too_long(seconds: float, error: PassingError | None = None) -> WaitTooLongError:
    """The error for a wait beyond the bound, with what the vendor said along with it."""
    said = f"{error.problem} " if error else ""
    refused = WaitTooLongError(
        f"{said}The vendor asks to wait {seconds:.0f} s, and a sync waits {LONGEST_NAMED_WAIT:.0f} s at most.",
        status=error.status if error else None,
    )
    refused.seconds = seconds
    return refused
