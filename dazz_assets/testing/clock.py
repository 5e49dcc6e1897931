"""The time of a recorded sync: it stands, and moves on by what is waited."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta


class Clock:
    """Stands at a moment. While it is recorded waiting takes its time, and in a replay none: to the engine, which
    paces and waits by this clock, the two are the same.

    wait: how to wait for so many seconds; None where nothing is waited for.
    """

    def __init__(self, at: datetime, wait: Callable[[float], None] | None = time.sleep) -> None:
        self._at = at
        self._wait = wait
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The moment at which it stands."""
        return self._at

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        if self._wait is not None:
            self._wait(seconds)
        with self._lock:
            self._at += timedelta(seconds=seconds)
