"""The IO manager of our assets: gives assets downstream the rows of the partitions they ask for."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg
import pyarrow as pa

from dazz_assets.domain import OUR_COLUMNS, DomainObject
from dazz_assets.lake import RAW_SCHEMA, Lake, LakeError, TableVersion, latest_versions, to_pandas
from dazz_assets.lake.objects.object_columns import object_schema
from dazz_assets.lake.schema import INPUTS, WINDOW, merge_schemas
from dazz_assets.orchestration.partitions import Grid
from dazz_assets.orchestration.translator import Node
from dazz_assets.sensitive import SensitiveFields
from dazz_assets.spec.specs import IntegrationSpec, ParserSpec, StreamSpec

# Metadata of an asset: the name of its stream or parser.
STREAM, PARSER = "dazz/stream", "dazz/parser"
# Metadata of an input: the table to read, if the parser publishes to several.
TABLE = "table"

_RAW_COLUMNS = ("key", "parent", "cursor", "fetched_at", "record")


def io_manager_key(spec: IntegrationSpec) -> str:
    """The key of the IO manager of an integration's assets, such as `desk_lake`."""
    return f"{spec.name}_lake"


def build_io_manager(spec: IntegrationSpec, grid: Grid, resource: str) -> dg.IOManagerDefinition:
    """The IO manager of an integration's assets. resource: the key of the resource that gives a SessionPool."""

    @dg.io_manager(required_resource_keys={resource}, description=f"Reads what the assets of {spec.name} stored.")
    def read_lake(context: dg.InitResourceContext) -> LakeIOManager:
        return LakeIOManager(getattr(context.resources, resource).lake, spec, grid)

    return read_lake


def node_metadata(node: Node) -> dict[str, str]:
    """The metadata by which the IO manager identifies an asset, whatever its key is."""
    return {STREAM if isinstance(node, StreamSpec) else PARSER: node.name}


