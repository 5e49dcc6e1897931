"""The hash of a window's objects, which the log keeps: of what lies in it, however it was written."""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa
import pytest

from dazz_assets.lake import Commit, Lake, Table
from dazz_assets.lake.file_content import content_in_lower_bound, lower_bound_with_content
from dazz_assets.lake.versions.duplicate_ids import copy_without_rows
from tests.lake.rows import MODEL, MONDAY, findings_table, newest_version

Rows = list[tuple[str, int | None]]
INPUTS = "parser=2 issues@41#17"


def to_table(rows: Rows) -> pa.Table:
    return pa.table([list(column) for column in zip(*rows, strict=True)], schema=MODEL)


def write(table: Table, *batches: Rows, inputs: str = INPUTS, without: set[int] | None = None) -> str | None:
    """Publish a window in these batches, less some rows. Returns the hash that the log then tells."""
    with table.new_file(MONDAY, fingerprint="f", inputs=inputs) as writer:
        for batch in batches:
            writer.write(to_table(batch))
        file = writer.close()
    if without:
        file = copy_without_rows(table, file.path, MONDAY, without, stored_in=None, fingerprint="f", inputs=inputs)
    table.commit(lambda _: Commit([file], {MONDAY}))
    state = newest_version(table).window_states()[MONDAY]
    assert state.inputs == inputs
    return state.content


def test_equal_objects_have_an_equal_hash_in_any_order_and_batches(lake: Lake) -> None:
    table = findings_table(lake)
    first = write(table, [("a", 1), ("b", None), ("c", 3)])
    assert first
    assert write(table, [("c", 3)], [("b", None), ("a", 1)], inputs="parser=3 issues@50#20") == first
    assert write(table, [("c", 3), ("x", 1), ("b", None), ("a", 1)], without={1}) == first


def test_files_that_are_written_side_by_side_have_the_hashes_that_they_have_alone(lake: Lake) -> None:
    windows: dict[date, Rows] = {MONDAY + timedelta(weeks=n): [(f"{n}", n), ("x", None)] * (n + 1) for n in range(300)}
    table = findings_table(lake)
    writers = {window: table.new_file(window, fingerprint="f", inputs=INPUTS) for window in windows}
    for first in (True, False):
        for window, rows in windows.items():
            writers[window].write(to_table(rows[:1] if first else rows[1:]))
    files = [writer.close() for writer in writers.values()]
    table.commit(lambda _: Commit(files, set(windows)))
    found = {window: state.content for window, state in newest_version(table).window_states().items()}
    assert len(set(found.values())) == 300
    for number in (0, 1, 150, 299):
        window = MONDAY + timedelta(weeks=number)
        assert found[window] == write(findings_table(lake), windows[window])


@pytest.mark.parametrize("other", [[("a", 2), ("b", 1)], [("a", 1), ("b", None)], [("a", 1)], [("a", 1)] * 2, []])
def test_other_objects_have_another_hash(lake: Lake, other: Rows) -> None:
    table = findings_table(lake)
    assert write(table, [("a", 1), ("b", 2)]) != write(table, *([other] if other else []))


def test_the_bound_that_holds_the_hash_stays_below_every_provenance() -> None:
    for inputs in (INPUTS, "alerts@1#1", "Alerts@1#1"):
        bound = lower_bound_with_content(inputs, "3-0f-1e")
        assert bound < inputs
        assert content_in_lower_bound(bound) == "3-0f-1e"
        assert content_in_lower_bound(inputs) is None
