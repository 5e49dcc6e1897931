"""What is said of an invalid record shows no value of a sensitive field, whichever model and validator says it."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import msgspec
import pytest
from pydantic import BaseModel, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from dazz_assets.declare.stream import RecordModel
from dazz_assets.sensitive import HIDDEN
from dazz_assets.transform.masked_values import describe_values
from dazz_assets.transform.quarantine import invalid_reason
from dazz_assets.transform.record_readers import InvalidRecordError, make_reader

LEAK = "LEAK-9d21"
SENSITIVE = ("secret", "tokens.*", "owner.pin")


class Pin(BaseModel):
    pin: int


class Name(BaseModel):
    name: str


class OfTypes(BaseModel):
    id: int
    secret: int = 0
    tokens: dict[str, int] = {}
    owner: Pin | Name | None = None


class OfValidators(BaseModel):
    id: int
    secret: str = ""

    @field_validator("secret")
    @classmethod
    def refuse(cls, secret: str) -> str:
        raise PydanticCustomError("no_secret", "{secret} is none", {"secret": secret})

    @field_validator("id")
    @classmethod
    def refuse_id(cls, id_: int) -> int:
        raise ValueError(f"not with {LEAK}")


class OfOwnTypes(BaseModel):
    secret: str = ""

    @field_validator("secret")
    @classmethod
    def refuse(cls, secret: str) -> str:
        raise PydanticCustomError("secret_type", "{secret} is no secret", {"secret": secret})


class OfWhole(BaseModel):
    secret: str

    @model_validator(mode="after")
    def refuse(self) -> OfWhole:
        assert not self.secret, f"not with {self.secret}"
        return self


class Dog(BaseModel):
    secret: Literal["dog"]


class Cat(BaseModel):
    secret: Literal["cat"]


class OfTags(BaseModel):
    pet: Annotated[Dog | Cat, Field(discriminator="secret")]


class Strict(msgspec.Struct):
    id: int
    secret: str = ""

    def __post_init__(self) -> None:
        if self.secret:
            raise ValueError(f"not with {self.secret}")


class Kinds(msgspec.Struct):
    secret: Literal["a", "b"]


def problem(model: type[RecordModel], record: Any, *sensitive: str) -> tuple[str, str]:
    with pytest.raises(InvalidRecordError) as caught:
        make_reader(model).read(json.dumps(record).encode())
    return invalid_reason(caught.value.problems, sensitive), describe_values(caught.value.problems, sensitive)


@pytest.mark.parametrize(
    ("model", "record", "reason"),
    [
        (OfTypes, {"id": 1, "secret": LEAK}, f"secret: int_parsing {HIDDEN}"),
        (OfTypes, {"id": 1, "secret": [LEAK]}, "secret: Input should be a valid integer"),
        (OfTypes, {"id": 1, "tokens": {LEAK: "x"}}, f"tokens: int_parsing {HIDDEN}"),
        (OfTypes, {"id": 1, "owner": {"pin": LEAK}}, f"owner.Pin.pin: int_parsing {HIDDEN}; owner.Name.name: Field"),
        (OfValidators, {"id": 1, "secret": LEAK}, f"id: value_error {HIDDEN}; secret: no_secret {HIDDEN}"),
        (OfOwnTypes, {"secret": LEAK}, f"secret: secret_type {HIDDEN}"),
        (OfWhole, {"secret": LEAK}, f"the record: assertion_error {HIDDEN}"),
        (OfTags, {"pet": {"secret": LEAK}}, f"pet: union_tag_invalid {HIDDEN}"),
        (Strict, {"id": 1, "secret": LEAK}, f"the record: invalid {HIDDEN}"),
        (Strict, {"id": 1, "secret": [LEAK]}, "secret: Expected `str`, got `array`"),
        (Kinds, {"secret": LEAK}, f"secret: invalid {HIDDEN}"),
    ],
)
def test_no_value_is_shown(model: type[RecordModel], record: Any, reason: str) -> None:
    shown, looks_like = problem(model, record, *SENSITIVE, "pet.secret")
    assert shown.startswith(reason)
    assert LEAK not in shown + looks_like


def test_of_other_fields_all_is_said_that_pydantic_says() -> None:
    reason, looks_like = problem(OfTypes, {"id": "x1", "secret": 5}, *SENSITIVE)
    assert reason == "id: Input should be a valid integer, unable to parse string as an integer"
    assert looks_like == 'text "a9"'
    assert LEAK in problem(OfValidators, {"id": 1, "secret": "x"})[0]
