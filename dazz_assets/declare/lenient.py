"""Types of optional fields: what is invalid there costs the field, and not the record."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import ValidationError, ValidationInfo, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import ErrorDetails, PydanticOmit

LOST_PARTS = "lost_parts"
"""The key of a validation's context under which it collects what it left out, as a list of ErrorDetails."""


def keep_valid(value: Any, validate: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    """The valid value; None for an invalid one, which is noted."""
    try:
        return validate(value)
    except ValidationError as error:
        _note(error, info)
        return None


def keep_list(value: Any, validate: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    """The list of valid items; an empty one for null, and for what is no list, which is noted."""
    try:
        return [] if value is None else validate(value)
    except ValidationError as error:
        _note(error, info)
        return []


def keep_item(value: Any, validate: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    """The valid item of a list; an invalid one is left out and noted, null just left out."""
    try:
        return validate(value)
    except ValidationError as error:
        if value is not None:
            _note(error, info)
        raise PydanticOmit from None


def _note(error: ValidationError, info: ValidationInfo) -> None:
    if info.context is not None and (lost := info.context.get(LOST_PARTS)) is not None:
        field = (info.field_name,) if info.field_name else ()
        found: list[ErrorDetails] = error.errors(include_url=False, include_context=False)
        lost += [ErrorDetails(**{**item, "loc": (*field, *item["loc"])}) for item in found]


T = TypeVar("T")

Lenient = Annotated[T | None, WrapValidator(keep_valid)]
"""A field that is None if the vendor sends something else than the type: `epss: Lenient[Epss] = None`."""

LenientList = Annotated[list[Annotated[T, WrapValidator(keep_item)]], WrapValidator(keep_list)]
"""A list without the items that are not of the type, empty for null: `cwes: LenientList[Weakness] = []`."""
