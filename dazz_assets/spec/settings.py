"""The schema of all settings: what an integration, its streams and their cursors may set, checked at load."""

import dataclasses
from collections.abc import Callable, Mapping
from datetime import timedelta
from http import HTTPMethod
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

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
from dazz_assets.declare.stream import Parents, Scalar, Stream
from dazz_assets.errors import DefinitionError
from dazz_assets.http import Budget, Rate
from dazz_assets.http.errors import NOT_MODIFIED
from dazz_assets.http.hosts import DeclaredHosts
from dazz_assets.http.json.body_format import Format
from dazz_assets.http.placeholders import PLACEHOLDER
from dazz_assets.http.quotes import shorten
from dazz_assets.http.responses.failures import is_transient
from dazz_assets.http.responses.response_rules import Absence, Action, Shape
from dazz_assets.spec.attribute_rules import check_attributes
from dazz_assets.spec.timestamps import is_zone

_MAX_VALUE_LENGTH = 60


def check_settings(integration: type[Integration[Any]]) -> None:
    """Check that the settings of an integration, its streams and cursors exist, belong there, and are valid.

    Raises DefinitionError.
    """
    where = integration.__name__
    _validate(where, integration, _IntegrationSettings)
    on_streams = "on an integration; it belongs to its streams: set it on each stream that needs it"
    check_attributes(integration, INTEGRATION_SETTINGS, STREAM_SETTINGS - INTEGRATION_SETTINGS, on_streams)
    for stream in (*integration.streams, *fact_streams(integration)):
        on_integration = f"on a stream; it belongs to the integration: set it on {where}"
        check_attributes(stream, STREAM_SETTINGS, INTEGRATION_SETTINGS - STREAM_SETTINGS, on_integration)
        _validate(f"{where}: {stream.__name__}", stream, _StreamSettings)
        if stream.cursor is not None:
            _validate(f"{where}: {stream.__name__}.cursor", stream.cursor, _CursorSettings)


def fact_streams(integration: type[Integration[Any]]) -> list[type[Stream[Any]]]:
    """The streams that an author gives as facts."""
    return [source for source in integration.facts.values() if isinstance(source, type)]


def check_url(url: str) -> str:
    """Check that a base URL is absolute, without credentials or a query. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in {"https", "http"} or not parts.netloc:
        raise ValueError(f"`base_url` is {url!r}, which is not an absolute URL; write it as `https://api.vendor.com`")
    if parts.username or parts.password or parts.query:
        raise ValueError("`base_url` holds credentials or a query; set them with `auth` or `params`")
    return url


def _validate(where: str, holder: object, schema: type[BaseModel]) -> None:
    settings = {name: getattr(holder, name) for name in schema.model_fields if hasattr(holder, name)}
    if settings.get("query") is not None:
        settings.setdefault("path", "")  # The base URL may be the endpoint.
    try:
        schema.model_validate(settings)
    except ValidationError as error:
        raise DefinitionError(_format_error(where, settings, schema, error.errors()[0])) from None


def _format_error(where: str, settings: Mapping[str, Any], schema: type[BaseModel], error: ErrorDetails) -> str:
    name = str(error["loc"][0])
    value, field = settings.get(name), schema.model_fields[name]
    example = f", for example {field.examples[0]}" if field.examples else ""
    if error["type"] == "value_error":
        return f"{where}: {error['ctx']['error']}"
    if value is None and field.is_required():
        return f"{where} has no {name}; set it{example}"
    if isinstance(value, type) and name not in ("parent", "check"):
        return f"{where}: `{name}` is a class; make an instance: `{value.__name__}(...)`"
    if isinstance(value, Stream):
        return f"{where}: `{name}` is {_format_value(value)}; give the class, without `()`"
    # Whatever was given as `auth` may be a secret.
    found = f"a {type(value).__name__}" if name == "auth" else _format_value(value)
    return f"{where}: `{name}` is {found}; it must be {field.description}{example}"


def _format_value(value: object) -> str:
    """A wrong value, shortened; a mapping with the types of its values, which may be secrets."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, Stream):
        return f"an instance of {type(value).__name__}"
    if isinstance(value, Mapping):
        text = "{" + ", ".join(f"{name!r}: {type(item).__name__}" for name, item in value.items()) + "}"
    else:
        text = repr(value)
    return shorten(text, _MAX_VALUE_LENGTH)


