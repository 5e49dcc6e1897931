"""The schema of all settings: what an integration, its streams and their cursors may say, checked when they load."""

import inspect
from collections.abc import Callable, Mapping
from datetime import timedelta
from difflib import get_close_matches
from http import HTTPMethod
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from dazz_assets.declare.cursor import Cursor
from dazz_assets.declare.integration import Integration, WindowKind
from dazz_assets.declare.stream import Scalar, Stream
from dazz_assets.errors import DefinitionError
from dazz_assets.http import Rate
from dazz_assets.http.failures import is_transient
from dazz_assets.http.hosts import DeclaredHosts

_LONGEST = 60
_REFUSED_CREDENTIALS = {401: "a wrong or expired token", 407: "wrong credentials of a proxy"}


def _that(is_right: Callable[[Any], bool]) -> AfterValidator:
    """A value that passes a test; what it must be is told by its field's description."""

    def demand(value: Any) -> Any:
        if not is_right(value):
            raise PydanticCustomError("wrong", "wrong")
        return value

    return AfterValidator(demand)


def _with(*methods: str) -> AfterValidator:
    """An instance of any class that has these methods."""
    return _that(lambda value: not isinstance(value, type) and all(callable(getattr(value, m, None)) for m in methods))


def _must_be(description: str, example: str = "", **constraints: Any) -> Any:
    """A setting that may be left out, and in words what it must be."""
    return Field(default=None, description=description, examples=[example] if example else None, **constraints)


def _is_stream(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Stream)


# A validator raises ValueError with all that is to be said, where more is to be said than what the setting must be.


def _path(path: str) -> str:
    if "?" in path or "#" in path or "://" in path:
        raise ValueError(f"`path` is {path!r}; give only the path after the base URL, and the query by `params`")
    if path and not path.startswith("/"):
        raise ValueError(f'`path` is {path!r}; begin it with a slash, `path = "/{path}"`')
    return path


def _hosts(hosts: tuple[str, ...]) -> tuple[str, ...]:
    for host in hosts:
        if "/" in host or not host:
            raise ValueError(f"`hosts` holds {host!r}; give host names alone, as `files.vendor.com`")
    DeclaredHosts("https://api.vendor.com", hosts)
    return hosts


def _accept(accept: Mapping[int, object]) -> Mapping[int, object]:
    for status, word in accept.items():
        if problem := _problem_of_accepting(status, word):
            raise ValueError(f'`accept` has {{{status}: "{word}"}}{problem}')
    return accept


def _problem_of_accepting(status: int, word: object) -> str | None:
    """What is wrong with taking this status like this, to follow the item in a sentence; None where nothing is."""
    if word not in ("skip", "keep"):
        return '; use "skip" or "keep"'
    if word == "keep":
        only = '"keep" is for the data of a 200 that also has errors; use {200: "keep"}, or remove it'
        return None if status == 200 else f", which does nothing: {only}"
    if what := _REFUSED_CREDENTIALS.get(status):
        return f", which would turn {what} into an empty list; remove it"
    if 200 <= status < 300:
        return ', which does nothing: "skip" is for failures, and an empty page has no records anyway; remove it'
    if 300 <= status < 400:
        return ", which does nothing: redirects are followed; remove it"
    if not 400 <= status < 600:
        return ", which is not the status of a failure; correct it"
    if is_transient(status):
        return ", which does nothing: such a failure may pass, so the request is sent again; remove it"
    return None


def _until(until: str, known: ValidationInfo) -> str:
    if until == known.data.get("since"):
        raise ValueError(
            f"`since` and `until` are both {until!r}; name the vendor's parameter of each, or leave out `until`"
        )
    return until


def _lookback(lookback: timedelta) -> timedelta:
    if lookback < timedelta():
        raise ValueError("`lookback` is negative; it is how far back each sync begins")
    return lookback


def _streams_as_tuple(streams: object) -> object:
    if isinstance(streams, type):
        name = streams.__name__
        raise ValueError(f"`streams` is the class {name}; write a tuple, with a comma: `streams = ({name},)`")
    if not streams:
        raise ValueError("`streams` is empty; set it, as `streams = (YourStream,)`")
    return streams


