"""Window fingerprints are computed once for each state of a table, and never taken for those of another state."""

from pathlib import Path

import pytest

from dazz_assets.lake import Commit, Lake, Table, compact, keep_fingerprints, read_fingerprints, window_fingerprints
from tests.lake.rows import MONDAY, NEXT_MONDAY, Row, files_on_disk, newest_version, store, write_raw_file


def remove_files(table: Table) -> None:
    """Remove all files of a table, so that it can no longer be read."""
    for path in files_on_disk(table):
        Path(table.root.filesystem_path(f"{table.path.folder}/{path}")).unlink()


def test_no_file_is_opened_while_the_table_is_the_same(lake: Lake, issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1, hash=1))
    store(issues, NEXT_MONDAY, Row("b", 10, 2, hash=2))
    kept = keep_fingerprints(lake, newest_version(issues))
    assert kept == window_fingerprints(newest_version(issues))
    issues.commit(lambda _: Commit(transactions={"mark": 5}))
    remove_files(issues)
    assert read_fingerprints(lake, newest_version(issues)) == kept
    assert keep_fingerprints(lake, newest_version(issues)) == kept


def test_a_changed_table_has_its_own(lake: Lake, issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1, hash=1))
    first = newest_version(issues)
    keep_fingerprints(lake, first)
    store(issues, NEXT_MONDAY, Row("a", 10, 2, hash=2))
    assert set(read_fingerprints(lake, newest_version(issues))) == {NEXT_MONDAY}
    assert set(keep_fingerprints(lake, newest_version(issues))) == {NEXT_MONDAY}
    assert set(read_fingerprints(lake, first)) == {MONDAY}


def test_replaced_rows_have_their_own(lake: Lake, issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1, hash=1))
    keep_fingerprints(lake, newest_version(issues))
    file = write_raw_file(issues, MONDAY, Row("a", 1, 1, hash=2))
    issues.commit(lambda _: Commit([file], replace="everything"))
    assert read_fingerprints(lake, newest_version(issues)) == window_fingerprints(newest_version(issues))


@pytest.mark.parametrize("window", [MONDAY, None])
def test_compaction_changes_none(lake: Lake, issues: Table, orgs: Table, window: object) -> None:
    table = issues if window else orgs
    for number in range(100):
        store(table, MONDAY if window else None, Row(str(number), number, number, hash=number))
    before = keep_fingerprints(lake, newest_version(table))
    assert [item.files_after for item in compact(lake)] == [1]
    assert keep_fingerprints(lake, newest_version(table)) == before


def test_a_table_without_rows_has_none(lake: Lake, issues: Table) -> None:
    issues.commit(lambda _: Commit(transactions={"passes": 0}))
    assert keep_fingerprints(lake, newest_version(issues)) == {}
    assert keep_fingerprints(lake, newest_version(issues)) == {}


@pytest.mark.parametrize("damaged", [b"", b"\0" * 200, b"[]", b"{}", b'{"files": "x", "windows": {"y": 1}}'])
def test_a_damaged_file_counts_as_none(lake: Lake, issues: Table, damaged: bytes) -> None:
    store(issues, MONDAY, Row("a", 1, 1, hash=1))
    kept = keep_fingerprints(lake, newest_version(issues))
    (path,) = Path(str(lake.root)).rglob("fingerprints/**/*.json")
    path.write_bytes(damaged)
    assert read_fingerprints(lake, newest_version(issues)) == kept
    assert keep_fingerprints(lake, newest_version(issues)) == kept
