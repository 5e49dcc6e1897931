"""Where the syncs of a scenario run: through real Dagster, with a lake and an instance of their own that leave nothing
behind."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dazz_assets.authoring.spec import IntegrationSpec
from dazz_assets.connections import Connection
from dazz_assets.lake import Lake
from dazz_assets.orchestration.execute import sync
from dazz_assets.orchestration.home import passing_instance
from dazz_assets.orchestration.outcomes import Outcome
from dazz_assets.sync.extent import Extent
from dazz_assets.sync.progress import Progress
from dazz_assets.sync.session import Session
from dazz_assets.testing.clock import Clock

if TYPE_CHECKING:
    from dagster import DagsterInstance


@dataclass(frozen=True)
class Stage:
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
        return sync(
            self.spec,
            [self.connection],
            extent=Extent(from_mark=True),
            instance=self.instance,
            lake=self.lake,
            progress=self.progress,
            make_session=partial(Session, now=clock.now, sleep=clock.sleep, most_pages=self.pages),
        )


@contextmanager
def staged(
    spec: IntegrationSpec, connection: Connection, pages: int | None, progress: Progress | None = None
) -> Iterator[Stage]:
    """A stage, with nothing stored yet."""
    with tempfile.TemporaryDirectory(prefix="dazz-") as folder, passing_instance() as instance:
        yield Stage(spec, connection, Lake(Path(folder)), instance, pages, progress)
