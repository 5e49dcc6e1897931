"""Retries a request while its failures are transient. tenacity runs the attempts and computes the backoff."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import TypeVar, cast

from tenacity import AttemptManager, RetryCallState, Retrying, retry_if_exception_type
from tenacity.wait import wait_exponential

from dazz_assets.http.errors import (
    EmptyBodyError,
    NotJsonError,
    NotReadyError,
    RateLimitedError,
    TransientError,
    UnreachableError,
    WaitTooLongError,
)
from dazz_assets.http.rate_limit import LONGEST_WAIT

ATTEMPTS = 10
NOT_JSON_ATTEMPTS = 4
"""Fewer: an HTML page in place of JSON rarely goes away within seconds."""
UNREACHABLE_ATTEMPTS = 5
"""Fewer: a mistyped address stays wrong, and the next sync tries again if the vendor is down."""
BACKOFF_SECONDS = 300.0
"""The total time for the attempts and the backoff of one request, without the waits that the vendor asked for, of which
there are as many as attempts, and the pauses of rates (`MOST_PAUSES`)."""
FIRST_BACKOFF = 0.3
LONGEST_BACKOFF = 30.0

Result = TypeVar("Result")

_backoff = wait_exponential(multiplier=FIRST_BACKOFF, max=LONGEST_BACKOFF)


class Attempts:
    """Calls a function until it returns, fails for good, or a limit is reached (conformance 2, 7).

    clock: epoch seconds. until: when to stop asking for a list that is not ready, in epoch seconds.
    backoff_seconds: see `BACKOFF_SECONDS`.
    wait: called before each further attempt with the seconds to wait, whether the vendor asked
    for them, and the error. It does the waiting itself, so that a connection's threads can share a wait or stop it.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        wait: Callable[[float, bool, TransientError], None],
        until: float | None = None,
        backoff_seconds: float = BACKOFF_SECONDS,
    ) -> None:
        self._until = until
        self._backoff_seconds = backoff_seconds
        self._clock = clock
        self._wait = wait
        self._started = clock()
        self._requested_seconds = 0.0
        self._answered = 0

    def call(self, function: Callable[[], Result]) -> Result:
        """The result of the function. Raises its last error, or WaitTooLongError for too long a requested wait."""
        try:
            return function()  # Most requests succeed at once, and setting tenacity up costs more than sending one.
        except TransientError as error:
            failures = [error]

        def attempt() -> Result:
            if failures:
                raise failures.pop()
            return function()

        return self._retrying()(attempt)

    def each(self) -> Iterator[AttemptManager]:
        """The attempts at what is more than one call: `for attempt in attempts.each(): with attempt: ...`.

        Leave the loop when one succeeds. Raises as `call` does.
        """
        return iter(self._retrying())

    def note_progress(self) -> None:
        """Count the time for attempts anew: what was tried has brought something."""
        self._started, self._requested_seconds = self._clock(), 0.0

    def _retrying(self) -> Retrying:
        return Retrying(
            retry=retry_if_exception_type(TransientError),
            wait=_seconds_to_wait,
            stop=self._is_over,
            before_sleep=self._pause,
            sleep=_skip_sleep,
            reraise=True,
        )

    def _is_over(self, state: RetryCallState) -> bool:
        error = _last_error(state)
        if isinstance(error, NotReadyError) and self._until is not None:
            # An answer, after which failures are counted anew.
            self.note_progress()
            self._answered = state.attempt_number
            return self._clock() + (error.wait or state.upcoming_sleep) > self._until
        if state.attempt_number - self._answered >= _max_attempts(error):
            return True
        spent = self._clock() - self._started - self._requested_seconds
        return spent + (0.0 if error.wait is not None else state.upcoming_sleep) > self._backoff_seconds

    def _pause(self, state: RetryCallState) -> None:
        error, seconds, is_requested = _last_error(state), state.upcoming_sleep, _is_wait_requested(state)
        if is_requested and seconds > LONGEST_WAIT:
            raise build_wait_error(seconds, error)
        self._wait(seconds, is_requested, error)
        self._requested_seconds += seconds if is_requested else 0.0


def _last_error(state: RetryCallState) -> TransientError:
    """The error of the last attempt. It is transient: tenacity calls its hooks after no other."""
    return cast(TransientError, state.outcome and state.outcome.exception())


def _max_attempts(error: TransientError) -> int:
    if isinstance(error, RateLimitedError) and (error.outlasts_sync or error.outlasts_pauses):
        return 1
    if isinstance(error, NotJsonError | EmptyBodyError):
        return NOT_JSON_ATTEMPTS
    return UNREACHABLE_ATTEMPTS if isinstance(error, UnreachableError) else ATTEMPTS


def _is_wait_requested(state: RetryCallState) -> bool:
    """Whether the vendor asked for the wait. From the second attempt on, a request to wait 0 s is ignored."""
    requested = _last_error(state).wait
    return requested is not None and (requested > 0 or state.attempt_number == 1)


def _seconds_to_wait(state: RetryCallState) -> float:
    """How long to wait before the next attempt: as the vendor asks, else backoff with jitter."""
    requested = _last_error(state).wait
    if requested is not None and _is_wait_requested(state):
        return requested
    return _backoff(state) * random.uniform(0.75, 1.25)


def _skip_sleep(_: float) -> None:
    """Replace tenacity's own sleep: `Attempts` has already waited, in a way that can be stopped and shared."""


def build_wait_error(seconds: float, error: TransientError | None = None) -> WaitTooLongError:
    """The error for a requested wait that is too long. It begins with the problem of `error`."""
    problem = f"{error.problem} " if error else ""
    too_long = WaitTooLongError(
        f"{problem}The vendor asks to wait {seconds:.0f} s, but a sync waits at most {LONGEST_WAIT:.0f} s.",
        status=error.status if error else None,
    )
    too_long.seconds = seconds
    return too_long
