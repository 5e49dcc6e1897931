"""Which fields of records say who a person is, by what stands beside them."""

from collections.abc import Iterator

from dazz_assets.assistant.generate.python_names import singular
from dazz_assets.assistant.infer.field_shapes import ValueShape
from dazz_assets.assistant.infer.json_values import is_addressable, join_path, split_words

_NAMES = frozenset(
    {"name", "login", "username", "fullname", "displayname", "firstname", "lastname", "nickname", "realname"}
)
_PEOPLE = frozenset({"user", "author", "owner", "assignee", "creator", "reporter", "lead"})


def personal_fields(records: ValueShape) -> tuple[str, ...]:
    """The names of people: beside an e-mail address, or beside an avatar in an object that is called after a person.

    The address and the avatar are not among them: recordings replace these in any field.
    """
    places = [names for names in _names_in(records, (), "") if is_addressable(names)]
    return tuple(dict.fromkeys(map(join_path, places)))


def _names_in(shape: ValueShape, above: tuple[str, ...], called: str) -> Iterator[tuple[str, ...]]:
    """The places of names in objects at a place; lists are gone through without saying so, as recordings do."""
    if shape.items is not None:
        yield from _names_in(shape.items, above, singular(called))
    if shape.is_map:
        return
    if _holds_email(shape) or (_is_after_person(called) and _holds_avatar(shape)):
        yield from ((*above, name) for name, member in shape.members.items() if _is_name(name, member))
    for name, member in shape.members.items():
        yield from _names_in(member, (*above, name), name)


def _holds_email(shape: ValueShape) -> bool:
    return any("email" in member.kinds for member in shape.members.values())


def _holds_avatar(shape: ValueShape) -> bool:
    return any("avatar" in split_words(name) for name in shape.members)


def _is_after_person(called: str) -> bool:
    return bool(_PEOPLE & set(split_words(called)[-1:]))


def _is_name(name: str, shape: ValueShape) -> bool:
    return "".join(split_words(name)) in _NAMES and "string" in shape.kinds
