"""Where the syncs of a scenario run: real Dagster, with a temporary lake and instance, and a stopped clock."""

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
from dazz_assets.secret_store import MemorySecretStore, SecretStore
from dazz_assets.session import Session
from dazz_assets.spec.specs import IntegrationSpec

if TYPE_CHECKING:
    from dazz_assets.orchestration.dagster_instance import DagsterInstance


class Clock:
    """A clock that moves only when the engine sleeps, so that a recording and its replay see the same times.

    wait: waits for a number of seconds, as a recording must; None skips the wait, as a replay does.
    """

    def __init__(self, now: datetime, wait: Callable[[float], None] | None = time.sleep) -> None:
        self._now = now
        self._wait = wait
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The time that the clock shows."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Move the clock by so many seconds, after waiting for them unless the clock skips waits."""
        if self._wait is not None:
            self._wait(seconds)
        with self._lock:
            self._now += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Workspace:
    """One connection of an integration, with the lake and Dagster instance of its syncs. pages: see `Scenario`.

    secrets: keeps the tokens that the vendor replaces, for as long as the workspace is there.
    """

    spec: IntegrationSpec
    connection: Connection
    lake: Lake
    instance: DagsterInstance
    pages: int | None
    secrets: SecretStore
    progress: Progress | None = None

    @property
    def session(self) -> Session:
        """A session to read what was stored."""
        return Session(self.spec, self.connection, self.lake)

    def searching_session(self, clock: Clock, pages: int, secrets: SecretStore) -> Session:
        """A session to read more pages of each list than its syncs do, with a store of secrets that is not theirs."""
        return Session(
            self.spec,
            self.connection,
            self.lake,
            progress=self.progress,
            now=clock.now,
            sleep=clock.sleep,
            max_pages=pages,
            is_repeatable=True,
            open_secret_store=lambda: secrets,
        )

    def sync(self, clock: Clock) -> Outcome:
        """Sync from the stored marks, and parse what came."""
        return sync_connections(
            self.spec,
            [self.connection],
            sync_range=SyncRange(from_mark=True),
            instance=self.instance,
            lake=self.lake,
            progress=self.progress,
            make_session=partial(
                Session,
                now=clock.now,
                sleep=clock.sleep,
                max_pages=self.pages,
                is_repeatable=True,
                open_secret_store=lambda: self.secrets,
            ),
        )


@contextmanager
def open_workspace(
    spec: IntegrationSpec,
    connection: Connection,
    pages: int | None,
    progress: Progress | None = None,
    secrets: SecretStore | None = None,
) -> Iterator[Workspace]:
    """Open an empty workspace, which is deleted when the context ends."""
    with tempfile.TemporaryDirectory(prefix="dazz-") as folder, open_temporary_instance() as instance:
        yield Workspace(spec, connection, Lake(Path(folder)), instance, pages, secrets or MemorySecretStore(), progress)
