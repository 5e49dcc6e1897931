"""An integration's class, read once: its settings, its parsers' signatures, and what they return."""

import collections.abc
import inspect
import sys
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from dazz_assets.declare.config import ConnectionConfig
from dazz_assets.declare.integration import Integration, integration_name
from dazz_assets.declare.parser import FullRefresh, Incremental, parser_version
from dazz_assets.declare.stream import Stream
from dazz_assets.domain import OUR_COLUMNS, DomainObject
from dazz_assets.errors import DefinitionError
from dazz_assets.names import closest_name, snake_case, suggest
from dazz_assets.spec import cursor_bounds, rules, secret_rules, settings
from dazz_assets.spec.specs import InputKind, InputSpec, IntegrationSpec, ParserSpec, StreamSpec

_TAKEN = frozenset({*Integration.__annotations__, *vars(Integration), "connection"})


def find_parsers(integration: type[Integration[Any]]) -> dict[str, Any]:
    """The methods marked with `@parser`, by name, in the order of their declaration. Raises DefinitionError."""
    members = {name: member for class_ in reversed(integration.__mro__) for name, member in vars(class_).items()}
    found = {}
    for name, member in members.items():
        where = f"{integration.__name__}.{name}"
        # What a property or a static method holds may be marked, inside or outside of it.
        function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
        if parser_version(member) is not None or parser_version(function) is not None:
            if name in _TAKEN:
                raise DefinitionError(
                    f"{where} is a parser with the name of something that every integration has; rename the method"
                )
            found[name] = _plain(where, member)
        elif inspect.isfunction(function) and not name.startswith("_") and _takes_inputs(function):
            raise DefinitionError(
                f"{where} takes records of a stream and is no parser; mark it with `@parser`, or begin its name with _ "
                "where it helps one"
            )
    return found


def _plain(where: str, member: Any) -> Any:
    if isinstance(member, staticmethod | classmethod | property):
        kind = type(member).__name__
        raise DefinitionError(f"{where} is a {kind}; a parser is a plain method with `self`: remove `@{kind}`")
    if inspect.iscoroutinefunction(member) or inspect.isasyncgenfunction(member):
        raise DefinitionError(f"{where} is async; a parser is a plain method, given its records: remove `async`")
    return member


