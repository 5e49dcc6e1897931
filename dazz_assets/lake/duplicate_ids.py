"""Objects of one id that a domain table would hold twice, found before a commit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dazz_assets.lake.duckdb_views import connect_duckdb
from dazz_assets.lake.files import DataFile
from dazz_assets.lake.table import Table
from dazz_assets.lake.table_version import TableVersion


@dataclass(frozen=True, slots=True)
class DuplicateId:
    """A row that gives way to another of the same id: of the latest window, and there the last.

    path: the row's file, in its table. row: its place in the file, from 0. kept: the window of the row that stays.
    """

    id: str
    window: date | None
    path: str
    row: int
    kept: date | None


def find_duplicate_ids(
    table: Table, new: Sequence[DataFile], snapshot: TableVersion | None, replaced: Collection[date | None]
) -> list[DuplicateId]:
    """The rows that have to go, of the new files and of the stored windows that are not replaced.

    table: of the new files, which may lie elsewhere than what is stored.
    """
    fresh = [file for file in new if file.rows]
    stay = [file for file in snapshot.files if file.rows and file.window not in replaced] if snapshot else []
    if not fresh:
        return []
    windows = {_path(table, file.path): (file.path, file.window) for file in fresh}
    if snapshot:
        kept_paths = zip(snapshot.paths(stay), stay, strict=True)
        windows |= {path: (file.path, file.window) for path, file in kept_paths}
    new_ids = f"select id from {_read('$fresh')}"
    sql = f"""
        with doubled as (
            select id from ({new_ids} union all select id from {_read("$all")} where filename not in $fresh
                and id in ({new_ids})) group by id having count(*) > 1
        )
        select id, filename, file_row_number from {_read("$all")} where id in (select id from doubled)"""
    values = {"fresh": [_path(table, file.path) for file in fresh], "all": list(windows)}
    with closing(connect_duckdb()) as connection:
        rows = connection.execute(sql, values).fetchall()
    places: dict[str, list[tuple[date, int, str, date | None]]] = {}
    for id_, filename, row in rows:
        path, window = windows[filename]
        places.setdefault(id_, []).append((window or date.min, row, path, window))
    found = []
    for id_, each in places.items():
        *lost, kept = sorted(each, key=lambda place: place[:2])
        found += [DuplicateId(id_, window, path, row, kept[3]) for _, row, path, window in lost]
    return found


def without_rows(
    table: Table,
    path: str,
    window: date | None,
    rows: Collection[int],
    *,
    stored_in: TableVersion | None,
    fingerprint: str,
    inputs: str,
) -> DataFile:
    """A new file of a window with the rows of another but for some, given by their places in it.

    stored_in: the version that holds the other file; None where that is a new one too.
    """
    unwanted = pa.array(sorted(rows), pa.int64())
    location = stored_in.location if stored_in else table.location
    source = location.inside(f"{table.place.folder}/{path}")
    with (
        pq.ParquetFile(source, filesystem=location.filesystem) as stored,
        table.new_file(window, fingerprint=fingerprint, inputs=inputs) as writer,
    ):
        first = 0
        for batch in stored.iter_batches():
            places = pa.array(range(first, first + batch.num_rows), pa.int64())
            first += batch.num_rows
            writer.write(batch.filter(pc.invert(pc.is_in(places, unwanted))))
    return writer.close()


def _path(table: Table, path: str) -> str:
    return table.location.for_duckdb(f"{table.place.folder}/{path}")


def _read(files: str) -> str:
    options = "union_by_name = true, hive_partitioning = false, filename = true, file_row_number = true"
    return f"read_parquet({files}, {options})"
