"""Parsers as methods: plain ones, each with inputs that the framework can give by name."""

import inspect
import typing
from collections.abc import Callable
from typing import Any

from dazz_assets.authoring.errors import DefinitionError
from dazz_assets.authoring.inputs import FullRefresh, Incremental
from dazz_assets.authoring.integration import Integration
from dazz_assets.authoring.parser import version_of

_TAKEN = frozenset({*Integration.__annotations__, *vars(Integration), "connection"})


def marked(integration: type[Integration[Any]]) -> dict[str, Any]:
    """The methods marked with `@parser`, by name, in the order of their declaration. Raises DefinitionError."""
    members = {name: member for class_ in reversed(integration.__mro__) for name, member in vars(class_).items()}
    found = {}
    for name, member in members.items():
        where = f"{integration.__name__}.{name}"
        # What a property or a static method holds may be marked, inside or outside of it.
        function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
        if version_of(member) is not None or version_of(function) is not None:
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


def inputs(where: str, function: Callable[..., Any]) -> list[inspect.Parameter]:
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
