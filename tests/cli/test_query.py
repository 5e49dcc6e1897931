"""`dazz query` reads the lake with SQL."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from tests.cli.conftest import Project, noon
from tests.cli.terminal import run_at_terminal

# As many columns as the table of findings has.
MANY_COLUMNS = ", ".join(f"'text number {number}' as column_{number}" for number in range(45))


def test_json_has_one_object_per_row_with_iso_times_and_decimals_as_strings(synced: Project) -> None:
    rows = synced.json("query", "select updated_at, cost, connection from tickets order by updated_at")
    assert len(rows) == 3
    assert rows[1]["updated_at"] == noon(10)
    assert isinstance(rows[1]["cost"], str)
    assert float(rows[1]["cost"]) == 0.1
    assert rows[1]["connection"] == "acme"


def test_raw_records_are_returned_as_sent(synced: Project) -> None:
    (row,) = synced.json("query", "select key, record from raw.incidents_services")
    assert row == {"key": "s1", "record": '{"id": "s1", "name": "Shop"}'}


def test_a_declared_table_exists_empty_from_the_first_sync(synced: Project) -> None:
    assert synced.json("query", "select * from quarantine") == []


def test_without_json_the_result_is_a_table(synced: Project) -> None:
    out = synced.run("query", "select service, count(*) as n from tickets group by all").out
    header, _, row = (line.split() for line in out.splitlines())
    assert (header, row) == (["service", "n"], ["Shop", "3"])


@pytest.mark.parametrize("width", [80, 120, 180])
def test_more_columns_than_fit_a_terminal_are_lines_of_column_and_value(synced: Project, width: int) -> None:
    sql = f"select {MANY_COLUMNS}, null as nothing from tickets limit 2"
    lines = run_at_terminal(synced.command("query", sql), synced.env, width=width).splitlines()
    row = [*(f"  column_{number}: text number {number}" for number in range(45)), "  nothing:", ""]
    assert lines == ["row 1 of 2", *row, "row 2 of 2", *row]


def test_columns_that_fit_a_terminal_stay_a_table_whose_words_are_whole(synced: Project) -> None:
    sql = "select service, repeat('word ', 30) as text, cast('2026-01-31T10:00:00Z' as text) as at from tickets limit 1"
    lines = run_at_terminal(synced.command("query", sql), synced.env, width=80).splitlines()
    assert lines[0].split() == ["service", "text", "at"]
    assert max(map(len, lines)) <= 80
    assert [word for line in lines[2:] for word in line.split() if word != "word"] == ["Shop", "2026-01-31T10:00:00Z"]


def test_columns_that_just_fit_a_terminal_stand_close_together(synced: Project) -> None:
    columns = ", ".join(f"'seven_{number}' as name_{number}" for number in range(9))
    header, _, row = run_at_terminal(
        synced.command("query", f"select {columns} from tickets limit 1"), synced.env, width=80
    ).splitlines()
    assert header.split() == [f"name_{number}" for number in range(9)]
    assert row.split() == [f"seven_{number}" for number in range(9)]


def test_a_table_without_rows_that_does_not_fit_a_terminal_names_its_columns(synced: Project) -> None:
    sql = f"select {MANY_COLUMNS} from tickets limit 0"
    out = run_at_terminal(synced.command("query", sql), synced.env, width=80)
    assert out.replace("\n", "").startswith("No rows. The columns are column_0, column_1, ")


def test_in_a_pipe_any_number_of_columns_is_a_table(synced: Project) -> None:
    header, _, row = synced.run("query", f"select {MANY_COLUMNS} from tickets limit 1").out.splitlines()
    assert header.split() == [f"column_{number}" for number in range(45)]
    assert row.split("   ")[-1].strip() == "text number 44"


def test_numbers_are_shown_as_they_are(synced: Project) -> None:
    out = synced.run("query", "select 2002 as class_uid, 12345.678::double as exact, 0.00001234::double as small").out
    assert out.splitlines()[-1].split() == ["2002", "12345.678", "1.234e-05"]


@pytest.mark.parametrize("sql", ["drop view tickets", "drop table tickets", "create table x as select 1"])
def test_a_statement_that_does_not_read_is_refused_in_one_sentence(synced: Project, sql: str) -> None:
    result = synced.run("query", sql, status=2)
    assert result.out == ""
    assert result.err == (
        "Error: A query is one statement that reads: SELECT, WITH, FROM, VALUES, PIVOT, DESCRIBE, SUMMARIZE or SHOW.\n"
    )


def test_control_characters_from_the_vendor_do_not_reach_the_terminal(synced: Project) -> None:
    out = synced.run("query", "select 'a' || chr(27) || '[31m[bold]b' as title from tickets limit 1").out
    assert "\x1b" not in out
    assert "a [31m[bold]b" in out


@pytest.mark.parametrize("ending", ["csv", "parquet", "json", "duckdb"])
def test_the_extension_of_the_output_file_is_its_format(synced: Project, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"tickets.{ending}"
    synced.run("query", "select service, cost from tickets", "--output", str(path))
    if ending == "json":
        rows = len(json.loads(path.read_text(encoding="utf-8")))
    elif ending == "duckdb":
        with duckdb.connect(str(path), read_only=True) as database:
            rows = len(database.execute("select * from result").fetchall())
    else:
        rows = len(duckdb.execute(f"select * from '{path}'").fetchall())
    assert rows == 3


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("selec 1", "syntax error"),
        ("select * from ticket", "There is no table ticket in the lake. Did you mean tickets?"),
        ("select nothing from tickets", "nothing"),
    ],
    ids=["syntax", "table", "column"],
)
def test_a_mistake_in_the_query_is_reported_on_one_line(synced: Project, sql: str, message: str) -> None:
    result = synced.run("query", sql, status=2)
    assert message in result.err
    assert len(result.err.splitlines()) == 1
    assert result.out == ""


def test_an_unknown_extension_and_an_empty_lake_are_wrong_usage(
    synced: Project, project: Project, tmp_path: Path
) -> None:
    assert (
        "unknown suffix"
        in synced.run("query", "select 1 from tickets", "--output", str(tmp_path / "x.txt"), status=2).err
    )
    assert "run `dazz sync` first" in project.run("query", "select * from tickets", status=2).err
