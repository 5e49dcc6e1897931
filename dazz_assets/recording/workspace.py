"""Where the syncs of a scenario run: through real Dagster, with a lake and an instance of their own that leave nothing
behind, in a clock that stands.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dazz_assets.connections import Connection
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.lake import Lake
from dazz_assets.orchestration.dagster_instance import open_temporary_instance
from dazz_assets.orchestration.local_runs import sync_connections
from dazz_assets.orchestration.outcomes import Outcome
from dazz_assets.reports import Progress
from dazz_assets.session import Session
from dazz_assets.spec.specs import IntegrationSpec


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


if TYPE_CHECKING:
    from dagster import DagsterInstance


@dataclass(frozen=True)
class Workspace:
    """One connection of an integration, and what its syncs work on. pages: as of `Scenario`."""

    spec: IntegrationSpec
    connection: Connection
    lake: Lake
    instance: DagsterInstance
    pages: int | None
    progress: Progress | None = None

    @property
    def session(self) -> Session:
        """A session to read with what was stored."""
        return Session(self.spec, self.connection, self.lake)

    def sync(self, clock: Clock) -> Outcome:
        """Sync from the marks, and parse what that brought."""
        return sync_connections(
            self.spec,
            [self.connection],
            sync_range=SyncRange(from_mark=True),
            instance=self.instance,
            lake=self.lake,
            progress=self.progress,
            make_session=partial(Session, now=clock.now, sleep=clock.sleep, most_pages=self.pages),
        )


@contextmanager
def open_workspace(
    spec: IntegrationSpec, connection: Connection, pages: int | None, progress: Progress | None = None
) -> Iterator[Workspace]:
    """A stage, with nothing stored yet."""
    with tempfile.TemporaryDirectory(prefix="dazz-") as folder, open_temporary_instance() as instance:
        yield Workspace(spec, connection, Lake(Path(folder)), instance, pages, progress)
