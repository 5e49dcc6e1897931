"""Each setting is of the type that it must have: what the editor says where types are checked, said at load as well."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from dazz_assets.authoring.cursor import Cursor
from dazz_assets.authoring.errors import DefinitionError
from dazz_assets.authoring.integration import Integration
from dazz_assets.authoring.naming import suggestion
from dazz_assets.authoring.stream import Stream
from dazz_assets.http import Rate

_LONGEST = 60


def _text(value: object) -> bool:
    return isinstance(value, str)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _key(value: object) -> bool:
    return _text(value) or (isinstance(value, tuple) and all(isinstance(path, str) and path for path in value))


def _dict_of(*kinds: type) -> Callable[[object], bool]:
    def fits(value: object) -> bool:
        return isinstance(value, Mapping) and all(
            isinstance(name, str) and isinstance(item, kinds) for name, item in value.items()
        )

    return fits


def _has(*methods: str) -> Callable[[object], bool]:
    return lambda value: all(callable(getattr(value, name, None)) for name in methods)


def _by_status(value: object) -> bool:
    return isinstance(value, Mapping) and all(type(status) is int for status in value)


def _stream_class(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Stream)


# Of each setting a test, and in words what passes it; None passes where the setting may be None.
_Kinds = Mapping[str, tuple[Callable[[object], bool], str]]
_BOTH: _Kinds = {
    "name": (_text, 'a text, as `name = "things"`'),
    "params": (_dict_of(str, int, float), 'a dict of texts, numbers and booleans, as `params = {"limit": 100}`'),
    "headers": (_dict_of(str), 'a dict of texts, as `headers = {"Accept": "application/json"}`'),
    "method": (_text, 'a text, as `method = "POST"`'),
    "records": (_text, 'the path of the list in a page, as `records = "data.items"`'),
    "primary_key": (_key, 'a path, as "id", or a tuple of paths, as ("repository.id", "number")'),
    "paginator": (_has("first", "next"), 'a paginator, as `paginator = NextLink("links.next")`'),
    "accept": (_by_status, 'a dict by status, as `accept = {404: "skip"}`'),
    "max_invalid": (_number, "a share, as `max_invalid = 0.1`"),
    "personal": (_key, 'a path, as "user.login", or a tuple of paths, as ("user.login", "author")'),
}
_OF_A_STREAM: _Kinds = {
    **_BOTH,
    "body": (_dict_of(object), 'a dict, as `body = {"query": "..."}`'),
    "cursor": (lambda value: isinstance(value, Cursor), 'a Cursor, as `cursor = Cursor("updated_at")`'),
    "parent": (_stream_class, "a Stream class, as `parent = OrgsStream`"),
}
_OF_AN_INTEGRATION: _Kinds = {
    **_BOTH,
    "base_url": (_text, 'a text, as `base_url = "https://api.vendor.com"`'),
    "auth": (_has("flow"), 'an auth, as `auth = BearerToken("{config.token}")`'),
    "hosts": (lambda value: isinstance(value, tuple), 'a tuple of host names, as `hosts = ("files.vendor.com",)`'),
    "rate": (lambda value: isinstance(value, Rate), "a Rate, as `rate = Rate(100, per=60)`"),
    "concurrency": (lambda value: type(value) is int, "a whole number, as `concurrency = 4`"),
    "check": (_stream_class, "a Stream class, as `check = OrgsStream`"),
}
_OF_A_CURSOR: _Kinds = {
    "field": (lambda value: _text(value) and value != "", 'the path of a field, as `Cursor("updated_at")`'),
    "since": (_text, 'the name of a parameter, as `since="updated_after"`'),
    "until": (_text, 'the name of a parameter, as `until="updated_before"`'),
    "lookback": (lambda value: isinstance(value, timedelta), "a timedelta, as `lookback=timedelta(hours=1)`"),
    "format": (_text, 'a text, as `format="%Y-%m-%d"` or `format="epoch"`'),
}
_CLASSES = ("parent", "check")


def settings(integration: type[Integration[Any]]) -> None:
    """The settings of an integration and of its streams. Raises DefinitionError for the first that is of no use."""
    where = integration.__name__
    _streams(where, integration.streams)
    _demand(where, integration, _OF_AN_INTEGRATION)
    for stream in integration.streams:
        _demand(f"{where}: {stream.__name__}", stream, _OF_A_STREAM)
        if stream.cursor is not None:
            _demand(f"{where}: {stream.__name__}.cursor", stream.cursor, _OF_A_CURSOR)


def _streams(where: str, streams: object) -> None:
    if isinstance(streams, type):
        raise DefinitionError(
            f"{where}: `streams` is the class {streams.__name__}; write a tuple, with a comma: "
            f"`streams = ({streams.__name__},)`"
        )
    if not streams:
        raise DefinitionError(f"{where} declares no streams; set `streams = (YourStream,)`")
    if not isinstance(streams, tuple):
        raise DefinitionError(
            f"{where}: `streams` is {shown(streams)}; it must be a tuple of Stream classes, as "
            "`streams = (OrgsStream, ProjectsStream)`"
        )
    for stream in streams:
        if isinstance(stream, Stream):
            raise DefinitionError(f"{where}.streams holds {shown(stream)}; give the class, without `()`")
        if not _stream_class(stream):
            raise DefinitionError(f"{where}.streams holds {shown(stream)}, which is no Stream class")
        if streams.count(stream) > 1:
            raise DefinitionError(f"{where}.streams holds {stream.__name__} twice; leave out one of them")


def _demand(where: str, holder: object, kinds: _Kinds) -> None:
    for setting, (fits, wanted) in kinds.items():
        value = getattr(holder, setting, None)
        if value is None:
            continue
        if isinstance(value, type) and setting not in _CLASSES:
            raise DefinitionError(f"{where}: `{setting}` is a class; give a value, `{value.__name__}(...)`")
        if isinstance(value, Stream):
            raise DefinitionError(f"{where}: `{setting}` is {shown(value)}; give the class, without `()`")
        if not fits(value):
            # What stands in the place of an auth may be a secret.
            found = f"a {type(value).__name__}" if setting == "auth" else shown(value)
            raise DefinitionError(f"{where}: `{setting}` is {found}; it must be {wanted}")


def one_of(where: str, setting: str, value: object, allowed: tuple[str, ...]) -> None:
    """A setting that is one of some words."""
    if value not in allowed:
        close = suggestion(str(value), allowed)
        raise DefinitionError(
            f"{where}: `{setting}` is {shown(value)}; use one of {', '.join(allowed)}"
            + (close if "did you mean" in close else "")
        )


def shown(value: object) -> str:
    """A value that is not what it should be, for a message."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, Stream):
        return f"an instance of {type(value).__name__}"
    if isinstance(value, Mapping):  # its values may be secrets
        text = "{" + ", ".join(f"{name!r}: {type(item).__name__}" for name, item in value.items()) + "}"
    else:
        text = repr(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
