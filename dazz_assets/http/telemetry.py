"""Counters, warnings and events of a client."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

MOST_WARNINGS = 100


@dataclass(frozen=True, slots=True)
class Counters:
    """Totals since a client was made.

    requests: sent, including retries and redirects. bytes: of response bodies, decompressed. waited_seconds: for the
    rate, backoff and waits that the vendor asked for, summed over threads. accepted_failures: those that the stream
    accepts.
    """

    requests: int = 0
    bytes: int = 0
    retries: int = 0
    waited_seconds: float = 0.0
    accepted_failures: int = 0

    def __add__(self, other: Counters) -> Counters:
        return Counters(
            self.requests + other.requests,
            self.bytes + other.bytes,
            self.retries + other.retries,
            self.waited_seconds + other.waited_seconds,
            self.accepted_failures + other.accepted_failures,
        )


@dataclass(frozen=True, slots=True)
class ClientEvent:
    """Progress to show while a client works. seconds: of a wait or a response; bytes: of a response's body."""

    kind: Literal["response", "waiting", "retry", "warning"]
    where: str
    text: str
    seconds: float = 0.0
    bytes: int = 0


class Telemetry:
    """Collects the counters, warnings and events of one client. Its threads share it."""

    def __init__(self, where: str, on_event: Callable[[ClientEvent], None] | None) -> None:
        self._where = where
        self._on_event = on_event
        self._lock = threading.Lock()
        self._counters = Counters()
        self._warnings: dict[str, str] = {}
        self._settled: set[str] = set()

    @property
    def counters(self) -> Counters:
        """The totals so far."""
        return self._counters

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings, one per subject."""
        with self._lock:
            return tuple(self._warnings.values())

    def count(self, counters: Counters) -> None:
        """Add to the totals."""
        with self._lock:
            self._counters += counters

    def warn(self, subject: str, text: str) -> None:
        """Keep a warning and emit it, once per subject."""
        with self._lock:
            if subject in self._warnings or subject in self._settled or len(self._warnings) > MOST_WARNINGS:
                return
            if len(self._warnings) == MOST_WARNINGS:
                text = f"more warnings came; only the first {MOST_WARNINGS} are told"
            self._warnings[subject] = text
        self.emit("warning", text)

    def is_settled(self, subject: str) -> bool:
        """Whether a warning turned out to be needless."""
        with self._lock:
            return subject in self._settled

    def settle(self, subject: str) -> None:
        """Take back a warning that turned out to be needless, and keep it from coming again."""
        with self._lock:
            self._settled.add(subject)
            self._warnings.pop(subject, None)

    def emit(
        self, kind: Literal["response", "waiting", "retry", "warning"], text: str, seconds: float = 0.0, size: int = 0
    ) -> None:
        """Call `on_event`, if one was given."""
        if self._on_event is not None:
            self._on_event(ClientEvent(kind, self._where, text, seconds, size))
