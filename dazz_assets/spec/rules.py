"""Checks that need more than one setting: names, references between classes, settings without effect.

Each raises a DefinitionError that names the class, the setting and the fix. What one setting may be is in `settings`.
"""

import ast
import inspect
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from dazz_assets.declare.config import ConnectionConfig
from dazz_assets.declare.integration import Integration, integration_name
from dazz_assets.declare.stream import Stream
from dazz_assets.domain import DomainObject
from dazz_assets.errors import DefinitionError
from dazz_assets.http import ApiKey, Basic, BearerToken, GraphQLCursor, Offset, PageNumber
from dazz_assets.http.placeholders import find_placeholders
from dazz_assets.names import NAME_PATTERN, suggest
from dazz_assets.spec.placeholder_rules import check_base_url_template, check_stream_templates
from dazz_assets.spec.settings import check_url
from dazz_assets.spec.specs import ParserSpec, StreamSpec


def check_name(subject: str, name: str, fix: str) -> None:
    """Check that a name can be part of the lake's paths. `subject` says what has it."""
    if not NAME_PATTERN.fullmatch(name):
        raise DefinitionError(
            f"{subject} {name!r} must be lower-case letters, digits and _, begin with a letter and have at most 63 "
            f"characters; {fix}"
        )


def check_references(integration: type[Integration[Any]]) -> None:
    """Check that `check` and all parents are among the integration's streams, and check the integration's name."""
    where = integration.__name__
    names = [stream.__name__ for stream in integration.streams]
    references = [("check", integration.check, names)]
    for stream in integration.streams:
        others = [name for name in names if name != stream.__name__]
        references.append((f"{stream.__name__}.parent", stream.parent, others))
    for setting, stream_class, candidates in references:
        if stream_class is not None and stream_class not in integration.streams:
            raise DefinitionError(
                f"{where}: `{setting}` is {stream_class.__name__}, which is not among `streams`; add it there"
                f"{suggest(stream_class.__name__, candidates)}"
            )
    check_name(f"{where}: the name", integration_name(integration), "set `name`")


def check_base_url(integration: type[Integration[Any]], config: type[ConnectionConfig]) -> None:
    """Check that the integration or its config has a base URL, and that it can be used."""
    where, base_url, field = integration.__name__, integration.base_url, config.model_fields["base_url"]
    default = None if field.is_required() else field.default
    if not (base_url or default or field.is_required()):
        raise DefinitionError(f'{where} has no base_url; set it, for example `base_url = "https://api.vendor.com"`')
    try:
        if default:
            check_url(default)
    except ValueError as error:
        raise DefinitionError(f"{where}: {error}") from None
    check_base_url_template(where, base_url or "", config)


def check_stream_names(integration: type[Integration[Any]], specs: Iterable[StreamSpec]) -> None:
    """Check that the streams' names are valid, and no two the same."""
    classes: dict[str, str] = {}
    for spec in specs:
        class_name = spec.stream.__name__
        check_name(f"{integration.__name__}: {class_name}: the name", spec.name, "set `name`")
        if other := classes.get(spec.name):
            raise DefinitionError(
                f"{integration.__name__}: {other} and {class_name} are both named {spec.name!r}; set `name` of one of "
                "them"
            )
        classes[spec.name] = class_name


def check_stream(integration: type[Integration[Any]], spec: StreamSpec, config: type[ConnectionConfig]) -> None:
    """Check that a stream's settings fit each other, and that its templates can be filled."""
    where = f"{integration.__name__}: {spec.stream.__name__}"
    if spec.cursor and not spec.primary_key:
        raise DefinitionError(
            f"{where} has a cursor but no primary key, so changed records can't be told from new ones; set "
            "`primary_key`"
        )
    if isinstance(spec.paginator, GraphQLCursor) and (spec.body is None or spec.method == "GET"):
        raise DefinitionError(
            f"{where}: `paginator` is a GraphQLCursor, which sends its cursor in the body; set "
            '`method = "POST"` and `body = {"query": "...", "variables": {}}`'
        )
    check_stream_templates(where, spec, config)


