"""Fields of records are read as texts, just as they were sent."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dazz_assets.http.json.json_fields import FieldReader, LiteralText

literals = st.sampled_from(
    ["0", "-0", "1", "-7", "12345678901234567890123", "1.0", "1.50", "1e3", "-0.0", "1E400", "true", "false", "null"]
)
quoted = st.sampled_from(["", "0", "-0", "1", "true", "null", "é", "\ud800"]).map(json.dumps)
others = st.sampled_from(["[1]", '{"a": 1}'])


def read_plainly(text: str) -> tuple[type[str], str] | None:
    """The rule, for one value: a string gives its text, other values but lists, objects and null theirs as sent."""
    if text[0] in "[{" or text == "null":
        return None
    if text[0] != '"':
        return LiteralText, text
    return str, json.loads(text).encode("utf-8", "backslashreplace").decode()


@given(st.lists(st.tuples(literals | quoted | others, literals | quoted | others), max_size=5))
def test_each_value_is_read_as_it_was_sent_whatever_stands_beside_it(values: list[tuple[str, str]]) -> None:
    records = [f'{{"id": {id_}, "more": {{"at": {at}}}, "x": [1]}}'.encode() for id_, at in values]
    found = FieldReader(["id", "more.at"]).read_columns(records)
    expected = [[read_plainly(text) for text in column] for column in zip(*values, strict=True)] or [[], []]
    assert [[None if value is None else (type(value), str(value)) for value in column] for column in found] == expected


@pytest.mark.parametrize("depth", [500, 5_000])
def test_a_record_that_is_nested_too_deeply_has_no_fields_and_spoils_no_other(depth: int) -> None:
    deep = b'{"id": 1, "x": ' + b"[" * depth + b"]" * depth + b"}"
    first, second = FieldReader(["id"]).read_columns([deep, b'{"id": 2}'])[0]
    assert (first, second) == (None if depth > 1_000 else "1", "2")
