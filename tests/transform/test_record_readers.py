"""What a reader makes of records is what `model_validate_json` makes of each, whatever the model and the JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct
from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    TypeAdapter,
    ValidationError,
    create_model,
    field_validator,
    model_validator,
)

from dazz_assets.transform.quarantine import invalid_reason
from dazz_assets.transform.record_readers import InvalidRecordError, RecordReader, make_projection, make_reader

# A type of a field, and JSON for it.
Typed = tuple[Any, st.SearchStrategy[str]]

NAMES = ("a", "b", "c_d", "cD", "é", "x.y", "")
SPACES = st.sampled_from(["", "", " ", "\n\t"])
TEXTS = st.text(max_size=5) | st.sampled_from(["{", "]]", '"', "\\", "5", "2026-01-01T00:00:00Z", "true", "a"])


def write_text(text: str) -> st.SearchStrategy[str]:
    return st.sampled_from([json.dumps(text), json.dumps(text, ensure_ascii=False)])


def write_object(members: Sequence[tuple[str, str]], space: str) -> str:
    return "{" + ",".join(f"{space}{name}{space}:{space}{value}" for name, value in members) + space + "}"


def escape(name: str) -> str:
    return '"' + "".join(f"\\u{ord(each):04x}" for each in name) + '"'


LEAVES = st.one_of(
    TEXTS.flatmap(write_text),
    st.integers(-(10**30), 10**30).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(
        ["null", "true", "false", "-0", "0.10", "1E+5", "1e400", "123456789.123456789123456789", "{}", "[]", "NaN"]
    ),
    # What one parser of JSON takes, and another does not.
    st.sampled_from(["01", "1.", '"\\ud800"', '"\x01"', "-Infinity", "tru", "[" * 250 + "]" * 250, "9" * 4301]),
)
KEYS = st.sampled_from(NAMES).flatmap(
    lambda name: st.sampled_from([json.dumps(name, ensure_ascii=False), escape(name)])
)
OTHERS: st.SearchStrategy[str] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(items) + "]"),
        st.builds(write_object, st.lists(st.tuples(KEYS, inner), max_size=3), SPACES),
    ),
    max_leaves=5,
)
SCALARS: list[Typed] = [
    (str, TEXTS.flatmap(write_text)),
    (int, st.integers(-(10**30), 10**30).map(str)),
    (
        float,
        st.floats(allow_nan=False, allow_infinity=False).map(repr) | st.just("0.1000000000000000055511151231257827"),
    ),
    (bool, st.sampled_from(["true", "false", '"yes"'])),
    (Decimal, st.decimals(allow_nan=False, allow_infinity=False).map(str) | st.just("0.10000000000000000000000001")),
    (datetime, st.datetimes().map(lambda at: f'"{at.isoformat()}Z"')),
    (date, st.dates().map(lambda day: f'"{day}"')),
    (Any, OTHERS),
    (dict[str, int], st.sampled_from(["{}", '{"a": 1, "a": 2}'])),
    (int | str, st.sampled_from(["1", '"1"', "null"])),
    (Literal["a", 1], st.sampled_from(['"a"', "1"])),
    (Annotated[int, BeforeValidator(lambda value: len(str(value)))], OTHERS),
]


def unchanged(cls: type, value: Any) -> Any:
    """A validator that changes nothing, but may."""
    return value


VALIDATORS: list[dict[str, Any]] = [
    {"check": model_validator(mode="before")(classmethod(unchanged))},  # type: ignore[arg-type]
    {"check": model_validator(mode="after")(lambda self: self)},
    {"check": field_validator("*", mode="before")(classmethod(unchanged))},
    {"check": field_validator("*", mode="after")(classmethod(unchanged))},
]
CONFIGS: st.SearchStrategy[Any] = st.builds(
    ConfigDict,
    extra=st.sampled_from(["ignore", "ignore", "ignore", "allow", "forbid"]),
    populate_by_name=st.booleans(),
    strict=st.sampled_from([False, False, True]),
)
ALIASES = st.one_of(
    st.none(),
    st.sampled_from(NAMES),
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=2).map(lambda names: AliasChoices(*names)),
    st.sampled_from([AliasPath("a", "b"), AliasPath("b", 0), AliasChoices("a", AliasPath("c_d", "a"))]),
)


@st.composite
def make_model(draw: st.DrawFn, fields: dict[str, Typed]) -> Typed:
    """A model, and objects that have its fields, others, and some of them twice or not at all."""
    made: dict[str, Any] = {}
    members: list[st.SearchStrategy[tuple[str, str]]] = [st.tuples(KEYS, OTHERS)]
    for name, (kind, texts) in fields.items():
        alias: Any = draw(ALIASES)
        default: Any = draw(st.sampled_from([..., None]))
        made[name] = kind, Field(default, validation_alias=alias)
        known = json.dumps(alias if isinstance(alias, str) else name, ensure_ascii=False)
        members += [st.tuples(st.just(known), texts), st.tuples(st.just(known), texts | st.just("null"))]
    model = create_model(
        "Drawn",
        __config__=draw(CONFIGS),
        __validators__=draw(st.sampled_from([{}, {}, *VALIDATORS])),
        **made,
    )
    everything = st.tuples(*members[1::2]).map(list) if fields else st.just([])
    texts = st.builds(write_object, everything | st.lists(st.one_of(members), max_size=4), SPACES)
    return model, texts


def optional(item: Typed) -> Typed:
    return item[0] | None, st.just("null") | item[1]


def listed(item: Typed) -> Typed:
    lists: Any = list
    return lists[item[0]], st.lists(item[1], max_size=3).map(lambda items: "[" + ",".join(items) + "]")


FIELDS = st.sampled_from(["a", "b", "c_d"])
TYPES: st.SearchStrategy[Typed] = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: st.one_of(
        inner.map(optional), inner.map(listed), st.dictionaries(FIELDS, inner, max_size=3).flatmap(make_model)
    ),
    max_leaves=5,
)
MODELS = st.dictionaries(FIELDS, TYPES, min_size=1, max_size=3).flatmap(make_model)


def column(records: Sequence[bytes]) -> pa.Array[Any]:
    """Records as a batch of a table has them: behind others."""
    return pa.array([b"{}", *records], pa.binary()).slice(1)


def read_each(model: type[BaseModel], records: Sequence[bytes]) -> list[str]:
    """Each record as `model_validate_json` reads it, or why it doesn't."""

    def read(record: bytes) -> str:
        try:
            return describe(model.model_validate_json(record))
        except ValidationError as error:
            return str(error.errors(include_url=False, include_context=False))

    return [read(record) for record in records]


