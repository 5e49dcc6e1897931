"""A connection to GitHub's sandbox whose clock passes only while it waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from dazz_assets.connections import Connection
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.lake import Lake, query
from dazz_assets.reports import ParseReport, StreamReport
from dazz_assets.sandbox import Sandbox
from dazz_assets.session import Session
from dazz_assets.spec.read import read_integration
from dazz_assets.transform.parse_windows import parse
from integrations.github.integration import GitHubIntegration
from integrations.github.sandbox import GitHubSandbox
from tests.http.loopback import Clock

NOW = datetime(2026, 6, 1, tzinfo=UTC)


class GitHubCustomer:
    """Syncs and parses an organisation of the sandbox."""

    def __init__(self, vendor: GitHubSandbox, config: Mapping[str, str], folder: Path) -> None:
        self.vendor = vendor
        self.spec = read_integration(GitHubIntegration)
        self.clock = Clock(NOW.timestamp())
        self.lake = Lake(folder / "lake")
        self.connection = Connection(id="acme", integration="github", start=date(2026, 1, 5), config=dict(config))

    def sync(self, *streams: str) -> dict[str, StreamReport]:
        """Sync these streams, or all, from their marks. Raises SyncError."""
        return {
            name: sync_stream(self._session(), self.spec.streams[name], SyncRange(from_mark=True))
            for name in streams or self.spec.streams
        }

    def parse(self, *parsers: str) -> list[ParseReport]:
        """Parse all windows that changed."""
        return [parse(self._session(), self.spec.parsers[name], windows=()) for name in parsers or self.spec.parsers]

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return query(self.lake, sql).to_pylist()

    def column(self, sql: str) -> list[Any]:
        return query(self.lake, sql).column(0).to_pylist()

    def _session(self) -> Session:
        def now() -> datetime:
            return datetime.fromtimestamp(self.clock.now, UTC)

        return Session(self.spec, self.connection, self.lake, now=now, sleep=self.clock.sleep)


@contextmanager
def github_customer(vendor: GitHubSandbox, folder: Path, **config: str) -> Iterator[GitHubCustomer]:
    """A customer of a sandbox that listens. config: instead of the sandbox's own settings."""
    with Sandbox([vendor]) as sandbox:
        yield GitHubCustomer(vendor, {**sandbox.settings("github"), **config}, folder)
