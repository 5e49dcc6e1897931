"""Reads an integration's class into an `IntegrationSpec`: merged settings, parsers' signatures, what they return."""

import collections.abc
import inspect
import re
import sys
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from pydantic import BaseModel

from dazz_assets.declare.config import ConnectionConfig
from dazz_assets.declare.integration import Integration, integration_name
from dazz_assets.declare.parser import FullRefresh, Incremental, parser_refresh, parser_version
from dazz_assets.declare.stream import RecordModel, Stream
from dazz_assets.domain import OUR_COLUMNS, DomainObject
from dazz_assets.domain.field_types import read_field_types
from dazz_assets.errors import DefinitionError
from dazz_assets.http import as_rates
from dazz_assets.names import closest_name, snake_case
from dazz_assets.spec import (
    auth_rules,
    base_url_rules,
    code_rules,
    combination_rules,
    cursor_bounds,
    graphql_rules,
    name_rules,
    parent_rules,
    placeholder_rules,
    repeated_definitions,
    secret_rules,
    sensitive_rules,
    settings,
)
from dazz_assets.spec.specs import InputKind, InputSpec, IntegrationSpec, ParserSpec, StreamSpec

_RESERVED_NAMES = frozenset({*Integration.__annotations__, *vars(Integration), "connection"})
# The modules before a class in the text of a type.
_MODULES = re.compile(r"(?:\w+\.)+(?=\w)")
_INPUT_KINDS: dict[Any, InputKind] = {FullRefresh: "full_refresh", Incremental: "incremental"}
_ITERABLES = (
    collections.abc.Iterator,
    collections.abc.Iterable,
    collections.abc.Generator,
    collections.abc.Sequence,
    list,
)

_specs: dict[type[Integration[Any]], IntegrationSpec] = {}


def read_integration(integration: type[Integration[Any]]) -> IntegrationSpec:
    """Read and check an integration's class, once.

    Raises DefinitionError, which names the class, the parameter and the fix.
    """
    if integration not in _specs:
        _specs[integration] = _read_and_check(integration)
    return _specs[integration]


def stream_name(stream: type[Stream[Any]]) -> str:
    """A stream's `name`, or its class name without `Stream` in snake case."""
    return str(getattr(stream, "name", "") or snake_case(stream.__name__, suffix="Stream"))


def _read_and_check(integration: type[Integration[Any]]) -> IntegrationSpec:
    methods = _find_parsers(integration)
    settings.check_settings(integration)
    code_rules.check_code(integration)
    name_rules.check_references(integration)
    repeated_definitions.check_defined_once(integration)
    specs = {stream: _read_stream(integration, stream) for stream in integration.streams}
    name_rules.check_stream_names(integration, specs.values())
    ordered = name_rules.order_by_parent(integration, {spec.name: spec for spec in specs.values()})
    config = _read_config(integration)
    facts = _read_facts(integration, config)
    for spec in specs.values():
        where = f"{integration.__name__}: {spec.stream.__name__}"
        placeholder_rules.check_stream_templates(where, spec, config, facts)
        base_url_rules.check_stream_url(where, spec, config)
        secret_rules.check_request_secrets(where, spec, config)
        graphql_rules.check_query(where, spec)
        parent_rules.check_parents(where, spec)
        combination_rules.check_stream(where, spec, integration)
    sensitive_rules.check_sensitive(integration, specs.values(), facts)
    combination_rules.check_integration(integration)
    base_url_rules.check_base_url(integration, config)
    auth_rules.check_auth(integration, config)
    secret_rules.check_secret_fields(integration, config)
    secret_rules.check_one_list(integration, config)
    names = {stream: spec.name for stream, spec in specs.items()}
    parsers = {name: _read_parser(integration, name, method, names) for name, method in methods.items()}
    combination_rules.check_max_invalid(integration, ordered.values(), parsers.values())
    return IntegrationSpec(
        name=integration_name(integration),
        integration=integration,
        config=config,
        doc=_read_doc(integration, Integration),
        window=integration.window,
        check=names[integration.check or integration.streams[0]],
        facts=facts,
        streams=ordered,
        parsers=parsers,
    )


