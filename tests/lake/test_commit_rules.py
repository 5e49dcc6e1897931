"""What no commit may do. Delta Lake checks none of it: each of these would lose rows, or double them, in silence."""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from dazz_assets.lake import Commit, CommitRefused, Lake, LakeError, Table
from tests.lake.rows import (
    MODEL,
    MONDAY,
    NEXT_MONDAY,
    Row,
    domain_file,
    findings,
    ids,
    keys,
    opened,
    publish,
    raw_file,
    schema_of,
    store,
)


def test_a_file_that_is_not_there_is_refused(issues: Table) -> None:
    file = raw_file(issues, MONDAY, Row("a", 1, 1))
    Path(issues.location.inside(f"{issues.place.folder}/{file.path}")).unlink()
    with pytest.raises(CommitRefused, match="is not there"):
        issues.commit(lambda _: Commit([file]))


def test_a_file_that_was_cut_short_is_refused(issues: Table) -> None:
    file = raw_file(issues, MONDAY, Row("a", 1, 1))
    path = Path(issues.location.inside(f"{issues.place.folder}/{file.path}"))
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(CommitRefused, match="is not there with its"):
        issues.commit(lambda _: Commit([file]))


def test_a_file_of_another_table_is_refused(lake: Lake, issues: Table) -> None:
    file = raw_file(lake.raw("snyk", "issues", "other", windowed=True), MONDAY, Row("a", 1, 1))
    with pytest.raises(CommitRefused, match="is not there"):
        issues.commit(lambda _: Commit([file]))


def test_a_file_outside_the_windows_that_are_replaced_is_refused(lake: Lake) -> None:
    table = findings(lake)
    file = domain_file(table, NEXT_MONDAY, "a")
    with pytest.raises(CommitRefused, match="2026-01-12, which is not among the windows replaced"):
        table.commit(lambda _: Commit([file], replace={MONDAY}))


def test_a_file_whose_folder_is_another_window_is_refused(issues: Table) -> None:
    file = raw_file(issues, MONDAY, Row("a", 1, 1))
    file.window = NEXT_MONDAY
    with pytest.raises(CommitRefused, match="not in the folder of its window"):
        issues.commit(lambda _: Commit([file]))


def test_a_file_is_not_committed_again(issues: Table) -> None:
    file = raw_file(issues, MONDAY, Row("a", 1, 1))
    issues.commit(lambda _: Commit([file]))
    with pytest.raises(CommitRefused, match="committed before"):
        issues.commit(lambda _: Commit([file]))
    assert keys(issues) == ["a"]


def test_a_name_that_the_table_holds_is_not_used_again(issues: Table) -> None:
    file = raw_file(issues, MONDAY, Row("a", 1, 1))
    same_name = replace(file)
    issues.commit(lambda _: Commit([file]))
    with pytest.raises(CommitRefused, match="committed before"):
        issues.commit(lambda _: Commit([same_name]))


def test_a_file_that_was_replaced_does_not_come_back(lake: Lake) -> None:
    table = findings(lake)
    old = domain_file(table, MONDAY, "old")
    table.commit(lambda _: Commit([old], replace={MONDAY}))
    publish(table, {MONDAY: ["new"]})
    with pytest.raises(CommitRefused, match="committed before"):
        table.commit(lambda _: Commit([old], replace={MONDAY}))
    assert ids(table) == ["new"]


def test_a_file_is_not_twice_in_a_commit(issues: Table) -> None:
    file = raw_file(issues, MONDAY, Row("a", 1, 1))
    with pytest.raises(CommitRefused, match="a file is committed once"):
        issues.commit(lambda _: Commit([file, file]))


def test_a_pass_is_not_committed_again(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    again = raw_file(issues, MONDAY, Row("a", 1, 2))
    with pytest.raises(CommitRefused, match="pass 1 is already in"):
        issues.commit(lambda _: Commit([again], transactions={"passes": 1}))
    assert keys(issues) == ["a"]


def test_the_mark_never_goes_back(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1), mark=10)
    with pytest.raises(CommitRefused, match="the mark would go back, from 10 to 9"):
        issues.commit(lambda _: Commit(transactions={"mark": 9}))
    assert opened(issues).transaction("mark") == 10


def test_replacing_everything_starts_the_mark_anew(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1), mark=10)
    issues.commit(lambda _: Commit(replace="everything", transactions={"mark": 9}))
    assert opened(issues).transaction("mark") == 9


