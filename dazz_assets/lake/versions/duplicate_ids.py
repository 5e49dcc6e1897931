"""Find objects that a commit would store twice in a domain table, and copy files without them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dazz_assets.lake.files import DataFile, read_parquet_file
from dazz_assets.lake.queries.duckdb_connection import read_bounded
from dazz_assets.lake.table import Table, read_uncommitted
from dazz_assets.lake.table_version import StoredFile, TableVersion

# The ids of so many rows are held in memory.
_FEW_ROWS = 50_000

# A row with an id: its window for comparison, its position in its file, the file's path, and its window.
_Place = tuple[date, int, str, date | None]


@dataclass(frozen=True, slots=True)
class DuplicateId:
    """A row that has to be removed because another row has the same id. The last row of the latest window is kept.

    path: the file of the row, relative to its table.
    row: its position in the file, from 0.
    kept: the window of the row that is kept.
    """

    id: str
    window: date | None
    path: str
    row: int
    kept: date | None


def find_duplicate_ids(
    table: Table, new: Sequence[DataFile], stored: TableVersion | None, replaced: Collection[date | None]
) -> list[DuplicateId]:
    """The rows to remove from new files, and from stored windows that are not replaced.

    table: the table of the new files, which may be in another lake than the stored version.
    """
    new_files = [file for file in new if file.rows]
    kept_files = [file for file in stored.files if file.rows and file.window not in replaced] if stored else []
    rows = sum(file.rows for file in new_files) + sum(file.rows for file in kept_files)
    find = _find_among_few if rows <= _FEW_ROWS else _find_among_many
    duplicates = []
    for id_, same_id in (find(table, new_files, stored, kept_files) if new_files else {}).items():
        *removed, kept = sorted(same_id, key=lambda item: item[:2])
        duplicates += [DuplicateId(id_, window, path, row, kept[3]) for _, row, path, window in removed]
    return duplicates


def _find_among_few(
    table: Table, new: Sequence[DataFile], stored: TableVersion | None, kept: Sequence[StoredFile]
) -> dict[str, list[_Place]]:
    """The places of each id of the new files that has several. For a file of few rows, a statement takes long."""
    columns = [_read_ids(read_uncommitted(table, file, ["id"])) for file in new]
    columns += [_read_ids(stored.read_files([file], ["id"])) for file in kept] if stored else []
    files: list[DataFile | StoredFile] = [*new, *kept]
    ends = np.cumsum([len(column) for column in columns])
    ids = pa.concat_arrays(columns)
    numbers = ids.dictionary_encode().indices.to_numpy()
    counts = np.bincount(numbers)
    is_new = np.bincount(numbers[: ends[len(new) - 1]], minlength=len(counts)) > 0
    places: dict[str, list[_Place]] = {}
    for row in np.flatnonzero((counts > 1)[numbers] & is_new[numbers]).tolist():
        number = int(np.searchsorted(ends, row, side="right"))
        file, start = files[number], int(ends[number]) - len(columns[number])
        place = (file.window or date.min, row - start, file.path, file.window)
        places.setdefault(str(ids[row].as_py()), []).append(place)
    return places


def _read_ids(batches: Iterable[pa.RecordBatch]) -> pa.Array[Any]:
    """The ids of a file, in its order."""
    return pa.concat_arrays([pa.array([], pa.string()), *(batch.column("id").cast(pa.string()) for batch in batches)])


def _find_among_many(
    table: Table, new: Sequence[DataFile], stored: TableVersion | None, kept: Sequence[StoredFile]
) -> dict[str, list[_Place]]:
    """The places of each id of the new files that has several, found in bounded memory."""
    windows = {_duckdb_path(table, file.path): (file.path, file.window) for file in new}
    if stored:
        kept_paths = zip(stored.duckdb_paths(kept), kept, strict=True)
        windows |= {path: (file.path, file.window) for path, file in kept_paths}
    # Hashes take a fraction of the memory of ids. Ids that only have the same hash are told apart below.
    new_ids = f"select hash(id) as id from {_read_parquet_sql('$new')}"
    sql = f"""
        with repeated as (
            select id from ({new_ids} union all select hash(id) from {_read_parquet_sql("$all")}
                where filename not in $new and hash(id) in ({new_ids})) group by id having count(*) > 1
        )
        select id, filename, file_row_number from {_read_parquet_sql("$all")}
        where hash(id) in (select id from repeated)"""
    values = {"new": [_duckdb_path(table, file.path) for file in new], "all": list(windows)}
    found = [column.to_pylist() for column in read_bounded(sql, values).columns]
    places: dict[str, list[_Place]] = {}
    for id_, filename, row in zip(*found, strict=True):
        path, window = windows[filename]
        places.setdefault(id_, []).append((window or date.min, row, path, window))
    return places


def copy_without_rows(
    table: Table,
    path: str,
    window: date | None,
    rows: Collection[int],
    *,
    stored_in: TableVersion | None,
    fingerprint: str,
    inputs: str,
) -> DataFile:
    """Copy a file of a window to a new file, without some rows.

    path: the source file, relative to its table.
    rows: the positions of the rows to leave out.
    stored_in: the version that contains the source file; None for an uncommitted file.
    """
    removed = pa.array(sorted(rows), pa.int64())
    root = stored_in.root if stored_in else table.root
    source = root.filesystem_path(f"{table.path.folder}/{path}")
    with table.new_file(window, fingerprint=fingerprint, inputs=inputs) as writer:
        first = 0
        for batch in read_parquet_file(source, root.filesystem):
            positions = pa.array(range(first, first + batch.num_rows), pa.int64())
            first += batch.num_rows
            writer.write(batch.filter(pc.invert(pc.is_in(positions, removed))))
    return writer.close()


def _duckdb_path(table: Table, path: str) -> str:
    return table.root.duckdb_path(f"{table.path.folder}/{path}")


def _read_parquet_sql(files: str) -> str:
    options = "union_by_name = true, hive_partitioning = false, filename = true, file_row_number = true"
    return f"read_parquet({files}, {options})"
