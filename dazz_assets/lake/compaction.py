"""Small slices become large files, and files that no version needs any more are removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from deltalake import ColumnProperties, CommitProperties, WriterProperties

from dazz_assets.lake.lake import Lake
from dazz_assets.lake.lock import OnWait
from dazz_assets.lake.table import Table
from dazz_assets.lake.table_version import TableVersion

#: A raw table is compacted from this many small files on, counted where two or more of them could become one.
MANY_FILES = 100
SMALL_BYTES = 32 * 1024 * 1024

#: How long a file stays after the last version that names it, and an orphan after it was written. Never less: a file
#: that is being written is nobody's too, and readers of an older version still need theirs.
RETENTION_HOURS = 7 * 24


@dataclass(frozen=True)
class Compacted:
    """What was done to a table: its files before and after, and how many files vacuum removed."""

    table: str
    files_before: int
    files_after: int
    removed: int


def compact(lake: Lake, on_wait: OnWait | None = None) -> Iterator[Compacted]:
    """Compact raw tables that have many small files, vacuum every table, each under its connection's lock.

    What is stored stays the same, row by row, and so do application transactions. A table where nothing is to be done
    gets no new version. One report a table.
    """
    for table in lake.tables():
        place = table.place
        with lake.lock(place.integration, place.connection, on_wait, doing="compacted"):
            if (before := table.open()) is not None:
                yield _compact(table, before)


def _compact(table: Table, before: TableVersion) -> Compacted:
    if table.place.kind == "raw" and _small_files(before) >= MANY_FILES:
        before.delta.optimize.compact(writer_properties=_writing(), commit_properties=_once())
    current = table.open() or before
    # Only the full one sees files that no commit ever named. It commits only where it removes.
    removed = current.delta.vacuum(RETENTION_HOURS, dry_run=False, full=True, commit_properties=_once())
    return Compacted(table.place.folder, len(before.files), len(current.files), len(removed))


def _small_files(snapshot: TableVersion) -> int:
    windows = Counter(file.window for file in snapshot.files if file.size < SMALL_BYTES)
    return sum(files for files in windows.values() if files > 1)


def _once() -> CommitProperties:
    return CommitProperties(max_commit_retries=0)


def _writing() -> WriterProperties:
    """As the lake's own writer does it: records are neither bounded nor kept in a dictionary, nor are keys."""
    plain = ColumnProperties(dictionary_enabled=False)
    return WriterProperties(
        compression="ZSTD",
        compression_level=1,
        column_properties={
            "key": plain,
            "record": ColumnProperties(dictionary_enabled=False, statistics_enabled="NONE"),
        },
    )
