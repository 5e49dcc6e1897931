"""A connection to Monday's sandbox, with the clock of its limits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from dazz_assets.connections import Connection
from dazz_assets.sandbox import HISTORY, Sandbox
from dazz_assets.session import Session
from integrations.monday.integration import MondayIntegration
from integrations.monday.sandbox import MondaySandbox
from tests.help_desk_vendor import Customer
from tests.http.loopback import Clock

NOW = datetime(2026, 6, 1, tzinfo=UTC)


class MondayCustomer(Customer):
    """Its requests wait on the sandbox's clock, so that nobody does."""

    def __init__(self, folder: Path, sandbox: Sandbox, clock: Clock, start: date) -> None:
        super().__init__(folder, sandbox.url("monday"), MondayIntegration, start=start)
        settings = dict(sandbox.settings("monday"))
        self.connection = Connection(id="acme", integration="monday", start=start, config=settings)
        self.clock = clock

    @property
    def session(self) -> Session:
        return Session(self.spec, self.connection, self.lake, now=self._now, sleep=self.clock.sleep)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now, UTC)

    def keys(self, stream: str) -> set[str]:
        return {row["key"] for row in self.rows(f"select key from raw.monday_{stream}")}

    def stored_by_sync(self, *streams: str) -> dict[str, set[str]]:
        """Sync, and give the keys of the rows that were stored by it, by stream."""
        self.clock.sleep(60)
        began = self._now().isoformat()
        self.sync(*streams)
        rows = {
            name: self.rows(f"select key from raw.monday_{name} where fetched_at >= timestamptz '{began}'")
            for name in streams or self.spec.streams
        }
        return {name: {row["key"] for row in found} for name, found in rows.items()}


@contextmanager
def connected(
    folder: Path, vendor: type[MondaySandbox] = MondaySandbox, **settings: Any
) -> Iterator[tuple[MondaySandbox, MondayCustomer]]:
    """A small account, and a connection that begins with the first of its records."""
    clock = Clock(NOW.timestamp())
    sizes = {"seed": 3, "boards": 5, "items": 60, "updates": 40, "users": 12, **settings}
    account = vendor(**sizes, now=NOW, clock=clock)
    with Sandbox([account]) as sandbox:
        yield account, MondayCustomer(folder, sandbox, clock, (NOW - HISTORY).date())
