"""A key or cursor field may have any name that JSON allows."""

import json

import pytest

from dazz_assets.http.json.json_fields import FieldReader

NAMES = ['quo"ted', "back\\slash", "line\nbreak", "tab\tbed", "@odata", "2fa", "class", "ünï", ""]


@pytest.mark.parametrize("name", NAMES)
def test_a_field_of_any_name_is_read_as_it_was_sent(name: str) -> None:
    path = name.replace(".", "\\.") or "plain"
    records = [json.dumps({path: value}).encode() for value in ("text", 7, None)]
    assert FieldReader([path]).read([*records, b"{}"]) == [("text",), ("7",), (None,), (None,)]


@pytest.mark.parametrize("name", NAMES[:4])
def test_one_of_several_fields_may_have_a_strange_name(name: str) -> None:
    record = json.dumps({name: {"id": "x"}, "at": 1.50}).encode()
    assert FieldReader([f"{name}.id", "at"]).read([record]) == [("x", "1.5")]
