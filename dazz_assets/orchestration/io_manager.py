"""What assets downstream of ours are given: the rows of the partitions they ask for, as their annotation says."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg
import pyarrow as pa

from dazz_assets.domain import DomainObject
from dazz_assets.lake import RAW_SCHEMA, Lake, LakeError, TableVersion, latest_versions, to_pandas
from dazz_assets.lake.object_columns import object_schema
from dazz_assets.lake.schema import INPUTS, OWN_COLUMNS, WINDOW, merge_schemas
from dazz_assets.orchestration.partitions import Grid
from dazz_assets.orchestration.translator import Node
from dazz_assets.spec.specs import IntegrationSpec, ParserSpec, StreamSpec

#: Metadata of an asset: the name of the stream or the parser that it is.
STREAM, PARSER = "dazz/stream", "dazz/parser"
#: Metadata of an input: which table to read, of a parser that publishes to several.
TABLE = "table"

_RAW_COLUMNS = ("key", "cursor", "fetched_at", "record")


def io_manager_key(spec: IntegrationSpec) -> str:
    """The IO manager of an integration's assets: `snyk_lake`."""
    return f"{spec.name}_lake"


def build_io_manager(spec: IntegrationSpec, grid: Grid, resource: str) -> dg.IOManagerDefinition:
    """The IO manager of an integration's assets, over the lake that `resource` gives to runs."""

    @dg.io_manager(required_resource_keys={resource}, description=f"Reads what {spec.name}'s assets stored.")
    def read_lake(context: dg.InitResourceContext) -> LakeIOManager:
        return LakeIOManager(getattr(context.resources, resource).lake, spec, grid)

    return read_lake


def node_metadata(node: Node) -> dict[str, str]:
    """The metadata by which the IO manager knows an asset, whatever its key is."""
    return {STREAM if isinstance(node, StreamSpec) else PARSER: node.name}


