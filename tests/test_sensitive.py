"""Sensitive fields of a record are hidden by their paths, in any shape, and everything else stays as it was sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dazz_assets.sensitive import HIDDEN, SensitiveFields


def hide(record: Any, *sensitive: str, **settings: Any) -> Any:
    return json.loads(SensitiveFields(sensitive, **settings).hide(json.dumps(record)))


@pytest.mark.parametrize(
    ("sensitive", "record", "shown"),
    [
        ("a", {"a": "x", "b": 1}, {"a": HIDDEN, "b": 1}),
        ("a", {"a": 7}, {"a": HIDDEN}),
        ("a", {"a": True}, {"a": HIDDEN}),
        ("a", {"a": {"b": [1]}}, {"a": HIDDEN}),
        ("a", {"a": None}, {"a": None}),
        ("a", {"b": {"a": "x"}}, {"b": {"a": "x"}}),
        ("a.b", {"a": {"b": "x", "c": "y"}}, {"a": {"b": HIDDEN, "c": "y"}}),
        ("a.b", {"a": [{"b": "x"}, [{"b": "y"}], "z"]}, {"a": [{"b": HIDDEN}, [{"b": HIDDEN}], "z"]}),
        ("a.0.b", {"a": [{"b": "x"}, {"b": "y"}]}, {"a": [{"b": HIDDEN}, {"b": HIDDEN}]}),
        ("a.b", {"a": {"12": {"b": "x"}}}, {"a": {"12": {"b": HIDDEN}}}),
        ("a.*", {"a": {"x": 1, "y": 2}}, {"a": HIDDEN}),
        ("a.*.b", {"a": {"x": {"b": 1, "c": 2}, "y": 3}}, {"a": {"x": {"b": HIDDEN, "c": 2}, "y": 3}}),
        ("*.b", {"a": {"b": 1}, "b": 2}, {"a": {"b": HIDDEN}, "b": 2}),
        ("*", {"a": 1}, HIDDEN),
        (r"a\.b", {"a.b": 1, "a": {"b": 2}}, {"a.b": HIDDEN, "a": {"b": 2}}),
        ("ä", {"ä": 1, "ö": "ü"}, {"ä": HIDDEN, "ö": "ü"}),
        ("a", ["x"], ["x"]),
        ("a", "x", "x"),
    ],
)
def test_what_is_hidden(sensitive: str, record: Any, shown: Any) -> None:
    assert hide(record, sensitive) == shown


def test_several_fields_in_a_page_by_the_path_of_its_records() -> None:
    page = {"data": {"items": [{"node": {"a": 1, "b": {"c": 2}, "d": 3}}]}, "a": 4}
    shown = {"data": {"items": [{"node": {"a": HIDDEN, "b": {"c": HIDDEN}, "d": 3}}]}, "a": 4}
    assert hide(page, "a", "b.c", above=("data", "items", "node")) == shown


def test_anywhere() -> None:
    page = {"x": [{"a": {"b": 1}}], "a": {"b": 2, "c": 3}}
    assert hide(page, "a.b", anywhere=True) == {"x": [{"a": {"b": HIDDEN}}], "a": {"b": HIDDEN, "c": 3}}


@pytest.mark.parametrize("text", ['{"a": "x"', '{"a": NaN, "b": 1}', "a: x", "", '{"b": 1} {"a": "x"}', '{"a": "x}'])
def test_what_can_not_be_read_is_hidden_whole(text: str) -> None:
    assert json.loads(SensitiveFields(["a"]).hide(text)) == HIDDEN


def test_of_a_repeated_member_none_is_shown() -> None:
    assert SensitiveFields(["a"]).hide('{"a": "x", "a": "y"}') == f'{{"a":"{HIDDEN}"}}'


def test_numbers_are_left_as_they_were_sent() -> None:
    text = '{"n":1.00,"m":1e400,"big":123456789012345678901234567890,"u":"\\u00e9"}'
    assert SensitiveFields(["a"]).hide(text) == text


def test_kinds_can_be_kept() -> None:
    record = {"s": "x", "n": 12, "f": 0.5, "t": True, "l": [1], "o": {"k": 1}, "z": None, "kept": "y"}
    fields = SensitiveFields(["s", "n", "f", "t", "l", "o", "z"])
    assert json.loads(fields.hide_keeping_kinds(json.dumps(record))) == {
        "s": HIDDEN,
        "n": 0,
        "f": 0,
        "t": False,
        "l": [],
        "o": {},
        "z": None,
        "kept": "y",
    }


def test_lists_and_objects_can_be_emptied() -> None:
    record = {"a": {"LEAK": 1}, "b": [{"c": ["LEAK"], "d": 1}], "e": 2, "f": None}
    pruned = SensitiveFields(["a.*", "b.c", "e", "f"]).prune(record)
    assert pruned == {"a": {}, "b": [{"c": [], "d": 1}], "e": 2, "f": None}


NAMES = st.sampled_from(["a", "b", "c", "7", "x.y"])
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text("äöxyz")),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=12,
)


def plant(value: Any, path: list[str], secret: Any) -> Any:
    """The value with a secret at a path: in each item of a list on the way, and in a new object if there is none."""
    if not path:
        return secret
    if isinstance(value, list) and value:
        return [plant(item, path, secret) for item in value]
    members = value if isinstance(value, dict) else {}
    return {**members, path[0]: plant(members.get(path[0]), path[1:], secret)}


@given(VALUES, st.lists(st.sampled_from(["a", "b", "c", "x.y"]), min_size=1, max_size=3), st.booleans())
def test_a_secret_is_found_wherever_it_is_planted(record: Any, path: list[str], as_number: bool) -> None:
    secret = 918273645546372819 if as_number else "LEAK7f31"
    declared = ".".join(name.replace(".", r"\.") for name in path)
    planted = json.dumps(plant(record, path, secret))
    assert str(secret) in planted
    for hidden in (
        SensitiveFields([declared]).hide(planted),
        SensitiveFields([declared]).hide_keeping_kinds(planted),
        SensitiveFields([declared], anywhere=True).hide(planted),
    ):
        assert str(secret) not in hidden
    found = SensitiveFields([declared]).find_texts(planted.encode(), with_names=False)
    assert str(secret) in found


@given(VALUES)
def test_records_without_the_field_stay(record: Any) -> None:
    assert hide(record, "absent", "a.absent") == record
