"""Mistakes of authors, found when definitions load: each a sentence that names the class, the setting and the fix."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from difflib import get_close_matches
from http import HTTPMethod
from typing import Any
from urllib.parse import urlsplit

from dazz_assets.authoring import braces
from dazz_assets.authoring.config import ConnectionConfig
from dazz_assets.authoring.cursor import Cursor
from dazz_assets.authoring.errors import DefinitionError
from dazz_assets.authoring.integration import Integration, integration_name
from dazz_assets.authoring.kinds import one_of
from dazz_assets.authoring.naming import NAME, suggestion
from dazz_assets.authoring.spec import StreamSpec
from dazz_assets.authoring.stream import Stream
from dazz_assets.domain import DomainObject
from dazz_assets.http import GraphQLCursor
from dazz_assets.http.hosts import DeclaredHosts

_KNOWN = {class_: sorted(class_.__annotations__) for class_ in (Stream, Integration)}
_WINDOWS = ("day", "week", "month")
_FORMATS = ("epoch", "epoch_ms")


def declared(integration: type[Integration[Any]]) -> None:
    """The streams that its settings name are among its own, and its settings make sense by themselves."""
    where = integration.__name__
    names = [stream.__name__ for stream in integration.streams]
    # A stream is no parent of its own.
    parents = [
        (f"{stream.__name__}.parent", stream.parent, [name for name in names if name != stream.__name__])
        for stream in integration.streams
    ]
    named = [("check", integration.check, names), *parents]
    for setting, other, known in named:
        if other is not None and other not in integration.streams:
            raise DefinitionError(
                f"{where}: `{setting}` is {other.__name__}, which is not among `streams`; add it there"
                f"{suggestion(other.__name__, known)}"
            )
    if not NAME.fullmatch(integration_name(integration)):
        raise DefinitionError(
            f"{where}: the name {integration_name(integration)!r} must be lower case letters, digits and _; set `name`"
        )
    one_of(where, "window", integration.window, _WINDOWS)
    if integration.concurrency < 1:
        raise DefinitionError(f"{where}: `concurrency` is {integration.concurrency}; it must be 1 or more")


def settings(integration: type[Integration[Any]]) -> None:
    """No setting is misspelt: a name that is close to a setting's, and is none."""
    for class_ in (*integration.streams, integration):
        known = _KNOWN[Stream if issubclass(class_, Stream) else Integration]
        for base in class_.__mro__:
            if base.__module__.startswith("dazz_assets."):
                continue
            for name in vars(base):
                close = get_close_matches(name, known, n=1, cutoff=0.8)
                if close and name not in known and not callable(getattr(class_, name)):
                    raise DefinitionError(f"{class_.__name__}.{name} is no setting; did you mean `{close[0]}`?")


def integration(integration: type[Integration[Any]], config: type[ConnectionConfig]) -> None:
    """Its base URL and hosts can be used."""
    where = integration.__name__
    base_url = integration.base_url
    field = config.model_fields["base_url"]
    default = None if field.is_required() else field.default
    if not base_url and not default and not field.is_required():
        raise DefinitionError(f'{where} has no base_url; set it, as `base_url = "https://api.vendor.com"`')
    for url in filter(None, (base_url, default)):
        parts = urlsplit(url)
        if parts.scheme not in {"https", "http"} or not parts.netloc:
            raise DefinitionError(f"{where}: base_url {url!r} is no absolute URL; write it as `https://api.vendor.com`")
        if parts.username or parts.password or parts.query:
            raise DefinitionError(f"{where}: base_url holds credentials or a query; give them by `auth` or `params`")
    braces.known(where, "base_url", base_url, config, has_parent=False)
    braces.in_url(where, "base_url", base_url, config)
    for host in integration.hosts:
        if "/" in host or not host:
            raise DefinitionError(f"{where}: `hosts` holds {host!r}; give host names alone, as `files.vendor.com`")
    try:
        DeclaredHosts("https://api.vendor.com", integration.hosts)
    except ValueError as error:
        raise DefinitionError(f"{where}: {error}") from None


def path(integration: type[Integration[Any]], stream: type[Stream[Any]]) -> str:
    """The stream's path, which it must have."""
    found = getattr(stream, "path", None)
    if not isinstance(found, str):
        raise DefinitionError(f'{integration.__name__}: {stream.__name__} has no path; set it, as `path = "/things"`')
    if "?" in found or "#" in found or "://" in found:
        raise DefinitionError(
            f"{integration.__name__}: {stream.__name__}.path is {found!r}; give only the path after the base URL, "
            "and the query by `params`"
        )
    if found and not found.startswith("/"):
        raise DefinitionError(
            f'{integration.__name__}: {stream.__name__}.path is {found!r}; begin it with a slash, `path = "/{found}"`'
        )
    return found


