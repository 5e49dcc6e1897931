"""SQL over the lake, as `dazz query` asks it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dazz_assets.lake import Commit, Lake, NoLake, QueryError, Table, json_rows, query
from tests.lake.rows import MODEL, MONDAY, NEXT_MONDAY, Row, domain_file, findings, publish, python, raw_file, store

WRITER = """
import sys
from dazz_assets.lake import Lake
from tests.lake.rows import MONDAY, Row, store

table = Lake(sys.argv[1]).raw("snyk", "issues", "acme", windowed=True)
print("started", flush=True)
for number in range(20):
    store(table, MONDAY, Row(f"w{number}", 1, 100 + 2 * number), Row(f"v{number}", 1, 101 + 2 * number))
"""


def ask(lake: Lake, sql: str) -> list[dict[str, Any]]:
    return list(json_rows(query(lake, sql)))


def test_raw_is_the_latest_state_one_row_a_key_over_all_connections(lake: Lake, issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1), Row("b", 2, 2))
    store(issues, NEXT_MONDAY, Row("a", 10, 3))
    store(lake.raw("snyk", "issues", "123", windowed=True), MONDAY, Row("a", 1, 1))

    assert ask(lake, "select connection, key, cursor, record from raw.snyk_issues order by all") == [
        {"connection": "123", "key": "a", "cursor": "1", "record": Row("a", 1, 1).record},
        {"connection": "acme", "key": "a", "cursor": "10", "record": Row("a", 10, 3).record},
        {"connection": "acme", "key": "b", "cursor": "2", "record": Row("b", 2, 2).record},
    ]
    assert query(lake, "from raw.snyk_issues").column_names == ["connection", "key", "cursor", "fetched_at", "record"]


def test_names_with_underscores_are_found(lake: Lake) -> None:
    store(lake.raw("github", "dependabot_alerts", "acme", windowed=True), MONDAY, Row("a", 1, 1))
    store(lake.raw("git_hub", "alerts", "acme", windowed=False), None, Row("b", None, 1))
    assert ask(lake, "select key from raw.github_dependabot_alerts") == [{"key": "a"}]
    assert ask(lake, "select key from RAW.Git_Hub_Alerts") == [{"key": "b"}]


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
    assert ask(lake, sql) == [{"key": "a"}]


def test_a_name_that_two_streams_share_is_refused(lake: Lake) -> None:
    store(lake.raw("a", "b_c", "acme", windowed=False), None, Row("k", None, 1))
    store(lake.raw("a_b", "c", "acme", windowed=False), None, Row("k", None, 1))
    with pytest.raises(QueryError, match=r"raw\.a_b_c could be any of the streams a/b_c and a_b/c"):
        query(lake, "from raw.a_b_c")


def test_a_stream_stored_with_windows_for_one_connection_and_without_for_another_is_one_view(lake: Lake) -> None:
    store(lake.raw("snyk", "issues", "old", windowed=False), None, Row("a", None, 1))
    store(lake.raw("snyk", "issues", "new", windowed=True), MONDAY, Row("a", 1, 1))
    assert ask(lake, "select connection from raw.snyk_issues order by 1") == [
        {"connection": "new"},
        {"connection": "old"},
    ]


def test_a_domain_table_spans_integrations_parsers_and_connections(lake: Lake) -> None:
    publish(findings(lake, "acme"), {MONDAY: ["a"]})
    publish(findings(lake, "007"), {None: ["b"]})
    publish(lake.domain("findings", "github", "alerts", "acme", MODEL), {MONDAY: ["c"]})

    found = ask(lake, "select * from findings order by id")
    assert [tuple(row.values()) for row in found] == [
        ("snyk", "acme", "alerts", "2026-01-05", "i", "a", 1),
        ("snyk", "007", "alerts", None, "i", "b", 1),
        ("github", "acme", "alerts", "2026-01-05", "i", "c", 1),
    ]
    assert list(found[0]) == ["integration", "connection", "parser", "window_start", "inputs", "id", "score"]


def test_a_column_that_only_some_tables_have_is_null_in_the_others(lake: Lake) -> None:
    publish(findings(lake, "old"), {MONDAY: ["a"]})
    wider = findings(lake, "new", schema=MODEL.append(pa.field("place", pa.struct([("file", pa.string())]))))
    with wider.new_file(MONDAY, fingerprint="f", inputs="i") as writer:
        writer.write(pa.table({"id": ["b"], "score": [2], "place": [{"file": "x.py"}]}))
        file = writer.close()
    wider.commit(lambda _: Commit([file], replace={MONDAY}))

    assert ask(lake, "select id, place.file as file from findings order by id") == [
        {"id": "a", "file": None},
        {"id": "b", "file": "x.py"},
    ]


def test_declared_tables_without_rows_are_empty_and_have_their_columns(lake: Lake) -> None:
    findings(lake).commit(lambda _: Commit())
    lake.raw("snyk", "issues", "acme", windowed=True).commit(lambda _: Commit())
    lake.quarantine("snyk", "alerts", "acme").commit(lambda _: Commit())

    assert ask(lake, "select id, score + 1 as more, window_start from findings") == []
    assert ask(lake, "select * from raw.snyk_issues where fetched_at > now() - interval 1 day") == []
    assert ask(lake, "select reason from quarantine where connection = 'acme'") == []
    assert ask(lake, "select typeof(any_value(score)) as t, count(*) as n from findings") == [{"t": "BIGINT", "n": 0}]


def test_times_are_iso_8601_decimals_strings_and_sums_numbers(lake: Lake, issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    sql = """
        select fetched_at, 1.50::decimal(5,2) as price, sum(7) as total, {'at': fetched_at} as nested
        from raw.snyk_issues group by 1"""
    assert ask(lake, sql) == [
        {"fetched_at": "2026-02-01T12:30:00Z", "price": "1.50", "total": 7, "nested": {"at": "2026-02-01T12:30:00Z"}}
    ]


def test_two_columns_of_one_name_are_both_there(lake: Lake, issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    assert ask(lake, "select 1 as id, 2 as id, 3 as id_1 from raw.snyk_issues") == [{"id": 1, "id_1": 2, "id_1_1": 3}]


def test_tables_can_be_listed_and_described(lake: Lake, issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    publish(findings(lake), {MONDAY: ["a"]})
    assert {row["name"] for row in ask(lake, "show all tables")} == {"findings", "snyk_issues"}
    assert [row["column_name"] for row in ask(lake, "describe findings")][-2:] == ["id", "score"]


def test_before_the_first_sync_it_says_so(lake: Lake) -> None:
    with pytest.raises(NoLake, match=r"nothing in the lake at .* yet: sync first"):
        query(lake, "select 1")


def test_an_unknown_table_is_answered_with_those_there_are(lake: Lake, issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    publish(findings(lake), {MONDAY: ["a"]})
    with pytest.raises(
        QueryError,
        match=r"There is no table finding in the lake. Did you mean findings\? There are: findings, raw.snyk_issues",
    ):
        query(lake, "select * from finding")
    with pytest.raises(QueryError, match=r"no table snyk_issues .* Did you mean raw.snyk_issues\?"):
        query(lake, "select * from snyk_issues")


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("selec 1", "syntax error"),
        ("select nothing from raw.snyk_issues", "nothing"),
        ("select key::int from raw.snyk_issues", "Could not convert"),
        ("", "returns no rows"),
        ("select * from a join b using (c)", "a does not exist|no table"),
    ],
)
def test_a_mistake_in_the_query_is_said_as_duckdb_says_it(lake: Lake, issues: Table, sql: str, says: str) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    with pytest.raises(QueryError, match=says):
        query(lake, sql)


def test_a_file_that_vanished_under_the_query_is_looked_for_once_more(
    lake: Lake, issues: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(issues, MONDAY, Row("old", 1, 1))
    stale = issues.open()
    fresh = raw_file(issues, MONDAY, Row("new", 1, 2))
    issues.commit(lambda _: Commit([fresh], replace="everything"))
    assert stale is not None
    Path(issues.location.inside(f"{issues.place.folder}/{stale.files[0].path}")).unlink()
    listed = [stale]
    real = Table.open
    monkeypatch.setattr(Table, "open", lambda self, version=None: listed.pop() if listed else real(self, version))

    assert ask(lake, "select key from raw.snyk_issues") == [{"key": "new"}]


def test_a_file_that_is_really_gone_is_an_error(lake: Lake) -> None:
    table = findings(lake)
    file = domain_file(table, MONDAY, "a")
    table.commit(lambda _: Commit([file], replace={MONDAY}))
    Path(table.location.inside(f"{table.place.folder}/{file.path}")).unlink()
    with pytest.raises(QueryError, match="No files found"):
        query(lake, "select * from findings")


def test_queries_go_on_while_a_sync_writes(lake: Lake, issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1), Row("b", 1, 2))
    writer = python(WRITER, lake)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "started\n"
    counts = []
    while writer.poll() is None:
        counts += [row["n"] for row in ask(lake, "select count(*) as n from raw.snyk_issues")]
    assert writer.returncode == 0
    assert all(count % 2 == 0 for count in counts)
    assert ask(lake, "select count(*) as n from raw.snyk_issues") == [{"n": 42}]


def test_nothing_is_written_beside_the_lake(
    lake: Lake, issues: Table, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    ask(lake, "from raw.snyk_issues")
    assert list((tmp_path / "elsewhere").iterdir()) == []