def describe(item: Any) -> str:
    """All that is to be known of a model: its fields, which of them were set, and other fields that it keeps."""
    if isinstance(item, BaseModel):
        inner = {name: describe(value) for name, value in item.__dict__.items()}
        return f"{type(item).__name__} {inner} {sorted(item.model_fields_set)} {item.model_extra}"
    return str([describe(each) for each in item]) if isinstance(item, list) else f"{type(item).__name__} {item!r}"


def describe_reading(reader: RecordReader, record: bytes) -> str:
    try:
        return describe(reader.read(record))
    except InvalidRecordError as error:
        return str(error.problems)


def check(model: type[BaseModel], records: Sequence[bytes]) -> None:
    expected = read_each(model, records)
    reader = make_reader(model)
    for record, wanted in zip(records, expected, strict=True):
        found = make_reader(model).read_all(column([record]))
        if found is not None:
            assert [describe(item) for item in found] == [wanted]
        assert describe_reading(reader, record) == wanted
    found = reader.read_all(column(records))
    if found is not None:
        assert [describe(item) for item in found] == expected


@settings(deadline=None, max_examples=400)
@given(st.data(), MODELS)
def test_any_model_reads_any_records_as_pydantic_does(data: st.DataObject, model: Typed) -> None:
    texts = data.draw(st.lists(model[1] | OTHERS, min_size=1, max_size=5))
    check(model[0], [text.encode() for text in texts])


class Inner(BaseModel):
    id: int


class Plain(BaseModel):
    name: str
    inner: Inner | None = None
    inners: list[Inner] = []


def test_a_plain_model_reads_only_its_fields() -> None:
    project = make_projection(Plain)
    assert project is not None
    record = (
        b'{"more": [1, {"name": 2}], "name" : "\\u00e9", "inner": {"id": 1.50, "x": 1}, "inners": [{"id":1}, null]}'
    )
    assert project(column([record])) == b'[{"name":"\\u00e9","inner":{"id":1.50},"inners":[{"id":1},null]}]'


class Tree(BaseModel):
    id: int
    below: list[Tree] = []


class Allowing(BaseModel):
    model_config = ConfigDict(extra="allow")

    id: int


