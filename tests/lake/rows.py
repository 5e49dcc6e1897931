"""Rows for the tables in these tests, and helpers to store and read them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

import dazz_assets
from dazz_assets.lake import Commit, DataFile, Lake, Table, TableVersion

MONDAY = date(2026, 1, 5)
NEXT_MONDAY = date(2026, 1, 12)
FETCHED = datetime(2026, 2, 1, 12, 30, tzinfo=UTC)


def make_schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema(list(columns.items()))


MODEL = make_schema(id=pa.string(), score=pa.int64())


@dataclass(frozen=True)
class Row:
    """The values of a raw row that tests vary; the other columns are the same for all rows."""

    key: str
    at: int | None
    sequence: int
    hash: int = 0
    problem: str | None = None

    @property
    def record(self) -> str:
        return f'{{"key": "{self.key}", "sequence": {self.sequence}}}'


def make_raw_rows(rows: Sequence[Row]) -> pa.Table:
    count = len(rows)
    return pa.table(
        {
            "key": pa.array([row.key for row in rows], pa.string()),
            "cursor": pa.array([None if row.at is None else str(row.at) for row in rows], pa.string()),
            "cursor_at": pa.array([row.at for row in rows], pa.int64()),
            "content_hash": pa.array([row.hash for row in rows], pa.int64()),
            "sequence": pa.array([row.sequence for row in rows], pa.int64()),
            "fetched_at": pa.array([FETCHED] * count, pa.timestamp("us", "UTC")),
            "page": pa.array([1] * count, pa.int64()),
            "position": pa.array(range(count), pa.int64()),
            "url": pa.array(["https://api.example.com/issues"] * count, pa.string()),
            "parent": pa.nulls(count, pa.string()),
            "problem": pa.array([row.problem for row in rows], pa.string()),
            "record": pa.array([row.record for row in rows], pa.string()),
        }
    )


def write_raw_file(table: Table, window: date | None, *rows: Row) -> DataFile:
    with table.new_file(window) as writer:
        if rows:
            writer.write(make_raw_rows(rows))
        return writer.close()


def store(table: Table, window: date | None, *rows: Row, **transactions: int) -> int | None:
    """Add a file to a raw table, as one pass."""
    file = write_raw_file(table, window, *rows)

    def add(stored: TableVersion | None) -> Commit:
        passes = (stored.transaction("passes") or 0) + 1 if stored else 1
        return Commit([file], transactions={"passes": passes, **transactions})

    return table.commit(add)


def findings_table(lake: Lake, connection: str = "acme", schema: pa.Schema = MODEL, parser: str = "alerts") -> Table:
    return lake.domain("findings", "snyk", parser, connection, schema)


def write_domain_file(
    table: Table, window: date | None, *ids: str, fingerprint: str = "f", inputs: str = "i"
) -> DataFile:
    with table.new_file(window, fingerprint=fingerprint, inputs=inputs) as writer:
        writer.write(pa.table({"id": pa.array(ids, pa.string()), "score": pa.array([1] * len(ids), pa.int64())}))
        return writer.close()


def publish(table: Table, windows: dict[date | None, Sequence[str]]) -> int | None:
    """Replace windows of a domain table with objects of these ids."""
    files = [write_domain_file(table, window, *ids) for window, ids in windows.items()]
    return table.commit(lambda _: Commit(files, replace=set(windows)))


def newest_version(table: Table) -> TableVersion:
    """The newest version of a table that exists."""
    version = table.open()
    assert version is not None
    return version


def read_column(batches: Iterable[pa.RecordBatch], name: str) -> list[Any]:
    return [value for batch in batches for value in batch.column(name).to_pylist()]


def stored_keys(table: Table) -> list[str]:
    return sorted(read_column(newest_version(table).read(["key"]), "key"))


def stored_ids(table: Table) -> list[str]:
    return sorted(read_column(newest_version(table).read(["id"]), "id"))


def files_on_disk(table: Table) -> set[str]:
    root = Path(table.root.filesystem_path(table.path.folder))
    return {str(path.relative_to(root)) for path in root.rglob("*.parquet") if "_delta_log" not in path.parts}


def make_older(path: Path, days: float) -> None:
    """Set the modification time of a file some days back."""
    modified = path.stat().st_mtime - days * 86_400
    os.utime(path, (modified, modified))


def start_python(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Run Python code in another process, which can import the lake."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(str(dazz_assets.__file__)).parent.parent,
    )
