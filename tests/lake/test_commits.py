"""What a commit does: it adds files, replaces windows or everything, and sets application transactions, all at once."""

from datetime import date

import pytest

from dazz_assets.lake import Commit, Lake, Table, TableVersion
from tests.lake.rows import MONDAY, NEXT_MONDAY, Row, domain_file, findings, ids, keys, opened, publish, raw_file, store


def test_a_table_does_not_exist_before_its_first_commit(issues: Table) -> None:
    assert not issues.exists()
    assert issues.open() is None


def test_the_first_commit_creates_the_table_with_checkpoints_and_a_log_that_is_kept(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))

    assert issues.exists()
    assert opened(issues).delta.metadata().configuration == {
        "delta.checkpointInterval": "100",
        "delta.logRetentionDuration": "interval 30 days",
    }


def test_an_empty_commit_declares_a_table_and_changes_none_that_exists(issues: Table) -> None:
    assert issues.commit(lambda _: Commit()) is not None
    assert opened(issues).rows == 0
    version = store(issues, MONDAY, Row("a", 1, 1))
    assert issues.commit(lambda _: Commit()) == version
    assert issues.commit(lambda _: Commit(replace=set())) == version


def test_a_commit_returns_the_version_that_holds_it(issues: Table) -> None:
    for number in range(3):
        version = store(issues, MONDAY, Row(str(number), 1, number))
        assert version == opened(issues).version


def test_files_are_added_to_what_is_there(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    store(issues, MONDAY, Row("b", 1, 2))
    assert keys(issues) == ["a", "b"]


@pytest.mark.parametrize("replaced", [MONDAY, None])
def test_replacing_a_window_leaves_the_others(lake: Lake, replaced: date | None) -> None:
    table = findings(lake)
    publish(table, {MONDAY: ["old"], NEXT_MONDAY: ["other"]} if replaced else {None: ["old"], NEXT_MONDAY: ["other"]})
    publish(table, {replaced: ["new"]})
    assert ids(table) == ["new", "other"]


def test_windows_with_and_without_a_date_are_replaced_in_one_commit(lake: Lake) -> None:
    table = findings(lake)
    publish(table, {None: ["a"], MONDAY: ["b"], NEXT_MONDAY: ["c"]})
    publish(table, {None: ["d"], MONDAY: ["e"]})
    assert ids(table) == ["c", "d", "e"]


def test_a_window_replaced_with_no_file_is_empty(lake: Lake) -> None:
    table = findings(lake)
    publish(table, {MONDAY: ["a"], NEXT_MONDAY: ["b"]})
    table.commit(lambda _: Commit(replace={MONDAY}))
    assert ids(table) == ["b"]


def test_replacing_everything_leaves_only_the_new_files(orgs: Table) -> None:
    store(orgs, None, Row("a", None, 1))
    file = raw_file(orgs, None, Row("b", None, 2))
    orgs.commit(lambda _: Commit([file], replace="everything"))
    assert keys(orgs) == ["b"]


def test_transactions_move_without_any_file(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1), mark=1)
    issues.commit(lambda _: Commit(transactions={"passes": 2, "mark": 5}))

    snapshot = opened(issues)
    assert (snapshot.transaction("passes"), snapshot.transaction("mark"), snapshot.rows) == (2, 5, 1)


def test_transactions_are_whole_numbers_of_64_bits_and_unset_ones_are_none(issues: Table) -> None:
    issues.commit(lambda _: Commit(transactions={"mark": -(2**63), "boundary": 2**63 - 1}))

    snapshot = opened(issues)
    assert snapshot.transaction("mark") == -(2**63)
    assert snapshot.transaction("boundary") == 2**63 - 1
    assert snapshot.transaction("checked/issues") is None


def test_work_that_finds_nothing_to_do_commits_nothing(issues: Table) -> None:
    assert issues.commit(lambda _: None) is None
    version = store(issues, MONDAY, Row("a", 1, 1))
    assert issues.commit(lambda _: None) == version


def test_an_error_in_work_commits_nothing_and_releases_the_lock(issues: Table) -> None:
    def fails(snapshot: TableVersion | None) -> Commit:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        issues.commit(fails)
    assert store(issues, MONDAY, Row("a", 1, 1)) is not None


def test_a_snapshot_stays_the_version_it_is(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    seen: list[TableVersion] = []
    file = raw_file(issues, MONDAY, Row("b", 1, 2))

    def work(snapshot: TableVersion | None) -> Commit:
        assert snapshot is not None
        seen.append(snapshot)
        return Commit([file], transactions={"passes": 2})

    issues.commit(work)
    assert seen[0].rows == 1
    assert seen[0].transaction("passes") == 1


def test_an_older_version_can_be_opened(issues: Table) -> None:
    first = store(issues, MONDAY, Row("a", 1, 1))
    store(issues, MONDAY, Row("b", 1, 2))
    snapshot = issues.open(first)
    assert snapshot is not None
    assert snapshot.rows == 1


def test_rows_are_read_with_their_window_and_of_some_windows_only(lake: Lake) -> None:
    table = findings(lake)
    publish(table, {MONDAY: ["a"], NEXT_MONDAY: ["b"], None: ["c"]})
    snapshot = opened(table)
    rows = [row for batch in snapshot.read(["window_start", "id"], {MONDAY, None}) for row in batch.to_pylist()]
    assert sorted(rows, key=lambda row: str(row["id"])) == [
        {"window_start": MONDAY, "id": "a"},
        {"window_start": None, "id": "c"},
    ]


def test_windows_tell_what_they_were_parsed_from_also_those_without_objects(lake: Lake) -> None:
    table = findings(lake)
    long_inputs = '{"issues": 12}' * 40
    files = [
        domain_file(table, MONDAY, "a", "b", fingerprint="f" * 64, inputs=long_inputs),
        domain_file(table, None, fingerprint="none"),
    ]
    table.commit(lambda _: Commit(files, replace={MONDAY, None}))

    windows = opened(table).windows()
    assert windows[MONDAY].fingerprint == "f" * 64
    assert windows[MONDAY].inputs == long_inputs
    assert windows[MONDAY].rows == 2
    assert (windows[None].fingerprint, windows[None].rows) == ("none", 0)