class Before(BaseModel):
    id: int

    @model_validator(mode="before")
    @classmethod
    def _unwrap(cls, value: Any) -> Any:
        return value.get("wrapped", value)


class Root(RootModel[dict[str, int]]):
    pass


class OwnInit(BaseModel):
    id: int

    def __init__(self, **values: Any) -> None:
        super().__init__(id=len(values))


@pytest.mark.parametrize("model", [Allowing, Before, Root, OwnInit])
def test_a_model_that_may_look_at_more_than_its_fields_is_read_whole(model: type[BaseModel]) -> None:
    assert make_projection(model) is None
    check(model, [b'{"id": 1, "more": 2}', b'{"wrapped": {"id": 2}}', b'{"a": 1}'])


def test_a_model_inside_of_itself() -> None:
    check(Tree, [b'{"id": 1, "x": 1, "below": [{"id": 2, "below": [{"id": 3, "y": 1}]}]}'])


@pytest.mark.parametrize(
    "odd",
    [
        '"\\ud800"',
        "9" * 4301,
        "1." + "9" * 5000,
        "[" * 205 + "]" * 205,
        "[" * 180 + "]" * 180,
        '{"]":' * 205 + "1" + "}" * 205,
        "[" + ",".join(["{}"] * 500) + "]",
        '"' + "[" * 500 + '"',
        "NaN",
    ],
)
def test_what_no_field_reads_counts_as_it_does_for_pydantic(odd: str) -> None:
    """Its parser refuses some JSON that others take, also where no field is."""
    record = f'{{"id": 1, "more": {odd}}}'.encode()
    found = make_reader(Inner).read_all(column([record]))
    assert (found is None) == (read_each(Inner, [record])[0].startswith("["))


def test_a_text_that_is_not_utf_8_is_refused_where_no_field_is() -> None:
    assert make_reader(Inner).read_all(column([b'{"id": 1, "more": "\xff"}'])) is None


def test_halves_of_a_record_are_not_taken_as_one() -> None:
    assert make_reader(Inner).read_all(column([b'{"id": 1', b'"x": 2}'])) is None
    assert make_reader(Vendor).read_all(column([b'{"id": 1', b'"x": 2}'])) is None


class Asset(Struct):
    name: str
    kind: Literal["host", "repo"] = "host"


class Vendor(Struct, rename="camel"):
    id: int
    created_at: datetime | None = None
    assets: list[Asset] = []
    by_name: dict[str, Asset] = {}

    def __post_init__(self) -> None:
        if self.id < 0:
            raise ValueError("an id is positive")


def test_a_struct_reads_records() -> None:
    records = [b'{"id": 1, "createdAt": "2026-01-01T00:00:00Z", "more": 1}', b'{"id": 2, "assets": [{"name": "x"}]}']
    reader = make_reader(Vendor)
    expected = [TypeAdapter(datetime).validate_python("2026-01-01T00:00:00Z"), None]
    for found in (reader.read_all(column(records)), [reader.read(record) for record in records]):
        assert found is not None
        assert [item.created_at for item in found if isinstance(item, Vendor)] == expected


@pytest.mark.parametrize(
    ("record", "reason", "value"),
    [
        ("{}", "id: Field required", None),
        ('{"id": "1"}', "id: Expected `int`, got `str`", "1"),
        ('{"id": 1, "createdAt": "soon"}', "createdAt: Invalid RFC3339 encoded datetime", "soon"),
        ('{"id": 1, "assets": [{"name": "x"}, {}]}', "assets.1.name: Field required", None),
        ('{"id": 1, "assets": [{"name": "x", "kind": "secret"}]}', "assets.0.kind: Invalid enum value", "secret"),
        ('{"id": 1, "byName": {"a": {"name": 5}}}', "byName.*.name: Expected `str`, got `int`", {"a": {"name": 5}}),
        ('{"id": -1}', "the record: an id is positive", {"id": -1}),
        ("5", "the record: Expected `object`, got `int`", 5),
        ('{"id": 1', "the record: Input data was truncated", '{"id": 1'),
    ],
)
def test_what_a_struct_refuses_is_described_as_for_a_pydantic_model(record: str, reason: str, value: object) -> None:
    reader = make_reader(Vendor)
    assert reader.read_all(column([record.encode()])) is None
    with pytest.raises(InvalidRecordError) as caught:
        reader.read(record.encode())
    assert invalid_reason(caught.value.problems) == reason
    assert [item["input"] for item in caught.value.problems] == [value]