def _setting(description: str, example: str = "", **constraints: Any) -> Any:
    """An optional setting. What it must be, in words, completes the message "it must be ..."."""
    return Field(default=None, description=description, examples=[example] if example else None, **constraints)


def _satisfying(is_valid: Callable[[Any], bool]) -> AfterValidator:
    """A value that passes a test; the field's description says what it must be."""

    def check(value: Any) -> Any:
        if not is_valid(value):
            raise PydanticCustomError("invalid", "invalid")
        return value

    return AfterValidator(check)


def _having(*methods: str) -> AfterValidator:
    """An instance of any class that has these methods."""
    return _satisfying(
        lambda value: not isinstance(value, type) and all(callable(getattr(value, name, None)) for name in methods)
    )


def _is_stream_class(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Stream)


def _check_complete(value: Any) -> Any:
    """Refuse an instance of a dataclass whose own `__init__` does not set all of its fields."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            if field.init and not hasattr(value, field.name):
                class_ = type(value).__name__
                raise ValueError(
                    f"{class_}.__init__ leaves `{field.name}` without a value; call `super().__init__(...)` there"
                )
    return value


# A validator that has more to say than what the setting must be raises ValueError with the whole message.


def _check_base_url(url: str) -> str:
    if not url:  # The connection's config may have one.
        return url
    start = PLACEHOLDER.match(url)
    # At the start it is an address, which is known with a connection only.
    is_whole_address = start is not None and start[1] == "config" and url[start.end() :][:1] in ("", "/")
    return url if is_whole_address else check_url(url)


def _check_stream_url(url: str) -> str:
    field = PLACEHOLDER.fullmatch(url)
    if field is None or field[1] != "config":
        raise ValueError(
            f"`base_url` is {url!r}; a stream's is a field of the config with the address as its default, so that a "
            'connection can replace it: `base_url = "{config.files_url}"`'
        )
    return url


def _check_path(path: str) -> str:
    if "?" in path or "#" in path or "://" in path:
        raise ValueError(
            f"`path` is {path!r}; give only what follows the base URL, and set query parameters with `params`"
        )
    if path and not path.startswith("/"):
        raise ValueError(f'`path` is {path!r}; begin it with a slash: `path = "/{path}"`')
    return path


def _check_hosts(hosts: tuple[str, ...]) -> tuple[str, ...]:
    DeclaredHosts("https://api.vendor.com", hosts)
    return hosts


def _check_accept(accept: Mapping[int | tuple[int, str], object]) -> Mapping[int | tuple[int, str], object]:
    for key, action in accept.items():
        if problem := _find_accept_problem(key, action):
            raise ValueError(f'`accept` has {{{key}: "{action}"}}{problem}')
    return accept


# An answer with another one may be no list, such as a 202.
_USUAL_SUCCESS = (200, 204, 205)


def _find_accept_problem(key: int | tuple[int, str], action: object) -> str | None:
    """Return why such a response can't be accepted in this way, as the end of a sentence; None if it can."""
    status, text = key if isinstance(key, tuple) else (key, "")
    if action not in get_args(Action):
        return f"; use one of {', '.join(get_args(Action))}"
    if isinstance(key, tuple) and not text:
        return ", whose text is empty and would be found in every body; give a text, or the status alone"
    if status == NOT_MODIFIED:
        use = 'it means that nothing is new; use {304: "skip"}, or remove it'
        return None if action == "skip" else f", which does nothing: {use}"
    if 300 <= status < 400:
        return ", which does nothing: redirects are followed; remove it"
    if not 200 <= status < 600:
        return ", which is not the status of a response; correct it"
    if action == "keep":
        use = '"keep" keeps the data of a success that also has errors; use {200: "keep"}, or remove it'
        return None if status < 300 else f", which does nothing: {use}"
    if status < 300 and not text and (action != "skip" or status in _USUAL_SUCCESS):
        return f', which would do so to every successful response; add a text: {{({status}, "..."): "{action}"}}'
    if status in (401, 407) and action in ("skip", "end") and not text:
        cause = "a wrong or expired token" if status == 401 else "wrong credentials for a proxy"
        return f", which would turn {cause} into an empty list; remove it"
    if action in ("retry", "skip") and not text and is_transient(status):
        return ", which does nothing: such a failure may pass, so the request is retried; remove it"
    return None


