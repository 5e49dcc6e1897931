"""The requests that a sandbox received."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass

from dazz_assets.sandbox.routing import SandboxRequest

KEPT = 10_000


@dataclass(frozen=True)
class ServedRequest:
    """A request and the status of its response (0: the connection was reset without one)."""

    request: SandboxRequest
    status: int


@dataclass(frozen=True)
class Stats:
    """Counts since the sandbox started or was reset."""

    requests: int
    records: int
    statuses: dict[int, int]
    paths: dict[str, int]


class Traffic:
    """A log of the last 10,000 requests, and counts of all; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._log: deque[ServedRequest] = deque(maxlen=KEPT)
            self._records = 0
            self._statuses: Counter[int] = Counter()
            self._paths: Counter[str] = Counter()

    def add(self, request: SandboxRequest, status: int, records: int = 0) -> None:
        """Count one exchange."""
        with self._lock:
            self._log.append(ServedRequest(request, status))
            self._records += records
            self._statuses[status] += 1
            self._paths[request.path] += 1

    @property
    def log(self) -> list[ServedRequest]:
        """The requests, oldest first, with their headers, which show where a secret was sent."""
        with self._lock:
            return list(self._log)

    def stats(self) -> Stats:
        """The counts now."""
        with self._lock:
            requests = self._statuses.total()
            return Stats(requests, self._records, dict(self._statuses), dict(self._paths))
