"""Mistakes of authors, found when definitions load: each a sentence that names the class, the setting and the fix."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from dazz_assets.authoring import braces
from dazz_assets.authoring.config import ConnectionConfig
from dazz_assets.authoring.errors import DefinitionError
from dazz_assets.authoring.integration import Integration, integration_name
from dazz_assets.authoring.naming import NAME, suggestion
from dazz_assets.authoring.spec import StreamSpec
from dazz_assets.authoring.stream import Stream
from dazz_assets.domain import DomainObject
from dazz_assets.http import GraphQLCursor


def declared(integration: type[Integration[Any]]) -> None:
    """The streams that its settings name are among its own, and its name can be part of the lake's paths."""
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


def integration(integration: type[Integration[Any]], config: type[ConnectionConfig]) -> None:
    """Its base URL can be used."""
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
    braces.of_all_requests(where, "base_url", base_url)
    braces.known(where, "base_url", base_url, config)
    braces.in_url(where, "base_url", base_url, config)


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
    if isinstance(spec.paginator, GraphQLCursor) and (spec.body is None or spec.method == "GET"):
        raise DefinitionError(
            f'{where}: its paginator is GraphQLCursor, which sends its cursor in the body; set `method = "POST"` and '
            '`body = {"query": "...", "variables": {}}`'
        )
    has_parent = spec.parent is not None
    for setting, value in spec.request.items():
        braces.known(where, setting, value, config, has_parent=has_parent, has_cursor=spec.cursor is not None)
        braces.in_texts(where, setting, value, config, has_cursor=spec.cursor is not None)
    braces.in_url(where, "path", spec.path, config)


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
