"""What a client counts and tells while it works."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

MOST_WARNINGS = 100


@dataclass(frozen=True, slots=True)
class Counters:
    """Totals since a client was made; subtract two to know what lies between.

    requests: sent, retries and redirects included; bytes: of bodies, decompressed; waited_seconds: for rates, backoff
    and waits that the vendor named, summed over threads; skipped: failures that the stream accepts.
    """

    requests: int = 0
    bytes: int = 0
    retries: int = 0
    waited_seconds: float = 0.0
    skipped: int = 0

    def __sub__(self, earlier: Counters) -> Counters:
        return self._combined(earlier, -1)

    def __add__(self, more: Counters) -> Counters:
        return self._combined(more, 1)

    def _combined(self, other: Counters, sign: int) -> Counters:
        return Counters(
            self.requests + sign * other.requests,
            self.bytes + sign * other.bytes,
            self.retries + sign * other.retries,
            self.waited_seconds + sign * other.waited_seconds,
            self.skipped + sign * other.skipped,
        )


@dataclass(frozen=True, slots=True)
class ClientEvent:
    """Something that a person who watches wants to see. seconds: of a wait or an answer; bytes: of a body."""

    kind: Literal["response", "waiting", "retry", "warning"]
    where: str
    text: str
    seconds: float = 0.0
    bytes: int = 0


class Telemetry:
    """Counters, warnings and events of one client, shared by its threads."""

    def __init__(self, where: str, on_event: Callable[[ClientEvent], None] | None) -> None:
        self._where = where
        self._on_event = on_event
        self._lock = threading.Lock()
        self._counters = Counters()
        self._warnings: dict[str, str] = {}

    @property
    def counters(self) -> Counters:
        """A snapshot."""
        return self._counters

    @property
    def warnings(self) -> tuple[str, ...]:
        """Each thing worth a warning, once."""
        with self._lock:
            return tuple(self._warnings.values())

    def count(self, more: Counters) -> None:
        """Adds to the totals."""
        with self._lock:
            self._counters += more

    def warn(self, subject: str, text: str) -> None:
        """Keeps a warning, once for each subject."""
        with self._lock:
            if subject in self._warnings or len(self._warnings) >= MOST_WARNINGS:
                return
            self._warnings[subject] = text
        self.tell("warning", text)

    def tell(
        self, kind: Literal["response", "waiting", "retry", "warning"], text: str, seconds: float = 0.0, size: int = 0
    ) -> None:
        """Calls who watches."""
        if self._on_event is not None:
            self._on_event(ClientEvent(kind, self._where, text, seconds, size))
