"""What an invalid value looks like, without what it says: `2026-13-45` is `9999-99-99`."""

from collections.abc import Collection, Iterator, Sequence
from typing import get_args

from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

from dazz_assets.counts import format_count
from dazz_assets.field_paths import ANY_MEMBER
from dazz_assets.privacy.record_paths import split_fields
from dazz_assets.privacy.secret_names import secret_kind
from dazz_assets.sensitive import HIDDEN, SensitiveFields

HIDDEN_VALUE = "hidden"
MOST_PROBLEMS = 5
"""How many problems of a record are described."""
_MOST_CHARACTERS = 40
# The kinds of problems whose message is pydantic's own, and quotes no value.
_KNOWN_PROBLEMS = frozenset(get_args(ErrorType)) - {
    *("value_error", "assertion_error", "union_tag_invalid", "json_invalid"),
    *("get_attribute_error", "mapping_type", "iteration_error", "url_parsing", "url_syntax_violation"),
}


def describe_values(problems: Sequence[ErrorDetails], personal: Collection[str]) -> str:
    """What the invalid values of a record look like, in the order of the problems, such as `text "9999-99-99"; null`.

    personal: paths of fields that say who a person is. Their values are hidden, and those of fields named as secrets.
    """
    return "; ".join(_describe_value(item, personal) for item in problems[:MOST_PROBLEMS])


def describe_place(problem: ErrorDetails, sensitive: SensitiveFields | None = None) -> str:
    """Where in a record a problem is, as `items.0.price`; not below a sensitive field, whose names may be data."""
    place = tuple(map(str, problem["loc"]))
    for end in range(len(place) + 1) if sensitive else ():
        if _is_sensitive(place[:end], sensitive, within=True):
            place = place[:end]
            break
    return ".".join(place) or "the record"


def describe_problem(problem: ErrorDetails, sensitive: SensitiveFields) -> str:
    """What is wrong, in pydantic's words.

    If the record has sensitive fields, what an author's validator says is hidden, as it may quote them, and so is what
    is said of such a field, unless it is missing or of the wrong type.
    """
    kind, message = problem["type"], problem["msg"]
    is_type = kind in _KNOWN_PROBLEMS and kind.endswith("_type")
    is_plain = kind == "missing" or is_type or (kind == "invalid" and message.startswith("Expected `"))
    if not sensitive or is_plain:
        return message
    if kind not in _KNOWN_PROBLEMS or _is_sensitive(tuple(_field_names(problem)), sensitive):
        return f"{kind} {HIDDEN}"
    return message


def _is_sensitive(path: Sequence[str], sensitive: SensitiveFields | None, *, within: bool = False) -> bool:
    """Whether a value at a path is sensitive, or holds what is, unless within. It may name types between the fields."""
    return any(
        not field or _lies_within(path, field) or (not within and (not path or _lies_within(field, path)))
        for field in (sensitive.paths if sensitive else ())
    )


def is_personal(path: Sequence[str], personal: Collection[str]) -> bool:
    """Whether a value at a path may say who a person is: its field, one around it or one inside it is personal.

    The path of an error may name types between the fields.
    """
    return any(_lies_within(path, field) or _lies_within(field, path) for field in split_fields(personal))


def _lies_within(path: Sequence[str], outer: Sequence[str]) -> bool:
    """Whether a path leads through the fields of another, in their order. None leads to the whole record."""
    names = iter(path)
    return bool(outer) and all(next(names, None) is not None if name == ANY_MEMBER else name in names for name in outer)


def mask_text(text: str) -> str:
    """A text with each letter as `a` or `A` and each digit as `9`. A long one is cut, and its length given."""
    masked = "".join(map(_mask_character, text[:_MOST_CHARACTERS]))
    return f'"{masked}"' if len(text) <= _MOST_CHARACTERS else f'"{masked}..." of {len(text)} characters'


def _describe_value(problem: ErrorDetails, personal: Collection[str]) -> str:
    value, path = problem["input"], list(_field_names(problem))
    if problem["type"] == "missing":
        return "missing"
    if is_personal(path, personal) or any(map(secret_kind, path)):
        return HIDDEN_VALUE
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return f"number {mask_text(str(value))}".replace('"', "")
    if isinstance(value, list | dict):
        return (
            f"a list of {len(value)}"
            if isinstance(value, list)
            else f"an object of {format_count(len(value), 'field')}"
        )
    return f"text {mask_text(str(value))}"


def _field_names(problem: ErrorDetails) -> Iterator[str]:
    yield from (item for item in problem["loc"] if isinstance(item, str))


def _mask_character(character: str) -> str:
    if character.isdigit():
        return "9"
    if character.isalpha():
        return "A" if character.isupper() else "a"
    return character if character.isascii() and character.isprintable() else "?"
