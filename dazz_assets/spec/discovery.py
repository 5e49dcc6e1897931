"""Finds integrations: in our repository's folder `integrations`, by entry points, and at paths.

In our repository the vendors are the package `integrations`. In a wheel the same folder is `dazz_integrations`, and
entry points name its modules. An editable installation has both, so our own entry points are skipped there. A module
named `integrations` that is not ours is never looked at: it is the project's that installed us.
"""

import ast
import hashlib
import importlib
import importlib.util
import inspect
import os
import pkgutil
import re
import sys
import tomllib
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
from dazz_assets.home import in_project, project
from dazz_assets.http import Offset, PageNumber
from dazz_assets.names import closest_name, list_names, suggest
from dazz_assets.spec.read import read_integration
from dazz_assets.spec.specs import IntegrationSpec

DISTRIBUTION = "dazz-assets"
ENTRY_POINT_GROUP = "dazz.integrations"
PATHS_VARIABLE = "DAZZ_INTEGRATIONS"
_NAME_IN_WHEEL = "dazz_integrations"

_CANNOT_IMPORT = re.compile(r"cannot import name '(\w+)' from '([\w.]+)'")
_WRONG_CALL = re.compile(r"(\w+)\.__init__\(\) (.*)")
# Where an author may look for the number of the first page.
_MEANS_FIRST = re.compile(r"start|first|begin|base|initial", re.IGNORECASE)
_UNKNOWN_ARGUMENT = re.compile(r"unexpected keyword argument '(\w+)'")
_LIBRARY = Path(__file__).parents[1]
_FOLDERS_NOT_OF_AUTHORS = (_LIBRARY, Path(pydantic.__file__).parent, Path(importlib.__file__).parent)


@dataclass(frozen=True, slots=True)
class LoadFailure:
    """An integration that could not be loaded.

    place: its module, entry point or path. reason: what went wrong, in a sentence.
    """

    place: str
    reason: str


@dataclass(slots=True)
class Discovered:
    """The integrations that loaded, by name, and the failures of those that did not."""

    integrations: dict[str, IntegrationSpec] = field(default_factory=dict)
    failures: list[LoadFailure] = field(default_factory=list)


def discover() -> Discovered:
    """Load all integrations of our repository, of entry points and of the paths in `DAZZ_INTEGRATIONS`.

    One that fails is reported in `failures`; the others load.
    """
    found, places = Discovered(), dict[str, str]()
    for place, load in _list_places():
        try:
            for class_ in load():
                spec = read_integration(class_)
                other = found.integrations.setdefault(spec.name, spec)
                if not _is_same_class(other.integration, class_):
                    raise DefinitionError(
                        f"there is another integration named {spec.name!r}, in {places[spec.name]}; set `name` of one "
                        "of them"
                    )
                places.setdefault(spec.name, place)
        except Exception as error:  # noqa: BLE001  an author's module may raise anything
            found.failures.append(LoadFailure(place, explain_failure(error)))
    return found


def _is_same_class(one: type, other: type) -> bool:
    """Whether two classes are one, or come from the same place of the same file, which was loaded under two names."""
    if one is other:
        return True
    files = [_module_file(sys.modules.get(item.__module__)) for item in (one, other)]
    return files[0] is not None and files[0] == files[1] and one.__qualname__ == other.__qualname__


def _module_file(module: types.ModuleType | None) -> Path | None:
    file = getattr(module, "__file__", None)
    return Path(file).resolve() if isinstance(file, str) else None


def find_integration(target: str) -> IntegrationSpec:
    """The integration of this name or at this path. Raises DefinitionError with a suggestion if there is none."""
    path = Path(target) if Path(target).exists() else in_project(target)
    if target.endswith(".py") or os.sep in target:
        return _load_only(path if path.exists() else Path(target))
    found = discover()
    if target not in found.integrations and path.is_dir():
        return _load_only(path)
    if target in found.integrations:
        return found.integrations[target]
    broken = [failure for failure in found.failures if target in failure.place.split(".")]
    why = f" ({broken[0].place} failed to load: {broken[0].reason})" if broken else ""
    folders = [str(folder) for folder in find_local_folders() if folder.name not in found.integrations]
    others = f"; these folders hold an integration.py: {list_names(folders)}" if folders else ""
    integration, _, part = target.partition(":")
    if part and integration in found.integrations:
        raise DefinitionError(f"no integration is named {target!r}; did you mean '{integration} {part}'?")
    file = f"{target}.py"
    if Path(file).is_file() or in_project(file).is_file():
        raise DefinitionError(f"no integration is named {target!r}{why}; did you mean the file {file}?")
    raise DefinitionError(f"no integration is named {target!r}{why}{suggest(target, found.integrations)}{others}")


