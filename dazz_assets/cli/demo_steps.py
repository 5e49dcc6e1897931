"""The demo's steps, and what they are claimed to do."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from dazz_assets.cli.sandbox_connections import CHANGE, CONNECTION
from dazz_assets.connections import Connection
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.lake import Lake, query
from dazz_assets.orchestration.local_runs import parse_connections, sync_connections
from dazz_assets.orchestration.outcomes import Outcome
from dazz_assets.reports import Progress
from dazz_assets.sandbox import Change, Sandbox
from dazz_assets.spec.discovery import find_integration
from dazz_assets.spec.specs import IntegrationSpec

if TYPE_CHECKING:
    from dagster import DagsterInstance


Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DemoRow:
    """What one step took for one integration. requests are those that the vendor counted."""

    step: str
    integration: str
    requests: int
    records: int
    findings: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence about the steps, and whether it holds."""

    text: str
    holds: bool


class Demonstration:
    """Runs against a sandbox in this process, with one connection to each of its vendors."""

    sql = "select integration, severity, count(*) as findings from findings group by all order by all"

    def __init__(
        self,
        sandbox: Sandbox,
        connections: tuple[Connection, ...],
        lake: Lake,
        instance: DagsterInstance,
        progress: Progress,
    ) -> None:
        self._sandbox = sandbox
        self._work = [(find_integration(connection.integration), connection) for connection in connections]
        self._lake, self._instance, self._progress = lake, instance, progress
        self.rows: list[DemoRow] = []
        self.claims: list[Claim] = []
        self.errors: list[str] = []

    def run(self) -> None:
        """All steps."""
        for _, connection in self._work:
            _forget(self._lake, connection)
        self._step("first sync", self._sync)
        changes = self._sandbox.change(CHANGE)
        since = datetime.now(UTC)
        self._step("incremental sync", self._sync)
        if self.errors:
            return
        for spec, _ in self._work:
            self._claim_just_what_changed(spec, changes[spec.name], since)
        before = self._published().to_pylist()
        self._step("restream", self._parse)
        requests = sum(row.requests for row in self.rows if row.step == "restream")
        self._claim(f"the restream made {requests} requests", requests == 0)
        self._claim_the_same(before, self._published().to_pylist())

    def findings(self) -> pa.Table:
        """Findings by integration and severity."""
        return query(self._lake, self.sql)

    def _sync(self, spec: IntegrationSpec, connection: Connection) -> Outcome:
        return sync_connections(
            spec,
            [connection],
            sync_range=SyncRange(from_mark=True),
            instance=self._instance,
            lake=self._lake,
            progress=self._progress,
        )

    def _parse(self, spec: IntegrationSpec, connection: Connection) -> Outcome:
        return parse_connections(spec, [connection], instance=self._instance, lake=self._lake, progress=self._progress)

    def _step(self, name: str, work: Callable[[IntegrationSpec, Connection], Outcome]) -> None:
        for spec, connection in self._work:
            began, asked = time.monotonic(), self._requests(spec)
            outcome = work(spec, connection)
            self.rows.append(
                DemoRow(
                    name,
                    spec.name,
                    self._requests(spec) - asked,
                    sum(report.records for report in outcome.streams),
                    sum(report.records for report in outcome.parsers),
                    time.monotonic() - began,
                )
            )
            self.errors += [error.message for error in outcome.errors]

    def _requests(self, spec: IntegrationSpec) -> int:
        return self._sandbox[spec.name].traffic.stats().requests

    def _claim(self, text: str, holds: bool) -> None:
        self.claims.append(Claim(text, holds))

    def _claim_just_what_changed(self, spec: IntegrationSpec, change: Change, since: datetime) -> None:
        for stream in spec.streams.values():
            if stream.cursor is None:
                continue
            touched = {*change.changed.get(stream.name, ()), *change.added.get(stream.name, ())}
            wanted = touched - set(change.removed.get(stream.name, ()))
            rows = query(
                self._lake,
                f"select key from raw.{spec.name}_{stream.name} where connection = '{CONNECTION}' "
                f"and fetched_at >= timestamptz '{since.isoformat()}'",
            )
            fetched = sorted(map(str, rows.column("key").to_pylist()))
            what = f"{len(wanted):,} {stream.name} of {spec.name}"
            self._claim(f"the incremental sync stored the {what} that changed, and no other", fetched == sorted(wanted))

    def _claim_the_same(self, before: list[Record], after: list[Record]) -> None:
        """A full-refresh input is taken as it stands when a window is parsed: only that may differ."""
        parsers = [(spec.name, parser) for spec, _ in self._work for parser in spec.parsers.values()]
        free = {name for name, parser in parsers if len(parser.incremental_inputs) < len(parser.inputs)}
        differ = [old for old, new in zip(before, after, strict=False) if old != new]
        same = [_identity(item) for item in before] == [_identity(item) for item in after]
        taken_in = f", {len(differ)} of them with what their full-refresh inputs say now" if differ else ""
        self._claim(
            f"the restream published the same {len(before):,} findings again{taken_in}",
            same and all(item["integration"] in free for item in differ),
        )

    def _published(self) -> pa.Table:
        return query(
            self._lake,
            f"select * exclude (inputs) from findings where connection = '{CONNECTION}' order by integration, id",
        )


def _identity(finding: Record) -> tuple[object, ...]:
    return finding["integration"], finding["id"], finding["window_start"]


def _forget(lake: Lake, connection: Connection) -> None:
    """Remove what an earlier demo stored: a connection's tables are folders of its own."""
    with lake.lock(connection.integration, connection.id):
        for table in lake.tables():
            if (table.path.integration, table.path.connection) == (connection.integration, connection.id):
                lake.root.filesystem.delete_dir(lake.root.filesystem_path(table.path.folder))