class LakeIOManager(dg.IOManager):
    """Reads the assets of one integration: exactly the partitions that an input maps to, as a DataFrame or as an Arrow
    table. Rows have the columns that `dazz query` shows.

    It stores nothing: our assets write to the lake themselves, and those of others have IO managers of their own.
    """

    def __init__(self, lake: Lake, spec: IntegrationSpec, grid: Grid) -> None:
        self._lake = lake
        self._spec = spec
        self._grid = grid

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Raises LakeError: nothing is stored this way."""
        raise LakeError(f"{context.asset_key.to_user_string()}: this IO manager only reads.")

    def load_input(self, context: dg.InputContext) -> Any:
        """The rows of the input's partitions, of all that there are for an asset without partitions.

        Raises LakeError for an annotation that it has no rows for.
        """
        node = self._node(context)
        keys = context.asset_partition_keys
        if isinstance(node, StreamSpec):
            rows = self._records(node, self._by_connection(keys, gridded=node.cursor is not None))
        else:
            model = _model(node, context)
            rows = self._objects(node, model, self._by_connection(keys, gridded=bool(node.incremental_inputs)))
        context.log.info(f"{rows.num_rows} rows of {len(keys)} partitions of {context.asset_key.to_user_string()}")
        return _converted(rows, context)

    def _node(self, context: dg.InputContext) -> Node:
        upstream = context.upstream_output
        said = upstream.definition_metadata if upstream is not None else {}
        return self._spec.streams[said[STREAM]] if STREAM in said else self._spec.parsers[said[PARSER]]

    def _by_connection(self, keys: Iterable[str], *, gridded: bool) -> dict[str, set[date] | None]:
        """The windows asked for, by connection; None for all of it."""
        if not gridded:
            return dict.fromkeys(keys)
        windows: dict[str, set[date]] = {}
        for key in keys:
            connection, window = self._grid.split(key)
            windows.setdefault(connection, set()).add(window)
        return {**windows}

    def _records(self, stream: StreamSpec, asked: Mapping[str, set[date] | None]) -> pa.Table:
        raw = pa.schema([RAW_SCHEMA.field(name).with_nullable(True) for name in _RAW_COLUMNS])
        parts = []
        for connection, windows in asked.items():
            table = self._lake.raw(self._spec.name, stream.name, connection, windowed=stream.cursor is not None)
            if (snapshot := table.open()) is not None:
                batches = latest_versions(snapshot, _RAW_COLUMNS, self._stored(snapshot, windows))
                parts.append(_with_constants(pa.Table.from_batches(batches, raw), connection=connection))
        return _joined(parts, pa.schema([_text("connection"), *raw]))

    def _objects(
        self, parser: ParserSpec, model: type[DomainObject], asked: Mapping[str, set[date] | None]
    ) -> pa.Table:
        parts = []
        own = [pa.field(WINDOW, pa.date32()), pa.field(INPUTS, pa.string())]
        for connection, windows in asked.items():
            table = self._lake.domain(
                model.table_name(), self._spec.name, parser.name, connection, columns := object_schema(model)
            )
            if (snapshot := table.open()) is not None:
                stored = pa.schema([field for field in snapshot.schema if field.name not in OWN_COLUMNS])
                names = [WINDOW, INPUTS, *stored.names]
                batches = snapshot.read(names, self._stored(snapshot, windows))
                rows = pa.Table.from_batches(batches, pa.schema([*own, *stored]))
                parts.append(
                    _with_constants(rows, integration=self._spec.name, connection=connection, parser=parser.name)
                )
        return _joined(parts, pa.schema([*map(_text, ("integration", "connection", "parser")), *own, *columns]))

    def _stored(self, snapshot: TableVersion, asked: set[date] | None) -> set[date | None] | None:
        """The stored windows that count as those asked for: what lies outside the grid counts in its nearest window."""
        if asked is None:
            return None
        return {file.window for file in snapshot.files if file.window and self._grid.nearest(file.window) in asked}


def _model(parser: ParserSpec, context: dg.InputContext) -> type[DomainObject]:
    models = {model.table_name(): model for model in parser.models}
    named = context.definition_metadata.get(TABLE)
    if named in models:
        return models[named]
    if named is None and len(models) == 1:
        return next(iter(models.values()))
    raise LakeError(
        f"{_where(context)}: {context.asset_key.to_user_string()} has the tables {', '.join(models)}; "
        f'name one of them: AssetIn(..., metadata={{"{TABLE}": "{next(iter(models))}"}}).'
    )


def _converted(rows: pa.Table, context: dg.InputContext) -> Any:
    wanted = context.dagster_type.typing_type
    pandas = sys.modules.get("pandas")  # who annotates with it has imported it
    if pandas is not None and wanted is pandas.DataFrame:
        return to_pandas(rows)
    if wanted in (Any, pa.Table):
        return rows
    raise LakeError(f"{_where(context)} is annotated {wanted}; annotate it pandas.DataFrame or pyarrow.Table.")


def _where(context: dg.InputContext) -> str:
    return f"The input {context.name!r} of {context.op_def.name}"


def _text(name: str) -> pa.Field[Any]:
    return pa.field(name, pa.string())


def _with_constants(rows: pa.Table, **constants: str) -> pa.Table:
    arrays = [pa.repeat(pa.scalar(value, pa.string()), rows.num_rows) for value in constants.values()]
    return pa.table([*arrays, *rows.columns], [*constants, *rows.column_names])


def _joined(parts: Sequence[pa.Table], wanted: pa.Schema) -> pa.Table:
    """Tables one after the other, with all columns of all; none at all with the columns that are wanted."""
    schema = merge_schemas([wanted, *(part.schema for part in parts)])
    return pa.concat_tables([schema.empty_table(), *(_aligned(part, schema) for part in parts)])


def _aligned(part: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = [
        part.column(field.name).cast(field.type)
        if field.name in part.column_names
        else pa.nulls(part.num_rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)