def find_local_folders() -> list[Path]:
    """Folders with an `integration.py`, loaded or not, in the project and its `integrations`, relative to it."""
    root = project()
    files = [file for pattern in ("", "integrations/") for file in root.glob(f"{pattern}*/integration.py")]
    return sorted(file.parent.relative_to(root) for file in files)


def _load_only(target: Path) -> IntegrationSpec:
    try:
        classes = list(load_classes(target))
    except DefinitionError:
        raise
    except Exception as error:
        raise DefinitionError(f"{target} failed to load: {explain_failure(error)}") from error
    if len(classes) != 1:
        names = ", ".join(item.__name__ for item in classes) or "none"
        raise DefinitionError(f"{target} must hold one integration class, but it holds {names}")
    return read_integration(classes[0])


def _list_places() -> Iterator[tuple[str, Callable[[], Iterable[type[Integration[Any]]]]]]:
    own = _own_folder(_LIBRARY.parent)
    if own:
        package = _import_own(own)
        for vendor in sorted(item.name for item in pkgutil.iter_modules([str(own)]) if item.ispkg):
            name = f"{package}.{vendor}.integration"
            yield name, lambda name=name: _classes_in(importlib.import_module(name))  # type: ignore[misc]
    for entry in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda item: item.name):
        if own and _is_own(entry):
            continue
        yield f"entry point {entry.name} = {entry.value}", lambda entry=entry: _classes_of(entry.load())  # type: ignore[misc]
    for path in filter(None, os.environ.get(PATHS_VARIABLE, "").split(os.pathsep)):
        yield path, lambda path=path: load_classes(in_project(path))  # type: ignore[misc]


def _own_folder(root: Path) -> Path | None:
    """The vendors' folder beside the library, if `root` is a checkout of ours.

    Beside an installed library, in `site-packages`, a folder of that name is somebody else's.
    """
    folder = root / "integrations"
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8")).get("project", {})
    except (OSError, ValueError):
        return None
    return folder if project.get("name") == DISTRIBUTION and (folder / "__init__.py").is_file() else None


def _import_own(folder: Path) -> str:
    """The name by which the vendors' folder can be imported: `integrations`, or the wheel's if that is another's."""
    try:
        found = importlib.util.find_spec("integrations")
    except ValueError:  # a module made by hand has no spec
        found = None
    locations = (found and found.submodule_search_locations) or ()
    if any(Path(location).resolve() == folder.resolve() for location in locations):
        return "integrations"
    if _NAME_IN_WHEEL not in sys.modules:
        package = types.ModuleType(_NAME_IN_WHEEL, f"The folder {folder}.")
        package.__path__ = [str(folder)]
        sys.modules[_NAME_IN_WHEEL] = package
    return _NAME_IN_WHEEL


def _is_own(entry: EntryPoint) -> bool:
    """Whether an entry point names one of our own vendors, which a checkout has in its folder."""
    return entry.dist is not None and entry.dist.name == DISTRIBUTION


def load_classes(path: Path) -> Iterable[type[Integration[Any]]]:
    """The integration classes of a Python file, or of `integration.py` in a folder.

    The file's folder becomes a package of its own, so that `from .models import X` works and two files never mix. A
    file that is loaded already, by an entry point, is not loaded again.
    Raises DefinitionError if there is no such file.
    """
    file = (path / "integration.py" if path.is_dir() else path).resolve()
    if not file.is_file():
        raise DefinitionError(
            f"there is no file {file}; give the name of an integration or the path of its Python file"
        )
    if loaded := _find_loaded(file):
        return _classes_in(loaded)
    name = f"dazz_at_{hashlib.sha256(str(file.parent).encode()).hexdigest()[:12]}"
    if name not in sys.modules:
        package = types.ModuleType(name, f"The folder {file.parent}.")
        package.__path__ = [str(file.parent)]
        sys.modules[name] = package
    return _classes_in(_import_file(f"{name}.{file.stem}", file))


def _import_file(name: str, file: Path) -> types.ModuleType:
    """Import just this file: by name alone, a package of the same name beside it would go first."""
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise DefinitionError(f"{file} is not a Python file")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _find_loaded(file: Path) -> types.ModuleType | None:
    """The module that was loaded from this file, other than the program that runs."""
    same_name = [
        module
        for name, module in list(sys.modules.items())
        if name != "__main__" and str(getattr(module, "__file__", None)).endswith(file.name)
    ]
    return next((module for module in same_name if _module_file(module) == file), None)


def _classes_of(loaded: object) -> Iterable[type[Integration[Any]]]:
    if isinstance(loaded, types.ModuleType):
        return _classes_in(loaded)
    if isinstance(loaded, type) and issubclass(loaded, Integration):
        return [loaded]
    raise DefinitionError(f"the entry point names {loaded!r}; it must name an integration class or its module")


