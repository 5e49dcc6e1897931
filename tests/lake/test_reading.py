"""Tables of the lake read in Python, by the names that a query uses."""

from __future__ import annotations

import gc
import sys

import pandas as pd
import pytest

from dazz_assets.lake import Lake, LakeError, NoLakeError, QueryError, Table
from tests.lake.rows import MONDAY, NEXT_MONDAY, Row, findings_table, publish, store


def test_a_domain_table_is_read_with_all_its_windows(lake: Lake) -> None:
    publish(findings_table(lake), {MONDAY: ["a"], NEXT_MONDAY: ["b"]})
    frame = lake.table("findings").to_pandas()
    assert isinstance(frame, pd.DataFrame)
    assert frame.sort_values("id")[["connection", "window_start", "id", "score"]].to_numpy().tolist() == [
        ["acme", pd.Timestamp(MONDAY).date(), "a", 1],
        ["acme", pd.Timestamp(NEXT_MONDAY).date(), "b", 1],
    ]


def test_a_raw_table_has_the_latest_version_of_each_record(lake: Lake, issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1), Row("b", 2, 2))
    store(issues, NEXT_MONDAY, Row("a", 10, 3))
    table = lake.table("raw.snyk_issues", columns=["key", "cursor"]).to_arrow()
    assert sorted(table.to_pylist(), key=str) == [{"key": "a", "cursor": "10"}, {"key": "b", "cursor": "2"}]


def test_rows_of_one_connection_can_be_selected(lake: Lake) -> None:
    publish(findings_table(lake), {MONDAY: ["a"]})
    publish(findings_table(lake, "o-hara"), {MONDAY: ["b"]})
    assert lake.table("findings", connection="o-hara", columns=["id"]).to_arrow().to_pylist() == [{"id": "b"}]
    assert lake.table("findings", connection="nobody's").to_arrow().num_rows == 0


def test_a_relation_can_be_queried_after_its_lake_is_deleted(lake: Lake) -> None:
    publish(findings_table(lake), {MONDAY: ["a", "b"]})
    relation = lake.table("findings").to_duckdb()
    del lake
    gc.collect()
    assert relation.filter("id = 'b'").project("id, window_start").fetchall() == [("b", MONDAY)]
    assert relation.aggregate("count(*)").fetchall() == [(2,)]


def test_each_call_reads_the_current_version(lake: Lake) -> None:
    publish(findings_table(lake), {MONDAY: ["a"]})
    table = lake.table("findings", columns=["id"])
    assert table.to_arrow().num_rows == 1
    publish(findings_table(lake), {NEXT_MONDAY: ["b"]})
    assert table.to_arrow().num_rows == 2


def test_an_unknown_table_or_column_is_an_error(lake: Lake) -> None:
    with pytest.raises(NoLakeError, match="dazz sync"):
        lake.table("findings").to_arrow()
    publish(findings_table(lake), {MONDAY: ["a"]})
    with pytest.raises(QueryError, match=r"no table finding in the lake\. Did you mean findings\?"):
        lake.table("finding").to_arrow()
    with pytest.raises(QueryError, match=r"no table raw\.x"):
        lake.table("raw.x").to_duckdb()
    with pytest.raises(QueryError, match="severity"):
        lake.table("findings", columns=["severity"]).to_arrow()


def test_names_are_quoted_in_the_query(lake: Lake) -> None:
    publish(findings_table(lake), {MONDAY: ["a"]})
    with pytest.raises(QueryError):
        lake.table('findings" where false --').to_arrow()
    with pytest.raises(QueryError):
        lake.table("findings", columns=["1 as one"]).to_arrow()


def test_the_error_without_pandas_says_how_to_install_it(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(findings_table(lake), {MONDAY: ["a"]})
    for name in [name for name in sys.modules if name.partition(".")[0] == "pandas"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(LakeError, match="pip install pandas"):
        lake.table("findings").to_pandas()
