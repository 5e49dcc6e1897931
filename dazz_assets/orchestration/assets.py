"""The asset factory: a stream or a parser of an integration becomes a partitioned asset."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import dagster as dg

from dazz_assets.connections import Connection
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.orchestration import checks, metadata
from dazz_assets.orchestration.data_versions import parser_data_version, stream_data_version
from dazz_assets.orchestration.io_manager import build_io_manager, io_manager_key, node_metadata
from dazz_assets.orchestration.jobs import step_name
from dazz_assets.orchestration.partitions import CONNECTION, WINDOW, Grid
from dazz_assets.orchestration.resource import RESOURCE
from dazz_assets.orchestration.row_counts import count_parser_rows, count_stream_rows, windows_outside_grid
from dazz_assets.orchestration.run_config import ParserOptions, StreamOptions, options_type, sync_range
from dazz_assets.orchestration.step import ConnectionResult, Step, Work
from dazz_assets.orchestration.translator import Node, Translator
from dazz_assets.session import Session
from dazz_assets.spec.specs import IntegrationSpec, ParserSpec, StreamSpec
from dazz_assets.transform.parse_windows import parse


def build_assets(
    spec: IntegrationSpec,
    connections: Iterable[Connection],
    translator: Translator | None = None,
    resource: str = RESOURCE,
) -> list[dg.AssetsDefinition]:
    """The assets of an integration's streams and parsers, over a grid that begins with its earliest connection.

    resource: the key of the resource that gives their runs a `Workplace`.
    """
    given = [item for item in connections if item.integration == spec.name]
    interval = max((item.interval for item in given), default=None)
    factory = AssetFactory(spec, Grid.of(spec, given), translator or Translator(), interval, resource)
    nodes: list[Node] = [*spec.streams.values(), *spec.parsers.values()]
    return [factory.asset(node) for node in nodes]


def is_gridded(node: Node) -> bool:
    """Whether an asset is partitioned by connection and window; else by connection alone."""
    return node.cursor is not None if isinstance(node, StreamSpec) else bool(node.incremental_inputs)


@dataclass(frozen=True)
class AssetFactory:
    """Makes the assets of one integration."""

    spec: IntegrationSpec
    grid: Grid
    translator: Translator
    interval: timedelta | None
    resource: str

    @cached_property
    def io_manager(self) -> dg.IOManagerDefinition:
        """One for all its assets: Dagster takes two of one name for a conflict."""
        return build_io_manager(self.spec, self.grid, self.resource)

    def asset(self, node: Node) -> dg.AssetsDefinition:
        """The asset of a stream or parser."""
        key = self.translator.asset_key(self.spec, node)
        is_stream = isinstance(node, StreamSpec)
        options = options_type(node)
        check_specs = checks.stream_checks(key) if is_stream else checks.parser_checks(key)
        step = Step(
            spec=self.spec,
            node=node,
            key=key,
            grid=self.grid,
            gridded=is_gridded(node),
            options=options,
            resource=self.resource,
            check_names=[item.name for item in check_specs],
            work=_sync(node, self.grid) if isinstance(node, StreamSpec) else _parse(node, self.grid),
        )

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)  # `resource_defs` is marked as beta

            @dg.multi_asset(
                name=step_name(key),
                specs=[self._asset_spec(node)],
                check_specs=check_specs,
                # A range of windows is one pass over the API.
                backfill_policy=dg.BackfillPolicy.single_run(),
                required_resource_keys={self.resource},
                resource_defs={io_manager_key(self.spec): self.io_manager},
                config_schema=options.to_fields_dict() if options else None,
            )
            def materialize(context: dg.AssetExecutionContext):  # type: ignore[no-untyped-def]
                yield from step.run(context)

        return materialize

    def _asset_spec(self, node: Node) -> dg.AssetSpec:
        spec = self.translator.asset_spec(
            self.spec,
            node,
            deps=[*self._deps(node), *self.translator.deps(self.spec, node)],
            partitions_def=self.grid.grid_def if is_gridded(node) else self.grid.connections_def,
            columns=metadata.table_schema(node),
            interval=self.interval,
        )
        # Assets downstream that take it as an input read it from the lake.
        return spec.merge_attributes(metadata=node_metadata(node)).with_io_manager_key(io_manager_key(self.spec))

    def _deps(self, node: Node) -> Iterator[dg.AssetDep]:
        if isinstance(node, StreamSpec):
            inputs = {node.parent: False} if node.parent else {}
        else:
            inputs = {item.stream: item.kind == "incremental" for item in node.inputs}
        for name, same_window in inputs.items():
            stream = self.spec.streams[name]
            key = self.translator.asset_key(self.spec, stream)
            yield dg.AssetDep(
                key, partition_mapping=_mapping(is_gridded(stream), is_gridded(node), same_window=same_window)
            )


def _mapping(upstream_gridded: bool, gridded: bool, *, same_window: bool) -> dg.PartitionMapping | None:
    if upstream_gridded != gridded:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)
            return dg.MultiToSingleDimensionPartitionMapping(partition_dimension_name=CONNECTION)
    if not gridded or same_window:
        return None
    # What is taken whole is the connection's latest state over all windows.
    return dg.MultiPartitionMapping(
        {
            CONNECTION: dg.DimensionPartitionMapping(CONNECTION, dg.IdentityPartitionMapping()),
            WINDOW: dg.DimensionPartitionMapping(WINDOW, dg.AllPartitionMapping()),
        }
    )


def _sync(stream: StreamSpec, grid: Grid) -> Work:
    def work(session: Session, windows: Sequence[date], options: StreamOptions | None) -> ConnectionResult:
        connection = session.connection.id
        report = sync_stream(session, stream, sync_range(options, grid, windows) if options else SyncRange())
        said = metadata.stream_metadata(report)
        stored, version = count_stream_rows(session, stream), stream_data_version(session, stream)
        if options is None:
            rows = {"dagster/row_count": sum(stored.values()), "dazz/rows_added": sum(report.windows.values())}
            return ConnectionResult(report, {connection: {**rows, **said}}, checks.stream_verdicts(report), version)
        added, kept = (grid.rows_by_window(rows) for rows in (report.windows, stored))
        events = {
            grid.key(connection, window): {
                "dagster/row_count": kept.get(window, 0),
                "dazz/rows_added": added.get(window, 0),
                **said,
            }
            for window in sorted({*windows, *added})
        }
        return ConnectionResult(report, events, checks.stream_verdicts(report), version)

    return work


def _parse(parser: ParserSpec, grid: Grid) -> Work:
    gridded = bool(parser.incremental_inputs)

    def work(session: Session, windows: Sequence[date], options: ParserOptions) -> ConnectionResult:
        connection = session.connection.id
        asked: set[date | None] = {None}
        if gridded:
            asked = {*windows, *windows_outside_grid(session, parser, grid, windows)}
        report = parse(session, parser, windows=() if options.changed or options.stale else asked, stale=options.stale)
        said = metadata.parser_metadata(report)
        stored, version = count_parser_rows(session, parser), parser_data_version(session, parser)
        if not gridded:
            rows = sum(stored.values())
            return ConnectionResult(
                report, {connection: {"dagster/row_count": rows, **said}}, checks.parser_verdicts(report), version
            )
        parsed, kept = (grid.rows_by_window(rows) for rows in (report.windows, stored))
        events = {
            grid.key(connection, window): {
                "dagster/row_count": kept.get(window, 0),
                "dazz/parsed": window in parsed,
                **said,
            }
            for window in sorted({*windows, *parsed})
        }
        return ConnectionResult(report, events, checks.parser_verdicts(report), version)

    return work
