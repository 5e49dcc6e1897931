"""A personal or sensitive path that matches nothing is reported if it is close to a field that is there."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dazz_assets.assistant.infer import list_fields, read_shape
from dazz_assets.assistant.infer.coverage import misspelt_paths


@pytest.mark.parametrize(
    ("path", "records", "meant"),
    [
        ("asignee.name", [{"assignee": {"name": "Ann"}}], "assignee.name"),
        ("assignee.nme", [{"assignee": None}, {"assignee": {"name": "Ann"}}], "assignee.name"),
        ("members.nme", [{"members": []}, {"members": [{"name": "Ann"}]}], "members.name"),
        ("by_id.nme", [{"by_id": {"7": {"name": "Ann"}}}], "by_id.*.name"),
        ("displayName", [{"display_name": "Ann"}], "display_name"),
        ("noet", [{"note": "n"}], "note"),
        ("a.b", [{"a.b": "Ann"}], "a\\.b"),
        ("vots.*", [{"votes": {"ann": 3}}], "votes"),
        ("votes.*.owners", [{"votes": {"7": {"owner": "Ann"}}}], "votes.*.owner"),
        ("login", [{"members": [{"login": "ann"}]}], "members.login"),
    ],
)
def test_a_path_that_is_close_to_a_field_is_misspelt(path: str, records: list[Any], meant: str) -> None:
    assert misspelt_paths([path], records) == {path: meant}


@pytest.mark.parametrize(
    ("path", "records"),
    [
        ("secret", [{"secret_type": "pem"}]),
        ("resource.steps", [{"resource": {"status": "on", "stages": [1]}}]),
        ("assignee.name", [{"assignee": "Ann"}]),
        ("assignee.name", [{"owner": {"name": "Ann"}}]),
        ("votes.*", [{"votes": 3}]),
        ("x", [{"id": 1, "title": "t"}]),
        ("ip", [{"id": 1}]),
        ("pin", [{"min": 1}]),
        ("game", [{"name": "n"}]),
    ],
)
def test_a_path_of_which_nothing_is_near_may_be_of_records_of_another_type(path: str, records: list[Any]) -> None:
    assert misspelt_paths([path], records) == {}


def test_a_field_that_is_declared_itself_is_not_what_another_path_means() -> None:
    assert misspelt_paths(["key", "keys"], [{"keys": ["a"]}]) == {}


def test_a_path_for_several_streams_is_not_a_field_further_down() -> None:
    assert misspelt_paths(["login"], [{"members": [{"login": "ann"}]}], anywhere=False) == {}


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
    assert misspelt_paths([path], records) == {}


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
    assert misspelt_paths(paths, records) == {}
