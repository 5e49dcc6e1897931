"""Finds the fields that name a person, by the names of fields and objects, and by what stands next to them."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from dazz_assets.assistant.generate.object_fields import HOLDERS
from dazz_assets.assistant.generate.python_names import singular
from dazz_assets.assistant.infer import read_shape
from dazz_assets.assistant.infer.field_shapes import ValueShape
from dazz_assets.assistant.infer.json_values import is_addressable, is_id, split_words
from dazz_assets.field_paths import join_path

_MAX_DEPTH = 20

# Names of fields, without their separators. Those of the first kind are a person's wherever they are but in a thing;
# the others name a thing as well as a person.
_ONLY_OF_PEOPLE = frozenset(
    {"firstname", "lastname", "middlename", "givenname", "familyname", "fullname", "realname", "nickname", "surname"}
    | {"forename"}
)
_NAMES = _ONLY_OF_PEOPLE | {"name", "login", "username", "displayname", "formatted", "handle", "screenname"}
# What APIs call the name where they refer to a person.
_NAMES_IN_REFERENCES = frozenset({"summary", "displayvalue"})
_PHONES = frozenset({"phone", "telephone", "mobile", "cell", "cellphone"})

_PEOPLE = frozenset(
    {"user", "person", "people", "author", "assignee", "creator", "reporter", "member", "contributor", "committer"}
    | {"reviewer", "approver", "requester", "requestor", "submitter", "commenter", "manager", "employee", "responder"}
    | {"acknowledger", "actor", "participant", "attendee", "watcher", "follower", "collaborator", "maintainer"}
    | {"recipient", "sender", "caller", "supervisor", "admin", "administrator", "uploader", "editor", "invitee"}
)
# These may be people, or not: an owner may be an organisation.
_PERHAPS = frozenset({"owner", "lead", "account", "contact", "customer", "client", "agent", "profile"})
_THINGS = frozenset(
    {"team", "group", "service", "repository", "repo", "project", "organization", "organisation", "org", "company"}
    | {"department", "tenant", "workspace", "site", "channel", "queue", "mailbox", "policy", "schedule", "app", "bot"}
    | {"application", "integration", "vendor", "product", "component", "system", "host", "device", "server", "cluster"}
    | {"environment", "region", "role", "board", "space", "list", "domain", "brand", "unit", "division", "business"}
    | {"location", "office", "plan", "package", "image", "monitor", "rule", "enterprise", "installation", "provider"}
)
# What people do to a record: `resolved_by`. A version may be what it is `fixed_by`.
_DEEDS = frozenset(
    {"created", "updated", "modified", "changed", "change", "edited", "assigned", "opened", "closed", "resolved"}
    | {"dismissed", "approved", "reviewed", "reported", "requested", "submitted", "acknowledged", "invited", "added"}
    | {"deleted", "removed", "archived", "uploaded", "merged", "authored", "completed", "cancelled", "rejected"}
)
# A person only where no other word stands before it: a package manager is none.
_ALSO_TOOLS = frozenset({"manager", "editor", "actor"})
# The words of an e-mail address's own name: `support_email` is no address of whom the object is about.
_EMAIL_WORDS = frozenset(
    {"e", "mail", "email", "address", "primary", "work", "login", "user", "name", "username", "upn"}
)
# What is in such an object belongs to the record.
_HOLDERS = frozenset({*HOLDERS, "profile"})


def personal_fields(records: Sequence[Any], noun: str) -> tuple[str, ...]:
    """The paths of people's names, logins and phones. noun: what one record is called, such as `issue` or `user`.

    E-mail addresses and avatars are left out, as recordings replace them in any field. What is a team's, a service's
    or another thing's is left out too.
    """
    paths = [names for names in _find_fields(records, (), noun) if is_addressable(names)]
    return tuple(dict.fromkeys(map(join_path, paths)))


def _find_fields(values: Sequence[Any], above: tuple[str, ...], called: str) -> Iterator[tuple[str, ...]]:
    """The paths of people's fields in the objects at one path. As in recordings, paths skip lists."""
    objects = [value for value in _flatten(values) if isinstance(value, dict)]
    shape = read_shape(objects)
    if not objects or shape.is_map or len(above) > _MAX_DEPTH:
        return
    what = _classify(shape, called, [item.get("type") for item in objects])
    for name, member in shape.members.items():
        if _is_text(member) and (_says_person(name) or _is_personal(name, what)):
            yield *above, name
        inside = called if name in _HOLDERS else name
        yield from _find_fields([item[name] for item in objects if name in item], (*above, name), inside)


def _flatten(values: Sequence[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield from _flatten(value)
        else:
            yield value


def _classify(shape: ValueShape, called: str, types: Sequence[object]) -> Literal["person", "thing", "unknown"]:
    """What objects of this shape are. called: the name of their field. types: what they say that they are."""
    words = _split_words(called)
    words = words[:-1] if len(words) > 1 and words[-1] == "id" else words
    said = {word for type_ in types if isinstance(type_, str) for word in _split_words(type_)}
    if words[-1:] and words[-1] in _THINGS:
        return "thing"
    if said & _PEOPLE:
        return "person"
    if said & _THINGS:
        return "thing"
    holds_avatar = any("avatar" in _split_words(name) for name in shape.members)
    is_person = (
        _are_of_person(words)
        or any("".join(_split_words(name)) in _ONLY_OF_PEOPLE for name in shape.members)
        or any("email" in member.kinds and _is_own_email(name) for name, member in shape.members.items())
        or (holds_avatar and bool(words) and words[-1] in _PERHAPS)
    )
    return "person" if is_person else "unknown"


def _is_personal(name: str, what: Literal["person", "thing", "unknown"]) -> bool:
    """Whether a field of such an object names a person."""
    words = split_words(name)
    joined = "".join(words)
    if what == "person":
        return joined in _NAMES | _NAMES_IN_REFERENCES or bool(_PHONES & set(words))
    return what == "unknown" and joined in _ONLY_OF_PEOPLE | {"username"}


def _says_person(name: str) -> bool:
    """Whether a field's own name says that it names a person: `assignee`, `created_by`, `reporter_name`."""
    words = _split_words(name)
    ends = (at for at in range(1, len(words)) if "".join(words[at:]) in _NAMES | _PHONES)
    return _are_of_person(words) or any(_are_of_person(words[:at]) for at in ends)


def _are_of_person(words: tuple[str, ...]) -> bool:
    """Whether the words of a name end in one for a person: `issue_author`, `resolved_by`, `assigned_to`."""
    if words[-2:] == ("assigned", "to") or (words[-1:] == ("by",) and bool(_DEEDS & set(words[-2:]))):
        return True
    return words[-1:] != () and words[-1] in _PEOPLE and (len(words) == 1 or words[-1] not in _ALSO_TOOLS)


def _split_words(name: str) -> tuple[str, ...]:
    """The words of a name, the last one in the singular."""
    words = split_words(name)
    return (*words[:-1], singular(words[-1])) if words else ()


def _is_own_email(name: str) -> bool:
    return set(split_words(name)) <= _EMAIL_WORDS


def _is_text(shape: ValueShape) -> bool:
    """Whether there are texts that are no ids, also in a list."""
    while shape.items is not None:
        shape = shape.items
    return shape.kinds.get("string", 0) > shape.blanks and not is_id(str(shape.example))