def _classes_in(module: types.ModuleType) -> list[type[Integration[Any]]]:
    return [
        item
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, Integration) and item.__module__ == module.__name__
    ]


def explain_failure(error: Exception) -> str:
    """What an author's module raised, with file and line; of a DefinitionError its text alone."""
    if isinstance(error, DefinitionError):
        return str(error)
    place = _find_author_line(error)
    attribute = _find_attribute(place) if place else None
    text = (place and _explain_call(error, place)) or f"{type(error).__name__}: {_explain_error(error)}"
    return f"{f'{attribute}: ' if attribute else ''}{text}{_format_line(error, place)}"


def _explain_error(error: Exception) -> str:
    if isinstance(error, SyntaxError):
        return error.msg
    if isinstance(error, ModuleNotFoundError):
        return f"{error}; install it, or correct the import"
    if isinstance(error, ImportError) and (match := _CANNOT_IMPORT.match(str(error))):
        close = closest_name(match[1], dir(sys.modules.get(match[2])))
        return f"cannot import name {match[1]!r} from {match[2]!r}" + (f"; did you mean {close!r}?" if close else "")
    # Some libraries raise pages of text; the first line says what is wrong.
    return str(error).partition("\n")[0]


@dataclass(frozen=True, slots=True)
class _AuthorLine:
    """The last line of the author's own code in a traceback. is_last: no other code follows it there."""

    frame: types.FrameType
    number: int
    is_last: bool

    @property
    def file(self) -> Path:
        return Path(self.frame.f_code.co_filename)


def _find_author_line(error: Exception) -> _AuthorLine | None:
    frames = list(traceback.walk_tb(error.__traceback__))
    of_author = [item for item in frames if not _is_library_code(item[0].f_code.co_filename)]
    return _AuthorLine(*of_author[-1], is_last=of_author[-1] == frames[-1]) if of_author else None


def _find_attribute(place: _AuthorLine) -> str | None:
    """`ThingsStream.cursor`, if the line is where a class's body sets that attribute."""
    try:
        tree = ast.parse(place.file.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError):
        return None
    for class_ in ast.walk(tree):
        if isinstance(class_, ast.ClassDef) and class_.name == place.frame.f_code.co_name:
            for item in class_.body:
                if isinstance(item, ast.Assign | ast.AnnAssign) and item.lineno <= place.number <= item.end_lineno:  # type: ignore[operator]
                    target = item.targets[0] if isinstance(item, ast.Assign) else item.target
                    return f"{class_.name}.{ast.unparse(target)}"
    return None


def _explain_call(error: Exception, place: _AuthorLine) -> str | None:
    """Why one of our classes can't be called with these arguments; None for any other error."""
    if not place.is_last:
        return str(error) if isinstance(error, ValueError) and type(error) is ValueError else None
    call = _WRONG_CALL.match(str(error)) if isinstance(error, TypeError) else None
    class_ = {**place.frame.f_globals, **place.frame.f_locals}.get(call[1]) if call else None
    if call is None or not isinstance(class_, type):
        return None
    parameters = inspect.signature(class_).parameters
    if unknown := _UNKNOWN_ARGUMENT.search(str(error)):
        close = closest_name(unknown[1], parameters)
        if issubclass(class_, Offset | PageNumber) and _MEANS_FIRST.search(unknown[1]):
            begins = 'its first page is what `params` say: params = {"page": 0}, under the name of its `param`'
            return f"{call[1]} has no argument `{unknown[1]}`; {begins}"
        return f"{call[1]} has no argument `{unknown[1]}`" + (
            f"; did you mean `{close}`?" if close else f"; it has: {', '.join(parameters)}"
        )
    arguments = ", ".join(
        f"{name}=" if item.kind is inspect.Parameter.KEYWORD_ONLY else name for name, item in parameters.items()
    )
    by_name = all(item.kind is inspect.Parameter.KEYWORD_ONLY for item in parameters.values())
    problem = call[2].replace(" positional", "")
    if by_name and "takes" in problem:
        return f"{call[1]} takes its arguments by name: {call[1]}({arguments})"
    return f"{call[1]} {problem}; write {call[1]}({arguments})"


def _format_line(error: Exception, place: _AuthorLine | None) -> str:
    """Where the error is, to end a message."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" (line {error.lineno} of {Path(error.filename).name})"
    return f" (line {place.number} of {place.file.name})" if place else ""


def _is_library_code(filename: str) -> bool:
    """Whether a file is Python's, pydantic's or the framework's, and so not where the author's mistake is."""
    return filename.startswith("<") or any(Path(filename).is_relative_to(folder) for folder in _FOLDERS_NOT_OF_AUTHORS)
