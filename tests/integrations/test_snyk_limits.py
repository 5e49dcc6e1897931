"""What a sync of Snyk does at the limit, of which no header tells, and which refused requests keep closed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from dazz_assets.connections import Connection
from dazz_assets.errors import SyncError
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.lake import Lake, query
from dazz_assets.reports import StreamReport
from dazz_assets.sandbox import Quota, RateLimit, Sandbox
from dazz_assets.session import Session
from dazz_assets.spec.read import read_integration
from integrations.snyk.integration import SnykIntegration
from integrations.snyk.sandbox import SnykSandbox
from tests.http.loopback import Clock

NOW = datetime(2026, 6, 1, tzinfo=UTC)


class WatchedLimit(RateLimit):
    """Snyk's limit, with fewer requests. Notes when requests came, and whether they were too many."""

    def __init__(self, requests: int, clock: Clock) -> None:
        self.came: list[tuple[float, bool]] = []
        self._time = clock
        super().__init__(requests, per=60, keeps_closed=True, clock=clock)

    def spend(self) -> Quota:
        quota = super().spend()
        self.came.append((self._time.now, quota.exceeded))
        return quota

    @property
    def silences(self) -> list[float]:
        """The seconds from each refusal to the next request."""
        return [later - at for (at, exceeded), (later, _) in pairwise(self.came) if exceeded]


class Acme:
    """A connection to the sandbox whose clock passes only while it waits."""

    def __init__(self, folder: Path, sandbox: Sandbox, vendor: SnykSandbox) -> None:
        self.clock = Clock(NOW.timestamp())
        self.spec = read_integration(SnykIntegration)
        connection = Connection(
            id="acme", integration="snyk", start=date(2025, 6, 2), config=dict(sandbox.settings("snyk"))
        )
        self.session = Session(
            self.spec,
            connection,
            Lake(folder / "lake"),
            now=lambda: datetime.fromtimestamp(self.clock.now, UTC),
            sleep=self._sleep,
        )
        self.limit = vendor.rate = WatchedLimit(3, self.clock)
        self.used_by_others = 0
        """In so many pauses, another program sends a request with the same key."""

    def _sleep(self, seconds: float) -> None:
        self.clock.sleep(seconds / 2)
        if seconds > 10 and self.used_by_others:
            self.used_by_others -= 1
            RateLimit.spend(self.limit)  # not one of ours
        self.clock.sleep(seconds / 2)

    def sync(self) -> dict[str, StreamReport]:
        return {name: self.sync_stream(name) for name in self.spec.streams}

    def sync_stream(self, name: str) -> StreamReport:
        return sync_stream(self.session, self.spec.streams[name], SyncRange(from_mark=True))

    def keys(self, stream: str) -> set[Any]:
        return set(query(self.session.lake, f"select key from raw.snyk_{stream}").column(0).to_pylist())


@pytest.fixture
def vendor() -> SnykSandbox:
    return SnykSandbox(seed=2, now=NOW, orgs=4, projects=30, issues=90)


@pytest.fixture
def acme(vendor: SnykSandbox, tmp_path: Path) -> Iterator[Acme]:
    with Sandbox([vendor]) as sandbox:
        yield Acme(tmp_path, sandbox, vendor)


def assert_complete(acme: Acme, vendor: SnykSandbox) -> None:
    stored = {stream: acme.keys(stream) for stream in ("orgs", "projects", "targets", "issues")}
    assert stored == {stream: set(getattr(vendor, stream)) for stream in stored}


def test_a_limit_is_waited_for_in_silence_and_the_sync_is_complete(acme: Acme, vendor: SnykSandbox) -> None:
    reports = acme.sync()

    assert_complete(acme, vendor)
    assert all(report.passed_over == [] for report in reports.values())
    taken = sum(not exceeded for _, exceeded in acme.limit.came)
    assert len(acme.limit.silences) == (taken - 1) // 3 > 1
    assert all(60 <= seconds < 61 for seconds in acme.limit.silences)


def test_several_threads_wait_for_the_limit_together(
    acme: Acme, vendor: SnykSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(acme.session.integration), "concurrency", 4)
    reports = acme.sync()

    assert_complete(acme, vendor)
    assert all(report.passed_over == [] for report in reports.values())


def test_a_window_that_someone_else_keeps_closed_is_waited_for_longer(acme: Acme, vendor: SnykSandbox) -> None:
    acme.used_by_others = 1
    acme.sync()

    assert_complete(acme, vendor)
    assert [round(seconds) for seconds in acme.limit.silences[:3]] == [60, 120, 60]


def test_a_limit_that_stays_closed_fails_the_sync_in_the_end(acme: Acme) -> None:
    acme.limit.requests = 0
    with pytest.raises(SyncError, match=r"429 Too Many Requests.*Request rate limit exceeded"):
        acme.sync()

    assert [round(seconds) for seconds in acme.limit.silences] == [60, 120, 240, 480]


def test_a_limit_that_stays_closed_ends_the_lists_of_all_organisations_and_later_streams_soon(
    acme: Acme, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(acme.session.integration), "concurrency", 1)  # Waits of threads would add up.
    acme.sync_stream("orgs")
    acme.limit.requests, began = 0, acme.clock.now

    took = []
    for stream in ("projects", "targets", "issues"):
        with pytest.raises(SyncError, match=rf"{stream}: GET .*429 Too Many Requests.*after 4 pauses in a row"):
            acme.sync_stream(stream)
        took.append(acme.clock.now - began)

    assert took[0] == pytest.approx(60 + 120 + 240 + 480, abs=5)
    assert took[-1] == pytest.approx(took[0] + 2 * 60, abs=5)
