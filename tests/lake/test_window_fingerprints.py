"""Two windows have the same fingerprint if and only if they hold the same set of latest versions."""

from pathlib import Path

from dazz_assets.lake import Lake, Table, window_fingerprints
from tests.lake.rows import MONDAY, NEXT_MONDAY, Row, newest_version, store


def test_the_order_of_rows_and_files_does_not_matter(tmp_path: Path) -> None:
    rows = [Row("a", 1, 1, hash=11), Row("b", 2, 2, hash=-22), Row("c", 3, 3, hash=33)]
    one = Lake(tmp_path / "one" / "lake").raw("snyk", "issues", "acme", windowed=True)
    store(one, MONDAY, *rows)
    two = Lake(tmp_path / "two" / "lake").raw("snyk", "issues", "acme", windowed=True)
    store(two, MONDAY, rows[2])
    store(two, MONDAY, rows[1], rows[0])
    assert window_fingerprints(newest_version(one)) == window_fingerprints(newest_version(two))


def test_it_must_never_change_because_the_lake_stores_it(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1, hash=2**63 - 1), Row("b", 2, 2, hash=-2), Row("c", 3, 3, hash=5))
    assert window_fingerprints(newest_version(issues)) == {MONDAY: "3-000000008000000000000002-8000000000000004"}


def test_a_changed_content_changes_the_fingerprint(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1, hash=1))
    before = window_fingerprints(newest_version(issues))
    store(issues, MONDAY, Row("a", 1, 2, hash=2))
    assert window_fingerprints(newest_version(issues)) != before


def test_a_record_that_moved_changes_the_fingerprint_of_the_window_it_left(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1, hash=1), Row("b", 2, 2, hash=2))
    before = window_fingerprints(newest_version(issues))
    store(issues, NEXT_MONDAY, Row("a", 10, 3, hash=3))
    after = window_fingerprints(newest_version(issues))
    assert after[MONDAY] != before[MONDAY]
    assert set(after) == {MONDAY, NEXT_MONDAY}


def test_a_window_that_all_records_left_has_no_fingerprint(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1, hash=1))
    store(issues, NEXT_MONDAY, Row("a", 10, 2, hash=2))
    assert set(window_fingerprints(newest_version(issues))) == {NEXT_MONDAY}


def test_the_same_version_stored_again_changes_nothing(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1, hash=1))
    before = window_fingerprints(newest_version(issues))
    store(issues, MONDAY, Row("a", 1, 2, hash=1))
    assert window_fingerprints(newest_version(issues)) == before


def test_a_table_without_windows_has_one_fingerprint(orgs: Table) -> None:
    store(orgs, None, Row("a", None, 1, hash=1))
    assert set(window_fingerprints(newest_version(orgs))) == {None}


def test_it_has_at_most_64_characters(issues: Table) -> None:
    store(issues, MONDAY, *(Row(str(n), n, n, hash=-(2**63)) for n in range(1000)))
    assert len(window_fingerprints(newest_version(issues))[MONDAY]) <= 64