class LakeIOManager(dg.IOManager):
    """Reads the assets of one integration: exactly the partitions that an input maps to, as a DataFrame or Arrow table.

    Rows have the columns that `dazz query` shows, with sensitive fields hidden. It only reads: our assets
    write to the lake themselves, and other assets have other IO managers.
    """

    def __init__(self, lake: Lake, spec: IntegrationSpec, grid: Grid) -> None:
        self._lake = lake
        self._spec = spec
        self._grid = grid

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Raise LakeError: this IO manager stores nothing."""
        raise LakeError(
            f"{context.asset_key.to_user_string()}: this IO manager only reads; give the asset another io_manager_key"
        )

    def load_input(self, context: dg.InputContext) -> Any:
        """The rows of the input's partitions: all partitions for a downstream asset that has none.

        Raises LakeError if the input's annotation isn't supported, or if it must name a table.
        """
        node = self._find_node(context)
        keys = context.asset_partition_keys
        if isinstance(node, StreamSpec):
            rows = self._read_records(node, self._windows_by_connection(keys, windowed=node.windowed))
        else:
            model = _choose_model(node, context)
            rows = self._read_objects(node, model, self._windows_by_connection(keys, windowed=node.windowed))
        context.log.info(f"{rows.num_rows} rows of {len(keys)} partitions of {context.asset_key.to_user_string()}")
        return _convert(rows, context)

    def _find_node(self, context: dg.InputContext) -> Node:
        upstream = context.upstream_output
        names = upstream.definition_metadata if upstream is not None else {}
        return self._spec.streams[names[STREAM]] if STREAM in names else self._spec.parsers[names[PARSER]]

    def _windows_by_connection(self, keys: Iterable[str], *, windowed: bool) -> dict[str, set[date] | None]:
        """The windows of these partition keys by connection. None means all that is stored for the connection."""
        if not windowed:
            return dict.fromkeys(keys)
        windows: dict[str, set[date]] = {}
        for key in keys:
            connection, window = self._grid.split(key)
            windows.setdefault(connection, set()).add(window)
        return {**windows}

    def _read_records(self, stream: StreamSpec, windows_by_connection: Mapping[str, set[date] | None]) -> pa.Table:
        raw = pa.schema([RAW_SCHEMA.field(name).with_nullable(True) for name in _RAW_COLUMNS])
        parts = []
        for connection, windows in windows_by_connection.items():
            table = self._lake.raw(self._spec.name, stream.name, connection, windowed=stream.cursor is not None)
            if (version := table.open()) is not None:
                batches = latest_versions(version, _RAW_COLUMNS, self._stored_windows(version, windows))
                rows = pa.Table.from_batches((batch.cast(raw) for batch in batches), raw)
                parts.append(_with_constants(rows, connection=connection))
        found = _concatenate(parts, pa.schema([_text_field("connection"), *raw]))
        return found if not stream.sensitive else _hide_sensitive(found, SensitiveFields(stream.sensitive))

    def _read_objects(
        self, parser: ParserSpec, model: type[DomainObject], windows_by_connection: Mapping[str, set[date] | None]
    ) -> pa.Table:
        parts, columns = [], object_schema(model)
        own = [pa.field(WINDOW, pa.date32()), pa.field(INPUTS, pa.string())]
        for connection, windows in windows_by_connection.items():
            table = self._lake.domain(model.table_name(), self._spec.name, parser.name, connection, columns)
            if (version := table.open()) is not None:
                stored = pa.schema([field for field in version.schema if field.name not in OUR_COLUMNS])
                names = [WINDOW, INPUTS, *stored.names]
                batches = version.read(names, self._stored_windows(version, windows))
                rows = pa.Table.from_batches(batches, pa.schema([*own, *stored]))
                parts.append(
                    _with_constants(rows, integration=self._spec.name, connection=connection, parser=parser.name)
                )
        return _concatenate(
            parts, pa.schema([*map(_text_field, ("integration", "connection", "parser")), *own, *columns])
        )

    def _stored_windows(self, version: TableVersion, windows: set[date] | None) -> set[date | None] | None:
        """The stored windows that belong to these windows of the grid, including those nearest to them outside it."""
        if windows is None:
            return None
        return {file.window for file in version.files if file.window and self._grid.nearest(file.window) in windows}


def _hide_sensitive(rows: pa.Table, fields: SensitiveFields) -> pa.Table:
    records = pa.array([fields.hide(text or "") for text in rows.column("record").to_pylist()], pa.string())
    return rows.set_column(rows.schema.get_field_index("record"), rows.schema.field("record"), records)


def _choose_model(parser: ParserSpec, context: dg.InputContext) -> type[DomainObject]:
    models = {model.table_name(): model for model in parser.models}
    named = context.definition_metadata.get(TABLE)
    if named in models:
        return models[named]
    if named is None and len(models) == 1:
        return next(iter(models.values()))
    raise LakeError(
        f"{_describe_input(context)}: {context.asset_key.to_user_string()} has the tables {', '.join(models)}; "
        f'name one of them: AssetIn(..., metadata={{"{TABLE}": "{next(iter(models))}"}}).'
    )


def _convert(rows: pa.Table, context: dg.InputContext) -> Any:
    annotation = context.dagster_type.typing_type
    pandas = sys.modules.get("pandas")  # imported already if the annotation names it
    if pandas is not None and annotation is pandas.DataFrame:
        return to_pandas(rows)
    if annotation in (Any, pa.Table):
        return rows
    raise LakeError(
        f"{_describe_input(context)} is annotated {annotation}; annotate it pandas.DataFrame or pyarrow.Table."
    )


def _describe_input(context: dg.InputContext) -> str:
    return f"The input {context.name!r} of {context.op_def.name}"


def _text_field(name: str) -> pa.Field[Any]:
    return pa.field(name, pa.string())


def _with_constants(rows: pa.Table, **constants: str) -> pa.Table:
    arrays = [pa.repeat(pa.scalar(value, pa.string()), rows.num_rows) for value in constants.values()]
    return pa.table([*arrays, *rows.columns], [*constants, *rows.column_names])


def _concatenate(parts: Sequence[pa.Table], wanted: pa.Schema) -> pa.Table:
    """One table of all parts, with the columns of all parts and those of `wanted`."""
    schema = merge_schemas([wanted, *(part.schema for part in parts)])
    return pa.concat_tables([schema.empty_table(), *(_align(part, schema) for part in parts)])


def _align(part: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = [
        part.column(field.name).cast(field.type)
        if field.name in part.column_names
        else pa.nulls(part.num_rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)
