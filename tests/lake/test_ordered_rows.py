"""Rows come in the order of cursor and key, through the disk if they are many."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dazz_assets.lake.versions import ordered_rows
from dazz_assets.lake.versions.ordered_rows import ReadRows, put_in_order, read_in_order

Rows = list[tuple[int | None, str]]
CURSORS = st.none() | st.sampled_from([-(2**63), -1, 0, 1, 2**63 - 1])


def reader_of(rows: Rows, size: int) -> ReadRows:
    """Reads rows in batches of a size."""

    def read(columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        for first in range(0, len(rows), size):
            part = rows[first : first + size]
            batch = pa.record_batch(
                {
                    "record": pa.array([f"record {key}" for _, key in part], pa.string()),
                    "key": pa.array([key for _, key in part], pa.string()),
                    "cursor_at": pa.array([at for at, _ in part], pa.int64()),
                }
            )
            yield batch.select(list(columns))

    return read


def place(row: tuple[int | None, str]) -> tuple[bool, int, str]:
    return (row[0] is None, row[0] or 0, row[1])


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.dictionaries(st.text(max_size=3), CURSORS, max_size=60).map(
        lambda found: [(b, a) for a, b in found.items()]
    ),
    stored_in_order=st.booleans(),
    size=st.integers(1, 20),
    sorted_bytes=st.integers(1, 2_000),
    samples=st.integers(1, 4),
)
def test_rows_come_in_order_whatever_the_parts(
    rows: Rows, stored_in_order: bool, size: int, sorted_bytes: int, samples: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordered_rows, "_SORTED_BYTES", sorted_bytes)
    monkeypatch.setattr(ordered_rows, "_SAMPLES_PER_PART", samples)
    read = reader_of(sorted(rows, key=place) if stored_in_order else rows, size)
    expected = [f"record {key}" for _, key in sorted(rows, key=place)]
    for found in (read_in_order(read, ["record"]), put_in_order(read, ["record"])):
        batches = list(found)
        assert all(batch.schema.names == ["record"] for batch in batches)
        assert [text for batch in batches for text in batch.column("record").to_pylist()] == expected


def test_rows_that_are_stored_in_order_are_not_written_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    monkeypatch.setattr(ordered_rows, "_SORTED_BYTES", 1)
    rows: Rows = [(at // 10, f"{at:03}") for at in range(100)]
    assert sum(batch.num_rows for batch in read_in_order(reader_of(rows, 7), ["record"])) == 100
    with pytest.raises(FileNotFoundError):
        list(read_in_order(reader_of([*rows, (0, "before")], 7), ["record"]))


def test_no_more_rows_are_in_memory_than_are_sorted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordered_rows, "_SORTED_BYTES", 200_000)
    rows: Rows = [(None, f"{number * 7_919 % 10_007:05}" * 100) for number in range(10_000)]
    before, most = pa.total_allocated_bytes(), 0
    for _ in put_in_order(reader_of(rows, 50), ["record"]):
        most = max(most, pa.total_allocated_bytes() - before)
    assert 200_000 < most < 2_000_000


def test_nothing_is_left_of_the_parts_also_if_reading_ends_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(ordered_rows, "_SORTED_BYTES", 500)
    rows: Rows = [(None, f"{number:03}") for number in reversed(range(100))]
    before = count_open_files()
    read = put_in_order(reader_of(rows, 5), ["record"])
    assert next(read).column("record")[0].as_py() == "record 000"
    assert count_open_files() > before
    # The file has no name: a process that is killed here leaves none.
    assert not list(tmp_path.iterdir())
    read.close()  # type: ignore[attr-defined]
    assert count_open_files() == before


def count_open_files() -> int:
    return len(os.listdir("/dev/fd"))
