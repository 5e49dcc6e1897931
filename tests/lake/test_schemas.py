"""Which columns a table may have, and what a writer takes."""

import pyarrow as pa
import pytest

from dazz_assets.lake import Lake, LakeError, Table, check_schema
from tests.lake.rows import MODEL, MONDAY, Row, findings, raw_rows


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
def test_types_that_every_reader_agrees_on_are_allowed(kind: pa.DataType) -> None:
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
def test_other_types_are_refused_with_the_column_and_what_is_allowed(kind: pa.DataType) -> None:
    with pytest.raises(LakeError, match=r"Column 'x.*' of table findings is .*; the lake's types are string, bool"):
        check_schema(pa.schema({"x": kind}), "findings")


def test_every_field_is_nullable_so_that_it_may_become_optional(lake: Lake) -> None:
    strict = pa.schema([pa.field("x", pa.struct([pa.field("y", pa.string(), nullable=False)]), nullable=False)])
    checked = check_schema(strict, "findings")
    assert checked.field("x").nullable
    assert checked.field("x").type == pa.struct([("y", pa.string())])


@pytest.mark.parametrize("name", ["window_start", "fingerprint", "inputs", "integration", "Parser", "connection"])
def test_the_lakes_own_columns_are_no_model_s(lake: Lake, name: str) -> None:
    with pytest.raises(LakeError, match=f"columns that are the lake's own .*{name.lower()}"):
        findings(lake, schema=pa.schema({name: pa.string()}))


def test_columns_that_differ_in_case_only_are_refused() -> None:
    with pytest.raises(LakeError, match="'id' and 'ID' of table findings"):
        check_schema(pa.schema({"id": pa.string(), "ID": pa.string()}), "findings")


def test_rows_are_taken_by_name_whatever_their_order(lake: Lake) -> None:
    with findings(lake).new_file(MONDAY, fingerprint="f", inputs="i") as writer:
        writer.write(pa.table({"more": [0], "score": [1], "id": ["a"]}))
        assert writer.close().rows == 1


@pytest.mark.parametrize("rows", [pa.table({"id": ["a"]}), pa.table({"id": ["a"], "score": ["high"]})])
def test_rows_that_lack_a_column_or_have_another_type_are_refused(lake: Lake, rows: pa.Table) -> None:
    with (
        findings(lake).new_file(MONDAY, fingerprint="f", inputs="i") as writer,
        pytest.raises(LakeError, match=r"Rows that don't fit the table.*It takes id, score"),
    ):
        writer.write(rows)


def test_a_raw_row_has_a_key(issues: Table) -> None:
    rows = raw_rows([Row("a", 1, 1)])
    keyless = rows.set_column(0, "key", pa.nulls(1, pa.string()))
    with issues.new_file(MONDAY) as writer, pytest.raises(LakeError, match="Column 'key' must not be null"):
        writer.write(keyless)


@pytest.mark.parametrize("fingerprint", ["", "f" * 65])
def test_a_fingerprint_has_1_to_64_characters(lake: Lake, fingerprint: str) -> None:
    with pytest.raises(LakeError, match="A fingerprint has 1 to 64 characters"):
        findings(lake).new_file(MONDAY, fingerprint=fingerprint, inputs="i")


def test_a_quarantine_table_has_what_a_domain_table_has(lake: Lake) -> None:
    schema = lake.quarantine("snyk", "alerts", "acme").schema
    assert schema is not None
    assert schema.names[:3] == ["fingerprint", "inputs", "window_start"]
    assert {"stream", "key", "reason", "kind", "object_id"} <= set(schema.names)
    assert MODEL.names == ["id", "score"]