def _read_stream(integration: type[Integration[Any]], stream: type[Stream[Any]]) -> StreamSpec:
    def setting(name: str) -> Any:
        return getattr(stream, name, getattr(integration, name))

    where = f"{integration.__name__}: {stream.__name__}"
    is_query = stream.query is not None
    params, body = cursor_bounds.write_out_bounds(
        where,
        stream.cursor,
        {**integration.params, **stream.params},
        stream.variables if is_query else stream.body,
        "variables" if is_query else "body",
    )
    if stream.query is not None:
        # Variables first: where a request is shown, a long query is cut off.
        body = {"variables": body, "query": graphql_rules.read_query(where, "query", stream, stream.query)}
    return StreamSpec(
        name=stream_name(stream),
        stream=stream,
        model=_read_model(integration, stream),
        doc=_read_doc(stream, Stream),
        base_url=base_url_rules.read_field(stream),
        path=getattr(stream, "path", None) or "",
        pages=stream.pages if code_rules.has_pages(stream) else None,
        params=params,
        headers={} if code_rules.has_pages(stream) else {**integration.headers, **stream.headers},
        body=body,
        method="POST" if is_query else setting("method").upper(),
        records=setting("records"),
        record=setting("record"),
        shape=setting("shape"),
        empty=tuple(setting("empty")),
        data_fields=tuple(setting("data_fields")),
        format=setting("format"),
        total=setting("total"),
        primary_key=_as_tuple(setting("primary_key")),
        cursor=stream.cursor,
        paginator=graphql_rules.read_paginator(where, stream, integration),
        parent=stream_name(stream.parent) if stream.parent else None,
        parents=stream.parents,
        parents_per_request=stream.parents_per_request,
        parent_key=stream.parent_key,
        accept=setting("accept"),
        rates=as_rates(stream.rate),
        budget=setting("budget"),
        max_invalid=setting("max_invalid"),
        max_shrink=setting("max_shrink"),
        max_pages=setting("max_pages"),
        max_time=setting("max_time"),
        max_idle_pages=setting("max_idle_pages"),
        personal=_as_tuple(setting("personal")),
        sensitive=_as_tuple(setting("sensitive")),
        permissions=tuple(setting("permissions")),
    )


def _read_facts(integration: type[Integration[Any]], config: type[ConnectionConfig]) -> dict[str, StreamSpec]:
    """The stream of each fact. Templates of one may name those before it. Raises DefinitionError."""
    facts: dict[str, StreamSpec] = {}
    for name, source in integration.facts.items():
        spec = _read_stream(integration, _whole_answer(source) if isinstance(source, str) else source)
        where = f"{integration.__name__}: the fact {name!r}"
        if spec.parent is not None or spec.cursor is not None:
            setting = "parent" if spec.parent is not None else "cursor"
            raise DefinitionError(
                f"{where}: {spec.stream.__name__} has a `{setting}`, but a fact is fetched before all streams, and "
                "whole; remove it"
            )
        placeholder_rules.check_stream_templates(where, spec, config, facts)
        base_url_rules.check_stream_url(where, spec, config)
        secret_rules.check_request_secrets(where, spec, config)
        facts[name] = spec
    return facts


def _whole_answer(path: str) -> type[Stream[Any]]:
    """A stream whose one record is all that a GET of a path answers."""

    class FactStream(Stream):
        pass

    FactStream.path = path
    FactStream.method, FactStream.records, FactStream.record = "GET", "", ""
    FactStream.shape, FactStream.paginator, FactStream.total = "object", None, None
    return FactStream


def _as_tuple(paths: str | tuple[str, ...] | None) -> tuple[str, ...]:
    if not paths:
        return ()
    return (paths,) if isinstance(paths, str) else tuple(paths)


