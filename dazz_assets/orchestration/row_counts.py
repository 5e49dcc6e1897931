"""Row counts, from the logs of the lake's tables and from what earlier runs reported. No data file is opened."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import dagster as dg

from dazz_assets.lake import Lake, TableVersion
from dazz_assets.lake.objects.object_columns import object_schema
from dazz_assets.orchestration.partitions import Grid
from dazz_assets.orchestration.translator import Node
from dazz_assets.session import Session
from dazz_assets.spec.specs import IntegrationSpec, ParserSpec, StreamSpec

Rows = dict[date | None, int]

_BY_CONNECTION = "dazz/rows_by_connection"


def count_rows(version: TableVersion | None) -> Rows:
    """Rows of a table by window. In a raw table, every version of a record counts."""
    rows: Counter[date | None] = Counter()
    for file in version.files if version else ():
        rows[file.window] += file.rows
    return dict(rows)


def windows_outside_grid(session: Session, parser: ParserSpec, grid: Grid, windows: Iterable[date]) -> set[date]:
    """Windows outside the grid, or of another kind, with records of a parser's inputs and whose nearest window of the
    grid is one of `windows`."""
    wanted = set(windows)
    inputs = [session.spec.streams[item.stream] for item in parser.incremental_inputs]
    stored = {window for stream in inputs for window in count_rows(session.raw(stream).open()) if window}
    return {window for window in stored if grid.nearest(window) != window and grid.nearest(window) in wanted}


def write_rows(by_connection: Mapping[str, int]) -> dict[str, Any]:
    """Rows by connection as metadata, for the next run. Those of a single connection are known without."""
    if len(by_connection) < 2:
        return {}
    return {_BY_CONNECTION: dg.MetadataValue.json(dict(sorted(by_connection.items())))}


class AssetRows:
    """Counts the rows of an asset over all its partitions, and so over all connections.

    To open the tables of hundreds of connections in each of their syncs would take longer than the syncs. So a run
    counts the rows of its own connections, and takes those of the others from the asset's last materialization, where
    the run before wrote them in the same way. The tables of a connection that is not named there are opened. If two
    runs end at the same time, one may carry on an old count of the other, until that connection's next sync.
    """

    def __init__(self, spec: IntegrationSpec, node: Node, asset: dg.AssetKey, grid: Grid, lake: Lake) -> None:
        self._spec = spec
        self._node = node
        self._asset = asset
        self._grid = grid
        self._lake = lake

    def count(self, instance: dg.DagsterInstance, counted: Mapping[str, int]) -> dict[str, int]:
        """The rows of each connection. counted: those of the run's connections."""
        others = self._grid.known_connections(instance) - counted.keys()
        reported = self._last_reported(instance) if others else {}
        return {**{id_: reported[id_] if id_ in reported else self._count(id_) for id_ in others}, **counted}

    def _last_reported(self, instance: dg.DagsterInstance) -> Mapping[str, int]:
        event = instance.get_latest_materialization_event(self._asset)
        last = event.asset_materialization if event else None
        found = last.metadata.get(_BY_CONNECTION) if last else None
        return found.data if isinstance(found, dg.JsonMetadataValue) and isinstance(found.data, dict) else {}

    def _count(self, connection: str) -> int:
        node, name = self._node, self._spec.name
        if isinstance(node, StreamSpec):
            tables = [self._lake.raw(name, node.name, connection, windowed=node.windowed)]
        else:
            tables = [
                self._lake.domain(model.table_name(), name, node.name, connection, object_schema(model))
                for model in node.models
            ]
        return sum(version.rows for table in tables if (version := table.open()) is not None)