def _check_until(until: str, info: ValidationInfo) -> str:
    if until == info.data.get("since"):
        raise ValueError(
            f"`since` and `until` are both {until!r}; give each the name of its own parameter, or remove `until`"
        )
    return until


def _check_zone(zone: str) -> str:
    if "{" not in zone and not is_zone(zone):
        raise ValueError(f'`zone` is {zone!r}, which is no time zone; give its IANA name: `zone="America/New_York"`')
    return zone


def _check_permissions_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"https", "http"} or not parts.netloc or "{" in url:
        raise ValueError(
            f"`permissions_url` is {url!r}, which is not the address of a page; write it whole, without placeholders: "
            '`permissions_url = "https://docs.vendor.com/permissions"`'
        )
    return url


def _check_facts(facts: Mapping[str, object]) -> Mapping[str, object]:
    for name, source in facts.items():
        subject = f"`facts` has {name!r}: {_format_value(source)}"
        if isinstance(source, str):
            if not source.startswith("/"):
                raise ValueError(f'{subject}; begin the path with a slash: `"/{source}"`')
            _check_path(source)
        elif not _is_stream_class(source):
            raise ValueError(f"{subject}; give the path of what tells it, or a Stream class")
    return facts


def _check_is_tuple(streams: object) -> object:
    if isinstance(streams, type):
        name = streams.__name__
        raise ValueError(f"`streams` is the class {name}; write a tuple, with a comma: `streams = ({name},)`")
    if not streams:
        raise ValueError("`streams` is empty; set it, for example `streams = (YourStream,)`")
    return streams


def _check_streams(streams: tuple[Any, ...]) -> tuple[Any, ...]:
    for stream in streams:
        if isinstance(stream, Stream):
            raise ValueError(f"`streams` holds {_format_value(stream)}; give the class, without `()`")
        if not _is_stream_class(stream):
            raise ValueError(f"`streams` holds {_format_value(stream)}, which is not a Stream class")
        if streams.count(stream) > 1:
            raise ValueError(f"`streams` holds {stream.__name__} twice; remove one of them")
    return streams


_Name = Annotated[str, Field(min_length=1)]
_FactName = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")]
_HostName = Annotated[str, Field(pattern=r"^[^/]+$")]
_AUTH = Annotated[Any, _having("flow"), AfterValidator(_check_complete)]
# A token of RFC 9110, section 5.6.2.
_HeaderName = Annotated[str, Field(pattern=r"^[\w!#$%&'*+.^`|~-]+$")]
_Paths = str | tuple[_Name, ...]


