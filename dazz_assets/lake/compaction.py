"""Merge small slices into large files, and remove files that no version needs any more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from deltalake import ColumnProperties, CommitProperties, WriterProperties

from dazz_assets.lake.lake import Lake
from dazz_assets.lake.lock import OnWait
from dazz_assets.lake.table import Table
from dazz_assets.lake.table_version import TableVersion

#: A raw table with at least this many small files is compacted. Only files that share a window with another count.
MANY_FILES = 100
SMALL_BYTES = 32 * 1024 * 1024
_ROW_GROUP_ROWS = 8_192

#: How long a file is kept after the last version that contains it, and an orphan after it was written. Never less:
#: a file that is being written is an orphan too, and readers of older versions still need their files.
RETENTION_HOURS = 7 * 24


@dataclass(frozen=True)
class Compacted:
    """The result for one table: its number of files before and after, and how many files vacuum removed."""

    table: str
    files_before: int
    files_after: int
    removed: int


def compact(lake: Lake, on_wait: OnWait | None = None) -> Iterator[Compacted]:
    """Compact raw tables with many small files, and vacuum every table, each under its connection's lock.

    Yields one result per table. Rows and application transactions stay the same. A table that needs no change gets no
    new version.
    """
    for table in lake.tables():
        with lake.lock(table.path.integration, table.path.connection, on_wait, action="compacted"):
            if (before := table.open()) is not None:
                yield _compact(table, before)


def _compact(table: Table, before: TableVersion) -> Compacted:
    if table.path.kind == "raw" and _count_small_files(before) >= MANY_FILES:
        before.delta.optimize.compact(writer_properties=_writer_properties(), commit_properties=_no_retries())
    current = table.open() or before
    # Only a full vacuum finds files that were never committed. It commits only if it removes something.
    removed = current.delta.vacuum(RETENTION_HOURS, dry_run=False, full=True, commit_properties=_no_retries())
    return Compacted(table.path.folder, len(before.files), len(current.files), len(removed))


def _count_small_files(version: TableVersion) -> int:
    windows = Counter(file.window for file in version.files if file.size < SMALL_BYTES)
    return sum(files for files in windows.values() if files > 1)


def _no_retries() -> CommitProperties:
    return CommitProperties(max_commit_retries=0)


def _writer_properties() -> WriterProperties:
    """The settings that `FileWriter` uses: no dictionary for keys and records, no statistics for records.

    A row group is read at a time, so it must not be the million rows that are deltalake's default.
    """
    plain = ColumnProperties(dictionary_enabled=False)
    return WriterProperties(
        compression="ZSTD",
        compression_level=1,
        max_row_group_size=_ROW_GROUP_ROWS,
        column_properties={
            "key": plain,
            "record": ColumnProperties(dictionary_enabled=False, statistics_enabled="NONE"),
        },
    )
