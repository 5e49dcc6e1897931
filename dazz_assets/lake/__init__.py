"""The lake: Parquet files under Delta Lake's transaction log. Every table belongs to one connection."""

from dazz_assets.lake.commit import Commit
from dazz_assets.lake.compaction import Compacted, compact
from dazz_assets.lake.errors import CommitRefusedError, LakeError, NoLakeError, QueryError
from dazz_assets.lake.files import DataFile, FileWriter
from dazz_assets.lake.lake import Lake
from dazz_assets.lake.paths import TablePath, check_connection_id
from dazz_assets.lake.queries.reading import LakeTable, to_pandas
from dazz_assets.lake.queries.sql import export, json_rows, query
from dazz_assets.lake.schema import DEPARTURES_SCHEMA, MARKS_SCHEMA, QUARANTINE_SCHEMA, RAW_SCHEMA, check_schema
from dazz_assets.lake.table import Table
from dazz_assets.lake.table_version import StoredFile, TableVersion, WindowState
from dazz_assets.lake.versions.kept_fingerprints import keep_fingerprints, read_fingerprints
from dazz_assets.lake.versions.latest_versions import (
    count_keys,
    hashes_since,
    latest_versions,
    records_at,
    stored_versions,
    window_fingerprints,
)

__all__ = [
    "DEPARTURES_SCHEMA",
    "MARKS_SCHEMA",
    "QUARANTINE_SCHEMA",
    "RAW_SCHEMA",
    "Commit",
    "CommitRefusedError",
    "Compacted",
    "DataFile",
    "FileWriter",
    "Lake",
    "LakeError",
    "LakeTable",
    "NoLakeError",
    "QueryError",
    "StoredFile",
    "Table",
    "TablePath",
    "TableVersion",
    "WindowState",
    "check_connection_id",
    "check_schema",
    "compact",
    "count_keys",
    "export",
    "hashes_since",
    "json_rows",
    "keep_fingerprints",
    "latest_versions",
    "query",
    "read_fingerprints",
    "records_at",
    "stored_versions",
    "to_pandas",
    "window_fingerprints",
]