def test_a_file_with_another_schema_than_its_table_is_refused(lake: Lake) -> None:
    other = findings(lake, schema=schema_of(id=pa.int64(), score=pa.int64()))
    with other.new_file(MONDAY, fingerprint="f", inputs="i") as writer:
        file = writer.close()
    with pytest.raises(CommitRefused, match=r"was written with the columns .*id int64"):
        findings(lake).commit(lambda _: Commit([file], replace={MONDAY}))


def test_a_column_that_changed_its_type_is_refused_with_what_to_do(lake: Lake) -> None:
    publish(findings(lake), {MONDAY: ["a"]})
    retyped = findings(lake, schema=schema_of(id=pa.string(), score=pa.float64()))
    with pytest.raises(CommitRefused, match=r"'score' of domain/findings.* is int64 in the lake and double now"):
        retyped.commit(lambda _: Commit(transactions={"passes": 1}))
    assert ids(findings(lake)) == ["a"]


def test_a_column_is_added_and_is_null_in_older_rows(lake: Lake) -> None:
    publish(findings(lake), {MONDAY: ["old"]})
    wider = findings(lake, schema=MODEL.append(pa.field("owner", pa.string(), nullable=False)))
    with wider.new_file(NEXT_MONDAY, fingerprint="f", inputs="i") as writer:
        writer.write(pa.table({"id": ["new"], "score": [1], "owner": ["me"]}))
        file = writer.close()
    wider.commit(lambda _: Commit([file], replace={NEXT_MONDAY}))

    rows = [row for batch in opened(wider).read(["id", "owner"]) for row in batch.to_pylist()]
    assert sorted(rows, key=str) == [{"id": "new", "owner": "me"}, {"id": "old", "owner": None}]


def test_a_struct_may_gain_fields(lake: Lake) -> None:
    def schema(*names: str) -> pa.Schema:
        return pa.schema([pa.field("place", pa.struct([pa.field(name, pa.string()) for name in names]))])

    narrow = findings(lake, schema=schema("file"))
    with narrow.new_file(MONDAY, fingerprint="f", inputs="i") as writer:
        writer.write(pa.table({"place": [{"file": "a.py"}]}, schema=schema("file")))
        old = writer.close()
    narrow.commit(lambda _: Commit([old], replace={MONDAY}))

    wide = findings(lake, schema=schema("line", "file"))
    wide.commit(lambda _: Commit(transactions={"passes": 1}))
    assert [row for batch in opened(wide).read(["place"]) for row in batch.to_pylist()] == [
        {"place": {"file": "a.py", "line": None}}
    ]


def test_a_model_may_lose_a_column_and_the_table_keeps_it(lake: Lake) -> None:
    publish(findings(lake), {MONDAY: ["a"]})
    narrow = findings(lake, schema=pa.schema([pa.field("id", pa.string())]))
    with narrow.new_file(NEXT_MONDAY, fingerprint="f", inputs="i") as writer:
        writer.write(pa.table({"id": ["b"]}))
        file = writer.close()
    narrow.commit(lambda _: Commit([file], replace={NEXT_MONDAY}))
    assert ids(narrow) == ["a", "b"]
    assert "score" in opened(narrow).schema.names


def test_a_window_of_a_domain_table_is_one_file(lake: Lake) -> None:
    table = findings(lake)
    files = [domain_file(table, MONDAY, "a"), domain_file(table, MONDAY, "b")]
    with pytest.raises(CommitRefused, match="a window of a domain table is one file"):
        table.commit(lambda _: Commit(files, replace={MONDAY}))


def test_objects_are_never_added_beside_those_of_their_window(lake: Lake) -> None:
    table = findings(lake)
    file = domain_file(table, MONDAY, "a")
    with pytest.raises(CommitRefused, match="replace their window's"):
        table.commit(lambda _: Commit([file]))


def test_a_table_without_windows_has_none_to_replace(orgs: Table) -> None:
    with pytest.raises(CommitRefused, match="has no windows that could be replaced"):
        orgs.commit(lambda _: Commit(replace={MONDAY}))
    with pytest.raises(LakeError, match="has no windows: its files belong to none"):
        orgs.new_file(MONDAY)


def test_a_stream_that_gains_or_loses_its_windows_does_not_mix_with_what_is_stored(lake: Lake) -> None:
    store(lake.raw("snyk", "issues", "acme", windowed=False), None, Row("a", None, 1))
    with pytest.raises(CommitRefused, match="is stored without windows"):
        lake.raw("snyk", "issues", "acme", windowed=True).commit(lambda _: Commit(transactions={"passes": 2}))


def test_a_table_found_in_the_lake_takes_no_commit(lake: Lake, issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    found = next(lake.tables())
    with pytest.raises(CommitRefused, match="opened without a schema"):
        found.commit(lambda _: Commit(transactions={"passes": 9}))
