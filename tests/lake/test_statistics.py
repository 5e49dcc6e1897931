"""The statistics in the log are right: a bound that is wrong would hide rows from every reader that trusts it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from dazz_assets.lake import Commit, Lake, Table
from dazz_assets.lake.files import Statistics
from tests.lake.rows import MONDAY, Row, findings, opened, schema_of, store


def stats_of(name: str, values: pa.Array[Any]) -> dict[str, dict[str, object]]:
    table = pa.table({name: values})
    statistics = Statistics(table.schema, {})
    statistics.add(table)
    parsed: dict[str, dict[str, object]] = json.loads(statistics.json())
    return parsed


def test_rows_and_bounds_are_read_back_from_the_log(issues: Table) -> None:
    store(issues, MONDAY, Row("b", 7, 1), Row("a", 9, 2))
    (file,) = opened(issues).files
    assert (file.rows, file.least["key"], file.greatest["key"]) == (2, "a", "b")
    assert (file.least["cursor_at"], file.greatest["cursor_at"], file.nulls["cursor_at"]) == (7, 9, 0)
    assert file.nulls["problem"] == 2
    assert "problem" not in file.least
    assert file.window == MONDAY


def test_the_record_has_no_bounds(issues: Table) -> None:
    store(issues, MONDAY, Row("a", 1, 1))
    assert "record" not in opened(issues).files[0].least


def test_times_and_dates_are_read_back_whole(lake: Lake) -> None:
    schema = schema_of(seen=pa.timestamp("us", "UTC"), day=pa.date32())
    table = findings(lake, schema=schema)
    seen = datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)
    with table.new_file(MONDAY, fingerprint="f", inputs="i") as writer:
        writer.write(pa.table({"seen": [seen], "day": [date(2026, 1, 2)]}, schema=schema))
        file = writer.close()
    table.commit(lambda _: Commit([file], replace={MONDAY}))
    (stored,) = opened(table).files
    assert (stored.least["seen"], stored.greatest["day"]) == (seen, date(2026, 1, 2))


@given(
    st.lists(
        st.text(max_size=5) | st.text(min_size=63, max_size=67) | st.just("x" * 64 + "\U0010ffff" + "y"),
        min_size=1,
        max_size=5,
    )
)
def test_bounds_of_strings_hold_all_values_however_they_were_cut(values: list[str]) -> None:
    stats = stats_of("name", pa.array(values, pa.string()))
    assert all(str(stats["minValues"]["name"]).encode() <= value.encode() for value in values)
    if "name" in stats["maxValues"]:
        greatest = str(stats["maxValues"]["name"])
        assert all(greatest.encode() >= value.encode() for value in values)
        assert len(greatest) <= 65


def test_batches_are_added_up() -> None:
    schema = pa.schema({"n": pa.int64()})
    statistics = Statistics(schema, {"fingerprint": "f"})
    for values in ([3, None], [None], [1]):
        statistics.add(pa.table({"n": pa.array(values, pa.int64())}))
    assert json.loads(statistics.json()) == {
        "numRecords": 4,
        "minValues": {"fingerprint": "f", "n": 1},
        "maxValues": {"fingerprint": "f", "n": 3},
        "nullCount": {"fingerprint": 0, "n": 2},
    }
