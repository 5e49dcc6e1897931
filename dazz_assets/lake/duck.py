"""DuckDB over files of the lake: in memory, so that it never stands in a writer's way."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from typing import Any

import duckdb

from dazz_assets.lake.errors import QueryError

#: An order of versions as one number: the greatest cursor, and of those the one fetched last. The fastest of the
#: formulations that were measured (a struct's maximum, arg_max, two joins). A version without a cursor comes first.
RANK = "coalesce(cursor_at, -9223372036854775808)::hugeint * 18446744073709551616::hugeint + sequence"
#: The sequence back from the greatest rank.
SEQUENCE_OF_RANK = f"(max({RANK}) & 9223372036854775807::hugeint)::bigint"


def connect() -> duckdb.DuckDBPyConnection:
    """A connection of its own, in UTC, which spills to the system's temporary folder and installs nothing."""
    return duckdb.connect(
        config={
            "TimeZone": "UTC",
            "temp_directory": os.path.join(tempfile.gettempdir(), f"duckdb-{os.getpid()}"),
            "autoinstall_known_extensions": "false",
        }
    )


def relation(
    connection: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, Any] | None = None
) -> duckdb.DuckDBPyRelation:
    """What a statement returns, not run yet. Raises QueryError for one that returns nothing."""
    found = connection.sql(sql, params=dict(values) if values else None)
    if found is None:
        raise QueryError("The statement returns no rows: ask with SELECT.")
    return found


def parquet(files: str, hive_types: dict[str, str], *, by_name: bool = False) -> str:
    """A `read_parquet` of `files` (an SQL list or parameter), with the columns that their folders hold."""
    options = ["union_by_name = true"] if by_name else []
    if hive_types:
        types = ", ".join(f"'{name}': {kind}" for name, kind in hive_types.items())
        options += ["hive_partitioning = true", "hive_types_autocast = false", f"hive_types = {{{types}}}"]
    else:
        options.append("hive_partitioning = false")
    return f"read_parquet({files}, {', '.join(options)})"
