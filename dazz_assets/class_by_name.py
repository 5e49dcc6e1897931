"""The class of a deployment's own that an environment variable names."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from types import ModuleType
from typing import TypeVar

from dazz_assets.errors import DefinitionError
from dazz_assets.home import in_project

Kind = TypeVar("Kind")


def load_named_class(variable: str, kind: type[Kind]) -> type[Kind] | None:
    """The class that a variable names as `module:Class` or `path/to/file.py:Class`; None if the variable is not set.

    kind: what it must be a subclass of, or a protocol whose methods it must have.
    Raises DefinitionError if the class doesn't exist or is of another kind.
    """
    name = os.environ.get(variable)
    if not name:
        return None
    source, _, class_name = name.rpartition(":")
    if not source:
        raise DefinitionError(f"{variable} is {name!r}; write it as module:Class or path/to/file.py:Class")
    if source.endswith(".py") and not in_project(source).is_file():
        raise DefinitionError(
            f"{variable} is {name!r}, but there is no file {in_project(source).resolve()}; correct the path"
        )
    try:
        found = getattr(_import_module(source, variable.lower()), class_name, None)
    except Exception as error:
        raise DefinitionError(f"{variable}: {source} failed to load: {type(error).__name__}: {error}") from error
    if not (isinstance(found, type) and issubclass(found, kind)):
        raise DefinitionError(f"{variable}: {source} has no subclass of {kind.__name__} named {class_name!r}")
    return found


def _import_module(source: str, name: str) -> ModuleType:
    """The module, or the one that is made of a file, with this name."""
    if not source.endswith(".py"):
        return importlib.import_module(source)
    specification = importlib.util.spec_from_file_location(name, in_project(source).resolve())
    if specification is None or specification.loader is None:
        raise ImportError(f"{source} isn't a Python file")
    module = sys.modules[name] = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