class _SharedSettings(BaseModel):
    """What an integration may set for all its streams, and a stream for itself."""

    model_config = ConfigDict(strict=True, defer_build=True)

    name: str | None = _setting("a string", '`name = "things"`')
    params: Mapping[str, Scalar | list[Scalar] | tuple[Scalar, ...]] = _setting(
        "a dict of strings, numbers and booleans, or lists of them", '`params = {"limit": 100}`'
    )
    headers: Mapping[str, str] = _setting("a dict of strings", '`headers = {"Accept": "application/json"}`')
    method: Annotated[str, _satisfying(lambda method: method.upper() in set(HTTPMethod))] = _setting(
        "an HTTP method", '`method = "POST"`'
    )
    records: str = _setting("the path of the list in a page", '`records = "data.items"`')
    record: str = _setting("the path of the record in an item of the list", '`record = "node"`')
    shape: Shape = _setting('"list", "object" or "by_id"')
    empty: tuple[Absence, ...] = _setting(
        'a tuple of "body", "object", "text" and "missing"', '`empty = ("body",)`, with a comma'
    )
    data_fields: tuple[_Name, ...] = _setting("a tuple of names", '`data_fields = ("status",)`, with a comma')
    format: Format | None = _setting('"json", "ndjson" or "csv"')
    total: str | None = _setting("the path of a number, or None", '`total = "meta.count"`')
    primary_key: _Paths | None = _setting(
        "a path or a tuple of paths", '`primary_key = "id"` or `primary_key = ("repository.id", "number")`'
    )
    paginator: Annotated[Any, _having("first", "next"), AfterValidator(_check_complete)] | None = _setting(
        "a paginator", '`paginator = NextLink("links.next")`'
    )
    accept: Annotated[Mapping[int | tuple[int, str], Any], AfterValidator(_check_accept)] = _setting(
        "a dict whose keys are statuses, or pairs of a status and a text",
        '`accept = {404: "skip", (403, "disabled"): "skip"}`',
    )
    rate: InstanceOf[Rate] | tuple[InstanceOf[Rate], ...] | None = _setting(
        "a Rate or a tuple of them", "`rate = Rate(100, per=60)`"
    )
    budget: InstanceOf[Budget] | None = _setting(
        "a Budget", '`budget = Budget("data.cost.left", reset="data.cost.reset_in_seconds")`'
    )
    max_invalid: float = _setting("a share from 0 to 1", "`max_invalid = 0.1`", ge=0, le=1)
    max_shrink: float = _setting("a share from 0 to 1", "`max_shrink = 0.5`", ge=0, le=1)
    max_pages: int = _setting("a whole number of at least 1", "`max_pages = 1_000_000`", ge=1)
    max_time: timedelta = _setting("a timedelta above 0", "`max_time = timedelta(hours=48)`", gt=timedelta())
    max_idle_pages: int = _setting("a whole number of at least 1", "`max_idle_pages = 100`", ge=1)
    personal: _Paths = _setting(
        "a path or a tuple of paths", '`personal = "user.login"` or `personal = ("user.login", "author")`'
    )
    sensitive: _Paths = _setting(
        "a path or a tuple of paths", '`sensitive = "secret"` or `sensitive = ("secret", "tokens.*.value")`'
    )
    permissions: tuple[_Name, ...] = _setting(
        "a tuple of texts, in the vendor's words", '`permissions = ("Issues: read",)`, with a comma'
    )


class _StreamSettings(_SharedSettings):
    base_url: Annotated[str, AfterValidator(_check_stream_url)] = _setting(
        "a field of the config", '`base_url = "{config.files_url}"`'
    )
    path: Annotated[str, AfterValidator(_check_path)] | None = _setting("a path", '`path = "/things"`')
    body: Mapping[str, Any] | None = _setting("a dict", '`body = {"filter": "open"}`')
    query: str | None = _setting("a GraphQL query or the name of a file", '`query = "items.graphql"`')
    variables: Mapping[str, Any] = _setting("a dict", '`variables = {"first": 100}`')
    cursor: InstanceOf[Cursor] | None = _setting("a Cursor", '`cursor = Cursor("updated_at")`')
    parent: Annotated[Any, _satisfying(_is_stream_class)] | None = _setting("a Stream class", "`parent = OrgsStream`")
    parents: Parents = _setting('"all" or "changed"')
    parents_per_request: int | None = _setting("a whole number of at least 1", "`parents_per_request = 50`", ge=1)
    parent_key: _Name | None = _setting("the path of a field", '`parent_key = "boardId"`')


