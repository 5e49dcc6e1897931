"""Mistakes of authors, found when definitions load: each a sentence that names the class, the setting and the fix."""

import ast
import inspect
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from dazz_assets.declare.config import ConnectionConfig
from dazz_assets.declare.integration import Integration, integration_name
from dazz_assets.declare.stream import Stream
from dazz_assets.domain import DomainObject
from dazz_assets.errors import DefinitionError
from dazz_assets.http import ApiKey, Basic, BearerToken, GraphQLCursor, Offset, PageNumber
from dazz_assets.http.placeholders import find_placeholders
from dazz_assets.names import NAME_PATTERN, suggest
from dazz_assets.spec import placeholder_rules
from dazz_assets.spec.specs import ParserSpec, StreamSpec


def check_declared(integration: type[Integration[Any]]) -> None:
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
                f"{suggest(other.__name__, known)}"
            )
    if not NAME_PATTERN.fullmatch(integration_name(integration)):
        raise DefinitionError(
            f"{where}: the name {integration_name(integration)!r} must be lower case letters, digits and _; set `name`"
        )


def check_base_url_setting(integration: type[Integration[Any]], config: type[ConnectionConfig]) -> None:
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
    placeholder_rules.check_fixed_setting(where, "base_url", base_url)
    placeholder_rules.check_placeholders(where, "base_url", base_url, config)
    placeholder_rules.check_url_braces(where, "base_url", base_url, config)


def check_unique_names(integration: type[Integration[Any]], specs: Mapping[type[Stream[Any]], StreamSpec]) -> None:
    """No two streams of one name."""
    seen: dict[str, type[Stream[Any]]] = {}
    for class_, spec in specs.items():
        if other := seen.get(spec.name):
            raise DefinitionError(
                f"{integration.__name__}: {other.__name__} and {class_.__name__} are both named {spec.name!r}; "
                "set `name` of one of them"
            )
        if not NAME_PATTERN.fullmatch(spec.name):
            raise DefinitionError(
                f"{integration.__name__}: the name {spec.name!r} of {class_.__name__} must be lower case letters, "
                "digits and _; set `name`"
            )
        seen[spec.name] = class_


def check_stream(integration: type[Integration[Any]], spec: StreamSpec, config: type[ConnectionConfig]) -> None:
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
        placeholder_rules.check_placeholders(
            where, setting, value, config, has_parent=has_parent, has_cursor=spec.cursor is not None
        )
        placeholder_rules.check_text_braces(where, setting, value, config, has_cursor=spec.cursor is not None)
    placeholder_rules.check_url_braces(where, "path", spec.path, config)


def check_parser_name(where: str, name: str) -> None:
    """A parser's name can be part of the lake's paths."""
    if not NAME_PATTERN.fullmatch(name):
        raise DefinitionError(
            f"{where}: the parser's name {name!r} must be lower case letters, digits and _; rename the method"
        )


def check_tables(where: str, models: Iterable[type[DomainObject]]) -> None:
    """Each model has a table of its own, whose name can be part of the lake's paths."""
    seen: dict[str, type[DomainObject]] = {}
    for model in models:
        table = model.table_name()
        if not NAME_PATTERN.fullmatch(table) or table == "quarantine":
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


def order_by_parent(integration: type[Integration[Any]], specs: Mapping[str, StreamSpec]) -> dict[str, StreamSpec]:
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


def check_effects(integration: type[Integration[Any]], streams: Iterable[StreamSpec]) -> None:
    """What an integration and its streams set has an effect beside the rest. Raises DefinitionError."""
    known = list(streams)
    where = integration.__name__
    if integration.concurrency > 1 and not any(spec.parent for spec in known):
        raise DefinitionError(
            f"{where}: `concurrency` does nothing: only requests of sub-streams are sent side by side, and no stream "
            "has a `parent`; remove it"
        )
    if "window" in vars(integration) and not any(spec.cursor for spec in known):
        raise DefinitionError(
            f"{where}: `window` does nothing: only incremental streams have windows, and no stream has a `cursor`; "
            "remove it"
        )
    for spec in known:
        problem = (
            _unused_parent(spec)
            or _unused_format(spec)
            or _replaced_by_auth(integration, spec)
            or _replaced_by_paginator(integration, spec)
        )
        if problem is not None:
            raise DefinitionError(f"{where}: {spec.stream.__name__}: {problem}")


def check_readers(
    integration: type[Integration[Any]], streams: Iterable[StreamSpec], parsers: Iterable[ParserSpec]
) -> None:
    """Each stream that says how many of its records may be invalid has a parser that finds out."""
    read = {item.stream for parser in parsers for item in parser.inputs}
    for spec in streams:
        if "max_invalid" in vars(spec.stream) and spec.name not in read:
            raise DefinitionError(
                f"{integration.__name__}: {spec.stream.__name__}: `max_invalid` does nothing: records are validated "
                "when a parser reads them, and none reads this stream; remove it"
            )