def _read_doc(class_: type, base: type) -> str:
    """The docstring of an author's class; empty if it would be inherited from ours."""
    doc = inspect.getdoc(class_) or ""
    return "" if doc == inspect.getdoc(base) else doc


def _read_model(integration: type[Integration[Any]], stream: type[Stream[Any]]) -> type[RecordModel] | None:
    """`Project` of `class ProjectsStream(Stream[Project])`; None of `class ProjectsStream(Stream)`."""
    model = _type_argument(stream, Stream)
    if model is None or model is Any:
        return None
    if not (isinstance(model, type) and issubclass(model, RecordModel)):
        raise DefinitionError(
            f"{integration.__name__}: {stream.__name__} has the model {_format_type(model)}, which is neither a "
            f"pydantic model nor a msgspec.Struct; {_model_advice(stream)}, or remove the brackets if no parser reads "
            "it"
        )
    _resolve_types(f"{integration.__name__}: {stream.__name__}", model)
    return model


def _model_advice(stream: type[Stream[Any]]) -> str:
    """How to give a stream a model, to continue a sentence."""
    return (
        f"declare it as `class {stream.__name__}(Stream[YourModel])`, where YourModel is a pydantic model of its "
        "records"
    )


def _read_config(integration: type[Integration[Any]]) -> type[ConnectionConfig]:
    """`DeskConfig` of `class DeskIntegration(Integration[DeskConfig])`."""
    config = _type_argument(integration, Integration)
    if not (isinstance(config, type) and issubclass(config, ConnectionConfig)):
        found = "no config" if config is None else f"the config {_format_type(config)}, which is not a ConnectionConfig"
        raise DefinitionError(
            f"{integration.__name__} has {found}; declare it as "
            f"`class {integration.__name__}(Integration[YourConfig])`, where YourConfig is a ConnectionConfig"
        )
    _resolve_types(integration.__name__, config)
    return config


def _resolve_types(where: str, model: type[RecordModel]) -> None:
    """Check that all types that a model names can be found, and read from JSON."""
    try:
        if issubclass(model, BaseModel):
            model.model_rebuild()
        else:
            msgspec.json.Decoder(model)
    except NameError as error:
        raise DefinitionError(
            f"{where}: {model.__name__} names {error.name!r}, which can't be found; import it outside "
            "`if TYPE_CHECKING`, or define it in the model's module"
        ) from None
    except TypeError as error:
        raise DefinitionError(
            f"{where}: {model.__name__} has a type that msgspec can't read: {error}; correct it, or use a pydantic "
            "model"
        ) from None


def _find_parsers(integration: type[Integration[Any]]) -> dict[str, Any]:
    """The methods marked with `@parser`, by name, in order of declaration. Raises DefinitionError."""
    members = {name: member for class_ in reversed(integration.__mro__) for name, member in vars(class_).items()}
    parsers = {}
    for name, member in members.items():
        where = f"{integration.__name__}.{name}"
        # `@parser` may be above or below `@property` or `@staticmethod`.
        function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
        if parser_version(member) is not None or parser_version(function) is not None:
            if name in _RESERVED_NAMES:
                raise DefinitionError(
                    f"{where} is a parser, but every integration has an attribute of that name; rename the method"
                )
            parsers[name] = _check_plain_method(where, member)
        elif inspect.isfunction(function) and not name.startswith("_") and _has_inputs(function):
            raise DefinitionError(
                f"{where} takes the records of a stream but is not a parser; mark it with `@parser`, or begin its name "
                "with _ if it helps one"
            )
    return parsers


def _check_plain_method(where: str, member: Any) -> Any:
    if isinstance(member, staticmethod | classmethod | property):
        kind = type(member).__name__
        raise DefinitionError(f"{where} is a {kind}; a parser is a plain method with `self`; remove `@{kind}`")
    if inspect.iscoroutinefunction(member) or inspect.isasyncgenfunction(member):
        raise DefinitionError(f"{where} is async; a parser is a plain method that is given its records; remove `async`")
    return member


