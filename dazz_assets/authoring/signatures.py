"""Type annotations of an author's classes and parsers, read into descriptions."""

import collections.abc
import inspect
import sys
import types
import typing
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from dazz_assets.authoring import checks
from dazz_assets.authoring.config import ConnectionConfig
from dazz_assets.authoring.errors import DefinitionError
from dazz_assets.authoring.inputs import FullRefresh, Incremental
from dazz_assets.authoring.integration import Integration
from dazz_assets.authoring.naming import suggestion
from dazz_assets.authoring.parser import version_of
from dazz_assets.authoring.spec import InputKind, InputSpec, ParserSpec
from dazz_assets.authoring.stream import Stream
from dazz_assets.domain import OUR_COLUMNS, DomainObject

_KINDS: dict[Any, InputKind] = {FullRefresh: "full_refresh", Incremental: "incremental"}
_ITERABLES = (
    collections.abc.Iterator,
    collections.abc.Iterable,
    collections.abc.Generator,
    collections.abc.Sequence,
    list,
)


def model_of(integration: type[Integration[Any]], stream: type[Stream[Any]]) -> type[BaseModel]:
    """`Project` of `class ProjectsStream(Stream[Project])`."""
    model = _argument_of(stream, Stream)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise DefinitionError(
            f"{integration.__name__}: {stream.__name__} has no model; declare it as "
            f"`class {stream.__name__}(Stream[YourModel])`, where YourModel is a pydantic model of its records"
        )
    return model


def config_of(integration: type[Integration[Any]]) -> type[ConnectionConfig]:
    """`SnykConfig` of `class SnykIntegration(Integration[SnykConfig])`."""
    config = _argument_of(integration, Integration)
    if not (isinstance(config, type) and issubclass(config, ConnectionConfig)):
        raise DefinitionError(
            f"{integration.__name__} has no config; declare it as "
            f"`class {integration.__name__}(Integration[YourConfig])`, where YourConfig is a ConnectionConfig"
        )
    return config


def parsers_of(integration: type[Integration[Any]], streams: Mapping[type[Stream[Any]], str]) -> dict[str, ParserSpec]:
    """The parsers of an integration by name, in the order of their declaration."""
    members = {name: member for class_ in reversed(integration.__mro__) for name, member in vars(class_).items()}
    return {
        name: _parser(integration, name, member, version, streams)
        for name, member in members.items()
        if (version := version_of(member)) is not None
    }


def _parser(
    integration: type[Integration[Any]],
    name: str,
    function: Any,
    version: str,
    streams: Mapping[type[Stream[Any]], str],
) -> ParserSpec:
    where = f"{integration.__name__}.{name}"
    checks.parser_name(where, name)
    hints = _hints(where, integration, function)
    parameters = list(inspect.signature(function).parameters.values())[1:]
    inputs = tuple(_input(where, parameter, hints, streams) for parameter in parameters)
    if not inputs:
        raise DefinitionError(f"{where} has no input; give it one, as `issues: Incremental[IssuesStream]`")
    return ParserSpec(
        name=name,
        version=version,
        doc=inspect.getdoc(function) or "",
        inputs=inputs,
        models=_returned(where, hints),
    )


def _hints(where: str, integration: type[Integration[Any]], function: Any) -> dict[str, Any]:
    # Classes defined inside a function (tests do) are no globals: their names are added by hand.
    local = {stream.__name__: stream for stream in integration.streams}
    try:
        return typing.get_type_hints(
            function, {**vars(sys.modules[integration.__module__]), **function.__globals__}, local
        )
    except NameError as error:
        raise DefinitionError(
            f"{where}: the annotation names {error.name!r}, which can't be found when definitions load; "
            "import it outside `if TYPE_CHECKING`"
        ) from None


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
    if stream not in streams:
        raise DefinitionError(
            f"{where}: the parameter {parameter.name!r} reads {_shown(stream)}, which is not among `streams`; "
            f"add it there{suggestion(_shown(stream), [item.__name__ for item in streams])}"
        )
    if kind == "incremental" and stream.cursor is None:
        raise DefinitionError(
            f"{where}: the parameter {parameter.name!r} is Incremental[{stream.__name__}], but {stream.__name__} has "
            f"no cursor; use FullRefresh[{stream.__name__}], or give the stream a cursor"
        )
    return InputSpec(parameter.name, kind, streams[stream])


def _returned(where: str, hints: Mapping[str, Any]) -> tuple[type[DomainObject], ...]:
    hint = hints.get("return")
    fix = "annotate it as `-> Iterator[Finding]`, with one domain model or a union of them"
    if hint is None:
        raise DefinitionError(f"{where} has no return annotation; {fix}")
    if typing.get_origin(hint) not in _ITERABLES or not (arguments := typing.get_args(hint)):
        raise DefinitionError(f"{where} returns {_shown(hint)}; {fix}")
    item = arguments[0]
    models = typing.get_args(item) if typing.get_origin(item) in (typing.Union, types.UnionType) else (item,)
    for model in models:
        if not (isinstance(model, type) and issubclass(model, DomainObject)):
            raise DefinitionError(f"{where} returns {_shown(model)}, which is no domain model; make it a DomainObject")
        if taken := sorted(set(model.model_fields) & OUR_COLUMNS):
            raise DefinitionError(
                f"{where} returns {model.__name__}, whose field {taken[0]!r} has the name of a column that every table "
                "has; rename the field"
            )
    checks.tables(where, models)
    return models


def _argument_of(class_: type, generic: type) -> object:
    """The argument that a class, or the nearest of its bases, gives to a generic class."""
    for base in class_.__mro__:
        for original in getattr(base, "__orig_bases__", ()):
            if typing.get_origin(original) is generic:
                return typing.get_args(original)[0]
    return None


def _shown(hint: object) -> str:
    return hint.__name__ if isinstance(hint, type) and not typing.get_args(hint) else str(hint)
