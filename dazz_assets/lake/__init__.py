"""The lake: Parquet under Delta Lake's transaction log, one table a stream or parser and connection."""

from dazz_assets.lake.commit import Commit
from dazz_assets.lake.compaction import Compacted, compact
from dazz_assets.lake.errors import CommitRefused, LakeError, NoLake, QueryError
from dazz_assets.lake.export import export
from dazz_assets.lake.files import DataFile, SliceWriter
from dazz_assets.lake.lake import Lake
from dazz_assets.lake.latest import fingerprints, hashes_since, latest, versions_of
from dazz_assets.lake.place import Place, check_connection
from dazz_assets.lake.query import json_rows, query
from dazz_assets.lake.reading import LakeTable, as_pandas
from dazz_assets.lake.schema import MARKS_SCHEMA, QUARANTINE_SCHEMA, RAW_SCHEMA, check_schema
from dazz_assets.lake.snapshot import Snapshot, StoredFile, WindowState
from dazz_assets.lake.table import Table

__all__ = [
    "MARKS_SCHEMA",
    "QUARANTINE_SCHEMA",
    "RAW_SCHEMA",
    "Commit",
    "CommitRefused",
    "Compacted",
    "DataFile",
    "Lake",
    "LakeError",
    "LakeTable",
    "NoLake",
    "Place",
    "QueryError",
    "SliceWriter",
    "Snapshot",
    "StoredFile",
    "Table",
    "WindowState",
    "as_pandas",
    "check_connection",
    "check_schema",
    "compact",
    "export",
    "fingerprints",
    "hashes_since",
    "json_rows",
    "latest",
    "query",
    "versions_of",
]
