"""The lake: Parquet under Delta Lake's transaction log, one table a stream or parser and connection."""

from resources.lake.commit import Commit
from resources.lake.compaction import Compacted, compact
from resources.lake.errors import CommitRefused, LakeError, NoLake, QueryError
from resources.lake.export import export
from resources.lake.files import DataFile, SliceWriter
from resources.lake.lake import Lake
from resources.lake.latest import fingerprints, hashes_since, latest, versions_of
from resources.lake.place import Place, check_connection
from resources.lake.query import json_rows, query
from resources.lake.schema import MARKS_SCHEMA, QUARANTINE_SCHEMA, RAW_SCHEMA, check_schema
from resources.lake.snapshot import Snapshot, StoredFile, WindowState
from resources.lake.table import Table

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
    "NoLake",
    "Place",
    "QueryError",
    "SliceWriter",
    "Snapshot",
    "StoredFile",
    "Table",
    "WindowState",
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
