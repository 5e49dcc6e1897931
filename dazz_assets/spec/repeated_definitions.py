"""Finds streams, parsers and settings that are defined twice: Python would silently keep the second."""

import ast
import inspect
import sys
from collections.abc import Sequence, Set
from functools import cache
from typing import Any

from dazz_assets.declare.integration import Integration
from dazz_assets.declare.stream import Stream
from dazz_assets.errors import DefinitionError


def check_defined_once(integration: type[Integration[Any]]) -> None:
    """Check that no stream class, parser or setting is defined twice: Python would silently keep the second.

    Reads the source; a class without source (made in a console) passes.
    """
    classes = (integration, *integration.streams)
    for module in dict.fromkeys(class_.__module__ for class_ in classes):
        names = {class_.__name__ for class_ in classes if class_.__module__ == module}
        _check_no_repeats(module, names, _parse_module(module), "give each class a name of its own")
    for class_ in classes:
        declared = Stream if issubclass(class_, Stream) else Integration
        body = _find_class_body(class_)
        names = {*declared.__annotations__, *_find_parser_names(body)}
        _check_no_repeats(class_.__name__, names, body, "rename or remove one of them")


def _check_no_repeats(where: str, names: Set[str], body: Sequence[ast.stmt], fix: str) -> None:
    lines: dict[str, int] = {}
    for statement in body:
        for name in _defined_names(statement) & names:
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
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Assign(targets=targets):
            return {target.id for target in targets if isinstance(target, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
            return {name}
    return set()
