"""A commit adds files, replaces windows or everything, and sets application transactions, all atomically."""

from datetime import date

import pytest

from dazz_assets.lake import Commit, Lake, Table, TableVersion
from tests.lake.rows import (
    MONDAY,
    NEXT_MONDAY,
    Row,
    findings_table,
    newest_version,
    publish,
    store,
    stored_ids,
    stored_keys,
    write_domain_file,
    write_raw_file,
)


def test_a_table_does_not_exist_before_its_first_commit(issues: Table) -> None:
    assert not issues.exists()
    assert issues.open() is None


def test_the_first_commit_creates_the_table_and_configures_its_log(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))

    assert issues.exists()
    assert newest_version(issues).delta.metadata().configuration == {
        "delta.checkpointInterval": "100",
        "delta.logRetentionDuration": "interval 30 days",
    }


def test_an_empty_commit_creates_a_table_but_does_not_change_an_existing_one(issues: Table) -> None:
    assert issues.commit(lambda _: Commit()) is not None
    assert newest_version(issues).rows == 0
    version = store(issues, MONDAY, Row("a", 1, 1))
    assert issues.commit(lambda _: Commit()) == version
    assert issues.commit(lambda _: Commit(replace=set())) == version


def test_a_commit_returns_its_version(issues: Table) -> None:
    for number in range(3):
        version = store(issues, MONDAY, Row(str(number), 1, number))
        assert version == newest_version(issues).version


def test_files_are_added_to_those_of_the_table(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    store(issues, MONDAY, Row("b", 1, 2))
    assert stored_keys(issues) == ["a", "b"]


@pytest.mark.parametrize("replaced", [MONDAY, None])
def test_replacing_a_window_keeps_the_others(lake: Lake, replaced: date | None) -> None:
    table = findings_table(lake)
    publish(table, {MONDAY: ["old"], NEXT_MONDAY: ["other"]} if replaced else {None: ["old"], NEXT_MONDAY: ["other"]})
    publish(table, {replaced: ["new"]})
    assert stored_ids(table) == ["new", "other"]


def test_windows_with_and_without_a_date_are_replaced_in_one_commit(lake: Lake) -> None:
    table = findings_table(lake)
    publish(table, {None: ["a"], MONDAY: ["b"], NEXT_MONDAY: ["c"]})
    publish(table, {None: ["d"], MONDAY: ["e"]})
    assert stored_ids(table) == ["c", "d", "e"]


def test_a_window_that_is_replaced_by_no_file_is_empty(lake: Lake) -> None:
    table = findings_table(lake)
    publish(table, {MONDAY: ["a"], NEXT_MONDAY: ["b"]})
    table.commit(lambda _: Commit(replace={MONDAY}))
    assert stored_ids(table) == ["b"]


def test_replacing_everything_keeps_only_the_new_files(orgs: Table) -> None:
    store(orgs, None, Row("a", None, 1))
    file = write_raw_file(orgs, None, Row("b", None, 2))
    orgs.commit(lambda _: Commit([file], replace="everything"))
    assert stored_keys(orgs) == ["b"]


def test_a_commit_may_set_transactions_without_files(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1), mark=1)
    issues.commit(lambda _: Commit(transactions={"passes": 2, "mark": 5}))

    stored = newest_version(issues)
    assert (stored.transaction("passes"), stored.transaction("mark"), stored.rows) == (2, 5, 1)


def test_transactions_are_64_bit_integers_or_none(issues: Table) -> None:
    issues.commit(lambda _: Commit(transactions={"mark": -(2**63), "boundary": 2**63 - 1}))

    stored = newest_version(issues)
    assert stored.transaction("mark") == -(2**63)
    assert stored.transaction("boundary") == 2**63 - 1
    assert stored.transaction("checked/issues") is None


def test_nothing_is_committed_if_work_returns_none(issues: Table) -> None:
    assert issues.commit(lambda _: None) is None
    version = store(issues, MONDAY, Row("a", 1, 1))
    assert issues.commit(lambda _: None) == version


def test_an_error_in_work_commits_nothing_and_releases_the_lock(issues: Table) -> None:
    def fail(stored: TableVersion | None) -> Commit:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        issues.commit(fail)
    assert store(issues, MONDAY, Row("a", 1, 1)) is not None


def test_a_table_version_does_not_change_with_later_commits(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    seen: list[TableVersion] = []
    file = write_raw_file(issues, MONDAY, Row("b", 1, 2))

    def work(stored: TableVersion | None) -> Commit:
        assert stored is not None
        seen.append(stored)
        return Commit([file], transactions={"passes": 2})

    issues.commit(work)
    assert seen[0].rows == 1
    assert seen[0].transaction("passes") == 1


def test_an_older_version_can_be_opened(issues: Table) -> None:
    first = store(issues, MONDAY, Row("a", 1, 1))
    store(issues, MONDAY, Row("b", 1, 2))
    older = issues.open(first)
    assert older is not None
    assert older.rows == 1


def test_rows_of_some_windows_are_read_with_their_window(lake: Lake) -> None:
    table = findings_table(lake)
    publish(table, {MONDAY: ["a"], NEXT_MONDAY: ["b"], None: ["c"]})
    stored = newest_version(table)
    rows = [row for batch in stored.read(["window_start", "id"], {MONDAY, None}) for row in batch.to_pylist()]
    assert sorted(rows, key=lambda row: str(row["id"])) == [
        {"window_start": MONDAY, "id": "a"},
        {"window_start": None, "id": "c"},
    ]


def test_window_states_include_windows_without_objects(lake: Lake) -> None:
    table = findings_table(lake)
    long_inputs = '{"issues": 12}' * 40
    files = [
        write_domain_file(table, MONDAY, "a", "b", fingerprint="f" * 64, inputs=long_inputs),
        write_domain_file(table, None, fingerprint="none"),
    ]
    table.commit(lambda _: Commit(files, replace={MONDAY, None}))

    windows = newest_version(table).window_states()
    assert windows[MONDAY].fingerprint == "f" * 64
    assert windows[MONDAY].inputs == long_inputs
    assert windows[MONDAY].rows == 2
    assert (windows[None].fingerprint, windows[None].rows) == ("none", 0)
