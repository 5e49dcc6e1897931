"""A personal path that matches nothing in a stream's records is reported."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dazz_assets.assistant.infer import list_fields, read_shape
from dazz_assets.assistant.infer.coverage import unmatched_paths


@pytest.mark.parametrize(
    ("path", "records"),
    [
        ("asignee.name", [{"assignee": {"name": "Ann"}}]),
        ("assignee.nme", [{"assignee": None}, {"assignee": {"name": "Ann"}}]),
        ("assignee.name", [{"assignee": "Ann"}]),
        ("assignee.name", [{"assignee": {}}]),
        ("members.nme", [{"members": []}, {"members": [{"name": "Ann"}]}]),
        ("by_id.nme", [{"by_id": {"7": {"name": "Ann"}}}]),
        ("a.b", [{"a.b": "Ann"}]),
        ("votes.*", [{"votes": 3}]),
        ("vots.*", [{"votes": {"ann": 3}}]),
        ("votes.*.by", [{"votes": {"ann": {"at": 1}, "7": {"at": 2}}}]),
    ],
)
def test_a_path_that_no_record_has_is_unmatched(path: str, records: list[Any]) -> None:
    assert list(unmatched_paths([path], records)) == [path]


@pytest.mark.parametrize(
    ("path", "records"),
    [
        ("assignee.name", []),
        ("assignee.name", [{"assignee": None}]),
        ("assignee.name", [{"assignee": None}, {}]),
        ("assignee.name", [{"assignee": {"name": None}}]),
        ("assignee.name", [{}, {"assignee": {}}, {"assignee": {"name": "Ann"}}]),
        ("assignee", [{"assignee": {"name": "Ann"}}]),
        ("members.name", [{"members": []}]),
        ("members.name", [{"members": [{"name": "Ann"}]}]),
        ("members.0.name", [{"members": [{"name": "Ann"}]}]),
        ("by_id.name", [{"by_id": {"7": {"name": "Ann"}}}]),
        ("by_id.name", [{"by_id": {"7": None}}]),
        ("a\\.b", [{"a.b": "Ann"}]),
        ("votes.*", [{"votes": {"7": 3}}]),
        ("votes.*", [{"votes": {}}, {}]),
        ("items.votes.*", [{"items": [{"votes": {"ann": 3}}]}]),
        ("votes.*.by", [{"votes": {"7": {"at": 1}, "ann": {"by": "Ann"}}}]),
    ],
)
def test_a_path_that_exists_or_may_exist_is_matched(path: str, records: list[Any]) -> None:
    assert unmatched_paths([path], records) == {}


def test_an_unmatched_path_comes_with_a_suggestion() -> None:
    records = [{"id": 1, "account": {"name": "x"}, "assignee": {"name": "Ann"}, "members": [{"login": "ann"}]}]
    assert unmatched_paths(["asignee.name", "members.logn"], records) == {
        "asignee.name": "; did you mean 'assignee.name'?",
        "members.logn": "; did you mean 'members.login'?",
    }
    assert unmatched_paths(["login"], records) == {"login": "; did you mean 'members.login'?"}
    assert unmatched_paths(["x"], [{"id": 1, "title": "t"}]) == {"x": "; there are: id, title"}
    assert unmatched_paths(["x"], [{}]) == {"x": ""}


@given(
    st.lists(
        st.recursive(
            st.none() | st.text(max_size=2),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        ),
        max_size=3,
    )
)
def test_the_fields_of_any_records_are_matched(records: list[Any]) -> None:
    paths = [item.path.replace("[]", "") for item in list_fields(read_shape(records))]
    assert unmatched_paths(paths, records) == {}
