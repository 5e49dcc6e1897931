"""The steps of `dazz demo`, and the claims that it checks about them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from dazz_assets.cli.sandbox_connections import CHANGE, CONNECTION
from dazz_assets.connections import Connection
from dazz_assets.counts import format_count
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.lake import Lake, query
from dazz_assets.orchestration.local_runs import parse_connections, sync_connections
from dazz_assets.orchestration.outcomes import Outcome
from dazz_assets.reports import Progress
from dazz_assets.sandbox import Change, Sandbox
from dazz_assets.spec.discovery import find_integration
from dazz_assets.spec.specs import IntegrationSpec

if TYPE_CHECKING:
    from dazz_assets.orchestration.dagster_instance import DagsterInstance


@dataclass(frozen=True, slots=True)
class Published:
    """A published object: its table and its row."""

    table: str
    row: dict[str, Any]

    @property
    def key(self) -> tuple[object, ...]:
        """Which object it is, and in which window it lies."""
        return self.table, *(self.row[name] for name in ("integration", "parser", "id", "window_start"))


@dataclass(frozen=True, slots=True)
class DemoRow:
    """What one step did for one integration.

    requests: as counted by the vendor's sandbox. objects: of the windows that were parsed. waited: seconds.
    """

    step: str
    integration: str
    requests: int
    records: int
    objects: int
    waited: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement about the steps, and whether it holds."""

    text: str
    holds: bool


class Demonstration:
    """Syncs and parses against a sandbox in this process, with one connection to each of its vendors."""

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
        """Run all steps and check the claims about them."""
        for _, connection in self._work:
            _delete_tables(self._lake, connection)
        self._run_step("first sync", self._sync)
        listed = self._read_listed_keys()
        changes = self._sandbox.change(CHANGE)
        since = datetime.now(UTC)
        self._run_step("incremental sync", self._sync)
        if self.errors:
            return
        for spec, _ in self._work:
            self._check_only_changes_were_stored(spec, changes[spec.name], since)
            self._check_snapshots_follow(spec, changes[spec.name], listed)
        before = self._read_objects()
        self._run_step("restream", self._parse)
        requests = sum(row.requests for row in self.rows if row.step == "restream")
        self._add_claim(f"the restream made {format_count(requests, 'request')}", requests == 0)
        self._check_restream_published_the_same(before, self._read_objects())

    def count_findings(self) -> pa.Table | None:
        """Count the findings by integration and severity, with `sql`; None if no vendor has any."""
        has_findings = any(table.path.name == "findings" for table in self._lake.tables("domain"))
        return query(self._lake, self.sql) if has_findings else None

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

    def _run_step(self, name: str, work: Callable[[IntegrationSpec, Connection], Outcome]) -> None:
        for spec, connection in self._work:
            started, requests = time.monotonic(), self._count_requests(spec)
            outcome = work(spec, connection)
            self.rows.append(
                DemoRow(
                    name,
                    spec.name,
                    self._count_requests(spec) - requests,
                    sum(report.records for report in outcome.streams),
                    sum(report.objects for report in outcome.parsers),
                    sum(report.waited_seconds for report in outcome.streams),
                    time.monotonic() - started,
                )
            )
            self.errors += [error.message for error in outcome.errors]

    def _count_requests(self, spec: IntegrationSpec) -> int:
        return self._sandbox[spec.name].traffic.stats().requests

    def _add_claim(self, text: str, holds: bool) -> None:
        self.claims.append(Claim(text, holds))

    def _check_only_changes_were_stored(self, spec: IntegrationSpec, change: Change, since: datetime) -> None:
        for stream in spec.streams.values():
            if stream.cursor is None:
                continue
            changed = {*change.changed.get(stream.name, ()), *change.added.get(stream.name, ())}
            expected = changed - set(change.removed.get(stream.name, ()))
            rows = query(
                self._lake,
                f"select key from raw.{spec.name}_{stream.name} where connection = '{CONNECTION}' "
                f"and fetched_at >= timestamptz '{since.isoformat()}'",
            )
            fetched = sorted(map(str, rows.column("key").to_pylist()))
            what = f"{len(expected):,} {stream.name} of {spec.name}"
            self._add_claim(
                f"the incremental sync stored the {what} that changed, and no others", fetched == sorted(expected)
            )

    def _check_snapshots_follow(self, spec: IntegrationSpec, change: Change, before: dict[str, set[str]]) -> None:
        """Check that each snapshot has what was added, and no longer what was removed."""
        after = self._read_listed_keys()
        for stream in spec.streams.values():
            if stream.cursor is not None:
                continue
            added, removed = (set(keys.get(stream.name, ())) for keys in (change.added, change.removed))
            name = f"{spec.name}_{stream.name}"
            expected = before[name] - removed | added - removed
            self._add_claim(
                f"after the incremental sync there are the {len(expected):,} {stream.name} that {spec.name} lists, "
                f"with {len(added - removed):,} added and {len(removed):,} removed",
                after[name] == expected,
            )

    def _read_listed_keys(self) -> dict[str, set[str]]:
        """The keys that each snapshot has, by its table."""
        snapshots = [
            f"{spec.name}_{stream.name}"
            for spec, _ in self._work
            for stream in spec.streams.values()
            if stream.cursor is None
        ]
        return {name: self._read_keys(f"raw.{name} where connection = '{CONNECTION}'") for name in snapshots}

    def _read_keys(self, source: str) -> set[str]:
        return set(map(str, query(self._lake, f"select key from {source}").column("key").to_pylist()))

    def _check_restream_published_the_same(self, before: list[Published], after: list[Published]) -> None:
        """Check that a restream publishes the same objects.

        They may differ only in what parsers take from full-refresh inputs, which are read as they are at the time of
        the parse.
        """
        parsers = [(spec.name, parser) for spec, _ in self._work for parser in spec.parsers.values()]
        may_differ = {
            (integration, parser.name)
            for integration, parser in parsers
            if len(parser.incremental_inputs) < len(parser.inputs)
        }
        differing = [old for old, new in zip(before, after, strict=False) if old != new]
        same_ids = [item.key for item in before] == [item.key for item in after]
        exception = f", {len(differing)} of them with newer data from their full-refresh inputs" if differing else ""
        self._add_claim(
            f"the restream published the same {format_count(len(before), 'object')} again{exception}",
            same_ids and all((item.row["integration"], item.row["parser"]) in may_differ for item in differing),
        )

    def _read_objects(self) -> list[Published]:
        """All published objects, of all tables, in order."""
        tables = sorted({table.path.name for table in self._lake.tables("domain")})
        return [
            Published(table, row)
            for table in tables
            for row in query(
                self._lake,
                f"select * exclude (inputs) from {table} where connection = '{CONNECTION}' "
                "order by integration, parser, id",
            ).to_pylist()
        ]


def _delete_tables(lake: Lake, connection: Connection) -> None:
    """Delete what an earlier demo stored for a connection. Each of its tables has a folder of its own."""
    with lake.lock(connection.integration, connection.id):
        for table in lake.tables():
            if (table.path.integration, table.path.connection) == (connection.integration, connection.id):
                lake.root.filesystem.delete_dir(lake.root.filesystem_path(table.path.folder))
