"""Jira's sandbox and connections to it, at a time that moves only when someone waits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dazz_assets.connections import Connection
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.lake import Lake, query
from dazz_assets.reports import ParseReport, StreamReport
from dazz_assets.sandbox import HISTORY, Sandbox
from dazz_assets.secret_store import FileSecretStore
from dazz_assets.session import Session
from dazz_assets.spec.read import read_integration
from dazz_assets.transform.parse_windows import parse
from integrations.jira.integration import JiraIntegration
from integrations.jira.sandbox import JiraSandbox
from integrations.jira.sandbox_limits import Limits
from tests.http.loopback import Clock

NOW = datetime(2026, 6, 1, tzinfo=UTC)


class Site:
    """A sandbox, and one connection to it with its lake. config: its settings, those of an API token by default."""

    def __init__(self, folder: Path, sandbox: Sandbox, vendor: JiraSandbox) -> None:
        self.vendor = vendor
        self.url = sandbox.url("jira")
        self.clock = Clock(NOW.timestamp())
        self.config: dict[str, str] = vendor.settings(self.url)
        self.spec = read_integration(JiraIntegration)
        self.lake = Lake(folder / "lake")
        self._secrets = folder / "secrets"
        self.limit()

    @property
    def session(self) -> Session:
        """A new session, by the site's clock."""
        start = (NOW - HISTORY).date()
        connection = Connection(id="acme", integration="jira", start=start, config=self.config)
        return Session(
            self.spec,
            connection,
            self.lake,
            now=lambda: datetime.fromtimestamp(self.clock.now, UTC),
            sleep=self.clock.sleep,
            open_secret_store=lambda: FileSecretStore(folder=self._secrets),
        )

    def limit(self, *, burst: int = 100, points: int = 65_000) -> None:
        """Limit requests, by the site's clock."""
        self.vendor.limits = Limits(burst, points, clock=lambda: self.clock.now)

    def sync(self, *streams: str) -> dict[str, StreamReport]:
        """Sync streams, all by default, from their marks."""
        session = self.session
        names = streams or tuple(self.spec.streams)
        return {name: sync_stream(session, self.spec.streams[name], SyncRange(from_mark=True)) for name in names}

    def parse(self, parser: str) -> ParseReport:
        """Parse all windows."""
        return parse(self.session, self.spec.parsers[parser], windows=None)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a query over the lake."""
        return query(self.lake, sql).to_pylist()

    def records(self, stream: str) -> dict[str, Any]:
        """The latest version of each record, by key."""
        return {row["key"]: json.loads(row["record"]) for row in self.rows(f"from raw.jira_{stream}")}

    def paths(self) -> list[str]:
        """The paths of the requests since the sandbox was asked to forget them."""
        return [served.request.path for served in self.vendor.traffic.log]


@contextmanager
def jira_site(folder: Path, **sizes: Any) -> Iterator[Site]:
    """A small site. sizes: arguments of the sandbox."""
    vendor = JiraSandbox(**{"seed": 2, "now": NOW, "projects": 5, "users": 70, "issues": 90, **sizes})
    with Sandbox([vendor]) as sandbox:
        yield Site(folder, sandbox, vendor)
