"""Drift of a vendor's records: fields that are new, changed or gone are reported once."""

import json
from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dazz_assets.extract.drift import RecordShape, ShapeField
from tests.extract.column_pages import read_page
from tests.help_desk_vendor import Customer, Desk


@pytest.fixture
def many(desk: Desk, customer: Customer) -> Customer:
    for number in range(10, 40):
        desk.put(number, f"2026-02-{number - 9:02}T00:00:00Z", score=1, owner={"name": "x"}, tags=["a"])
    for number in (1, 2, 3, 4):
        del desk.tickets[number]
    customer.sync()
    return customer


def _sync_with(desk: Desk, customer: Customer, **changes: Any) -> list[str]:
    for number in range(10, 40):
        desk.put(
            number,
            f"2026-04-{number - 9:02}T00:00:00Z",
            **{"score": 1, "owner": {"name": "x"}, "tags": ["a"], **changes},
        )
    return customer.sync("tickets")["tickets"].drift


def test_the_first_sync_has_no_drift(customer: Customer) -> None:
    assert customer.sync()["tickets"].drift == []


@pytest.mark.parametrize(
    ("changes", "drift"),
    [
        ({}, []),
        ({"score": None}, []),
        ({"score": 1.5}, ["score: number, was integer"]),
        ({"owner": {"name": "x", "mail": "y"}}, ["owner.mail: new, text"]),
        ({"owner": "x"}, ["owner.name: gone, was in every record", "owner: text, was object"]),
        ({"tags": [1]}, ["tags[]: integer, was text"]),
    ],
)
def test_fields_that_are_new_changed_or_gone_are_named(
    changes: dict[str, Any], drift: list[str], desk: Desk, many: Customer
) -> None:
    assert _sync_with(desk, many, **changes) == drift


def test_drift_is_reported_once(desk: Desk, many: Customer) -> None:
    assert _sync_with(desk, many, more="x") == ["more: new, text"]
    desk.put(10, "2026-06-01T00:00:00Z", score=1, owner={"name": "x"}, tags=["a"], more="x")
    assert many.sync("tickets")["tickets"].drift == []


def test_the_keys_of_an_object_with_many_members_are_not_fields(desk: Desk, many: Customer) -> None:
    assert _sync_with(desk, many, map={str(number): 1 for number in range(100)}) == [
        "map.*: new, integer",
        "map: new, object",
    ]


NAMES = ("a", "b", 'a"b', "a\\", '\\"', "a: ", "é", "", "[]", 'a":1,"b')
LEAVES: tuple[Any, ...] = (
    *(None, True, False, 0, -7, 10**30, 0.5, 1e300, -1e-300, "", "a", "é", "\ud800"),
    *(
        'a": 1, "b',
        "\\",
        '\\"',
        '\\\\"',
        "[]",
        "{}",
        [],
        {},
        [1],
        [""],
        [[]],
        [{}],
        {"": 1},
        {"a": 1},
        {"a": []},
        [1, 2],
        [1, 2, 3, 4, 5, ""],
    ),
)
LAYOUTS: tuple[dict[str, Any], ...] = ({}, {"separators": (",", ":")}, {"indent": 1}, {"ensure_ascii": False})


def as_text(record: dict[str, Any], layout: dict[str, Any]) -> bytes:
    return json.dumps({"id": "x", **record}, **layout).encode("utf-8", "replace")


def shape_of(texts: Sequence[bytes]) -> dict[str, ShapeField]:
    """The shape of these records, at most 40, in two pages."""
    shape = RecordShape()
    shape.add(read_page(texts[:20]))
    shape.add(read_page(texts[20:]))
    return shape.merge_into({})


def read_alone(texts: Sequence[bytes]) -> dict[str, ShapeField]:
    """The same, with each record parsed."""
    expected: dict[str, ShapeField] = {}
    for text in texts:
        for path, kind in dict(_list_fields(json.loads(text), "")).items():
            item = expected.setdefault(path, ShapeField())
            item.types |= {kind} - {"null"}
            item.seen = min(item.seen + 1, 20)
    for path, item in expected.items():
        item.always = all(path in dict(_list_fields(json.loads(text), "")) for text in texts)
    return expected


nested = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.lists(inner, max_size=7) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)
records = st.dictionaries(st.sampled_from(NAMES), nested, max_size=4)


@settings(deadline=None)
@given(st.lists(st.builds(as_text, records, st.sampled_from(LAYOUTS)), min_size=1, max_size=12))
def test_a_shape_is_that_of_each_record_read_alone(texts: list[bytes]) -> None:
    assert shape_of(texts) == read_alone(texts)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_records_that_differ_in_one_value_or_name_are_not_taken_for_one_another(layout: dict[str, Any]) -> None:
    after_escapes = ({"a": text, name: 0} for text in ('"', "\\") for name in ("b1", "b2"))
    alike = [*({"a": leaf} for leaf in LEAVES), *({name: ""} for name in NAMES), *after_escapes]
    for first, second in permutations([as_text(record, layout) for record in alike], 2):
        assert shape_of([first, second]) == read_alone([first, second])


def _list_fields(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Each path below a value, and its kind."""
    below: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        below = [(f"{path}.{name}" if path else name, member) for name, member in value.items()]
    elif isinstance(value, list):
        below = [(f"{path}[]", item) for item in value[:5]]
    for inner, member in below:
        yield inner, _kind_of(member)
        yield from _list_fields(member, inner)


def _kind_of(value: Any) -> str:
    kinds = {bool: "boolean", int: "integer", float: "number", str: "text", list: "list", dict: "object"}
    return "null" if value is None else kinds[type(value)]
