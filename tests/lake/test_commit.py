"""The rules that a commit must keep. Delta Lake checks none of them: breaking one would lose or repeat rows."""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from dazz_assets.lake import Commit, CommitRefusedError, Lake, LakeError, Table
from tests.lake.rows import (
    MODEL,
    MONDAY,
    NEXT_MONDAY,
    Row,
    findings_table,
    make_schema,
    newest_version,
    publish,
    store,
    stored_ids,
    stored_keys,
    write_domain_file,
    write_raw_file,
)


def test_a_file_that_does_not_exist_is_refused(issues: Table) -> None:
    file = write_raw_file(issues, MONDAY, Row("a", 1, 1))
    Path(issues.root.filesystem_path(f"{issues.path.folder}/{file.path}")).unlink()
    with pytest.raises(CommitRefusedError, match="does not exist"):
        issues.commit(lambda _: Commit([file]))


def test_a_file_that_was_cut_short_is_refused(issues: Table) -> None:
    file = write_raw_file(issues, MONDAY, Row("a", 1, 1))
    path = Path(issues.root.filesystem_path(f"{issues.path.folder}/{file.path}"))
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(CommitRefusedError, match="does not exist with its"):
        issues.commit(lambda _: Commit([file]))


def test_a_file_of_another_table_is_refused(lake: Lake, issues: Table) -> None:
    file = write_raw_file(lake.raw("snyk", "issues", "other", windowed=True), MONDAY, Row("a", 1, 1))
    with pytest.raises(CommitRefusedError, match="does not exist"):
        issues.commit(lambda _: Commit([file]))


def test_a_file_outside_the_replaced_windows_is_refused(lake: Lake) -> None:
    table = findings_table(lake)
    file = write_domain_file(table, NEXT_MONDAY, "a")
    with pytest.raises(CommitRefusedError, match="2026-01-12, which the commit does not replace"):
        table.commit(lambda _: Commit([file], replace={MONDAY}))


def test_a_file_in_the_folder_of_another_window_is_refused(issues: Table) -> None:
    file = write_raw_file(issues, MONDAY, Row("a", 1, 1))
    file.window = NEXT_MONDAY
    with pytest.raises(CommitRefusedError, match="not in the folder of its window"):
        issues.commit(lambda _: Commit([file]))


def test_a_file_is_not_committed_twice(issues: Table) -> None:
    file = write_raw_file(issues, MONDAY, Row("a", 1, 1))
    issues.commit(lambda _: Commit([file]))
    with pytest.raises(CommitRefusedError, match="committed before"):
        issues.commit(lambda _: Commit([file]))
    assert stored_keys(issues) == ["a"]


def test_the_name_of_a_stored_file_is_not_used_again(issues: Table) -> None:
    file = write_raw_file(issues, MONDAY, Row("a", 1, 1))
    same_name = replace(file)
    issues.commit(lambda _: Commit([file]))
    with pytest.raises(CommitRefusedError, match="committed before"):
        issues.commit(lambda _: Commit([same_name]))


def test_a_file_that_was_replaced_does_not_come_back(lake: Lake) -> None:
    table = findings_table(lake)
    old = write_domain_file(table, MONDAY, "old")
    table.commit(lambda _: Commit([old], replace={MONDAY}))
    publish(table, {MONDAY: ["new"]})
    with pytest.raises(CommitRefusedError, match="committed before"):
        table.commit(lambda _: Commit([old], replace={MONDAY}))
    assert stored_ids(table) == ["new"]


def test_a_file_is_not_listed_twice_in_a_commit(issues: Table) -> None:
    file = write_raw_file(issues, MONDAY, Row("a", 1, 1))
    with pytest.raises(CommitRefusedError, match="a file is committed only once"):
        issues.commit(lambda _: Commit([file, file]))


def test_a_pass_is_not_committed_twice(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    again = write_raw_file(issues, MONDAY, Row("a", 1, 2))
    with pytest.raises(CommitRefusedError, match="pass 1 is already stored"):
        issues.commit(lambda _: Commit([again], transactions={"passes": 1}))
    assert stored_keys(issues) == ["a"]


def test_the_mark_never_goes_back(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1), mark=10)
    with pytest.raises(CommitRefusedError, match="the mark would go back, from 10 to 9"):
        issues.commit(lambda _: Commit(transactions={"mark": 9}))
    assert newest_version(issues).transaction("mark") == 10


def test_replacing_everything_may_set_the_mark_back(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1), mark=10)
    issues.commit(lambda _: Commit(replace="everything", transactions={"mark": 9}))
    assert newest_version(issues).transaction("mark") == 9