class _IntegrationSettings(_SharedSettings):
    base_url: Annotated[str, AfterValidator(_check_base_url)] | None = _setting(
        "a string", '`base_url = "https://api.vendor.com"`'
    )
    auth: _AUTH | tuple[_AUTH, ...] | None = _setting(
        "an auth or a tuple of them", '`auth = BearerToken("{config.token}")`'
    )
    hosts: Annotated[tuple[_HostName, ...], AfterValidator(_check_hosts)] = _setting(
        "a tuple of host names, without `https://` or a path", '`hosts = ("files.vendor.com",)`'
    )
    concurrency: int = _setting("a whole number of at least 1", "`concurrency = 4`", ge=1)
    window: WindowKind = _setting('"day", "week" or "month"')
    check: Annotated[Any, _satisfying(_is_stream_class)] | None = _setting("a Stream class", "`check = OrgsStream`")
    facts: Annotated[Mapping[_FactName, Any], AfterValidator(_check_facts)] = _setting(
        "a dict of paths, or Stream classes, by names", '`facts = {"me": "/myself"}`'
    )
    streams: Annotated[tuple[Any, ...], AfterValidator(_check_streams), BeforeValidator(_check_is_tuple)] = _setting(
        "a tuple of Stream classes", "`streams = (OrgsStream, ProjectsStream)`"
    )
    permissions_url: Annotated[str, AfterValidator(_check_permissions_url)] | None = _setting(
        "an address", '`permissions_url = "https://docs.vendor.com/permissions"`'
    )
    permissions_header: _HeaderName | None = _setting(
        "the name of a header", '`permissions_header = "x-needed-permissions"`'
    )
    version_headers: tuple[_HeaderName, ...] = _setting(
        "a tuple of names of headers", '`version_headers = ("x-api-version-ends",)`, with a comma'
    )
    seams: tuple[Annotated[Any, _having("recording", "replaying")], ...] = _setting(
        "a tuple of seams", "`seams = (SdkSeam(),)`"
    )


class _CursorSettings(BaseModel):
    model_config = ConfigDict(strict=True, defer_build=True)

    field: _Name = Field(description="the path of a field", examples=['`Cursor("updated_at")`'])
    since: str | None = _setting("the name of a parameter", '`since="updated_after"`')
    until: Annotated[str, AfterValidator(_check_until)] | None = _setting(
        "the name of a parameter", '`until="updated_before"`'
    )
    nulls: _Name | None = _setting('the path of a field, or "fetched"', '`nulls="created_at"`')
    step: timedelta | None = _setting("a timedelta above 0", "`step=timedelta(days=31)`", gt=timedelta())
    both: bool = _setting("True or False")
    nulls_listed: bool = _setting("True or False")
    lookback: timedelta = _setting("a timedelta, not negative", "`lookback=timedelta(hours=1)`", ge=timedelta())
    reread: timedelta | None = _setting("a timedelta above 0", "`reread=timedelta(days=7)`", gt=timedelta())
    order: Literal["asc", "desc"] | None = _setting('"asc" or "desc"')
    zone: Annotated[str, AfterValidator(_check_zone)] | None = _setting(
        "the name of a time zone", '`zone="America/New_York"`'
    )
    format: Annotated[str, _satisfying(lambda form: form in ("epoch", "epoch_ms") or "%" in form)] | None = _setting(
        '"epoch" (seconds), "epoch_ms" or a strftime format', '`format="%Y-%m-%d"`'
    )


STREAM_SETTINGS = frozenset(_StreamSettings.model_fields)
"""The settings that a stream may have."""
INTEGRATION_SETTINGS = frozenset(_IntegrationSettings.model_fields)
"""The settings that an integration may have."""
