"""Export of query results to files."""

import json
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from dazz_assets.lake import Lake, QueryError, Table, export
from tests.lake.rows import MONDAY, Row, store

SQL = "select key, fetched_at, 1.50::decimal(5,2) as price from raw.snyk_issues order by key"


@pytest.fixture
def lake_with_issues(lake: Lake, issues: Table) -> Lake:
    store(issues, MONDAY, Row("a", 1, 1), Row('b,"', 1, 2))
    return lake


def test_csv_has_iso_times_and_quoted_values(lake_with_issues: Lake, tmp_path: Path) -> None:
    export(lake_with_issues, SQL, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text().splitlines() == [
        "key,fetched_at,price",
        "a,2026-02-01T12:30:00.000000Z,1.50",
        '"b,""",2026-02-01T12:30:00.000000Z,1.50',
    ]


def test_json_is_a_list_of_objects(lake_with_issues: Lake, tmp_path: Path) -> None:
    export(lake_with_issues, SQL, tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text()) == [
        {"key": "a", "fetched_at": "2026-02-01T12:30:00Z", "price": "1.50"},
        {"key": 'b,"', "fetched_at": "2026-02-01T12:30:00Z", "price": "1.50"},
    ]


def test_json_without_rows(lake_with_issues: Lake, tmp_path: Path) -> None:
    export(lake_with_issues, "from raw.snyk_issues where false", tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text()) == []


def test_parquet_whatever_the_case_of_the_suffix(lake_with_issues: Lake, tmp_path: Path) -> None:
    export(lake_with_issues, SQL, tmp_path / "out.PARQUET")
    assert pq.read_table(tmp_path / "out.PARQUET").column("key").to_pylist() == ["a", 'b,"']


def test_duckdb_replaces_an_existing_file(lake_with_issues: Lake, tmp_path: Path) -> None:
    path = tmp_path / "it's.duckdb"
    path.write_text("something else")
    export(lake_with_issues, SQL, path)
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("select key from result order by key").fetchall() == [("a",), ('b,"',)]


def test_an_unknown_suffix_is_refused_with_the_known_ones(lake_with_issues: Lake, tmp_path: Path) -> None:
    with pytest.raises(
        QueryError, match=r"out.xlsx has an unknown suffix; use one of \.csv, \.parquet, \.json, \.duckdb"
    ):
        export(lake_with_issues, SQL, tmp_path / "out.xlsx")


def test_a_folder_that_does_not_exist_is_an_error(lake_with_issues: Lake, tmp_path: Path) -> None:
    with pytest.raises(QueryError, match=r"the folder .* does not exist"):
        export(lake_with_issues, SQL, tmp_path / "nowhere" / "out.csv")


def test_a_query_that_fails_keeps_the_old_file_and_leaves_no_other(lake_with_issues: Lake, tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("old")
    with pytest.raises(QueryError):
        export(lake_with_issues, "select key::int from raw.snyk_issues", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["out.csv"]
