"""Compare-and-swap: the second line behind the lock. These tests commit where no lock keeps writers apart."""

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
    findings,
    ids,
    keys,
    opened,
    publish,
    python,
    raw_file,
    store,
)

WRITER = """
import sys
from contextlib import nullcontext
from dazz_assets.lake import Commit, Lake, Table
from tests.lake.rows import MONDAY, Row, raw_file

locked = Lake(sys.argv[1]).raw("snyk", "issues", "acme", windowed=True)
table = Table(locked.location, locked.place, nullcontext, locked.schema)
sys.stdin.readline()
for number in range(10):
    file = raw_file(table, MONDAY, Row(f"{sys.argv[2]}-{number}", 1, number))
    table.commit(lambda s: Commit([file], transactions={"passes": (s and s.transaction("passes") or 0) + 1}))
"""


def test_work_is_done_anew_when_another_commit_came_between(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    mine = raw_file(issues, MONDAY, Row("mine", 1, 3))
    seen: list[int | None] = []

    def work(snapshot: TableVersion | None) -> Commit:
        assert snapshot is not None
        passes = snapshot.transaction("passes") or 0
        seen.append(passes)
        if len(seen) == 1:
            store(issues, MONDAY, Row("theirs", 1, 2))
        return Commit([mine], transactions={"passes": passes + 1})

    issues.commit(work)
    assert seen == [1, 2]
    assert keys(issues) == ["a", "mine", "theirs"]
    assert opened(issues).transaction("passes") == 3


def test_a_commit_that_delta_would_let_pass_is_done_anew_as_well(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    mine = raw_file(issues, MONDAY, Row("mine", 1, 3))
    theirs = raw_file(issues, MONDAY, Row("theirs", 1, 2))
    seen: list[int] = []

    def work(snapshot: TableVersion | None) -> Commit:
        assert snapshot is not None
        seen.append(snapshot.rows)
        if len(seen) == 1:
            issues.commit(lambda _: Commit([theirs]))
        return Commit([mine])

    issues.commit(work)
    assert seen == [1, 2]


def test_a_replacement_also_replaces_what_came_between(lake: Lake) -> None:
    table = findings(lake)
    publish(table, {MONDAY: ["old"]})
    with table.new_file(MONDAY, fingerprint="mine", inputs="i") as writer:
        mine = writer.close()
    calls: list[int] = []

    def work(snapshot: TableVersion | None) -> Commit:
        calls.append(1)
        if len(calls) == 1:
            publish(table, {MONDAY: ["theirs"]})
        return Commit([mine], replace={MONDAY})

    table.commit(work)
    assert ids(table) == []
    assert opened(table).windows()[MONDAY].fingerprint == "mine"


def test_two_that_create_a_table_at_once_both_get_their_rows_in(issues: Table) -> None:
    mine = raw_file(issues, MONDAY, Row("mine", 1, 2))
    seen: list[bool] = []

    def work(snapshot: TableVersion | None) -> Commit:
        seen.append(snapshot is None)
        if len(seen) == 1:
            store(issues, MONDAY, Row("theirs", 1, 1))
        return Commit([mine])

    issues.commit(work)
    assert seen == [True, False]
    assert keys(issues) == ["mine", "theirs"]


def test_a_table_that_another_filled_right_after_its_creation_is_looked_at_anew(
    issues: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = raw_file(issues, MONDAY, Row("mine", 1, 2))
    create = DeltaTable.create
    overtaken: list[int | None] = []

    def creates_and_is_overtaken(*arguments: Any, **options: Any) -> DeltaTable:
        delta = create(*arguments, **options)
        if not overtaken:
            overtaken.append(store(issues, MONDAY, Row("theirs", 1, 1)))
        return DeltaTable(delta.table_uri)

    monkeypatch.setattr(DeltaTable, "create", creates_and_is_overtaken)
    issues.commit(lambda s: Commit([mine], transactions={"passes": 1 + ((s and s.transaction("passes")) or 0)}))
    assert keys(issues) == ["mine", "theirs"]
    assert opened(issues).transaction("passes") == 2


def test_a_table_that_another_changed_right_after_it_got_a_column_is_looked_at_anew(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(findings(lake), {MONDAY: ["old"]})
    wider = findings(lake, schema=MODEL.append(pa.field("owner", pa.string())))
    add_columns = TableAlterer.add_columns
    seen: list[set[date | None]] = []

    def adds_and_is_overtaken(self: TableAlterer, *arguments: Any, **options: Any) -> None:
        add_columns(self, *arguments, **options)
        publish(findings(lake), {NEXT_MONDAY: ["theirs"]})
        self.table.update_incremental()

    def work(snapshot: TableVersion | None) -> Commit:
        assert snapshot is not None
        seen.append(set(snapshot.windows()))
        return Commit(replace=set(snapshot.windows()), transactions={"passes": 1})

    monkeypatch.setattr(TableAlterer, "add_columns", adds_and_is_overtaken)
    wider.commit(work)
    assert seen == [{MONDAY}, {MONDAY, NEXT_MONDAY}]
    assert ids(wider) == []


def test_a_commit_that_is_in_although_it_was_reported_failed_is_not_made_twice(
    issues: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    mine = raw_file(issues, MONDAY, Row("b", 1, 2))
    real = DeltaTable.create_write_transaction

    def lands_and_fails(self: DeltaTable, *arguments: Any, **options: Any) -> None:
        real(self, *arguments, **options)
        raise CommitFailedError("the answer got lost")

    monkeypatch.setattr(DeltaTable, "create_write_transaction", lands_and_fails)
    version = issues.commit(lambda _: Commit([mine], transactions={"passes": 2}))
    assert version == opened(issues).version
    assert keys(issues) == ["a", "b"]


def test_a_writer_that_always_loses_gives_up_and_says_so(issues: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    store(issues, MONDAY, Row("a", 1, 1))

    def loses(self: DeltaTable, *arguments: Any, **options: Any) -> None:
        raise CommitFailedError("taken")

    monkeypatch.setattr(DeltaTable, "create_write_transaction", loses)
    with pytest.raises(LakeError, match="other processes committed 20 times in between"):
        issues.commit(lambda _: Commit(transactions={"mark": 1}))


def test_two_processes_without_a_lock_lose_and_double_nothing(lake: Lake, issues: Table) -> None:
    writers = [python(WRITER, lake, name) for name in ("one", "two")]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]

    assert keys(issues) == sorted(f"{name}-{number}" for name in ("one", "two") for number in range(10))
    assert opened(issues).transaction("passes") == 20


def test_a_lock_is_not_needed_to_be_right(issues: Table) -> None:
    unlocked = Table(issues.location, issues.place, nullcontext, issues.schema)
    store(unlocked, MONDAY, Row("a", 1, 1))
    assert keys(issues) == ["a"]
