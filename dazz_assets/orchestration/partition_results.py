"""What lies in each partition of a connection after a sync or a parse, from the logs of the lake's tables."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

import dagster as dg

from dazz_assets.lake import TableVersion
from dazz_assets.orchestration.data_versions import EMPTY, parser_version, snapshot_version, stream_versions
from dazz_assets.orchestration.materializations import PartitionResult
from dazz_assets.orchestration.metadata import Metadata
from dazz_assets.orchestration.partitions import Grid
from dazz_assets.orchestration.row_counts import count_rows
from dazz_assets.reports import ParseReport, StreamReport
from dazz_assets.session import Session
from dazz_assets.spec.specs import ParserSpec
from dazz_assets.transform.published_tables import PublishedTables, TableWindow
from dazz_assets.transform.raw_inputs import RawInputs, parsed_by


def snapshot_partition(
    session: Session, stored: TableVersion | None, report: StreamReport
) -> dict[str, PartitionResult]:
    """The partition of a snapshot stream."""
    added = {"dazz/rows_added": sum(report.windows.values())}
    return {session.connection.id: PartitionResult(stored.rows if stored else 0, snapshot_version(stored), added)}


def stream_partitions(
    session: Session, stored: TableVersion | None, report: StreamReport, grid: Grid, in_run: Sequence[date]
) -> dict[str, PartitionResult]:
    """The windows of an incremental stream: all of the grid, and those of the run."""
    added, in_window = grid.rows_by_window(report.windows), grid.rows_by_window(count_rows(stored))
    versions = stream_versions(session, stored, grid)
    return {
        grid.key(session.connection.id, window): PartitionResult(
            in_window.get(window, 0),
            versions.get(window, EMPTY),
            {"dazz/rows_added": added.get(window, 0)},
            is_changed=window in added,
        )
        for window in {*grid.all_windows(), *in_run}
    }


class ParsedPartitions:
    """The partitions of a parser's asset, from the states of the windows that it published.

    published: its tables after the parse. keys: the assets of its inputs, by stream.
    """

    def __init__(
        self,
        session: Session,
        parser: ParserSpec,
        published: PublishedTables,
        grid: Grid,
        keys: Mapping[str, dg.AssetKey],
    ) -> None:
        self._connection = session.connection.id
        self._parser = parser
        self._grid = grid
        self._keys = keys
        self._inputs = RawInputs(session, parser)
        self._states = published.states

    def find(self, report: ParseReport, in_run: Sequence[date]) -> dict[str, PartitionResult]:
        """The connection's partition, or its windows: all of the grid, and those of the run."""
        if not self._parser.incremental_inputs:
            return {self._connection: self._make_result(self._states, {})}
        parsed, states = self._grid.rows_by_window(report.windows), self._states_by_window()
        return {
            self._grid.key(self._connection, window): self._make_result(
                states.get(window, []), {"dazz/parsed": window in parsed}, is_changed=window in parsed
            )
            for window in {*self._grid.all_windows(), *in_run}
        }

    def _states_by_window(self) -> dict[date, list[TableWindow]]:
        found: dict[date, list[TableWindow]] = defaultdict(list)
        for item in self._states:
            if (window := item[1]) is not None:
                found[self._grid.nearest(window)].append(item)
        return found

    def _make_result(
        self, states: Sequence[TableWindow], values: Metadata, *, is_changed: bool = False
    ) -> PartitionResult:
        # A window that no parser of this version made stays outdated, also in a run that covers it without parsing it.
        provenance = {state.inputs for _, _, state in states}
        other_code = {parsed_by(item) or "unknown" for item in provenance} - {self._parser.version}
        changed = {name for item in provenance for name in self._inputs.changed_inputs(item)}
        return PartitionResult(
            sum(state.rows for _, _, state in states),
            parser_version(self._parser, states),
            values,
            is_changed=is_changed,
            code_version=min(other_code, default=None),
            outdated=[self._keys[name] for name in sorted(changed)],
        )