def check_tables(where: str, models: Iterable[type[DomainObject]]) -> None:
    """Check that each domain model has a table of its own, with a valid name."""
    models_by_table: dict[str, str] = {}
    for model in models:
        table = model.table_name()
        check_name(f"{where} returns {model.__name__}, whose table", table, "set `table`")
        if table == "quarantine":
            raise DefinitionError(
                f"{where} returns {model.__name__}, but the table `quarantine` holds invalid records; set `table`"
            )
        if other := models_by_table.get(table):
            raise DefinitionError(
                f"{where} returns {other} and {model.__name__}, which both have the table {table!r}; set `table` of "
                "one of them"
            )
        models_by_table[table] = model.__name__


def order_by_parent(integration: type[Integration[Any]], specs: Mapping[str, StreamSpec]) -> dict[str, StreamSpec]:
    """The streams, each after its parent. Raises DefinitionError if parents form a loop."""
    ordered: dict[str, StreamSpec] = {}

    def add(spec: StreamSpec, children: tuple[str, ...]) -> None:
        if spec.name in children:
            loop = " -> ".join([*children[children.index(spec.name) :], spec.name])
            raise DefinitionError(f"{integration.__name__}: the parents of its streams form a loop: {loop}")
        if spec.parent and spec.parent not in ordered:
            add(specs[spec.parent], (*children, spec.name))
        ordered.setdefault(spec.name, spec)

    for spec in specs.values():
        add(spec, ())
    return ordered


def check_effects(integration: type[Integration[Any]], streams: Iterable[StreamSpec]) -> None:
    """Check that no setting is without effect because of what else is set."""
    specs = list(streams)
    where = integration.__name__
    if integration.concurrency > 1 and not any(spec.parent for spec in specs):
        raise DefinitionError(
            f"{where}: `concurrency` does nothing: only requests for sub-streams are sent concurrently, and no stream "
            "has a `parent`; remove it"
        )
    if "window" in vars(integration) and not any(spec.cursor for spec in specs):
        raise DefinitionError(
            f"{where}: `window` does nothing: only incremental streams have windows, and no stream has a `cursor`; "
            "remove it"
        )
    for spec in specs:
        problem = (
            _find_unused_parent(spec)
            or _find_unused_format(spec)
            or _find_setting_replaced_by_auth(integration, spec)
            or _find_setting_replaced_by_paginator(integration, spec)
        )
        if problem is not None:
            raise DefinitionError(f"{where}: {spec.stream.__name__}: {problem}")


def check_max_invalid(
    integration: type[Integration[Any]], streams: Iterable[StreamSpec], parsers: Iterable[ParserSpec]
) -> None:
    """Check that a parser reads each stream that sets `max_invalid`."""
    read = {item.stream for parser in parsers for item in parser.inputs}
    for spec in streams:
        if "max_invalid" in vars(spec.stream) and spec.name not in read:
            raise DefinitionError(
                f"{integration.__name__}: {spec.stream.__name__}: `max_invalid` does nothing: records are validated "
                "when a parser reads them, and no parser reads this stream; remove it"
            )


def check_defined_once(integration: type[Integration[Any]]) -> None:
    """Check that no stream class, parser or setting is defined twice: Python would silently keep the second.

    Reads the source; a class without source (made in a console) passes.
    """
    modules = {integration.__module__: {integration.__name__}}
    for stream in integration.streams:
        modules.setdefault(stream.__module__, set()).add(stream.__name__)
    for module, classes in modules.items():
        _check_no_repeats(module, classes, _parse_module(module), "give each class a name of its own")
    for class_ in (integration, *integration.streams):
        declared = Stream if issubclass(class_, Stream) else Integration
        body = _find_class_body(class_)
        names = {*declared.__annotations__, *_find_parser_names(body)}
        _check_no_repeats(class_.__name__, names, body, "rename or remove one of them")


