"""What every vendor's sandbox has in common."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, ClassVar

from dazz_assets.sandbox.faults import Faults
from dazz_assets.sandbox.listings import Listing
from dazz_assets.sandbox.routing import Router, SandboxRequest, SandboxResponse
from dazz_assets.sandbox.traffic import Traffic

HISTORY = timedelta(days=365)
QUIET = timedelta(days=1)
_LISTINGS_KEPT = 64
_SHARE_OF_REST = 8


def pick_time(random: Random, start: datetime, end: datetime, unit: timedelta) -> datetime:
    """A random time in (start, end], a whole number of units after start."""
    return start + unit * random.randint(1, (end - start) // unit)


@dataclass(frozen=True)
class Change:
    """What one change did: for each stream the keys of the records changed, added and removed.

    A key is written as in the lake: the id's text, or a JSON array of the parts.
    """

    seed: int
    at: datetime
    changed: dict[str, list[str]] = field(default_factory=dict)
    added: dict[str, list[str]] = field(default_factory=dict)
    removed: dict[str, list[str]] = field(default_factory=dict)


class NoTimeLeftError(RuntimeError):
    """So many changes were made that no time is left between the last one and `now`."""


class VendorSandbox(ABC):
    """One vendor behind real HTTP: its records, made from a seed, and how its API responds.

    A vendor writes `populate`, `evolve`, `authenticate` and methods marked with `route`. The last record is a day older
    than `now` (by default the start of today, UTC), which leaves room for changes that are not in the future.
    The same seed, `now` and changes give the same records.
    """

    name: ClassVar[str]
    token: str = "sandbox-token"  # noqa: S105 - opens nothing but this sandbox

    def __init__(self, seed: int = 1, *, now: datetime | None = None) -> None:
        self.seed = seed
        self.now = now or datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        self.faults = Faults()
        self.traffic = Traffic()
        self._latest = self.now - QUIET
        self._lock = threading.RLock()
        self._router = Router(self)
        self._listings: dict[Hashable, Listing] = {}
        self.reset()

    @abstractmethod
    def populate(self, random: Random) -> None:
        """Make all records, with times from `now - HISTORY` to `now - QUIET`."""

    @abstractmethod
    def evolve(self, random: Random, change: Change, until: datetime) -> None:
        """Change, add and remove records at times in (`change.at`, `until`], and list their keys in `change`."""

    @abstractmethod
    def authenticate(self, request: SandboxRequest) -> SandboxResponse | None:
        """Refuse a request without credentials or over the limit; None lets it pass."""

    @abstractmethod
    def not_found(self, request: SandboxRequest) -> SandboxResponse:
        """The response to a path that this vendor does not have."""

    @abstractmethod
    def settings(self, url: str) -> dict[str, Any]:
        """The config of a connection to this sandbox at `url`."""

    def decorate(self, request: SandboxRequest, response: SandboxResponse) -> SandboxResponse:
        """Add what every response of the vendor carries; nothing unless overridden."""
        return response

    def respond(self, request: SandboxRequest) -> SandboxResponse:
        """The vendor's response, faults aside."""
        with self._lock:
            response = self.authenticate(request) or self._router.respond(request) or self.not_found(request)
            return self.decorate(request, response)

    def change(self, seed: int) -> Change:
        """Let time pass: some records change, some appear, some disappear. Returns which.

        Raises NoTimeLeftError when the changes made before have used up the time before `now`.
        """
        with self._lock:
            until = self._latest + (self.now - self._latest) / _SHARE_OF_REST
            if until - self._latest < timedelta(seconds=2):
                raise NoTimeLeftError(f"{self.name}: no time is left before {self.now}; reset the sandbox")
            change = Change(seed, self._latest)
            self.evolve(Random(f"{self.name} {self.seed} change {seed}"), change, until)
            self._latest = until
            self._listings.clear()
            return change

    def reset(self) -> None:
        """Go back to the first records, without faults and log."""
        with self._lock:
            self._latest = self.now - QUIET
            self._listings.clear()
            self.populate(Random(f"{self.name} {self.seed}"))
            self.faults.clear()
            self.traffic.clear()

    def listing(self, query: Hashable, make: Callable[[], Listing]) -> Listing:
        """The listing for `query`, made once and kept until records change."""
        if query not in self._listings:
            if len(self._listings) >= _LISTINGS_KEPT:
                self._listings.pop(next(iter(self._listings)))
            self._listings[query] = make()
        return self._listings[query]
