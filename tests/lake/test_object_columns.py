"""Columns of objects hold what a row a dump would: all types of fields, nested at any depth, and odd models."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Literal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AnyUrl, AwareDatetime, BaseModel, ConfigDict, Field, RootModel, create_model, field_serializer

from dazz_assets.domain import DomainObject, Finding
from dazz_assets.lake.objects.column_builders import is_dumped_plainly
from dazz_assets.lake.objects.object_columns import make_batch, object_schema


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Word(enum.StrEnum):
    YES = "yes"


ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8))])
SCALARS: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (str, st.text(st.characters(exclude_categories=["Cs"]))),
    (int, st.integers(-(2**63), 2**63 - 1)),
    (float, st.floats()),
    (bool, st.booleans()),
    (Decimal, st.decimals(-(10**19), 10**19, places=18)),
    (AwareDatetime, st.datetimes(datetime(1800, 1, 1), datetime(2200, 1, 1), timezones=ZONES)),
    (datetime, st.datetimes(datetime(1800, 1, 1), datetime(2200, 1, 1))),
    (date, st.dates()),
    (uuid.UUID, st.uuids()),
    (Colour, st.sampled_from(Colour)),
    (Level, st.sampled_from(Level)),
    (Word, st.sampled_from(Word)),
    (Literal["a", "b"], st.sampled_from(["a", "b"])),
    (AnyUrl, st.just("https://example.com/a?b=c")),
]
Typed = tuple[Any, st.SearchStrategy[Any]]


def make_list(item: Typed) -> st.SearchStrategy[Typed]:
    kind, values = item
    lists: Any = list
    sequences: Any = Sequence
    return st.sampled_from(
        [
            (lists[kind], st.lists(values, max_size=3)),
            (tuple.__class_getitem__((kind, ...)), st.lists(values, max_size=3).map(tuple)),
            (sequences[kind], st.lists(values, max_size=3)),
        ]
    )


def make_model(fields: dict[str, Typed]) -> Typed:
    model = create_model("Inner", **{name: (kind, ...) for name, (kind, _) in fields.items()})  # type: ignore[call-overload]
    return model, st.fixed_dictionaries({name: values for name, (_, values) in fields.items()})


def optional(item: Typed) -> Typed:
    return item[0] | None, st.none() | item[1]


NAMES = st.sampled_from(["a", "b", "title", "x_y"])
TYPES: st.SearchStrategy[Typed] = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: st.one_of(
        inner.map(optional),
        inner.flatmap(make_list),
        st.dictionaries(NAMES, inner, min_size=1, max_size=3).map(make_model),
    ),
    max_leaves=6,
)


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, enum.Enum):
        return value.value
    return str(value) if isinstance(value, uuid.UUID | AnyUrl) else value


def rows_of_dumps(objects: Sequence[DomainObject], model: type[DomainObject]) -> pa.RecordBatch:
    """A row for each object, of its dump: what columns have to equal."""
    return pa.RecordBatch.from_pylist([plain(item.model_dump()) for item in objects], schema=object_schema(model))


def check(objects: Sequence[DomainObject], model: type[DomainObject]) -> None:
    found, expected = make_batch(objects, model), rows_of_dumps(objects, model)
    found.validate(full=True)
    assert found.schema.equals(expected.schema)
    # As texts, in which NaN equals itself.
    assert str(found.to_pylist()) == str(expected.to_pylist())


@settings(deadline=None, max_examples=200)
@given(st.data(), st.dictionaries(NAMES, TYPES, max_size=4))
def test_columns_equal_rows_of_dumps(data: st.DataObject, fields: dict[str, Typed]) -> None:
    model = create_model(  # type: ignore[call-overload]
        "Thing", __base__=DomainObject, **{name: (kind, ...) for name, (kind, _) in fields.items()}
    )
    values = st.fixed_dictionaries({"id": st.text(min_size=1), **{name: item[1] for name, item in fields.items()}})
    given_values = data.draw(st.lists(values, max_size=5))
    check([model(**each) for each in given_values], model)


def test_findings_are_made_of_columns() -> None:
    assert is_dumped_plainly(Finding)


class Inner(BaseModel):
    number: int
    word: str | None = None


class Wider(Inner):
    more: int = 1


class Outer(DomainObject):
    inner: Inner | None = None
    inners: list[Inner] = []
    grid: list[list[Inner]] = []
    labels: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"inner": Wider(number=1), "inners": [Wider(number=2)], "grid": [[], [Inner(number=1)]]},
        {"labels": frozenset({"x"})},
    ],
)
def test_objects_inside_of_others(values: dict[str, Any]) -> None:
    check([Outer(id="1", **values), Outer(id="2")], Outer)


def test_objects_that_were_never_validated() -> None:
    """A field that is missing is null, and a dict serves as a model."""
    check([Outer.model_construct(id="1", inner={"number": 1}), Outer.model_construct(id="2", labels=["a"])], Outer)
    check([Outer.model_construct(id="1")], Outer)


class Hidden(DomainObject):
    shown: int = 1
    hidden: int = Field(default=2, exclude=True)


class Serialized(DomainObject):
    word: str = "x"

    @field_serializer("word")
    def _write(self, word: str) -> str:
        return word.upper()


class Aliased(DomainObject):
    model_config = ConfigDict(serialize_by_alias=True)

    word: str | None = Field(default="x", serialization_alias="other")


class Dumped(DomainObject):
    word: str = "x"

    def model_dump(self, **options: Any) -> dict[str, Any]:
        return {**super().model_dump(**options), "word": "own"}


class Holding(DomainObject):
    inner: Serialized = Serialized(id="1")


@pytest.mark.parametrize("model", [Hidden, Serialized, Aliased, Dumped, Holding])
def test_a_model_whose_dump_differs_from_its_attributes_is_stored_as_its_dump(model: type[DomainObject]) -> None:
    assert not is_dumped_plainly(model)
    check([model(id="1")], model)


class Number(RootModel[int]):
    pass


class Wrapped(DomainObject):
    number: Number = Number(1)


# In UTC, beyond what Python can read.
LATE = datetime(9999, 12, 31, 23, tzinfo=timezone(-timedelta(hours=5)))
EARLY = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))


class Small(DomainObject):
    number: int = 0
    inners: list[Inner] = []
    at: datetime | None = None
    times: list[datetime] = []


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (Small(id="1", number=2**63), "Small '1': field number can't be stored as int64: "),
        (Small(id="1", inners=[Inner(number=2**63)]), "Small '1': field inners can't be stored as list<"),
        (Small(id="1", at=LATE), "Small '1': field at can't be stored as timestamp"),
        (Small(id="1", times=[EARLY]), "Small '1': field times can't be stored as list<"),
        (Wrapped(id="1"), "Wrapped '1': field number can't be stored as struct<"),
    ],
)
def test_a_value_that_fits_no_column_is_named(item: DomainObject, message: str) -> None:
    with pytest.raises(ValueError, match=message.split("<")[0].replace("'", ".")):
        make_batch([type(item)(id="0") if not isinstance(item, Wrapped) else item, item], type(item))