def test_a_file_with_a_different_schema_than_its_table_is_refused(lake: Lake) -> None:
    other = findings_table(lake, schema=make_schema(id=pa.int64(), score=pa.int64()))
    with other.new_file(MONDAY, fingerprint="f", inputs="i") as writer:
        file = writer.close()
    with pytest.raises(CommitRefusedError, match=r"was written with the columns .*id int64"):
        findings_table(lake).commit(lambda _: Commit([file], replace={MONDAY}))


def test_a_column_that_changed_its_type_is_refused(lake: Lake) -> None:
    publish(findings_table(lake), {MONDAY: ["a"]})
    retyped = findings_table(lake, schema=make_schema(id=pa.string(), score=pa.float64()))
    with pytest.raises(CommitRefusedError, match=r"'score' of domain/findings.* is int64 in the lake and double now"):
        retyped.commit(lambda _: Commit(transactions={"passes": 1}))
    assert stored_ids(findings_table(lake)) == ["a"]


def test_a_new_column_is_null_in_older_rows(lake: Lake) -> None:
    publish(findings_table(lake), {MONDAY: ["old"]})
    wider = findings_table(lake, schema=MODEL.append(pa.field("owner", pa.string(), nullable=False)))
    with wider.new_file(NEXT_MONDAY, fingerprint="f", inputs="i") as writer:
        writer.write(pa.table({"id": ["new"], "score": [1], "owner": ["me"]}))
        file = writer.close()
    wider.commit(lambda _: Commit([file], replace={NEXT_MONDAY}))

    rows = [row for batch in newest_version(wider).read(["id", "owner"]) for row in batch.to_pylist()]
    assert sorted(rows, key=str) == [{"id": "new", "owner": "me"}, {"id": "old", "owner": None}]


def test_a_struct_may_gain_fields(lake: Lake) -> None:
    def schema(*names: str) -> pa.Schema:
        return pa.schema([pa.field("place", pa.struct([pa.field(name, pa.string()) for name in names]))])

    narrow = findings_table(lake, schema=schema("file"))
    with narrow.new_file(MONDAY, fingerprint="f", inputs="i") as writer:
        writer.write(pa.table({"place": [{"file": "a.py"}]}, schema=schema("file")))
        old = writer.close()
    narrow.commit(lambda _: Commit([old], replace={MONDAY}))

    wide = findings_table(lake, schema=schema("line", "file"))
    wide.commit(lambda _: Commit(transactions={"passes": 1}))
    assert [row for batch in newest_version(wide).read(["place"]) for row in batch.to_pylist()] == [
        {"place": {"file": "a.py", "line": None}}
    ]


def test_the_table_keeps_a_column_that_the_model_lost(lake: Lake) -> None:
    publish(findings_table(lake), {MONDAY: ["a"]})
    narrow = findings_table(lake, schema=pa.schema([pa.field("id", pa.string())]))
    with narrow.new_file(NEXT_MONDAY, fingerprint="f", inputs="i") as writer:
        writer.write(pa.table({"id": ["b"]}))
        file = writer.close()
    narrow.commit(lambda _: Commit([file], replace={NEXT_MONDAY}))
    assert stored_ids(narrow) == ["a", "b"]
    assert "score" in newest_version(narrow).schema.names


def test_a_window_of_a_domain_table_is_one_file(lake: Lake) -> None:
    table = findings_table(lake)
    files = [write_domain_file(table, MONDAY, "a"), write_domain_file(table, MONDAY, "b")]
    with pytest.raises(CommitRefusedError, match="a window of a domain table is one file"):
        table.commit(lambda _: Commit(files, replace={MONDAY}))


def test_objects_are_never_added_to_a_window_without_replacing_it(lake: Lake) -> None:
    table = findings_table(lake)
    file = write_domain_file(table, MONDAY, "a")
    with pytest.raises(CommitRefusedError, match="must replace their window"):
        table.commit(lambda _: Commit([file]))


def test_a_table_without_windows_takes_none(orgs: Table) -> None:
    with pytest.raises(CommitRefusedError, match="has no windows to replace"):
        orgs.commit(lambda _: Commit(replace={MONDAY}))
    with pytest.raises(LakeError, match="has no windows: omit the window of its files"):
        orgs.new_file(MONDAY)


def test_a_table_is_stored_either_with_windows_or_without(lake: Lake) -> None:
    store(lake.raw("snyk", "issues", "acme", windowed=False), None, Row("a", None, 1))
    with pytest.raises(CommitRefusedError, match="is stored without windows"):
        lake.raw("snyk", "issues", "acme", windowed=True).commit(lambda _: Commit(transactions={"passes": 2}))


def test_a_table_that_is_opened_without_a_schema_takes_no_commit(lake: Lake, issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    found = next(lake.tables())
    with pytest.raises(CommitRefusedError, match="opened without a schema"):
        found.commit(lambda _: Commit(transactions={"passes": 9}))
