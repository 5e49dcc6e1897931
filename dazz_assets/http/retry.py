"""How often and how long a request is tried again. stamina counts attempts and grows the backoff."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

import stamina
import stamina.instrumentation

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

# stamina prints each retry, with structlog to standard output; ours are told by the client.
stamina.instrumentation.set_on_retry_hooks(())


class Attempts:
    """Calls a function until it answers, fails for good, or a bound is reached (conformance 2, 7).

    clock: epoch seconds. wait: called before another attempt with the seconds, whether the vendor named them, and the
    error that made it necessary. stamina could sleep by itself, but its sleep can be neither stopped, nor shared by
    the threads of a connection: its hook always answers "again, at once".
    """

    def __init__(self, clock: Callable[[], float], wait: Callable[[float, bool, PassingError], None]) -> None:
        self._clock = clock
        self._wait = wait

    def call(self, function: Callable[[], Answer]) -> Answer:
        """What the function returns. Its last error, or WaitTooLongError where the vendor asked for too long a wait."""
        started = self._clock()
        named_seconds = 0.0
        number, backoff, failed = 0, 0.0, None

        def again(error: Exception) -> bool | float:
            nonlocal failed
            failed = error if isinstance(error, PassingError) else None
            if failed is None or number >= _attempts(failed):
                return False
            spent = self._clock() - started - named_seconds
            return 0.0 if spent + (0.0 if failed.wait is not None else backoff) <= BACKOFF_SECONDS else False

        for attempt in stamina.retry_context(
            on=again,
            attempts=ATTEMPTS,
            timeout=None,
            wait_initial=FIRST_BACKOFF,
            wait_max=LONGEST_BACKOFF,
            wait_jitter=0,
        ):
            if failed is not None:
                if failed.wait is not None and failed.wait > LONGEST_NAMED_WAIT:
                    raise wait_too_long(failed.wait, failed)
                seconds, is_named = _pause(failed, number, backoff)
                self._wait(seconds, is_named, failed)
                named_seconds += seconds if is_named else 0.0
            number, backoff = attempt.num, attempt.next_wait
            with attempt:
                return function()
        raise RuntimeError("unreachable: the last attempt returns or raises")


def _attempts(error: PassingError) -> int:
    if isinstance(error, NotJsonError):
        return NOT_JSON_ATTEMPTS
    return UNREACHABLE_ATTEMPTS if isinstance(error, UnreachableError) else ATTEMPTS


def _pause(error: PassingError, number: int, backoff: float) -> tuple[float, bool]:
    """How long to wait, and whether the vendor said so. A vendor that says "now" again and again is not believed."""
    if error.wait is not None and (error.wait > 0 or number == 1):
        return error.wait, True
    return backoff * random.uniform(0.75, 1.25), False


def wait_too_long(seconds: float, error: PassingError | None = None) -> WaitTooLongError:
    """The error for a wait beyond the bound, with what the vendor said along with it."""
    said = f"{error.problem} " if error else ""
    refused = WaitTooLongError(
        f"{said}The vendor asks to wait {seconds:.0f} s, and a sync waits {LONGEST_NAMED_WAIT:.0f} s at most.",
        status=error.status if error else None,
    )
    refused.seconds = seconds
    return refused
