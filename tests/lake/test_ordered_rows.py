"""Rows come in the order of given sequence numbers, through parts on the disk, which are removed again."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dazz_assets.lake import ordered_rows
from dazz_assets.lake.ordered_rows import put_in_order


def batches_of(sequences: list[int], size: int) -> list[pa.RecordBatch]:
    parts = [sequences[at : at + size] for at in range(0, len(sequences), size)]
    return [
        pa.RecordBatch.from_pydict({"sequence": part, "record": [f"record {number}" for number in part]})
        for part in parts
    ]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    stored=st.lists(st.integers(0, 500), unique=True, max_size=60),
    wanted=st.data(),
    size=st.integers(1, 20),
    rows_per_part=st.integers(1, 30),
    most_parts=st.integers(1, 10),
)
def test_wanted_rows_come_in_order_whatever_the_parts(
    stored: list[int],
    wanted: st.DataObject,
    size: int,
    rows_per_part: int,
    most_parts: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ordered_rows, "_ROWS_PER_PART", rows_per_part)
    monkeypatch.setattr(ordered_rows, "_MOST_PARTS", most_parts)
    order = wanted.draw(st.permutations(stored).map(lambda found: found[: len(found) // 2 + 1]))
    read = put_in_order(batches_of(stored, size), np.array(order, np.int64), ["record"])
    assert [text for batch in read for text in batch.column("record").to_pylist()] == [f"record {n}" for n in order]


def test_nothing_is_left_of_the_parts_also_if_reading_ends_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(ordered_rows, "_ROWS_PER_PART", 10)
    before = count_open_files()
    read = put_in_order(batches_of(list(range(100)), 20), np.arange(100)[::-1].copy(), ["record"])
    assert next(read).column("record")[0].as_py() == "record 99"
    assert count_open_files() > before
    # The files have no name: a process that is killed here leaves none.
    assert not list(tmp_path.iterdir())
    read.close()  # type: ignore[attr-defined]
    assert count_open_files() == before


def count_open_files() -> int:
    return len(os.listdir("/dev/fd"))
