"""Syncs of one incremental stream over months, each with a few changed records, as commits to a raw table.

Writes what the table then is made of as JSON, for syncs once a day and once an hour, with compaction and without.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from dazz_assets.lake import RAW_SCHEMA, Commit, Lake, Table, compact
from dazz_assets.windows import Windows

_MONDAY = datetime(2025, 1, 6, tzinfo=UTC)
_CHANGED = 10
# Days, syncs a day, and days from one compaction to the next.
_PACES = {"a year of daily syncs": (365, 1, 7), "two weeks of hourly syncs": (14, 24, 1)}
_COLUMNS = [field for field in RAW_SCHEMA if field.name != "window_start"]


def main(folder: str, out: str) -> None:
    found = []
    for title, (days, per_day, between) in _PACES.items():
        for compacted in (False, True):
            lake = Lake(Path(folder) / f"{days} {compacted}")
            table = lake.raw("issues", "issues", "benchmark", windowed=True)
            for number in range(days * per_day):
                _sync(table, number, _MONDAY + timedelta(days=number / per_day))
                if compacted and (number + 1) % (per_day * between) == 0:
                    list(compact(lake))
            found.append({"title": title, "compacted": compacted, **_describe(table, Path(str(lake)))})
    Path(out).write_text(json.dumps(found), encoding="utf-8")


def _describe(table: Table, folder: Path) -> dict[str, float]:
    started = time.process_time()
    version = table.open()
    assert version is not None
    current, seconds = version.files, time.process_time() - started
    data = [item for item in folder.rglob("*.parquet") if "_delta_log" not in item.parts]
    log = [item for item in folder.rglob("_delta_log/*") if item.is_file()]
    return {
        "files": len(current),
        "kilobytes": sum(item.size for item in current) / 1024,
        "replaced": len(data) - len(current),
        "log_files": len(log),
        "log_kilobytes": sum(item.stat().st_size for item in log) / 1024,
        "milliseconds": seconds * 1000,
    }


def _sync(table: Table, number: int, now: datetime) -> None:
    """Store a slice of the current window, and the mark."""
    with table.new_file(Windows("week").floor(now.date())) as writer:
        rows = [
            {field.name: _value(field, number * _CHANGED + row, now) for field in _COLUMNS} for row in range(_CHANGED)
        ]
        writer.write(pa.RecordBatch.from_pylist(rows, schema=pa.schema(_COLUMNS)))
        file = writer.close()
    commit = Commit(add=[file], transactions={"passes": number + 1, "mark": int(now.timestamp() * 1e6)})
    table.commit(lambda _: commit)


def _value(field: pa.Field[Any], number: int, now: datetime) -> object:
    if pa.types.is_timestamp(field.type):
        return now
    return number if pa.types.is_integer(field.type) else f"{field.name} {number}"


if __name__ == "__main__":
    main(*sys.argv[1:3])