def _find_unused_parent(spec: StreamSpec) -> str | None:
    if spec.parent is None or "parent" in _placeholder_kinds(spec):
        return None
    return (
        f"it is fetched once for each record of {spec.parent}, but all its requests are the same; use {{parent.id}}, "
        "or another field of the parent's record, in `path` or `params`, or remove `parent`"
    )


def _find_unused_format(spec: StreamSpec) -> str | None:
    if spec.cursor is None or spec.cursor.format is None or "cursor" in _placeholder_kinds(spec):
        return None
    return (
        "Cursor(format=...) does nothing: it says how bounds are written, and none is sent; name the vendor's "
        'parameter, for example `since="updated_after"`, or remove it'
    )


def _find_setting_replaced_by_auth(integration: type[Integration[Any]], spec: StreamSpec) -> str | None:
    auth = integration.auth
    if not isinstance(auth, ApiKey | BearerToken | Basic):
        return None
    setting, name = "headers", "Authorization"
    if isinstance(auth, ApiKey):
        setting, name = ("params", auth.param) if auth.param is not None else (setting, auth.header or name)
    for given in getattr(spec, setting):
        if given == name or (setting == "headers" and given.lower() == name.lower()):
            return (
                f"`{setting}` gives {given!r} a value, but the integration's `auth` replaces it in each request; "
                "remove one of them"
            )
    return None


def _find_setting_replaced_by_paginator(integration: type[Integration[Any]], spec: StreamSpec) -> str | None:
    paginator = spec.paginator
    if not isinstance(paginator, PageNumber | Offset) or paginator.size_param is None:
        return None
    setting: str = "params"
    given: dict[str, Any] = dict(spec.stream.params)
    if spec.body is not None:
        setting, given = "body", dict(spec.stream.body or {})
    elif not hasattr(spec.stream, "paginator"):
        # The integration's params count only with its own paginator: otherwise they are for other streams.
        given |= integration.params
    if paginator.size_param not in given:
        return None
    return (
        f"`{setting}` gives {paginator.size_param!r} a value, but its paginator replaces it in each request with "
        f"{paginator.size}; set the size once, as the paginator's `size`"
    )


def _placeholder_kinds(spec: StreamSpec) -> set[str]:
    """What the placeholders in a stream's request refer to: `config`, `parent`, `cursor`."""
    return {kind for kind, _ in find_placeholders(spec.request)}


def _check_no_repeats(where: str, names: Iterable[str], body: Sequence[ast.stmt], fix: str) -> None:
    lines: dict[str, int] = {}
    for statement in body:
        for name in _defined_names(statement) & set(names):
            if name in lines:
                raise DefinitionError(
                    f"{where}: `{name}` is defined twice, in lines {lines[name]} and {statement.lineno}, and Python "
                    f"keeps only the second; {fix}"
                )
            lines[name] = statement.lineno


@cache
def _parse_module(name: str) -> Sequence[ast.stmt]:
    """The statements of a module; none if it has no source."""
    try:
        return ast.parse(inspect.getsource(sys.modules[name])).body
    except (KeyError, OSError, TypeError, SyntaxError):
        return ()


def _find_class_body(class_: type) -> Sequence[ast.stmt]:
    """The statements of a class; none if they are not found."""
    body = _parse_module(class_.__module__)
    for name in class_.__qualname__.replace(".<locals>", "").split("."):
        scopes = (node for node in body if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name)
        if (scope := next(scopes, None)) is None:
            return ()
        body = scope.body
    return body


def _find_parser_names(body: Sequence[ast.stmt]) -> set[str]:
    return {
        statement.name
        for statement in body
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef)
        and any("parser" in ast.unparse(decorator) for decorator in statement.decorator_list)
    }


def _defined_names(statement: ast.stmt) -> set[str]:
    """The names that a statement defines: of a function, a class, or what is assigned."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets = [statement.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}
