"""Compare-and-swap protects a table even without the lock: these tests commit from several writers at once."""

from contextlib import nullcontext
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError
from deltalake.table import TableAlterer

from dazz_assets.lake import Commit, Lake, LakeError, Table, TableVersion
from tests.lake.rows import (
    MODEL,
    MONDAY,
    NEXT_MONDAY,
    Row,
    findings_table,
    newest_version,
    publish,
    start_python,
    store,
    stored_ids,
    stored_keys,
    write_raw_file,
)

WRITER = """
import sys
from contextlib import nullcontext
from dazz_assets.lake import Commit, Lake, Table
from tests.lake.rows import MONDAY, Row, write_raw_file

locked = Lake(sys.argv[1]).raw("snyk", "issues", "acme", windowed=True)
table = Table(locked.root, locked.path, nullcontext, locked.schema)
sys.stdin.readline()
for number in range(10):
    file = write_raw_file(table, MONDAY, Row(f"{sys.argv[2]}-{number}", 1, number))
    table.commit(lambda s: Commit([file], transactions={"passes": (s and s.transaction("passes") or 0) + 1}))
"""


def test_work_is_called_again_after_another_commit(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    mine = write_raw_file(issues, MONDAY, Row("mine", 1, 3))
    seen: list[int | None] = []

    def work(stored: TableVersion | None) -> Commit:
        assert stored is not None
        passes = stored.transaction("passes") or 0
        seen.append(passes)
        if len(seen) == 1:
            store(issues, MONDAY, Row("theirs", 1, 2))
        return Commit([mine], transactions={"passes": passes + 1})

    issues.commit(work)
    assert seen == [1, 2]
    assert stored_keys(issues) == ["a", "mine", "theirs"]
    assert newest_version(issues).transaction("passes") == 3


def test_work_is_called_again_even_if_delta_lake_would_accept_its_commit(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    mine = write_raw_file(issues, MONDAY, Row("mine", 1, 3))
    theirs = write_raw_file(issues, MONDAY, Row("theirs", 1, 2))
    seen: list[int] = []

    def work(stored: TableVersion | None) -> Commit:
        assert stored is not None
        seen.append(stored.rows)
        if len(seen) == 1:
            issues.commit(lambda _: Commit([theirs]))
        return Commit([mine])

    issues.commit(work)
    assert seen == [1, 2]


def test_a_replacement_also_replaces_what_another_writer_committed_first(lake: Lake) -> None:
    table = findings_table(lake)
    publish(table, {MONDAY: ["old"]})
    with table.new_file(MONDAY, fingerprint="mine", inputs="i") as writer:
        mine = writer.close()
    calls: list[int] = []

    def work(stored: TableVersion | None) -> Commit:
        calls.append(1)
        if len(calls) == 1:
            publish(table, {MONDAY: ["theirs"]})
        return Commit([mine], replace={MONDAY})

    table.commit(work)
    assert stored_ids(table) == []
    assert newest_version(table).window_states()[MONDAY].fingerprint == "mine"


def test_two_writers_that_create_a_table_at_once_both_store_their_rows(issues: Table) -> None:
    mine = write_raw_file(issues, MONDAY, Row("mine", 1, 2))
    seen: list[bool] = []

    def work(stored: TableVersion | None) -> Commit:
        seen.append(stored is None)
        if len(seen) == 1:
            store(issues, MONDAY, Row("theirs", 1, 1))
        return Commit([mine])

    issues.commit(work)
    assert seen == [True, False]
    assert stored_keys(issues) == ["mine", "theirs"]


def test_work_is_called_again_if_another_writer_commits_right_after_the_creation(
    issues: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = write_raw_file(issues, MONDAY, Row("mine", 1, 2))
    create = DeltaTable.create
    others: list[int | None] = []

    def create_and_let_another_commit(*arguments: Any, **options: Any) -> DeltaTable:
        delta = create(*arguments, **options)
        if not others:
            others.append(store(issues, MONDAY, Row("theirs", 1, 1)))
        return DeltaTable(delta.table_uri)

    monkeypatch.setattr(DeltaTable, "create", create_and_let_another_commit)
    issues.commit(lambda s: Commit([mine], transactions={"passes": 1 + ((s and s.transaction("passes")) or 0)}))
    assert stored_keys(issues) == ["mine", "theirs"]
    assert newest_version(issues).transaction("passes") == 2


def test_work_is_called_again_if_another_writer_commits_right_after_a_column_is_added(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(findings_table(lake), {MONDAY: ["old"]})
    wider = findings_table(lake, schema=MODEL.append(pa.field("owner", pa.string())))
    add_columns = TableAlterer.add_columns
    seen: list[set[date | None]] = []

    def add_and_let_another_commit(self: TableAlterer, *arguments: Any, **options: Any) -> None:
        add_columns(self, *arguments, **options)
        publish(findings_table(lake), {NEXT_MONDAY: ["theirs"]})
        self.table.update_incremental()

    def work(stored: TableVersion | None) -> Commit:
        assert stored is not None
        seen.append(set(stored.window_states()))
        return Commit(replace=set(stored.window_states()), transactions={"passes": 1})

    monkeypatch.setattr(TableAlterer, "add_columns", add_and_let_another_commit)
    wider.commit(work)
    assert seen == [{MONDAY}, {MONDAY, NEXT_MONDAY}]
    assert stored_ids(wider) == []


def test_a_commit_that_succeeded_but_was_reported_as_failed_is_not_repeated(
    issues: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    mine = write_raw_file(issues, MONDAY, Row("b", 1, 2))
    real = DeltaTable.create_write_transaction

    def commit_and_fail(self: DeltaTable, *arguments: Any, **options: Any) -> None:
        real(self, *arguments, **options)
        raise CommitFailedError("the response got lost")

    monkeypatch.setattr(DeltaTable, "create_write_transaction", commit_and_fail)
    version = issues.commit(lambda _: Commit([mine], transactions={"passes": 2}))
    assert version == newest_version(issues).version
    assert stored_keys(issues) == ["a", "b"]


def test_a_writer_that_always_loses_gives_up(issues: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    store(issues, MONDAY, Row("a", 1, 1))

    def lose(self: DeltaTable, *arguments: Any, **options: Any) -> None:
        raise CommitFailedError("taken")

    monkeypatch.setattr(DeltaTable, "create_write_transaction", lose)
    with pytest.raises(LakeError, match="other processes committed first, 20 times in a row"):
        issues.commit(lambda _: Commit(transactions={"mark": 1}))


def test_two_processes_without_a_lock_neither_lose_nor_repeat_rows(lake: Lake, issues: Table) -> None:
    writers = [start_python(WRITER, lake, name) for name in ("one", "two")]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]

    assert stored_keys(issues) == sorted(f"{name}-{number}" for name in ("one", "two") for number in range(10))
    assert newest_version(issues).transaction("passes") == 20


def test_a_table_without_a_lock_stores_rows(issues: Table) -> None:
    unlocked = Table(issues.root, issues.path, nullcontext, issues.schema)
    store(unlocked, MONDAY, Row("a", 1, 1))
    assert stored_keys(issues) == ["a"]
