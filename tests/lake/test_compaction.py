"""Compaction and vacuum change how much is stored where, never what."""

from pathlib import Path
from typing import Any

import pytest

from dazz_assets.lake import Lake, Table, TableVersion, compact, compaction, latest_versions, window_fingerprints
from tests.lake.rows import MONDAY, NEXT_MONDAY, Row, age, column, files_on_disk, findings, opened, publish, store


@pytest.fixture
def many_slices(issues: Table, monkeypatch: pytest.MonkeyPatch) -> Table:
    """A raw table with as many slices in two windows as are compacted."""
    monkeypatch.setattr(compaction, "MANY_FILES", 6)
    for number in range(6):
        window = MONDAY if number % 2 else NEXT_MONDAY
        store(
            issues, window, Row(f"k{number % 4}", number, number, hash=number), Row(f"x{number}", number, 10 + number)
        )
    store(issues, None, Row("lost", None, 99, problem="no cursor"), mark=77)
    return issues


def contents(snapshot: TableVersion) -> list[dict[str, Any]]:
    return sorted((row for batch in snapshot.read() for row in batch.to_pylist()), key=lambda row: int(row["sequence"]))


def test_small_slices_become_one_file_a_window_with_the_same_rows(lake: Lake, many_slices: Table) -> None:
    before = opened(many_slices)
    (report,) = compact(lake)

    after = opened(many_slices)
    assert (report.files_before, report.files_after) == (7, 3)
    assert contents(after) == contents(before)
    assert window_fingerprints(after) == window_fingerprints(before)
    assert sorted(column(latest_versions(after, ["record"]), "record")) == sorted(
        column(latest_versions(before, ["record"]), "record")
    )


def test_passes_and_marks_are_the_same_afterwards(lake: Lake, many_slices: Table) -> None:
    list(compact(lake))
    snapshot = opened(many_slices)
    assert (snapshot.transaction("passes"), snapshot.transaction("mark")) == (7, 77)
    assert snapshot.greatest("sequence") == 99


def test_a_pass_after_compaction_adds_to_it(lake: Lake, many_slices: Table) -> None:
    rows = opened(many_slices).rows
    list(compact(lake))
    store(many_slices, MONDAY, Row("new", 50, 100))
    assert opened(many_slices).rows == rows + 1


def test_a_reader_of_the_version_before_is_not_hurt(lake: Lake, many_slices: Table) -> None:
    before = opened(many_slices)
    list(compact(lake))
    assert len(contents(before)) == before.rows


def test_what_compaction_replaced_stays_for_the_readers_of_older_versions(lake: Lake, many_slices: Table) -> None:
    list(compact(lake))
    assert [report.removed for report in compact(lake)] == [0]
    assert len(files_on_disk(many_slices)) == 9


def test_a_table_with_few_slices_is_left_as_it_is(lake: Lake, issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    version = store(issues, MONDAY, Row("b", 1, 2))
    (report,) = compact(lake)
    assert (report.files_before, report.files_after, report.removed) == (2, 2, 0)
    assert opened(issues).version == version


def test_only_slices_that_share_a_window_count_as_many(
    lake: Lake, issues: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "MANY_FILES", 3)
    version = None
    for number, window in enumerate([MONDAY, MONDAY, NEXT_MONDAY, None]):
        version = store(issues, window, Row(str(number), 1, number))
    list(compact(lake))
    assert opened(issues).version == version


def test_domain_tables_keep_a_file_a_window_and_are_only_vacuumed(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "MANY_FILES", 1)
    table = findings(lake)
    publish(table, {MONDAY: ["a"], NEXT_MONDAY: ["b"]})
    orphan = table.new_file(MONDAY, fingerprint="f", inputs="i").close()
    age(Path(table.location.inside(f"{table.place.folder}/{orphan.path}")), days=8)

    (report,) = compact(lake)
    assert (report.files_before, report.files_after, report.removed) == (2, 2, 1)
    assert set(opened(table).windows()) == {MONDAY, NEXT_MONDAY}


def test_compaction_holds_the_lock_of_the_connection(lake: Lake, many_slices: Table) -> None:
    assert lake.location.local is not None
    list(compact(lake))
    holder = lake.location.local / ".locks" / "snyk" / "acme.lock"
    assert "snyk/acme is being compacted by process" in holder.read_text()


def test_the_retention_is_seven_days_or_more() -> None:
    assert compaction.RETENTION_HOURS >= 7 * 24
