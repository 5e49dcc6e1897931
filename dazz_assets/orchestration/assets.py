"""Assets: each stream and each parser of an integration becomes one partitioned asset."""

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import dagster as dg

from dazz_assets.connections import Connection
from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from dazz_assets.http import Mask
from dazz_assets.lake.freed_memory import return_large_blocks
from dazz_assets.orchestration import checks, metadata
from dazz_assets.orchestration.io_manager import build_io_manager, io_manager_key, node_metadata
from dazz_assets.orchestration.jobs import step_name
from dazz_assets.orchestration.partition_results import ParsedPartitions, snapshot_partition, stream_partitions
from dazz_assets.orchestration.partitions import CONNECTION, WINDOW, Grid
from dazz_assets.orchestration.resource import RESOURCE
from dazz_assets.orchestration.row_counts import windows_outside_grid
from dazz_assets.orchestration.run_config import (
    ParserOptions,
    SnapshotOptions,
    StreamOptions,
    check_until,
    options_type,
    range_from_options,
)
from dazz_assets.orchestration.step import ConnectionResult, Step, Work
from dazz_assets.orchestration.translator import Node, Translator
from dazz_assets.session import Session
from dazz_assets.spec.specs import IntegrationSpec, ParserSpec, StreamSpec
from dazz_assets.transform.parse_windows import parse
from dazz_assets.transform.published_tables import PublishedTables
from dazz_assets.transform.quarantine import read_quarantine


def build_assets(
    spec: IntegrationSpec,
    connections: Iterable[Connection],
    translator: Translator | None = None,
    resource: str = RESOURCE,
) -> list[dg.AssetsDefinition]:
    """The assets of an integration's streams and parsers.

    connections: the earliest start among those of the integration is where its grid begins.
    resource: the key of the resource that gives runs a SessionPool.
    """
    own = [item for item in connections if item.integration == spec.name]
    slowest = max((item.interval for item in own), default=None)
    factory = AssetFactory(spec, Grid.of(spec, own), translator or Translator(), slowest, resource)
    nodes: list[Node] = [*spec.streams.values(), *spec.parsers.values()]
    return [factory.build_asset(node) for node in nodes]


def is_gridded(node: Node) -> bool:
    """Whether an asset is partitioned by connection and window; otherwise by connection alone."""
    return node.cursor is not None if isinstance(node, StreamSpec) else bool(node.incremental_inputs)


@dataclass(frozen=True)
class AssetFactory:
    """Builds the assets of one integration.

    interval: the longest sync interval among its connections; None without connections.
    resource: the key of the resource that gives runs a SessionPool.
    """

    spec: IntegrationSpec
    grid: Grid
    translator: Translator
    interval: timedelta | None
    resource: str

    def build_asset(self, node: Node) -> dg.AssetsDefinition:
        """The asset of a stream or parser."""
        key = self.translator.asset_key(self.spec, node)
        options = options_type(node)
        check_specs = checks.stream_checks(key) if isinstance(node, StreamSpec) else checks.parser_checks(key)
        step = Step(
            spec=self.spec,
            node=node,
            key=key,
            grid=self.grid,
            gridded=is_gridded(node),
            options=options,
            resource=self.resource,
            check_names=[item.name for item in check_specs],
            work=self._work(node),
        )

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)  # `resource_defs` is in beta

            @dg.multi_asset(
                name=step_name(key),
                specs=[self._asset_spec(node)],
                check_specs=check_specs,
                # One run, and so one pass over the API, for a range of windows.
                backfill_policy=dg.BackfillPolicy.single_run(),
                required_resource_keys={self.resource},
                resource_defs={io_manager_key(self.spec): self._io_manager},
                config_schema=options.to_fields_dict(),
            )
            def materialize(context: dg.AssetExecutionContext):  # type: ignore[no-untyped-def]
                yield from step.run(context)

        return materialize

    def _work(self, node: Node) -> Work:
        if isinstance(node, StreamSpec):
            return _sync_work(node, self.grid)
        streams = [self.spec.streams[item.stream] for item in node.inputs]
        return _parse_work(node, self.grid, {item.name: self.translator.asset_key(self.spec, item) for item in streams})

    @cached_property
    def _io_manager(self) -> dg.IOManagerDefinition:
        """One for all assets: Dagster reports two definitions under one key as a conflict."""
        return build_io_manager(self.spec, self.grid, self.resource)

    def _asset_spec(self, node: Node) -> dg.AssetSpec:
        spec = self.translator.asset_spec(
            self.spec,
            node,
            deps=[*self._deps(node), *self.translator.deps(self.spec, node)],
            partitions_def=self.grid.grid_def if is_gridded(node) else self.grid.connections_def,
            columns=metadata.table_schema(node),
            interval=self.interval,
        )
        # The IO manager reads the lake for assets downstream that take this one as an input.
        return spec.merge_attributes(metadata=node_metadata(node)).with_io_manager_key(io_manager_key(self.spec))

    def _deps(self, node: Node) -> Iterator[dg.AssetDep]:
        if isinstance(node, StreamSpec):
            inputs = {node.parent: False} if node.parent else {}
        else:
            inputs = {item.stream: item.kind == "incremental" for item in node.inputs}
        for name, same_window in inputs.items():
            stream = self.spec.streams[name]
            key = self.translator.asset_key(self.spec, stream)
            mapping = _partition_mapping(is_gridded(stream), is_gridded(node), same_window=same_window)
            yield dg.AssetDep(key, partition_mapping=mapping)


