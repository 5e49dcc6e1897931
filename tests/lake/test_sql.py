"""SQL over the lake, as `dazz query` runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dazz_assets.lake import Commit, Lake, NoLakeError, QueryError, Table, json_rows, query
from tests.lake.rows import (
    MODEL,
    MONDAY,
    NEXT_MONDAY,
    Row,
    findings_table,
    publish,
    start_python,
    store,
    write_domain_file,
    write_raw_file,
)

WRITER = """
import sys
from dazz_assets.lake import Lake
from tests.lake.rows import MONDAY, Row, store

table = Lake(sys.argv[1]).raw("snyk", "issues", "acme", windowed=True)
print("started", flush=True)
for number in range(20):
    store(table, MONDAY, Row(f"w{number}", 1, 100 + 2 * number), Row(f"v{number}", 1, 101 + 2 * number))
"""


def query_rows(lake: Lake, sql: str) -> list[dict[str, Any]]:
    return list(json_rows(query(lake, sql)))


def test_raw_has_the_latest_version_of_each_record_of_all_connections(lake: Lake, issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1), Row("b", 2, 2))
    store(issues, NEXT_MONDAY, Row("a", 10, 3))
    store(lake.raw("snyk", "issues", "123", windowed=True), MONDAY, Row("a", 1, 1))

    assert query_rows(lake, "select connection, key, cursor, record from raw.snyk_issues order by all") == [
        {"connection": "123", "key": "a", "cursor": "1", "record": Row("a", 1, 1).record},
        {"connection": "acme", "key": "a", "cursor": "10", "record": Row("a", 10, 3).record},
        {"connection": "acme", "key": "b", "cursor": "2", "record": Row("b", 2, 2).record},
    ]
    assert query(lake, "from raw.snyk_issues").column_names == [
        "connection",
        "key",
        "parent",
        "cursor",
        "fetched_at",
        "record",
    ]


def test_tables_with_underscores_in_their_names_are_found(lake: Lake) -> None:
    store(lake.raw("github", "dependabot_alerts", "acme", windowed=True), MONDAY, Row("a", 1, 1))
    store(lake.raw("git_hub", "alerts", "acme", windowed=False), None, Row("b", None, 1))
    assert query_rows(lake, "select key from raw.github_dependabot_alerts") == [{"key": "a"}]
    assert query_rows(lake, "select key from RAW.Git_Hub_Alerts") == [{"key": "b"}]


@pytest.mark.parametrize(
    "sql",
    [
        "select i.key from raw.snyk_issues i",
        "select i.key from raw.snyk_issues as i where i.key in (select o.key from raw.snyk_issues o)",
        "select a.key from raw.snyk_issues a join raw.snyk_issues b on a.key = b.key",
        "with i as (select * from raw.snyk_issues x) select key from i",
        'select "as".key from raw.snyk_issues as "as"',
    ],
)
def test_tables_may_have_aliases(sql: str, lake: Lake, issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    assert query_rows(lake, sql) == [{"key": "a"}]


def test_a_name_that_two_streams_share_is_refused(lake: Lake) -> None:
    store(lake.raw("a", "b_c", "acme", windowed=False), None, Row("k", None, 1))
    store(lake.raw("a_b", "c", "acme", windowed=False), None, Row("k", None, 1))
    with pytest.raises(QueryError, match=r"raw\.a_b_c is ambiguous: it could be any of the streams a/b_c and a_b/c"):
        query(lake, "from raw.a_b_c")


def test_a_stream_stored_with_windows_for_one_connection_and_without_for_another_is_one_view(lake: Lake) -> None:
    store(lake.raw("snyk", "issues", "old", windowed=False), None, Row("a", None, 1))
    store(lake.raw("snyk", "issues", "new", windowed=True), MONDAY, Row("a", 1, 1))
    assert query_rows(lake, "select connection from raw.snyk_issues order by 1") == [
        {"connection": "new"},
        {"connection": "old"},
    ]


def test_a_domain_table_has_the_rows_of_all_integrations_parsers_and_connections(lake: Lake) -> None:
    publish(findings_table(lake, "acme"), {MONDAY: ["a"]})
    publish(findings_table(lake, "007"), {None: ["b"]})
    publish(lake.domain("findings", "github", "alerts", "acme", MODEL), {MONDAY: ["c"]})

    found = query_rows(lake, "select * from findings order by id")
    assert [tuple(row.values()) for row in found] == [
        ("snyk", "acme", "alerts", "2026-01-05", "i", "a", 1),
        ("snyk", "007", "alerts", None, "i", "b", 1),
        ("github", "acme", "alerts", "2026-01-05", "i", "c", 1),
    ]
    assert list(found[0]) == ["integration", "connection", "parser", "window_start", "inputs", "id", "score"]


def test_a_column_that_only_some_tables_have_is_null_in_the_others(lake: Lake) -> None:
    publish(findings_table(lake, "old"), {MONDAY: ["a"]})
    wider = findings_table(lake, "new", schema=MODEL.append(pa.field("place", pa.struct([("file", pa.string())]))))
    with wider.new_file(MONDAY, fingerprint="f", inputs="i") as writer:
        writer.write(pa.table({"id": ["b"], "score": [2], "place": [{"file": "x.py"}]}))
        file = writer.close()
    wider.commit(lambda _: Commit([file], replace={MONDAY}))

    assert query_rows(lake, "select id, place.file as file from findings order by id") == [
        {"id": "a", "file": None},
        {"id": "b", "file": "x.py"},
    ]


def test_created_tables_without_rows_are_empty_and_have_their_columns(lake: Lake) -> None:
    findings_table(lake).commit(lambda _: Commit())
    lake.raw("snyk", "issues", "acme", windowed=True).commit(lambda _: Commit())
    lake.quarantine("snyk", "alerts", "acme").commit(lambda _: Commit())

    assert query_rows(lake, "select id, score + 1 as more, window_start from findings") == []
    assert query_rows(lake, "select * from raw.snyk_issues where fetched_at > now() - interval 1 day") == []
    assert query_rows(lake, "select reason from quarantine where connection = 'acme'") == []
    assert query_rows(lake, "select typeof(any_value(score)) as t, count(*) as n from findings") == [
        {"t": "BIGINT", "n": 0}
    ]


def test_times_are_iso_8601_decimals_strings_and_sums_numbers(lake: Lake, issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    sql = """
        select fetched_at, 1.50::decimal(5,2) as price, sum(7) as total, {'at': fetched_at} as nested
        from raw.snyk_issues group by 1"""
    assert query_rows(lake, sql) == [
        {"fetched_at": "2026-02-01T12:30:00Z", "price": "1.50", "total": 7, "nested": {"at": "2026-02-01T12:30:00Z"}}
    ]


def test_columns_with_the_same_name_are_numbered(lake: Lake, issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    assert query_rows(lake, "select 1 as id, 2 as id, 3 as id_1 from raw.snyk_issues") == [
        {"id": 1, "id_1": 2, "id_1_1": 3}
    ]


def test_tables_can_be_listed_and_described(lake: Lake, issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    publish(findings_table(lake), {MONDAY: ["a"]})
    assert {row["name"] for row in query_rows(lake, "show all tables")} == {"findings", "snyk_issues"}
    assert [row["column_name"] for row in query_rows(lake, "describe findings")][-2:] == ["id", "score"]


def test_an_empty_lake_is_an_error(lake: Lake) -> None:
    with pytest.raises(NoLakeError, match=r"The lake at .* is empty: run `dazz sync` first"):
        query(lake, "select 1")


def test_the_error_for_an_unknown_table_lists_the_known_ones(lake: Lake, issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    publish(findings_table(lake), {MONDAY: ["a"]})
    with pytest.raises(
        QueryError,
        match=r"no table finding in the lake. Did you mean findings\? Its tables are: findings, raw.snyk_issues",
    ):
        query(lake, "select * from finding")
    with pytest.raises(QueryError, match=r"no table snyk_issues .* Did you mean raw.snyk_issues\?"):
        query(lake, "select * from snyk_issues")


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("selec 1", "syntax error"),
        ("select nothing from raw.snyk_issues", "nothing"),
        ("select key::int from raw.snyk_issues", "Could not convert"),
        ("", "one statement that reads"),
        ("select * from a join b using (c)", "a does not exist|no table"),
    ],
)
def test_a_mistake_in_the_query_is_reported_in_the_words_of_duckdb(
    lake: Lake, issues: Table, sql: str, message: str
) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    with pytest.raises(QueryError, match=message):
        query(lake, sql)


@pytest.mark.parametrize(
    "sql",
    [
        *("drop view raw.snyk_issues", "drop table raw.snyk_issues", "create table x as select 1", "set threads = 1"),
        *("insert into raw.snyk_issues values (1)", "copy (select 1) to 'x.csv'", "attach 'x.duckdb'", "-- nothing"),
        "create table x as pivot raw.snyk_issues on key using count(*)",
        "copy (pivot raw.snyk_issues on key using count(*)) to 'x.csv'",
        "explain analyze copy (select 1) to 'x.csv'",
    ],
)
def test_only_statements_that_read_are_run(
    lake: Lake, issues: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sql: str
) -> None:
    monkeypatch.chdir(tmp_path)
    store(issues, MONDAY, Row("a", 1, 1))
    before = sorted(tmp_path.iterdir())
    with pytest.raises(QueryError, match="A query is one statement that reads: SELECT, "):
        query(lake, sql)
    assert sorted(tmp_path.iterdir()) == before


def test_several_statements_are_refused_rather_than_all_but_the_last_one_dropped(lake: Lake, issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    with pytest.raises(QueryError, match="These are 2 statements"):
        query(lake, "select 1; select 2")
    assert query(lake, "select 1 as one; -- and no more").to_pylist() == [{"one": 1}]


@pytest.mark.parametrize(
    "sql",
    [
        *("from raw.snyk_issues", "with a as (from raw.snyk_issues) from a", "values (1)", "table raw.snyk_issues"),
        *("pivot raw.snyk_issues on key using count(*);", "summarize raw.snyk_issues", "describe raw.snyk_issues"),
        "with a as (pivot raw.snyk_issues on key using count(*)) from a",
    ],
)
def test_every_statement_that_reads_is_run(lake: Lake, issues: Table, sql: str) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    assert query(lake, sql).num_rows > 0


def test_a_query_runs_again_if_a_file_is_removed_during_it(
    lake: Lake, issues: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(issues, MONDAY, Row("old", 1, 1))
    stale = issues.open()
    fresh = write_raw_file(issues, MONDAY, Row("new", 1, 2))
    issues.commit(lambda _: Commit([fresh], replace="everything"))
    assert stale is not None
    Path(issues.root.filesystem_path(f"{issues.path.folder}/{stale.files[0].path}")).unlink()
    versions = [stale]
    real = Table.open
    monkeypatch.setattr(Table, "open", lambda self, version=None: versions.pop() if versions else real(self, version))

    assert query_rows(lake, "select key from raw.snyk_issues") == [{"key": "new"}]


def test_a_missing_file_of_the_newest_version_is_an_error(lake: Lake) -> None:
    table = findings_table(lake)
    file = write_domain_file(table, MONDAY, "a")
    table.commit(lambda _: Commit([file], replace={MONDAY}))
    Path(table.root.filesystem_path(f"{table.path.folder}/{file.path}")).unlink()
    with pytest.raises(QueryError, match="No files found"):
        query(lake, "select * from findings")


def test_queries_work_while_a_sync_writes(lake: Lake, issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1), Row("b", 1, 2))
    writer = start_python(WRITER, lake)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "started\n"
    counts = []
    while writer.poll() is None:
        counts += [row["n"] for row in query_rows(lake, "select count(*) as n from raw.snyk_issues")]
    assert writer.returncode == 0
    assert all(count % 2 == 0 for count in counts)
    assert query_rows(lake, "select count(*) as n from raw.snyk_issues") == [{"n": 42}]


def test_a_query_writes_nothing_to_the_current_folder(
    lake: Lake, issues: Table, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    query_rows(lake, "from raw.snyk_issues")
    assert list((tmp_path / "elsewhere").iterdir()) == []