def _streams(streams: tuple[Any, ...]) -> tuple[Any, ...]:
    for stream in streams:
        if isinstance(stream, Stream):
            raise ValueError(f"`streams` holds {_shown(stream)}; give the class, without `()`")
        if not _is_stream(stream):
            raise ValueError(f"`streams` holds {_shown(stream)}, which is no Stream class")
        if streams.count(stream) > 1:
            raise ValueError(f"`streams` holds {stream.__name__} twice; leave out one of them")
    return streams


_Name = Annotated[str, Field(min_length=1)]
_Paths = str | tuple[_Name, ...]


class _OfBoth(BaseModel):
    """What an integration may say for all its streams, and a stream for itself."""

    model_config = ConfigDict(strict=True)

    name: str | None = _must_be("a text", '`name = "things"`')
    params: Mapping[str, Scalar] = _must_be("a dict of texts, numbers and booleans", '`params = {"limit": 100}`')
    headers: Mapping[str, str] = _must_be("a dict of texts", '`headers = {"Accept": "application/json"}`')
    method: Annotated[str, _that(lambda method: method.upper() in set(HTTPMethod))] = _must_be(
        "a method of HTTP", '`method = "POST"`'
    )
    records: str = _must_be("the path of the list in a page", '`records = "data.items"`')
    primary_key: _Paths | None = _must_be('a path, as "id", or a tuple of paths', '("repository.id", "number")')
    paginator: Annotated[Any, _with("first", "next")] | None = _must_be(
        "a paginator", '`paginator = NextLink("links.next")`'
    )
    accept: Annotated[Mapping[int, Any], AfterValidator(_accept)] = _must_be(
        "a dict by status", '`accept = {404: "skip"}`'
    )
    max_invalid: float = _must_be("a share from 0 to 1", "`max_invalid = 0.1`", ge=0, le=1)
    personal: _Paths = _must_be('a path, as "user.login", or a tuple of paths', '("user.login", "author")')


class _OfStream(_OfBoth):
    path: Annotated[str, AfterValidator(_path)] = Field(description="a path", examples=['`path = "/things"`'])
    body: Mapping[str, Any] | None = _must_be("a dict", '`body = {"query": "..."}`')
    cursor: InstanceOf[Cursor] | None = _must_be("a Cursor", '`cursor = Cursor("updated_at")`')
    parent: Annotated[Any, _that(_is_stream)] | None = _must_be("a Stream class", "`parent = OrgsStream`")


class _OfIntegration(_OfBoth):
    base_url: str | None = _must_be("a text", '`base_url = "https://api.vendor.com"`')
    auth: Annotated[Any, _with("flow")] | None = _must_be("an auth", '`auth = BearerToken("{config.token}")`')
    hosts: Annotated[tuple[str, ...], AfterValidator(_hosts)] = _must_be(
        "a tuple of host names", '`hosts = ("files.vendor.com",)`'
    )
    rate: InstanceOf[Rate] | None = _must_be("a Rate", "`rate = Rate(100, per=60)`")
    concurrency: int = _must_be("a whole number from 1", "`concurrency = 4`", ge=1)
    window: WindowKind = _must_be('"day", "week" or "month"')
    check: Annotated[Any, _that(_is_stream)] | None = _must_be("a Stream class", "`check = OrgsStream`")
    streams: Annotated[tuple[Any, ...], AfterValidator(_streams), BeforeValidator(_streams_as_tuple)] = _must_be(
        "a tuple of Stream classes", "`streams = (OrgsStream, ProjectsStream)`"
    )
    seams: tuple[Annotated[Any, _with("recording", "replaying")], ...] = _must_be(
        "a tuple of seams", "`seams = (SdkSeam(),)`"
    )