def read_inputs(where: str, function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The parameters of a parser after `self`. Raises DefinitionError."""
    parameters = list(inspect.signature(function).parameters.values())
    if not parameters or _is_input(parameters[0].annotation):
        raise DefinitionError(f"{where} has no `self`; a parser is a method: put `self` before its inputs")
    if not parameters[1:]:
        raise DefinitionError(f"{where} has no input; give it one, as `issues: Incremental[IssuesStream]`")
    for parameter in parameters[1:]:
        if parameter.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
            stars = "*" if parameter.kind is inspect.Parameter.VAR_POSITIONAL else "**"
            raise DefinitionError(
                f"{where} takes {stars}{parameter.name}; name each input, as `issues: Incremental[IssuesStream]`"
            )
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            raise DefinitionError(
                f"{where}: the parameter {parameter.name!r} can't be given by name, as inputs are; remove the `/`"
            )
        if parameter.default is not inspect.Parameter.empty:
            raise DefinitionError(
                f"{where}: the parameter {parameter.name!r} has a default, and is always given; remove the default"
            )
    return parameters[1:]


def _takes_inputs(function: Callable[..., Any]) -> bool:
    annotations = {name: hint for name, hint in function.__annotations__.items() if name != "return"}
    return any(map(_is_input, annotations.values()))


def _is_input(annotation: object) -> bool:
    if isinstance(annotation, str):  # as they are under `from __future__ import annotations`
        return annotation.startswith(("FullRefresh[", "Incremental["))
    return typing.get_origin(annotation) in (FullRefresh, Incremental)


_KINDS: dict[Any, InputKind] = {FullRefresh: "full_refresh", Incremental: "incremental"}
_ITERABLES = (
    collections.abc.Iterator,
    collections.abc.Iterable,
    collections.abc.Generator,
    collections.abc.Sequence,
    list,
)


def read_model(integration: type[Integration[Any]], stream: type[Stream[Any]]) -> type[BaseModel] | None:
    """`Project` of `class ProjectsStream(Stream[Project])`; None of `class ProjectsStream(Stream)`."""
    model = _argument_of(stream, Stream)
    if model is None or model is Any:
        return None
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise DefinitionError(
            f"{integration.__name__}: {stream.__name__} has the model {_shown(model)}, which is no pydantic model; "
            f"{_with_model(stream)}, or leave the brackets out where no parser reads it"
        )
    _complete(f"{integration.__name__}: {stream.__name__}", model)
    return model


def _with_model(stream: type[Stream[Any]]) -> str:
    """How to give a stream a model, to follow what is wrong in a sentence."""
    return (
        f"declare it as `class {stream.__name__}(Stream[YourModel])`, where YourModel is a pydantic model of its "
        "records"
    )


def read_config(integration: type[Integration[Any]]) -> type[ConnectionConfig]:
    """`SnykConfig` of `class SnykIntegration(Integration[SnykConfig])`."""
    config = _argument_of(integration, Integration)
    if not (isinstance(config, type) and issubclass(config, ConnectionConfig)):
        found = "no config" if config is None else f"the config {_shown(config)}, which is no ConnectionConfig"
        raise DefinitionError(
            f"{integration.__name__} has {found}; declare it as "
            f"`class {integration.__name__}(Integration[YourConfig])`, where YourConfig is a ConnectionConfig"
        )
    _complete(integration.__name__, config)
    return config


def _complete(where: str, model: type[BaseModel]) -> None:
    """All types that a model names are there."""
    try:
        model.model_rebuild()
    except NameError as error:
        raise DefinitionError(
            f"{where}: {model.__name__} names {error.name!r}, which can't be found; import it outside "
            "`if TYPE_CHECKING`, or define it in the model's module"
        ) from None


def read_parsers(
    integration: type[Integration[Any]], marked: Mapping[str, Any], streams: Mapping[type[Stream[Any]], str]
) -> dict[str, ParserSpec]:
    """The parsers among the marked methods of an integration, by name."""
    return {name: _parser(integration, name, function, streams) for name, function in marked.items()}


def _parser(
    integration: type[Integration[Any]], name: str, function: Any, streams: Mapping[type[Stream[Any]], str]
) -> ParserSpec:
    where = f"{integration.__name__}.{name}"
    rules.check_parser_name(where, name)
    parameters = read_inputs(where, function)
    hints = _hints(where, integration, function)
    return ParserSpec(
        name=name,
        version=parser_version(function) or "1",
        doc=inspect.getdoc(function) or "",
        inputs=tuple(_input(where, parameter, hints, streams) for parameter in parameters),
        models=_returned(where, hints),
    )


def _hints(where: str, integration: type[Integration[Any]], function: Any) -> dict[str, Any]:
    # Classes defined inside a function (tests do) are no globals: their names are added by hand.
    local = {stream.__name__: stream for stream in integration.streams}
    known = {**vars(sys.modules[integration.__module__]), **function.__globals__}
    try:
        return typing.get_type_hints(function, known, local)
    except NameError as error:
        name = str(error.name)
        close = closest_name(name, [item for item, value in {**known, **local}.items() if isinstance(value, type)])
        raise DefinitionError(
            f"{where}: the annotation names {name!r}, which can't be found when definitions load; "
            f"import it outside `if TYPE_CHECKING`{f', or did you mean {close!r}?' if close else ''}"
        ) from None
    except (TypeError, SyntaxError, AttributeError) as error:
        raise DefinitionError(f"{where}: its annotations can't be read ({error}); correct them") from None


def _input(
    where: str, parameter: inspect.Parameter, hints: Mapping[str, Any], streams: Mapping[type[Stream[Any]], str]
) -> InputSpec:
    hint = hints.get(parameter.name)
    kind = _KINDS.get(typing.get_origin(hint))
    if kind is None:
        found = "no annotation" if hint is None else f"the annotation {_shown(hint)}"
        raise DefinitionError(
            f"{where}: the parameter {parameter.name!r} has {found}; annotate it as "
            f"`{parameter.name}: FullRefresh[S]` or `{parameter.name}: Incremental[S]`, where S is one of the streams"
        )
    (stream,) = typing.get_args(hint)
    if not (isinstance(stream, type) and issubclass(stream, Stream)):
        raise DefinitionError(
            f"{where}: the parameter {parameter.name!r} reads {_shown(stream)}, which is no Stream class"
            f"{_stream_of(stream, streams, typing.get_origin(hint))}"
        )
    if stream not in streams:
        raise DefinitionError(
            f"{where}: the parameter {parameter.name!r} reads {_shown(stream)}, which is not among `streams`; "
            f"add it there{suggest(_shown(stream), [item.__name__ for item in streams])}"
        )
    if kind == "incremental" and stream.cursor is None:
        raise DefinitionError(
            f"{where}: the parameter {parameter.name!r} is Incremental[{stream.__name__}], but {stream.__name__} has "
            f"no cursor; use FullRefresh[{stream.__name__}], or give the stream a cursor"
        )
    if _argument_of(stream, Stream) in (None, Any):
        raise DefinitionError(
            f"{where}: the parameter {parameter.name!r} reads {stream.__name__}, which has no model; "
            f"{_with_model(stream)}"
        )
    return InputSpec(parameter.name, kind, streams[stream])


def _stream_of(model: object, streams: Mapping[type[Stream[Any]], str], kind: Any) -> str:
    """The input that is meant where the stream's model is named in its place."""
    meant = [stream for stream in streams if _argument_of(stream, Stream) is model]
    return f"; name the stream: `{kind.__name__}[{meant[0].__name__}]`" if meant else "; name one of `streams`"


def _returned(where: str, hints: Mapping[str, Any]) -> tuple[type[DomainObject], ...]:
    fix = "annotate it as `-> Iterator[Finding]`, with one domain model or a union of them"
    if "return" not in hints:
        raise DefinitionError(f"{where} has no return annotation; {fix}")
    hint = hints["return"]
    if typing.get_origin(hint) not in _ITERABLES or not (arguments := typing.get_args(hint)):
        raise DefinitionError(f"{where} returns {_shown(hint)}; {fix}")
    item = arguments[0]
    models = typing.get_args(item) if typing.get_origin(item) in (typing.Union, types.UnionType) else (item,)
    for model in models:
        _demand_model(where, model)
    rules.check_tables(where, models)
    return models


def _demand_model(where: str, model: Any) -> None:
    if model is types.NoneType:
        raise DefinitionError(
            f"{where} may yield None; leave None out of the return annotation, and yield nothing where there is nothing"
        )
    if not (isinstance(model, type) and issubclass(model, DomainObject)):
        raise DefinitionError(f"{where} returns {_shown(model)}, which is no domain model; make it a DomainObject")
    if model is DomainObject:
        raise DefinitionError(f"{where} returns DomainObject, the base of all domain models; name those that it yields")
    _complete(where, model)
    if (id_ := model.model_fields["id"].annotation) is not str:
        raise DefinitionError(
            f"{where} returns {model.__name__}, whose id is {_shown(id_)}; leave it a str, made by "
            "`self.object_id(...)` from the vendor's id"
        )
    if taken := sorted(set(model.model_fields) & OUR_COLUMNS):
        raise DefinitionError(
            f"{where} returns {model.__name__}, whose field {taken[0]!r} has the name of a column that every table "
            "has; rename the field"
        )


def _argument_of(class_: type, generic: type) -> object:
    """The argument that a class, or the nearest of its bases, gives to a generic class."""
    for base in class_.__mro__:
        for original in getattr(base, "__orig_bases__", ()):
            if typing.get_origin(original) is generic:
                return typing.get_args(original)[0]
    return None


def _shown(hint: object) -> str:
    if hint is types.NoneType:
        return "None"
    return hint.__name__ if isinstance(hint, type) and not typing.get_args(hint) else str(hint)


_DESCRIBED: dict[type[Integration[Any]], IntegrationSpec] = {}


def describe(integration: type[Integration[Any]]) -> IntegrationSpec:
    """Read and check an integration. Raises DefinitionError, naming the class, the parameter and the fix."""
    if integration not in _DESCRIBED:
        _DESCRIBED[integration] = _described(integration)
    return _DESCRIBED[integration]


def _described(integration: type[Integration[Any]]) -> IntegrationSpec:
    marked = find_parsers(integration)
    settings.check_settings(integration)
    rules.check_declared(integration)
    rules.check_defined_once(integration)
    specs = {stream: _stream(integration, stream) for stream in integration.streams}
    rules.check_unique_names(integration, specs)
    config = read_config(integration)
    for stream in specs.values():
        rules.check_stream(integration, stream, config)
        secret_rules.check_requests(integration, stream, config)
    ordered = rules.order_by_parent(integration, {item.name: item for item in specs.values()})
    rules.check_effects(integration, ordered.values())
    secret_rules.check_base_url(integration, config)
    rules.check_base_url_setting(integration, config)
    secret_rules.check_auth(integration, config)
    secret_rules.check_secret_fields(integration, config)
    streams = {class_: spec.name for class_, spec in specs.items()}
    parsers = read_parsers(integration, marked, streams)
    rules.check_readers(integration, ordered.values(), parsers.values())
    check = integration.check or integration.streams[0]
    return IntegrationSpec(
        name=integration_name(integration),
        integration=integration,
        config=config,
        doc=(inspect.getdoc(integration) or "") if integration.__doc__ != Integration.__doc__ else "",
        window=integration.window,
        check=streams[check],
        streams=ordered,
        parsers=parsers,
    )


def stream_name(stream: type[Stream[Any]]) -> str:
    """Its `name`, or the class name without `Stream` in snake case."""
    return str(getattr(stream, "name", "") or snake_case(stream.__name__, suffix="Stream"))


def _stream(integration: type[Integration[Any]], stream: type[Stream[Any]]) -> StreamSpec:
    def setting(name: str) -> Any:
        return getattr(stream, name, getattr(integration, name))

    key = setting("primary_key")
    params, body = cursor_bounds.write_out_bounds(
        f"{integration.__name__}: {stream.__name__}",
        stream.cursor,
        {**integration.params, **stream.params},
        stream.body,
    )
    return StreamSpec(
        name=stream_name(stream),
        stream=stream,
        model=read_model(integration, stream),
        doc=(inspect.getdoc(stream) or "") if stream.__doc__ != Stream.__doc__ else "",
        path=stream.path,
        params=params,
        headers={**integration.headers, **stream.headers},
        body=body,
        method=setting("method").upper(),
        records=setting("records"),
        primary_key=() if not key else (key,) if isinstance(key, str) else tuple(key),
        cursor=stream.cursor,
        paginator=setting("paginator"),
        parent=stream_name(stream.parent) if stream.parent else None,
        accept=setting("accept"),
        max_invalid=setting("max_invalid"),
        personal=(personal,) if isinstance(personal := setting("personal"), str) else tuple(personal),
    )
