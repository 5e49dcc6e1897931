"""Integrations are found in the package `integrations`, in entry points, and at paths.

In our repository the vendors are the package `integrations`; in a wheel the same folder is `dazz_integrations`, and
entry points name its modules. In an editable installation there are both, so the entry points give way.
"""

import hashlib
import importlib
import importlib.util
import os
import pkgutil
import re
import sys
import traceback
import types
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pydantic

from dazz_assets.declare.integration import Integration
from dazz_assets.errors import DefinitionError
from dazz_assets.names import closest_name, list_names, suggest
from dazz_assets.spec.read import describe
from dazz_assets.spec.specs import IntegrationSpec

DISTRIBUTION = "dazz-assets"
ENTRY_POINT_GROUP = "dazz.integrations"
PATHS_VARIABLE = "DAZZ_INTEGRATIONS"

_CANNOT_IMPORT = re.compile(r"cannot import name '(\w+)' from '([\w.]+)'")
_LIBRARY = Path(__file__).parents[1]
_NOT_AUTHORS = (_LIBRARY, Path(pydantic.__file__).parent, Path(importlib.__file__).parent)


@dataclass(frozen=True, slots=True)
class LoadFailure:
    """A place whose integration could not be loaded, and why, in a sentence."""

    place: str
    reason: str


@dataclass(slots=True)
class Discovered:
    """Integrations by name, and the places that failed without taking the others down."""

    integrations: dict[str, IntegrationSpec] = field(default_factory=dict)
    failures: list[LoadFailure] = field(default_factory=list)


def discover() -> Discovered:
    """All integrations: of the package `integrations`, of entry points, and of the paths in `DAZZ_INTEGRATIONS`."""
    found = Discovered()
    for place, load in _places():
        try:
            for spec in map(describe, load()):
                if spec.name in found.integrations and found.integrations[spec.name].integration != spec.integration:
                    raise DefinitionError(
                        f"there is another integration named {spec.name!r}; set `name` of one of them"
                    )
                found.integrations[spec.name] = spec
        except Exception as error:  # noqa: BLE001  whatever an author's module raises must not take the others down
            found.failures.append(LoadFailure(place, explain_failure(error)))
    return found


def find_integration(target: str) -> IntegrationSpec:
    """The integration of this name or at this path. Raises DefinitionError, saying what there is instead."""
    if target.endswith(".py") or os.sep in target:
        return _only(target)
    found = discover()
    if target not in found.integrations and Path(target).is_dir():
        return _only(target)
    if target in found.integrations:
        return found.integrations[target]
    broken = [failure for failure in found.failures if target in failure.place.split(".")]
    why = f" ({broken[0].place} failed to load: {broken[0].reason})" if broken else ""
    here = [str(folder) for folder in list_folders_here() if folder.name not in found.integrations]
    others = f"; here is an integration.py in: {list_names(here)}" if here else ""
    raise DefinitionError(f"no integration is named {target!r}{why}{suggest(target, found.integrations)}{others}")


def list_folders_here() -> list[Path]:
    """The folders in the current one, and in `integrations` there, that hold an `integration.py`; loaded or not."""
    return sorted(
        file.parent for pattern in ("", "integrations/") for file in Path().glob(f"{pattern}*/integration.py")
    )


def _only(target: str) -> IntegrationSpec:
    try:
        classes = list(load_path(Path(target)))
    except DefinitionError:
        raise
    except Exception as error:
        raise DefinitionError(f"{target} failed to load: {explain_failure(error)}") from error
    if len(classes) != 1:
        names = ", ".join(item.__name__ for item in classes) or "none"
        raise DefinitionError(f"{target} must hold one integration class; it holds {names}")
    return describe(classes[0])


def _places() -> Iterator[tuple[str, Callable[[], Iterable[type[Integration[Any]]]]]]:
    if package := importlib.util.find_spec("integrations"):
        for vendor in sorted(
            item.name for item in pkgutil.iter_modules(package.submodule_search_locations) if item.ispkg
        ):
            name = f"integrations.{vendor}.integration"
            yield name, lambda name=name: _classes_in(importlib.import_module(name))  # type: ignore[misc]
    for entry in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda item: item.name):
        if package and _is_in_checkout(entry):
            continue
        yield f"entry point {entry.name} = {entry.value}", lambda entry=entry: _classes_of(entry.load())  # type: ignore[misc]
    for path in filter(None, os.environ.get(PATHS_VARIABLE, "").split(os.pathsep)):
        yield path, lambda path=path: load_path(Path(path))  # type: ignore[misc]


def _is_in_checkout(entry: EntryPoint) -> bool:
    """Whether an entry point names one of our own vendors, which in a checkout is in the package `integrations`."""
    return entry.dist is not None and entry.dist.name == DISTRIBUTION and (_LIBRARY.parent / "integrations").is_dir()


def load_path(path: Path) -> Iterable[type[Integration[Any]]]:
    """The integration classes of a Python file (or of `integration.py` in a folder).

    The file's folder becomes a package of its own, so that `from .models import X` works and two files never mix.
    Raises DefinitionError where there is no such file.
    """
    file = (path / "integration.py" if path.is_dir() else path).resolve()
    if not file.is_file():
        raise DefinitionError(f"there is no file {file}; give an integration's name or the path of its Python file")
    name = f"dazz_at_{hashlib.sha256(str(file.parent).encode()).hexdigest()[:12]}"
    if name not in sys.modules:
        package = types.ModuleType(name, f"The folder {file.parent}.")
        package.__path__ = [str(file.parent)]
        sys.modules[name] = package
    return _classes_in(importlib.import_module(f"{name}.{file.stem}"))


def _classes_of(loaded: object) -> Iterable[type[Integration[Any]]]:
    if isinstance(loaded, types.ModuleType):
        return _classes_in(loaded)
    if isinstance(loaded, type) and issubclass(loaded, Integration):
        return [loaded]
    raise DefinitionError(f"the entry point gives {loaded!r}; it must name an integration class or its module")


def _classes_in(module: types.ModuleType) -> list[type[Integration[Any]]]:
    return [
        item
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, Integration) and item.__module__ == module.__name__
    ]


def explain_failure(error: Exception) -> str:
    """What an author's class raised, with its line; a DefinitionError says it all."""
    if isinstance(error, DefinitionError):
        return str(error)
    return f"{type(error).__name__}: {_said(error)}{_line(error)}"


def _said(error: Exception) -> str:
    if isinstance(error, SyntaxError):
        return error.msg
    if isinstance(error, ModuleNotFoundError):
        return f"{error}; install it, or correct the import"
    if isinstance(error, ImportError) and (named := _CANNOT_IMPORT.match(str(error))):
        close = closest_name(named[1], dir(sys.modules.get(named[2])))
        return f"cannot import name {named[1]!r} from {named[2]!r}" + (f"; did you mean {close!r}?" if close else "")
    # Of a library that says much, the first line says what.
    return str(error).partition("\n")[0]


def _line(error: Exception) -> str:
    """Where an author's code raised, or asked a library for what it refused."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" (line {error.lineno} of {Path(error.filename).name})"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_ours(frame.filename)]
    return f" (line {frames[-1].lineno} of {Path(frames[-1].filename).name})" if frames else ""


def _is_ours(filename: str) -> bool:
    """Whether a file is Python's, pydantic's or the framework's, and so not where an author looks first."""
    return filename.startswith("<") or any(Path(filename).is_relative_to(folder) for folder in _NOT_AUTHORS)
