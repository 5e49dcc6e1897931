"""Pairs of fields as OCSF has them: `status_id` holds a number, and `status` the number's caption."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any

from pydantic import AfterValidator, ValidationInfo

from dazz_assets.domain.ocsf import Captioned


def member_of(enumeration: type[IntEnum]) -> AfterValidator:
    """Requires a number of an enumeration. Looked up first, as a call of the enumeration takes ten times as long."""
    numbers = {item.value: item.value for item in enumeration}

    def require(number: int) -> int:
        return numbers[number] if number in numbers else enumeration(number).value

    return AfterValidator(require)


def caption_of(field: str, enumeration: type[Captioned]) -> Callable[[dict[str, Any]], str]:
    """The default of a caption: that of the number in `field`, which must be declared before it."""
    captions = {item.value: item.caption for item in enumeration}
    return lambda data: captions[data[field]]


def fits_id(enumeration: type[Captioned]) -> AfterValidator:
    """Refuses a caption that contradicts its number. https://schema.ocsf.io/1.6.0/dictionary#severity"""

    def require(caption: str, info: ValidationInfo) -> str:
        field = str(info.field_name)
        if (number := info.data.get(f"{field}_id")) is None:  # The id itself was refused.
            return caption
        expected = enumeration(number)
        is_vendor_word = expected.name == "OTHER" and caption not in {item.caption for item in enumeration}
        if caption != expected.caption and not is_vendor_word:
            raise ValueError(
                f"{field}_id {number} is {expected.caption!r}, not {caption!r}: leave {field} out, or correct "
                f"{field}_id ({', '.join(f'{item.value} {item.caption}' for item in enumeration)})"
            )
        return caption

    return AfterValidator(require)
