"""The columns that a table may have, and the rows that a writer accepts."""

import pyarrow as pa
import pytest

from dazz_assets.lake import Lake, LakeError, Table, check_schema
from tests.lake.rows import MODEL, MONDAY, Row, findings_table, make_raw_rows


@pytest.mark.parametrize(
    "kind",
    [
        pa.string(),
        pa.bool_(),
        pa.int64(),
        pa.float64(),
        pa.decimal128(38, 10),
        pa.timestamp("us", "UTC"),
        pa.date32(),
        pa.list_(pa.struct([("a", pa.list_(pa.string()))])),
        pa.struct([("a", pa.int64()), ("b", pa.struct([("c", pa.date32())]))]),
    ],
    ids=str,
)
def test_types_that_every_reader_supports_are_allowed(kind: pa.DataType) -> None:
    assert check_schema(pa.schema({"x": kind}), "findings").field("x").type == kind


@pytest.mark.parametrize(
    "kind",
    [
        pa.timestamp("ns", "UTC"),
        pa.timestamp("us"),
        pa.timestamp("us", "Europe/Berlin"),
        pa.uint8(),
        pa.int32(),
        pa.float32(),
        pa.duration("us"),
        pa.struct([]),
        pa.binary(),
        pa.large_string(),
        pa.decimal256(40, 2),
        pa.map_(pa.string(), pa.string()),
        pa.list_(pa.uint64()),
        pa.struct([("a", pa.time64("us"))]),
    ],
    ids=str,
)
def test_the_error_for_another_type_names_the_column_and_the_allowed_types(kind: pa.DataType) -> None:
    with pytest.raises(LakeError, match=r"Column 'x.*' of table findings is .*; the lake stores string, bool"):
        check_schema(pa.schema({"x": kind}), "findings")


def test_every_field_is_nullable_so_that_it_can_become_optional(lake: Lake) -> None:
    strict = pa.schema([pa.field("x", pa.struct([pa.field("y", pa.string(), nullable=False)]), nullable=False)])
    checked = check_schema(strict, "findings")
    assert checked.field("x").nullable
    assert checked.field("x").type == pa.struct([("y", pa.string())])


@pytest.mark.parametrize("name", ["window_start", "fingerprint", "inputs", "integration", "Parser", "connection"])
def test_a_model_has_no_column_of_the_lake(lake: Lake, name: str) -> None:
    with pytest.raises(LakeError, match=f"columns that the lake adds .*{name.lower()}"):
        findings_table(lake, schema=pa.schema({name: pa.string()}))


def test_columns_that_differ_only_in_case_are_refused() -> None:
    with pytest.raises(LakeError, match="'id' and 'ID' of table findings"):
        check_schema(pa.schema({"id": pa.string(), "ID": pa.string()}), "findings")


def test_columns_are_written_by_name_in_any_order(lake: Lake) -> None:
    with findings_table(lake).new_file(MONDAY, fingerprint="f", inputs="i") as writer:
        writer.write(pa.table({"more": [0], "score": [1], "id": ["a"]}))
        assert writer.close().rows == 1


@pytest.mark.parametrize("rows", [pa.table({"id": ["a"]}), pa.table({"id": ["a"], "score": ["high"]})])
def test_rows_that_lack_a_column_or_have_another_type_are_refused(lake: Lake, rows: pa.Table) -> None:
    with (
        findings_table(lake).new_file(MONDAY, fingerprint="f", inputs="i") as writer,
        pytest.raises(LakeError, match=r"Rows don't fit the table.*The table takes id, score"),
    ):
        writer.write(rows)


def test_a_raw_row_without_a_key_is_refused(issues: Table) -> None:
    rows = make_raw_rows([Row("a", 1, 1)])
    keyless = rows.set_column(0, "key", pa.nulls(1, pa.string()))
    with issues.new_file(MONDAY) as writer, pytest.raises(LakeError, match="Column 'key' must not be null"):
        writer.write(keyless)


@pytest.mark.parametrize("fingerprint", ["", "f" * 65])
def test_a_fingerprint_has_1_to_64_characters(lake: Lake, fingerprint: str) -> None:
    with pytest.raises(LakeError, match="A fingerprint has 1 to 64 characters"):
        findings_table(lake).new_file(MONDAY, fingerprint=fingerprint, inputs="i")


def test_a_quarantine_table_has_the_lakes_columns_and_its_own(lake: Lake) -> None:
    schema = lake.quarantine("snyk", "alerts", "acme").schema
    assert schema is not None
    assert schema.names[:3] == ["fingerprint", "inputs", "window_start"]
    assert {"stream", "key", "reason", "kind", "object_id"} <= set(schema.names)
    assert MODEL.names == ["id", "score"]
