"""Type annotations of an author's classes and parsers, read into descriptions."""

import collections.abc
import inspect
import sys
import types
import typing
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from dazz_assets.authoring import checks, methods
from dazz_assets.authoring.config import ConnectionConfig
from dazz_assets.authoring.errors import DefinitionError
from dazz_assets.authoring.inputs import FullRefresh, Incremental
from dazz_assets.authoring.integration import Integration
from dazz_assets.authoring.naming import close_to, suggestion
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


def model_of(integration: type[Integration[Any]], stream: type[Stream[Any]]) -> type[BaseModel] | None:
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


def config_of(integration: type[Integration[Any]]) -> type[ConnectionConfig]:
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


def parsers_of(
    integration: type[Integration[Any]], marked: Mapping[str, Any], streams: Mapping[type[Stream[Any]], str]
) -> dict[str, ParserSpec]:
    """The parsers among the marked methods of an integration, by name."""
    return {name: _parser(integration, name, function, streams) for name, function in marked.items()}


def _parser(
    integration: type[Integration[Any]], name: str, function: Any, streams: Mapping[type[Stream[Any]], str]
) -> ParserSpec:
    where = f"{integration.__name__}.{name}"
    checks.parser_name(where, name)
    parameters = methods.inputs(where, function)
    hints = _hints(where, integration, function)
    return ParserSpec(
        name=name,
        version=version_of(function) or "1",
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
        close = close_to(name, [item for item, value in {**known, **local}.items() if isinstance(value, type)])
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
            f"add it there{suggestion(_shown(stream), [item.__name__ for item in streams])}"
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
    checks.tables(where, models)
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