def _read_parser(
    integration: type[Integration[Any]], name: str, method: Any, streams: Mapping[type[Stream[Any]], str]
) -> ParserSpec:
    where = f"{integration.__name__}.{name}"
    name_rules.check_name(f"{where}: the parser's name", name, "rename the method")
    parameters = _find_input_parameters(where, method)
    hints = _read_hints(where, integration, method)
    spec = ParserSpec(
        name=name,
        version=parser_version(method) or "1",
        doc=inspect.getdoc(method) or "",
        inputs=tuple(_read_input(where, parameter, hints.get(parameter.name), streams) for parameter in parameters),
        models=_read_domain_models(where, hints),
        refresh=parser_refresh(method),
    )
    combination_rules.check_refresh(where, spec)
    return spec


def _find_input_parameters(where: str, function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The parameters of a parser after `self`."""
    parameters = list(inspect.signature(function).parameters.values())
    if not parameters or _is_input(parameters[0].annotation):
        raise DefinitionError(f"{where} has no `self`; a parser is a method; put `self` before its inputs")
    if not parameters[1:]:
        raise DefinitionError(f"{where} has no input; give it one, for example `issues: Incremental[IssuesStream]`")
    for parameter in parameters[1:]:
        if parameter.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
            stars = "*" if parameter.kind is inspect.Parameter.VAR_POSITIONAL else "**"
            raise DefinitionError(
                f"{where} takes {stars}{parameter.name}; name each input, for example "
                "`issues: Incremental[IssuesStream]`"
            )
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            raise DefinitionError(
                f"{where}: the parameter {parameter.name!r} is positional-only, but inputs are passed by name; remove "
                "the `/`"
            )
        if parameter.default is not inspect.Parameter.empty:
            raise DefinitionError(
                f"{where}: the parameter {parameter.name!r} has a default, but inputs are always given; remove the "
                "default"
            )
    return parameters[1:]


def _has_inputs(function: Callable[..., Any]) -> bool:
    annotations = {name: hint for name, hint in function.__annotations__.items() if name != "return"}
    return any(map(_is_input, annotations.values()))


def _is_input(annotation: object) -> bool:
    if isinstance(annotation, str):  # as they are under `from __future__ import annotations`
        return annotation.startswith(("FullRefresh[", "Incremental["))
    return typing.get_origin(annotation) in (FullRefresh, Incremental)


def _read_hints(where: str, integration: type[Integration[Any]], function: Any) -> dict[str, Any]:
    # Classes defined inside a function, as in tests, are not globals: add the streams by name.
    local = {stream.__name__: stream for stream in integration.streams}
    known = {**vars(sys.modules[integration.__module__]), **function.__globals__}
    try:
        return typing.get_type_hints(function, known, local)
    except NameError as error:
        name = str(error.name)
        close = closest_name(name, [item for item, value in {**known, **local}.items() if isinstance(value, type)])
        raise DefinitionError(
            f"{where}: an annotation names {name!r}, which can't be found when definitions load; import it outside "
            f"`if TYPE_CHECKING`{f', or did you mean {close!r}?' if close else ''}"
        ) from None
    except (TypeError, SyntaxError, AttributeError) as error:
        raise DefinitionError(f"{where}: its annotations can't be read ({error}); correct them") from None


def _read_input(
    where: str, parameter: inspect.Parameter, hint: Any, streams: Mapping[type[Stream[Any]], str]
) -> InputSpec:
    kind = _INPUT_KINDS.get(typing.get_origin(hint))
    subject = f"{where}: the parameter {parameter.name!r}"
    if kind is None:
        found = "no annotation" if hint is None else f"the annotation {_format_type(hint)}"
        meant = _find_stream_of(typing.get_args(hint) or (hint,), streams)
        named, where_s = ("S", ", where S is one of the streams") if meant is None else (meant.__name__, "")
        raise DefinitionError(
            f"{subject} has {found}; annotate it as `{parameter.name}: FullRefresh[{named}]` or "
            f"`{parameter.name}: Incremental[{named}]`{where_s}"
        )
    (stream,) = typing.get_args(hint)
    if not (isinstance(stream, type) and issubclass(stream, Stream)):
        raise DefinitionError(
            f"{subject} reads {_format_type(stream)}, which is not a Stream class; "
            f"{_stream_advice(stream, streams, typing.get_origin(hint))}"
        )
    if stream not in streams:
        raise DefinitionError(f"{subject} reads {stream.__name__}, which is not among `streams`; add it there")
    if kind == "incremental" and stream.cursor is None:
        raise DefinitionError(
            f"{subject} is Incremental[{stream.__name__}], but {stream.__name__} has no cursor; use "
            f"FullRefresh[{stream.__name__}], or give the stream a cursor"
        )
    if _type_argument(stream, Stream) in (None, Any):
        raise DefinitionError(f"{subject} reads {stream.__name__}, which has no model; {_model_advice(stream)}")
    return InputSpec(parameter.name, kind, streams[stream])


def _stream_advice(model: object, streams: Mapping[type[Stream[Any]], str], handle: Any) -> str:
    """Which stream to name, to continue a sentence: the one with this model, if there is one."""
    meant = _find_stream_of((model,), streams)
    return "name one of `streams`" if meant is None else f"name the stream: `{handle.__name__}[{meant.__name__}]`"


def _find_stream_of(types: Sequence[object], streams: Iterable[type[Stream[Any]]]) -> type[Stream[Any]] | None:
    """The stream that is one of the types, or whose model is."""
    return next((item for item in streams if item in types or _type_argument(item, Stream) in types), None)


def _read_domain_models(where: str, hints: Mapping[str, Any]) -> tuple[type[DomainObject], ...]:
    fix = "annotate it with one domain model or a union of them, for example `-> Iterator[Finding]`"
    if "return" not in hints:
        raise DefinitionError(f"{where} has no return annotation; {fix}")
    hint = hints["return"]
    if typing.get_origin(hint) not in _ITERABLES or not (arguments := typing.get_args(hint)):
        raise DefinitionError(f"{where} returns {_format_type(hint)}; {fix}")
    item = arguments[0]
    models = typing.get_args(item) if typing.get_origin(item) in (typing.Union, types.UnionType) else (item,)
    for model in models:
        _check_domain_model(where, model)
    name_rules.check_tables(where, models)
    return models


def _check_domain_model(where: str, model: Any) -> None:
    if model is types.NoneType:
        raise DefinitionError(f"{where} may yield None; remove None from the return annotation, and yield only objects")
    if not (isinstance(model, type) and issubclass(model, DomainObject)):
        raise DefinitionError(
            f"{where} returns {_format_type(model)}, which is not a domain model; make it a DomainObject"
        )
    if model is DomainObject:
        raise DefinitionError(
            f"{where} returns DomainObject, the base of all domain models; name the models that it yields"
        )
    _resolve_types(where, model)
    if (id_ := model.model_fields["id"].annotation) is not str:
        raise DefinitionError(
            f"{where} returns {model.__name__}, whose id is {_format_type(id_)}; leave it a str, made with "
            "`self.object_id(...)` from the vendor's id"
        )
    read_field_types(model)
    if taken := sorted(set(model.model_fields) & OUR_COLUMNS):
        raise DefinitionError(
            f"{where} returns {model.__name__}, whose field {taken[0]!r} has the name of a column that every table "
            "has; rename the field"
        )


def _type_argument(class_: type, generic: type) -> object:
    """The type argument that a class, or the nearest of its bases, gives to a generic class; None if there is none."""
    for base in class_.__mro__:
        for original in getattr(base, "__orig_bases__", ()):
            if typing.get_origin(original) is generic:
                return typing.get_args(original)[0]
    return None


def _format_type(hint: object) -> str:
    """A type as an author writes it."""
    if hint is types.NoneType:
        return "None"
    if isinstance(hint, type) and not typing.get_args(hint):
        return hint.__name__
    # A generic type names modules, of which a file that is loaded by its path has one of our own.
    return _MODULES.sub("", str(hint))