def _unused_parent(spec: StreamSpec) -> str | None:
    if spec.parent is None or "parent" in _named(spec):
        return None
    return (
        f"it is fetched once for each record of {spec.parent}, and its requests are all the same; write {{parent.id}}, "
        "or another field of the parent's record, in `path` or `params`, or remove `parent`"
    )


def _unused_format(spec: StreamSpec) -> str | None:
    cursor = spec.cursor
    if cursor is None or cursor.format is None or cursor.since or cursor.until or "cursor" in _named(spec):
        return None
    return (
        "Cursor(format=...) does nothing: it is how bounds are sent, and none is; name the vendor's parameter, as "
        '`since="updated_after"`, or remove it'
    )


def _replaced_by_auth(integration: type[Integration[Any]], spec: StreamSpec) -> str | None:
    auth = integration.auth
    if not isinstance(auth, ApiKey | BearerToken | Basic):
        return None
    setting, name = "headers", "Authorization"
    if isinstance(auth, ApiKey):
        setting, name = ("params", auth.param) if auth.param is not None else (setting, auth.header or name)
    for given in getattr(spec, setting):
        if given == name or (setting == "headers" and given.lower() == name.lower()):
            return (
                f"`{setting}` gives {given!r} a value, which the integration's `auth` replaces in each request; "
                "remove one of them"
            )
    return None


def _replaced_by_paginator(integration: type[Integration[Any]], spec: StreamSpec) -> str | None:
    paginator = spec.paginator
    if not isinstance(paginator, PageNumber | Offset) or paginator.size_param is None:
        return None
    place: str = "params"
    given: dict[str, Any] = dict(spec.stream.params)
    if spec.body is not None:
        place, given = "body", dict(spec.stream.body or {})
    elif not hasattr(spec.stream, "paginator"):
        # Of the integration's params those count that stand beside its paginator; others are for other streams.
        given |= integration.params
    if paginator.size_param not in given:
        return None
    return (
        f"`{place}` gives {paginator.size_param!r} a value, which its paginator replaces in each request by "
        f"{paginator.size}; say the size once, as the paginator's `size`"
    )


def _named(spec: StreamSpec) -> set[str]:
    """What the placeholders of a stream's requests are of: the config, the parent."""
    return {kind for kind, _ in find_placeholders([spec.path, spec.params, spec.headers, spec.body])}


def check_defined_once(integration: type[Integration[Any]]) -> None:
    """No stream class, no parser and no setting of an integration is defined twice. Raises DefinitionError.

    It is read from the source; a class that has none (made in a console) passes.
    """
    streams = {stream.__name__: stream.__module__ for stream in integration.streams}
    modules = {integration.__module__: {integration.__name__}}
    for name, module in streams.items():
        modules.setdefault(module, set()).add(name)
    for module, classes in modules.items():
        _demand_once(module, classes, _module(module), "give each class a name of its own")
    for class_ in (integration, *integration.streams):
        known = Stream if issubclass(class_, Stream) else Integration
        body = _body(class_)
        names = {*known.__annotations__, *_parsers(body)}
        _demand_once(class_.__name__, names, body, "rename or remove one of them")


def _demand_once(where: str, names: Iterable[str], body: Sequence[ast.stmt], fix: str) -> None:
    lines: dict[str, int] = {}
    for statement in body:
        for name in _defined(statement) & set(names):
            if name in lines:
                raise DefinitionError(
                    f"{where}: `{name}` is defined twice, in lines {lines[name]} and {statement.lineno}, and Python "
                    f"keeps only the second; {fix}"
                )
            lines[name] = statement.lineno


@cache
def _module(name: str) -> Sequence[ast.stmt]:
    """The statements of a module; none where there is no source."""
    try:
        return ast.parse(inspect.getsource(sys.modules[name])).body
    except (KeyError, OSError, TypeError, SyntaxError):
        return ()


def _body(class_: type) -> Sequence[ast.stmt]:
    """The statements of a class; none where they are not found."""
    body = _module(class_.__module__)
    for name in class_.__qualname__.replace(".<locals>", "").split("."):
        holders = (node for node in body if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name)
        if (holder := next(holders, None)) is None:
            return ()
        body = holder.body
    return body


def _parsers(body: Sequence[ast.stmt]) -> set[str]:
    return {
        statement.name
        for statement in body
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef)
        and any("parser" in ast.unparse(decorator) for decorator in statement.decorator_list)
    }


def _defined(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Assign):
        return {target.id for target in statement.targets if isinstance(target, ast.Name)}
    is_set = isinstance(statement, ast.AnnAssign) and statement.value is not None
    return {statement.target.id} if is_set and isinstance(statement.target, ast.Name) else set()  # type: ignore[attr-defined]
