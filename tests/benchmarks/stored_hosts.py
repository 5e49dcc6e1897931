"""A lake with many small records of a snapshot stream and a few of an incremental one, stored without a sync."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from dazz_assets.lake import Commit, DataFile, FileWriter, Table
from dazz_assets.lake.commit import PASSES
from dazz_assets.windows import window_start
from tests.benchmarks.our_connection import open_session

WINDOWS = (date(2026, 1, 5), date(2026, 1, 12), date(2026, 1, 19), date(2026, 1, 26))
ALERTS = 1_000
# A row group of a sync has about 8 MB of text.
_ROWS_PER_GROUP = 24_000
_FETCHED = datetime(2026, 2, 1, tzinfo=UTC)
_ODD = 0x9E37_79B9_7F4A_7C15


def store_hosts(folder: Path, hosts: int) -> None:
    """Store this many hosts of about 150 bytes, and a thousand alerts in each of four windows."""
    session = open_session("hosts", "http://127.0.0.1:1", folder)
    streams = session.spec.streams
    _store_hosts(session.raw(streams["hosts"]), hosts)
    _store_alerts(session.raw(streams["alerts"]), hosts)


def _store_hosts(table: Table, hosts: int) -> None:
    with table.new_file() as writer:
        for first in range(0, hosts, _ROWS_PER_GROUP):
            ids = [_host_id(number) for number in range(first, min(first + _ROWS_PER_GROUP, hosts))]
            records = [
                f'{{"id": "{id_}", "name": "host-{id_[:12]}.internal.example", "zone": "zone-{id_[-1]}", '
                f'"system": "Debian 13", "seen": "2026-01-31T10:00:00Z"}}'
                for id_ in ids
            ]
            _write(writer, first, ids, records)
        _commit(table, [writer.close()])


def _store_alerts(table: Table, hosts: int) -> None:
    files = []
    for number, window in enumerate(WINDOWS):
        ids = [f"{number}-{alert}" for alert in range(ALERTS)]
        records = [
            f'{{"id": "{id_}", "host": "{_host_id(alert % hosts)}", "updated_at": "{window}T10:00:00Z"}}'
            for alert, id_ in enumerate(ids)
        ]
        with table.new_file(window) as writer:
            _write(writer, number * ALERTS, ids, records, window_start(window))
            files.append(writer.close())
    _commit(table, files)


def _host_id(number: int) -> str:
    """An id of 36 characters. Those of consecutive numbers are in no order, as UUIDs are."""
    digits = f"{(number + 1) * _ODD % 2**64:016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:]}-8000-{number:012x}"


def _write(
    writer: FileWriter, first: int, keys: Sequence[str], records: Sequence[str], cursor_at: int | None = None
) -> None:
    count = len(keys)
    cursor = None if cursor_at is None else str(cursor_at)
    constants: dict[str, tuple[object, pa.DataType]] = {
        "cursor": (cursor, pa.string()),
        "cursor_at": (cursor_at, pa.int64()),
        "fetched_at": (_FETCHED, pa.timestamp("us", "UTC")),
        "page": (1, pa.int64()),
        "url": ("https://hosts.example", pa.string()),
        "parent": (None, pa.string()),
        "problem": (None, pa.string()),
    }
    columns: dict[str, pa.Array[Any]] = {
        "key": pa.array(keys, pa.string()),
        "content_hash": pa.array([number * _ODD % 2**63 for number in range(first, first + count)], pa.int64()),
        "sequence": pa.array(range(first, first + count), pa.int64()),
        "position": pa.array(range(count), pa.int64()),
        "record": pa.array(records, pa.string()),
        **{name: pa.array([value] * count, kind) for name, (value, kind) in constants.items()},
    }
    writer.write(pa.RecordBatch.from_pydict(columns))


def _commit(table: Table, files: Sequence[DataFile]) -> None:
    table.commit(lambda _: Commit(files, transactions={PASSES: 1}))
