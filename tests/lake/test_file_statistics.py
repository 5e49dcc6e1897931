"""The statistics in the log are correct: a wrong bound would hide rows from every reader that trusts it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from dazz_assets.lake import Commit, Lake, Table
from dazz_assets.lake.file_statistics import Statistics
from tests.lake.rows import MONDAY, Row, findings_table, make_schema, newest_version, store


def compute_statistics(name: str, values: pa.Array[Any]) -> dict[str, dict[str, object]]:
    table = pa.table({name: values})
    statistics = Statistics(table.schema, {})
    statistics.add(table)
    return statistics.to_document()


def test_row_counts_and_bounds_are_read_from_the_log(issues: Table) -> None:
    store(issues, MONDAY, Row("b", 7, 1), Row("a", 9, 2))
    (file,) = newest_version(issues).files
    assert (file.rows, file.min_values["key"], file.max_values["key"]) == (2, "a", "b")
    assert (file.min_values["cursor_at"], file.max_values["cursor_at"], file.null_counts["cursor_at"]) == (7, 9, 0)
    assert file.null_counts["problem"] == 2
    assert "problem" not in file.min_values
    assert file.window == MONDAY


def test_the_record_has_no_bounds(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    assert "record" not in newest_version(issues).files[0].min_values


def test_times_and_dates_are_read_without_loss(lake: Lake) -> None:
    schema = make_schema(seen=pa.timestamp("us", "UTC"), day=pa.date32())
    table = findings_table(lake, schema=schema)
    seen = datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)
    with table.new_file(MONDAY, fingerprint="f", inputs="i") as writer:
        writer.write(pa.table({"seen": [seen], "day": [date(2026, 1, 2)]}, schema=schema))
        file = writer.close()
    table.commit(lambda _: Commit([file], replace={MONDAY}))
    (logged,) = pa.table(newest_version(table).delta.get_add_actions(flatten=True)).to_pylist()
    assert (logged["min.seen"], logged["max.day"]) == (seen, date(2026, 1, 2))


@given(
    st.lists(
        st.text(max_size=5) | st.text(min_size=63, max_size=67) | st.just("x" * 64 + "\U0010ffff" + "y"),
        min_size=1,
        max_size=5,
    )
)
def test_bounds_of_strings_include_all_values_even_if_cut(values: list[str]) -> None:
    stats = compute_statistics("name", pa.array(values, pa.string()))
    assert all(str(stats["minValues"]["name"]).encode() <= value.encode() for value in values)
    if "name" in stats["maxValues"]:
        greatest = str(stats["maxValues"]["name"])
        assert all(greatest.encode() >= value.encode() for value in values)
        assert len(greatest) <= 65


def test_statistics_of_batches_are_combined() -> None:
    schema = pa.schema({"n": pa.int64()})
    statistics = Statistics(schema, {"fingerprint": "f"})
    for values in ([3, None], [None], [1]):
        statistics.add(pa.table({"n": pa.array(values, pa.int64())}))
    assert statistics.to_document() == {
        "numRecords": 4,
        "minValues": {"fingerprint": "f", "n": 1},
        "maxValues": {"fingerprint": "f", "n": 3},
        "nullCount": {"fingerprint": 0, "n": 2},
    }
