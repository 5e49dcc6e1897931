"""Inference from one page: the path of its records, their fields, and candidates for the key."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from pydantic import AliasChoices, AliasPath, BaseModel, ConfigDict, Field

from dazz_assets.assistant.infer import (
    decode_json,
    find_cursor_fields,
    find_key_fields,
    find_record_paths,
    list_fields,
    model_coverage,
    read_shape,
)
from dazz_assets.assistant.infer.json_values import split_words
from dazz_assets.http.json.json_slices import Document
from dazz_assets.spec.timestamps import parse_timestamp

OBJECTS = [{"id": 1}, {"id": 2}]


def paths_of(page: Any) -> list[str]:
    return [item.path for item in find_record_paths(page)]


def keys_of(*records: Any) -> list[tuple[str, ...]]:
    return [item.paths for item in find_key_fields(records)]


# Records


@pytest.mark.parametrize(
    ("page", "path"),
    [
        (OBJECTS, ""),
        ({"data": OBJECTS}, "data"),
        ({"data": {"items": OBJECTS}}, "data.items"),
        ({"ok": True, "members": OBJECTS, "errors": []}, "members"),
        ({"data": OBJECTS, "included": [{"id": 1}] * 9}, "data"),
        ({"included": [{"id": 1}] * 9, "projects": OBJECTS}, "projects"),
        ({"labels": ["a", "b"], "deep": {"er": {"still": OBJECTS}}}, "deep.er.still"),
        ({"data": {"org": {"repos": {"nodes": OBJECTS, "pageInfo": {}}}}}, "data.org.repos.nodes"),
        ({"a.b": OBJECTS}, "a\\.b"),
        ({"results": [], "facets": []}, "results"),
    ],
)
def test_the_likeliest_list_of_a_page_comes_first(page: Any, path: str) -> None:
    assert paths_of(page)[0] == path


def test_a_page_without_a_list_has_no_records() -> None:
    assert paths_of({"id": 1, "owner": {"id": 2}}) == []
    assert paths_of(None) == []


# Fields


def test_a_field_has_its_kinds_an_example_and_how_often_it_is_missing_or_null() -> None:
    records = [
        {"id": 1, "at": "2026-01-01T00:00:00Z", "owner": {"mail": "a@b.example"}, "tags": ["x", 1]},
        {"id": 2, "at": None, "owner": {}, "tags": []},
        {"id": 3, "at": "2026-01-02", "owner": None},
    ]
    found = {item.path: item for item in list_fields(read_shape(records))}
    assert list(found) == ["id", "at", "owner", "owner.mail", "tags", "tags[]"]
    assert {path: set(item.kinds) for path, item in found.items()} == {
        "id": {"integer"},
        "at": {"time", "null", "date"},
        "owner": {"object", "null"},
        "owner.mail": {"email"},
        "tags": {"list"},
        "tags[]": {"string", "integer"},
    }
    assert (found["owner.mail"].of, found["owner.mail"].missing) == (2, 1)
    assert (found["tags"].of, found["tags"].missing, found["tags"].null) == (3, 1, 0)
    assert (found["at"].null, found["at"].example) == (1, "2026-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("2026-01-01T00:00:00.000+0000", "time"),
        ("2026-01-01 10:00:00", "time without zone"),
        ("2026-13-45T99:00:00Z", "string"),
        ("2026-01-01", "date"),
        ("2026-02-30", "string"),
        ("6F1F7F0E-7f0e-4c3e-9d5e-0d9d0a3a3c0f", "uuid"),
        ("https://vendor.example/x?y=1", "url"),
        ("https://", "string"),
        ("a@b.example", "email"),
        ("@b", "string"),
        ("1767225600", "string"),
        ("", "string"),
        (True, "boolean"),
        (1.0, "number"),
        (10**30, "integer"),
    ],
)
def test_the_kind_of_a_value(value: object, kind: str) -> None:
    (field,) = list_fields(read_shape([{"x": value}]))
    assert field.kinds == (kind,)


def test_a_long_example_is_shortened() -> None:
    (field,) = list_fields(read_shape([{"x": "y" * 1000}]))
    assert field.example == "y" * 57 + "..."


def test_the_values_of_a_map_by_id_share_one_path() -> None:
    records = [{"by": {"17": {"n": 1}, "18": {"n": None}}}]
    assert [item.path for item in list_fields(read_shape(records))] == ["by", "by.*", "by.*.n"]


def test_an_object_with_many_fields_is_not_a_map() -> None:
    record = {f"field_{number}": number for number in range(200)}
    assert len(list(list_fields(read_shape([record])))) == 200
    assert len(list(list_fields(read_shape([{"below": record}])))) == 201


# Keys


def test_a_unique_field_of_every_record_is_a_key() -> None:
    records = [{"name": "a", "id": 2, "state": "x"}, {"name": "b", "id": 1, "state": "x"}]
    assert keys_of(*records) == [("id",), ("name",)]


def test_the_records_own_id_ranks_above_other_ids_and_chance_uniqueness() -> None:
    records = [{"title": "a", "project_id": 1, "owner": {"id": 5}, "uuid": "x"}]
    assert keys_of(*records) == [("uuid",), ("project_id",), ("owner.id",), ("title",)]


def test_an_id_of_the_system_is_the_records_own() -> None:
    assert keys_of({"number": "INC1", "sys_id": "a"}, {"number": "INC2", "sys_id": "b"})[0] == ("sys_id",)


def test_null_missing_repeated_empty_and_float_values_are_not_keys() -> None:
    assert keys_of({"id": 1}, {"id": None}) == []
    assert keys_of({"id": 1}, {}) == []
    assert keys_of({"id": 1}, {"id": 1}) == []
    assert keys_of({"id": ""}) == []
    assert keys_of({"id": 1.5}) == []
    assert keys_of() == []


def test_a_pair_is_a_key_if_no_single_field_is() -> None:
    records = [{"number": number, "repository": {"id": of}} for of, number in ((1, 1), (1, 2), (2, 1))]
    assert keys_of(*records) == [("repository.id", "number")]


# What a model reads


class Owner(BaseModel):
    login: str
    mail: str | None = None


class Thing(BaseModel):
    id: int
    kind: str = Field(alias="@kind")
    owner: Owner | None = None
    watchers: list[Owner] = []
    by_id: dict[str, Owner] = {}
    anything: object = None
    seldom: str | None = None
    first: str = Field(default="", validation_alias=AliasChoices("one", AliasPath("names", 0)))


def test_model_coverage_follows_nested_models_and_aliases() -> None:
    owner = {"login": "a", "id": 1, "plan": {"name": "x"}}
    record = {
        "id": 1,
        "@kind": "x",
        "kind": "y",
        "owner": owner,
        "watchers": [owner],
        "by_id": {"17": owner},
        "anything": {"a": {"b": 1}},
        "names": ["n"],
        "extra": {"more": 1},
    }
    coverage = model_coverage(Thing, list(list_fields(read_shape([record]))))
    assert coverage.ignored == (
        "kind",
        "owner.id",
        "owner.plan",
        "watchers[].id",
        "watchers[].plan",
        "by_id.*.id",
        "by_id.*.plan",
        "extra",
    )
    assert coverage.absent == ("owner.mail", "watchers[].mail", "by_id.*.mail", "seldom")
    assert {"id", "@kind", "owner.login", "watchers[].login", "anything.a.b", "names[]"} <= coverage.read


def test_a_model_that_allows_extra_fields_ignores_nothing() -> None:
    class Everything(BaseModel):
        model_config = ConfigDict(extra="allow")

    assert model_coverage(Everything, list(list_fields(read_shape([{"a": {"b": 1}}])))).ignored == ()


class Author(Struct):
    login: str
    email: str | None = None


class Commit(Struct, rename="camel"):
    id: int
    authors: list[Author]
    merged_at: str | None = None


def test_model_coverage_follows_structs() -> None:
    record = {"id": 1, "authors": [{"login": "a", "site": "b"}], "size": 5}
    coverage = model_coverage(Commit, list(list_fields(read_shape([record]))))
    assert {"id", "authors[].login"} <= coverage.read
    assert set(coverage.ignored) == {"authors[].site", "size"}
    assert set(coverage.absent) == {"authors[].email", "mergedAt"}


# Properties

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
records = st.lists(st.dictionaries(st.text(), json_values, max_size=4), max_size=5)


@given(json_values)
def test_each_records_path_leads_to_its_list(page: Any) -> None:
    document = Document(json.dumps(page).encode())
    for item in find_record_paths(page):
        assert len(document.records(item.path)) == item.length


@given(records)
def test_inferred_keys_cursors_and_fields_hold_for_any_records(found: list[dict[str, Any]]) -> None:
    rows = [Document(json.dumps(record).encode()) for record in found]
    for key in find_key_fields(found):
        values = [tuple(str(row.value(path)) for path in key.paths) for row in rows]
        assert len(set(values)) == len(found)
    for cursor in find_cursor_fields(found):
        values_at = [row.value(cursor.path) for row in rows]
        assert all(value is None or parse_timestamp(str(value)) is not None for value in values_at)
    for field in list_fields(read_shape(found)):
        assert 0 <= field.missing + field.null <= field.of


@given(st.text())
def test_splitting_a_name_keeps_all_its_letters_in_lower_case(name: str) -> None:
    assert "".join(split_words(name)) == "".join(letter for letter in name.lower() if letter.isalnum())


def test_integers_of_any_length_are_decoded_and_deep_nesting_is_refused() -> None:
    assert decode_json("[" + "1" * 10_000 + "]")[0] > 10**999
    with pytest.raises(ValueError, match="nested too deeply"):
        decode_json("[" * 100_000)
