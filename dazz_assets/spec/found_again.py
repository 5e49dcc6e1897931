"""Where an integration's class is, so that another process finds the same code again."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import psutil

from dazz_assets.errors import DefinitionError
from dazz_assets.spec.discovery import load_classes
from dazz_assets.spec.read import read_integration
from dazz_assets.spec.specs import IntegrationSpec


@dataclass(frozen=True, slots=True)
class CodePlace:
    """The module of an integration's class, the module's file, and the name of the class in it."""

    module: str
    file: str
    name: str


def find_place(spec: IntegrationSpec) -> CodePlace | None:
    """Where another process finds an integration; None if it finds none there, or may find other code.

    That is so of a class made in a function, a notebook or the program itself, and once a file of the library's code or
    of the integration's package has changed since this process began: what was loaded from it is then no longer known.
    """
    class_ = spec.integration
    module = sys.modules.get(class_.__module__)
    file = getattr(module, "__file__", None)
    if module is None or not isinstance(file, str) or module.__name__ == "__main__":
        return None
    is_there = getattr(module, class_.__qualname__, None) is class_
    place = Path(file).resolve()
    package = place.parents[max(0, module.__name__.count(".") - 1)]
    library = Path(__file__).resolve().parents[1]
    if not is_there or read_integration(class_) != spec or _has_code_changed((package, library)):
        return None
    return CodePlace(module.__name__, str(place), class_.__qualname__)


def load_place(place: CodePlace) -> IntegrationSpec:
    """The integration at a place that `find_place` of another process found. Raises whatever its code raises."""
    module = _import(place)
    classes = [getattr(module, place.name, None)] if module else load_classes(Path(place.file))
    for class_ in classes:
        if isinstance(class_, type) and class_.__qualname__ == place.name:
            return read_integration(class_)
    raise DefinitionError(f"there is no {place.name} in {place.file}")


def _import(place: CodePlace) -> ModuleType | None:
    """The module by its name; None if another file has it, as of an integration that was loaded by its path."""
    try:
        module = importlib.import_module(place.module)
    except ModuleNotFoundError as error:
        if error.name is not None and (place.module + ".").startswith(error.name + "."):
            return None
        raise
    file = getattr(module, "__file__", None)
    return module if isinstance(file, str) and str(Path(file).resolve()) == place.file else None


def _has_code_changed(folders: Sequence[Path]) -> bool:
    """Whether the file of a loaded module in these folders was written or replaced since this process began.

    When that was is known to a second: a file that was written just before may count as changed.
    """
    began = psutil.Process().create_time()
    for module in list(sys.modules.values()):
        with suppress(OSError, TypeError):
            file = Path(getattr(module, "__file__", None) or "").resolve()
            if not any(file.is_relative_to(folder) for folder in folders):
                continue
            found = os.stat(file)
            if max(found.st_mtime, found.st_ctime) > began:
                return True
    return False
