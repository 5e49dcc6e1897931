"""Compaction and vacuum change the files, but never the rows."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from dazz_assets.lake import Lake, Table, TableVersion, compact, compaction, latest_versions, window_fingerprints
from tests.lake.rows import (
    MONDAY,
    NEXT_MONDAY,
    Row,
    files_on_disk,
    findings_table,
    make_older,
    newest_version,
    publish,
    read_column,
    store,
)


@pytest.fixture
def many_slices(issues: Table, monkeypatch: pytest.MonkeyPatch) -> Table:
    """A raw table with enough slices in two windows to be compacted."""
    monkeypatch.setattr(compaction, "MANY_FILES", 6)
    for number in range(6):
        window = MONDAY if number % 2 else NEXT_MONDAY
        store(
            issues, window, Row(f"k{number % 4}", number, number, hash=number), Row(f"x{number}", number, 10 + number)
        )
    store(issues, None, Row("lost", None, 99, problem="no cursor"), mark=77)
    return issues


def read_rows(version: TableVersion) -> list[dict[str, Any]]:
    return sorted((row for batch in version.read() for row in batch.to_pylist()), key=lambda row: int(row["sequence"]))


def test_small_slices_become_one_file_per_window_with_the_same_rows(lake: Lake, many_slices: Table) -> None:
    before = newest_version(many_slices)
    (report,) = compact(lake)

    after = newest_version(many_slices)
    assert (report.files_before, report.files_after) == (7, 3)
    assert read_rows(after) == read_rows(before)
    assert window_fingerprints(after) == window_fingerprints(before)
    assert sorted(read_column(latest_versions(after, ["record"]), "record")) == sorted(
        read_column(latest_versions(before, ["record"]), "record")
    )


def test_compacted_files_have_small_row_groups_as_each_is_read_whole(
    lake: Lake, many_slices: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "_ROW_GROUP_ROWS", 2)
    list(compact(lake))
    folder = Path(many_slices.root.filesystem_path(many_slices.path.folder))
    files = [pq.ParquetFile(folder / file.path).metadata for file in newest_version(many_slices).files]
    assert max(file.num_rows for file in files) > 2
    assert {file.row_group(n).num_rows for file in files for n in range(file.num_row_groups)} <= {1, 2}


def test_compaction_keeps_passes_and_marks(lake: Lake, many_slices: Table) -> None:
    list(compact(lake))
    stored = newest_version(many_slices)
    assert (stored.transaction("passes"), stored.transaction("mark")) == (7, 77)
    assert stored.max_value("sequence") == 99


def test_a_pass_after_compaction_adds_its_rows(lake: Lake, many_slices: Table) -> None:
    rows = newest_version(many_slices).rows
    list(compact(lake))
    store(many_slices, MONDAY, Row("new", 50, 100))
    assert newest_version(many_slices).rows == rows + 1


def test_the_version_before_compaction_can_still_be_read(lake: Lake, many_slices: Table) -> None:
    before = newest_version(many_slices)
    list(compact(lake))
    assert len(read_rows(before)) == before.rows


def test_replaced_files_are_kept_for_readers_of_older_versions(lake: Lake, many_slices: Table) -> None:
    list(compact(lake))
    assert [report.removed for report in compact(lake)] == [0]
    assert len(files_on_disk(many_slices)) == 9


def test_a_table_with_few_slices_is_not_changed(lake: Lake, issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    version = store(issues, MONDAY, Row("b", 1, 2))
    (report,) = compact(lake)
    assert (report.files_before, report.files_after, report.removed) == (2, 2, 0)
    assert newest_version(issues).version == version


def test_only_slices_that_share_a_window_are_counted(
    lake: Lake, issues: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "MANY_FILES", 3)
    version = None
    for number, window in enumerate([MONDAY, MONDAY, NEXT_MONDAY, None]):
        version = store(issues, window, Row(str(number), 1, number))
    list(compact(lake))
    assert newest_version(issues).version == version


def test_domain_tables_are_only_vacuumed(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "MANY_FILES", 1)
    table = findings_table(lake)
    publish(table, {MONDAY: ["a"], NEXT_MONDAY: ["b"]})
    orphan = table.new_file(MONDAY, fingerprint="f", inputs="i").close()
    make_older(Path(table.root.filesystem_path(f"{table.path.folder}/{orphan.path}")), days=8)

    (report,) = compact(lake)
    assert (report.files_before, report.files_after, report.removed) == (2, 2, 1)
    assert set(newest_version(table).window_states()) == {MONDAY, NEXT_MONDAY}


def test_compaction_holds_the_lock_of_the_connection(lake: Lake, many_slices: Table) -> None:
    assert lake.root.local is not None
    list(compact(lake))
    holder = lake.root.local / ".locks" / "snyk" / "acme.lock"
    assert "snyk/acme is being compacted by process" in holder.read_text()


def test_the_retention_is_at_least_seven_days() -> None:
    assert compaction.RETENTION_HOURS >= 7 * 24