def _partition_mapping(upstream_gridded: bool, gridded: bool, *, same_window: bool) -> dg.PartitionMapping | None:
    """How partitions of an asset map to those of its upstream asset; None for one to one."""
    if upstream_gridded != gridded:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)
            return dg.MultiToSingleDimensionPartitionMapping(partition_dimension_name=CONNECTION)
    if not gridded or same_window:
        return None
    # A full-refresh input is the connection's latest state over all windows.
    return dg.MultiPartitionMapping(
        {
            CONNECTION: dg.DimensionPartitionMapping(CONNECTION, dg.IdentityPartitionMapping()),
            WINDOW: dg.DimensionPartitionMapping(WINDOW, dg.AllPartitionMapping()),
        }
    )


def _sync_work(stream: StreamSpec, grid: Grid) -> Work:
    """A function that syncs a stream of one connection."""

    def work(session: Session, windows: Sequence[date], options: StreamOptions | SnapshotOptions) -> ConnectionResult:
        if isinstance(options, SnapshotOptions):
            sync_range = SyncRange(refetch=options.refetch, accept_shrink=options.accept_shrink)
        else:
            check_until(session, stream, options)
            sync_range = range_from_options(options, grid, windows)
        return_large_blocks()
        report = sync_stream(session, stream, sync_range)
        stored = session.raw(stream).open()
        partitions = (
            snapshot_partition(session, stored, report)
            if isinstance(options, SnapshotOptions)
            else stream_partitions(session, stored, report, grid, windows)
        )
        return ConnectionResult(report, partitions, checks.assess_stream(session.spec.name, report))

    return work


def _parse_work(parser: ParserSpec, grid: Grid, keys: Mapping[str, dg.AssetKey]) -> Work:
    """A function that runs a parser for one connection. keys: the assets of its inputs, by stream."""

    def work(session: Session, windows: Sequence[date], options: ParserOptions) -> ConnectionResult:
        to_parse: set[date | None] = {None}
        if options.changed or options.stale:
            to_parse = set()
        elif parser.incremental_inputs:
            to_parse = {*windows, *windows_outside_grid(session, parser, grid, windows)}
        report = parse(session, parser, windows=to_parse, stale=options.stale, processes=options.processes)
        published = PublishedTables(session, parser)
        partitions = ParsedPartitions(session, parser, published, grid, keys).find(report, windows)
        held = read_quarantine(published.quarantine_version)
        return ConnectionResult(
            report, partitions, checks.assess_parser(session.spec, report, held, Mask(session.secrets))
        )

    return work
