"""What a class or a module defines twice: Python keeps the last one, and says nothing."""

import ast
import inspect
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from dazz_assets.authoring.errors import DefinitionError
from dazz_assets.authoring.integration import Integration
from dazz_assets.authoring.stream import Stream


def demand_once(integration: type[Integration[Any]]) -> None:
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