def unique_names(integration: type[Integration[Any]], specs: Mapping[type[Stream[Any]], StreamSpec]) -> None:
    """No two streams of one name."""
    seen: dict[str, type[Stream[Any]]] = {}
    for class_, spec in specs.items():
        if other := seen.get(spec.name):
            raise DefinitionError(
                f"{integration.__name__}: {other.__name__} and {class_.__name__} are both named {spec.name!r}; "
                "set `name` of one of them"
            )
        if not NAME.fullmatch(spec.name):
            raise DefinitionError(
                f"{integration.__name__}: the name {spec.name!r} of {class_.__name__} must be lower case letters, "
                "digits and _; set `name`"
            )
        seen[spec.name] = class_


def stream(integration: type[Integration[Any]], spec: StreamSpec, config: type[ConnectionConfig]) -> None:
    """One stream's settings fit each other, and its templates name fields that exist."""
    where = f"{integration.__name__}: {spec.stream.__name__}"
    if spec.cursor and not spec.primary_key:
        raise DefinitionError(
            f"{where} has a cursor and no primary key, so its changed records can't be told from new ones; "
            "set `primary_key`"
        )
    if spec.cursor:
        _cursor(where, spec.cursor)
    if spec.method not in set(HTTPMethod):
        raise DefinitionError(f'{where}: `method` is {spec.method!r}; it must be a method of HTTP, as "GET" or "POST"')
    if isinstance(spec.paginator, GraphQLCursor) and (spec.body is None or spec.method == "GET"):
        raise DefinitionError(
            f'{where}: its paginator is GraphQLCursor, which sends its cursor in the body; set `method = "POST"` and '
            '`body = {"query": "...", "variables": {}}`'
        )
    if not 0 <= spec.max_invalid <= 1:
        raise DefinitionError(f"{where}: `max_invalid` is {spec.max_invalid}; it is a share, from 0 to 1")
    if strange := set(spec.accept.values()) - {"skip", "keep"}:
        raise DefinitionError(f'{where}: `accept` says {strange.pop()!r}; use "skip" or "keep"')
    has_parent = spec.parent is not None
    for setting in ("path", "params", "headers", "body"):
        braces.known(where, setting, getattr(spec, setting), config, has_parent=has_parent)
    braces.in_url(where, "path", spec.path, config)
    braces.in_texts(where, "params", spec.params, config)
    braces.in_texts(where, "headers", spec.headers, config)


def _cursor(where: str, cursor: Cursor) -> None:
    if cursor.order not in (None, "asc", "desc"):
        raise DefinitionError(f'{where}: Cursor(order={cursor.order!r}) must be "asc" or "desc"')
    if cursor.since is not None and cursor.since == cursor.until:
        raise DefinitionError(
            f"{where}: Cursor(since={cursor.since!r}, until={cursor.until!r}) gives both bounds the same parameter; "
            "name the vendor's parameter of each, or leave out `until`"
        )
    if cursor.lookback < timedelta():
        raise DefinitionError(f"{where}: Cursor(lookback=...) is negative; it is how far back each sync begins")
    if cursor.format is not None and cursor.format not in _FORMATS and "%" not in cursor.format:
        raise DefinitionError(
            f'{where}: Cursor(format={cursor.format!r}) is no format; use "epoch" (seconds), "epoch_ms" or one of '
            'strftime, as "%Y-%m-%d"'
        )


def parser_name(where: str, name: str) -> None:
    """A parser's name can be part of the lake's paths."""
    if not NAME.fullmatch(name):
        raise DefinitionError(
            f"{where}: the parser's name {name!r} must be lower case letters, digits and _; rename the method"
        )


def tables(where: str, models: Iterable[type[DomainObject]]) -> None:
    """Each model has a table of its own, whose name can be part of the lake's paths."""
    seen: dict[str, type[DomainObject]] = {}
    for model in models:
        table = model.table_name()
        if not NAME.fullmatch(table) or table == "quarantine":
            raise DefinitionError(
                f"{where} returns {model.__name__}, whose table {table!r} must be lower case letters, digits and _, "
                "and not `quarantine`; set `table`"
            )
        if other := seen.get(table):
            raise DefinitionError(
                f"{where} returns {other.__name__} and {model.__name__}, which both have the table {table!r}; set "
                "`table` of one of them"
            )
        seen[table] = model


def parents_first(integration: type[Integration[Any]], specs: Mapping[str, StreamSpec]) -> dict[str, StreamSpec]:
    """The streams ordered so that each comes after its parent. Raises DefinitionError for a loop."""
    ordered: dict[str, StreamSpec] = {}

    def add(spec: StreamSpec, below: tuple[str, ...]) -> None:
        if spec.name in below:
            loop = " -> ".join([*below[below.index(spec.name) :], spec.name])
            raise DefinitionError(f"{integration.__name__}: the parents of its streams form a loop: {loop}")
        if spec.parent and spec.parent not in ordered:
            add(specs[spec.parent], (*below, spec.name))
        ordered.setdefault(spec.name, spec)

    for spec in specs.values():
        add(spec, ())
    return ordered
