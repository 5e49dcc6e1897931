"""Finds the fields that name a person, by the fields next to them."""

from collections.abc import Iterator

from dazz_assets.assistant.generate.python_names import singular
from dazz_assets.assistant.infer.field_shapes import ValueShape
from dazz_assets.assistant.infer.json_values import is_addressable, join_path, split_words

_NAMES = frozenset(
    {"name", "login", "username", "fullname", "displayname", "firstname", "lastname", "nickname", "realname"}
)
_PEOPLE = frozenset({"user", "author", "owner", "assignee", "creator", "reporter", "lead"})


def personal_fields(records: ValueShape) -> tuple[str, ...]:
    """The paths of people's names: next to an e-mail address, or to an avatar in an object named for a person.

    E-mail addresses and avatars themselves are left out, as recordings replace them in any field.
    """
    paths = [names for names in _find_names(records, (), "") if is_addressable(names)]
    return tuple(dict.fromkeys(map(join_path, paths)))


def _find_names(shape: ValueShape, above: tuple[str, ...], object_name: str) -> Iterator[tuple[str, ...]]:
    """The paths of names in a shape; as in recordings, paths skip lists."""
    if shape.items is not None:
        yield from _find_names(shape.items, above, singular(object_name))
    if shape.is_map:
        return
    if _holds_email(shape) or (_is_person(object_name) and _holds_avatar(shape)):
        yield from ((*above, name) for name, member in shape.members.items() if _is_name(name, member))
    for name, member in shape.members.items():
        yield from _find_names(member, (*above, name), name)


def _holds_email(shape: ValueShape) -> bool:
    return any("email" in member.kinds for member in shape.members.values())


def _holds_avatar(shape: ValueShape) -> bool:
    return any("avatar" in split_words(name) for name in shape.members)


def _is_person(object_name: str) -> bool:
    return bool(_PEOPLE & set(split_words(object_name)[-1:]))


def _is_name(name: str, shape: ValueShape) -> bool:
    return "".join(split_words(name)) in _NAMES and "string" in shape.kinds