class _OfCursor(BaseModel):
    model_config = ConfigDict(strict=True)

    field: _Name = Field(description="the path of a field", examples=['`Cursor("updated_at")`'])
    since: str | None = _must_be("the name of a parameter", '`since="updated_after"`')
    until: Annotated[str, AfterValidator(_until)] | None = _must_be(
        "the name of a parameter", '`until="updated_before"`'
    )
    lookback: Annotated[timedelta, AfterValidator(_lookback)] = _must_be("a timedelta", "`lookback=timedelta(hours=1)`")
    order: Literal["asc", "desc"] | None = _must_be('"asc" or "desc"')
    format: Annotated[str, _that(lambda form: form in ("epoch", "epoch_ms") or "%" in form)] | None = _must_be(
        '"epoch" (seconds), "epoch_ms" or a format of strftime', '`format="%Y-%m-%d"`'
    )


OF_STREAMS = frozenset(_OfStream.model_fields)
"""The settings that a stream may have."""
OF_INTEGRATIONS = frozenset(_OfIntegration.model_fields)
"""The settings that an integration may have."""


def check_settings(integration: type[Integration[Any]]) -> None:
    """The settings of an integration and of its streams exist, stand where they belong, and are of the right type and
    value. Raises DefinitionError.
    """
    where = integration.__name__
    _demand(where, integration, _OfIntegration)
    of_streams = "on an integration; it belongs to its streams: set it on each that needs it"
    _demand_known(integration, _OfIntegration, of_streams, _OfStream)
    for stream in integration.streams:
        of_integration = f"on a stream; it belongs to the integration: set it on {where}"
        _demand_known(stream, _OfStream, of_integration, _OfIntegration)
        _demand(f"{where}: {stream.__name__}", stream, _OfStream)
        if stream.cursor is not None:
            _demand(f"{where}: {stream.__name__}.cursor", stream.cursor, _OfCursor)


def _demand_known(class_: type, schema: type[BaseModel], place: str, other: type[BaseModel]) -> None:
    """What a class and its bases set is a setting of theirs, or an attribute of the author's own."""
    known, misplaced = schema.model_fields, other.model_fields.keys() - schema.model_fields.keys()
    for base in class_.__mro__:
        if base.__module__.startswith("dazz_assets."):
            continue
        for name, value in vars(base).items():
            if inspect.isroutine(value) or isinstance(value, property):
                continue
            if name in misplaced:
                raise DefinitionError(f"{base.__name__}.{name} does nothing {place}")
            if name not in known and (close := get_close_matches(name, known, n=1, cutoff=0.8)):
                raise DefinitionError(f"{base.__name__}.{name} is no setting; did you mean `{close[0]}`?")
        for name in inspect.get_annotations(base):
            if base is class_ and name in known and name not in vars(base):
                raise DefinitionError(f"{base.__name__}.{name} has a type and no value; set it, as `{name} = ...`")


def _demand(where: str, holder: object, schema: type[BaseModel]) -> None:
    given = {name: getattr(holder, name) for name in schema.model_fields if hasattr(holder, name)}
    try:
        schema.model_validate(given)
    except ValidationError as error:
        raise DefinitionError(_sentence(where, given, schema, error.errors()[0])) from None


def _sentence(where: str, given: Mapping[str, Any], schema: type[BaseModel], error: ErrorDetails) -> str:
    setting = str(error["loc"][0])
    value, field = given.get(setting), schema.model_fields[setting]
    example = f", as {field.examples[0]}" if field.examples else ""
    if error["type"] == "value_error":
        return f"{where}: {error['ctx']['error']}"
    if value is None and field.is_required():
        return f"{where} has no {setting}; set it{example}"
    if isinstance(value, type) and setting not in ("parent", "check"):
        return f"{where}: `{setting}` is a class; give a value, `{value.__name__}(...)`"
    if isinstance(value, Stream):
        return f"{where}: `{setting}` is {_shown(value)}; give the class, without `()`"
    # What stands in the place of an auth may be a secret.
    found = f"a {type(value).__name__}" if setting == "auth" else _shown(value)
    return f"{where}: `{setting}` is {found}; it must be {field.description}{example}"


def _shown(value: object) -> str:
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
