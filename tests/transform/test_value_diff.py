"""Differences between two values, as a reviewer reads them."""

import copy
import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dazz_assets.transform.value_diff import MISSING, Changes, Difference, diff_collections, diff_values

_PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.decimals(allow_nan=False)
_VALUES: st.SearchStrategy[Any] = st.recursive(
    _PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
)


def format_differences(before: object, after: object) -> list[str]:
    return [str(item) for item in diff_values(before, after)]


def test_a_field_that_changed_is_named_by_its_path() -> None:
    before = {"id": "1", "attributes": {"severity": "low", "title": "a"}}
    after = {"id": "1", "attributes": {"severity": "high", "title": "a"}}

    assert diff_values(before, after) == [Difference("attributes.severity", "low", "high")]
    assert format_differences(before, after) == ['attributes.severity: "low" -> "high"']


def test_a_field_that_only_one_side_has_is_missing_on_the_other_and_null_is_a_value() -> None:
    assert diff_values({"a": 1}, {"b": None}) == [Difference("a", 1, MISSING), Difference("b", MISSING, None)]
    assert format_differences({"a": 1}, {"b": None}) == ["a: 1 -> (missing)", "b: (missing) -> null"]
    assert repr(MISSING) == "MISSING"


@pytest.mark.parametrize(
    ("before", "after"),
    [(1, 1.0), (1, True), (0, False), (1.0, True), (1, "1"), ("", None), (Decimal(1), 1), ([], {}), ({}, None)],
)
def test_values_of_different_types_differ(before: object, after: object) -> None:
    assert diff_values({"x": before}, {"x": after}) == [Difference("x", before, after)]
    assert diff_values([before], [after]) == [Difference("0", before, after)]


def test_nan_equals_itself() -> None:
    assert diff_values([float("nan")], [float("nan")]) == []


def test_items_of_a_list_are_compared_one_by_one() -> None:
    assert format_differences({"cves": ["a", "b"]}, {"cves": ["a", "c"]}) == ['cves.1: "b" -> "c"']
    assert format_differences([{"at": {"line": 1}}, {}], [{"at": {"line": 2}}]) == [
        "0.at.line: 1 -> 2",
        "1: {} -> (missing)",
    ]


def test_a_list_of_plain_values_that_grew_or_shrank_is_one_difference_with_the_items_gained_and_lost() -> None:
    before, after = {"cves": ["a", "b"]}, {"cves": ["x", "a", "b"]}

    assert diff_values(before, after) == [Difference("cves", ["a", "b"], ["x", "a", "b"])]
    assert format_differences(before, after) == ['cves: +"x"']
    assert format_differences(after, before) == ['cves: -"x"']
    assert format_differences({"cves": ["a", "b", "b"]}, {"cves": ["a", "c"]}) == ['cves: +"c", -"b", -"b"']


def test_times_decimals_and_texts_of_any_language_are_readable() -> None:
    noon = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
    assert format_differences(noon, Decimal("7.500")) == ['"2026-03-01T12:00:00+00:00" -> "7.5"']
    assert format_differences(Decimal("100"), Decimal("100.0001")) == ['"100" -> "100.0001"']
    assert format_differences("שלום", "héllo") == ['"שלום" -> "héllo"']


def test_a_key_with_a_dot_is_quoted_in_a_path() -> None:
    assert [item.path for item in diff_values({"a": {"b.c": 1, "": 1}}, {"a": {"b.c": 2, "": 2}})] == [
        'a."b.c"',
        'a.""',
    ]


def test_long_values_are_shortened_so_that_their_difference_shows() -> None:
    start = "word " * 1000
    (text,) = format_differences({"title": start + "one" + start}, {"title": start + "two" + start})

    assert "one" in text
    assert "two" in text
    assert len(text) < 200


@given(_VALUES)
def test_a_value_does_not_differ_from_its_copy(value: Any) -> None:
    assert diff_values(value, copy.deepcopy(value)) == []


@given(_VALUES, _VALUES)
def test_differences_are_symmetric(one: Any, other: Any) -> None:
    there, back = diff_values(one, other), diff_values(other, one)

    assert {(item.path, repr(item.before), repr(item.after)) for item in there} == {
        (item.path, repr(item.after), repr(item.before)) for item in back
    }
    assert all(len(str(item)) < 400 + len(item.path) and "\n" not in str(item) for item in there)


def test_two_collections_differ_in_what_was_added_gone_and_changed() -> None:
    before: Mapping[str, object] = {"1": {"title": "a"}, "2": {"title": "b"}, "3": {"title": "c"}}
    after: Mapping[str, object] = {"2": {"title": "b"}, "3": {"title": "d"}, "4": {"title": "e"}}
    found = diff_collections(before, after)

    assert found == Changes(
        added={"4": {"title": "e"}}, gone={"1": {"title": "a"}}, changed={"3": [Difference("title", "c", "d")]}
    )
    assert found
    assert not diff_collections(before, before)
