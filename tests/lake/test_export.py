"""Results as files."""

import json
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from dazz_assets.lake import Lake, QueryError, Table, export
from tests.lake.rows import MONDAY, Row, store

SQL = "select key, fetched_at, 1.50::decimal(5,2) as price from raw.snyk_issues order by key"


@pytest.fixture
def filled(lake: Lake, issues: Table) -> Lake:
    store(issues, MONDAY, Row("a", 1, 1), Row('b,"', 1, 2))
    return lake


def test_csv(filled: Lake, tmp_path: Path) -> None:
    export(filled, SQL, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text().splitlines() == [
        "key,fetched_at,price",
        "a,2026-02-01T12:30:00.000000Z,1.50",
        '"b,""",2026-02-01T12:30:00.000000Z,1.50',
    ]


def test_json(filled: Lake, tmp_path: Path) -> None:
    export(filled, SQL, tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text()) == [
        {"key": "a", "fetched_at": "2026-02-01T12:30:00Z", "price": "1.50"},
        {"key": 'b,"', "fetched_at": "2026-02-01T12:30:00Z", "price": "1.50"},
    ]


def test_json_without_rows(filled: Lake, tmp_path: Path) -> None:
    export(filled, "from raw.snyk_issues where false", tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text()) == []


def test_parquet(filled: Lake, tmp_path: Path) -> None:
    export(filled, SQL, tmp_path / "out.PARQUET")
    assert pq.read_table(tmp_path / "out.PARQUET").column("key").to_pylist() == ["a", 'b,"']


def test_duckdb_replaces_a_file_that_is_there(filled: Lake, tmp_path: Path) -> None:
    path = tmp_path / "it's.duckdb"
    path.write_text("something else")
    export(filled, SQL, path)
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("select key from result order by key").fetchall() == [("a",), ('b,"',)]


def test_an_unknown_ending_is_refused_with_those_there_are(filled: Lake, tmp_path: Path) -> None:
    with pytest.raises(QueryError, match=r"out.xlsx has none of the endings .*\.csv, \.parquet, \.json, \.duckdb"):
        export(filled, SQL, tmp_path / "out.xlsx")


def test_a_folder_that_is_not_there_is_said(filled: Lake, tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="There is no folder"):
        export(filled, SQL, tmp_path / "nowhere" / "out.csv")


def test_a_query_that_fails_leaves_the_old_file_and_nothing_else(filled: Lake, tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("old")
    with pytest.raises(QueryError):
        export(filled, "select key::int from raw.snyk_issues", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["out.csv"]
