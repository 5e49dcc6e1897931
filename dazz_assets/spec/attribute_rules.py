"""Checks of the attributes of an author's classes: each is a setting of its class, or clearly the author's own."""

import inspect
from collections.abc import Collection
from difflib import get_close_matches

from dazz_assets.declare.integration import Integration
from dazz_assets.declare.stream import Stream
from dazz_assets.errors import DefinitionError

# How similar a name is to a setting's that is taken for a misspelling of it.
_SIMILAR = 0.8


def check_attributes(class_: type, settings: Collection[str], misplaced: Collection[str], fix: str) -> None:
    """Refuse attributes of a class and its bases that do nothing. Raises DefinitionError.

    misplaced: the settings that belong to another class, as `fix` says.
    """
    for base in class_.__mro__:
        if base.__module__.startswith("dazz_assets."):
            continue
        for name, value in vars(base).items():
            if name in misplaced and not _is_method(value):
                raise DefinitionError(f"{base.__name__}.{name} does nothing {fix}")
            if name not in settings and not _is_method(value):
                _check_own(base, name, value, [*settings, *misplaced])
        for name in inspect.get_annotations(base):
            if base is class_ and name in settings and name not in vars(base):
                raise DefinitionError(f"{base.__name__}.{name} has a type but no value; set it: `{name} = ...`")


def _check_own(class_: type, name: str, value: object, settings: Collection[str]) -> None:
    """Refuse an attribute that is no setting if it looks like one."""
    if name.startswith("_") or name.isupper() or _is_nested_class(class_, name, value):
        return
    if close := get_close_matches(name, settings, n=1, cutoff=_SIMILAR):
        raise DefinitionError(f"{class_.__name__}.{name} is not a setting; did you mean `{close[0]}`?")
    is_declared_own = "ClassVar" in str(inspect.get_annotations(class_).get(name))
    replaces_inherited = any(name in vars(base) for base in class_.__mro__[1:])
    # A base that knows nothing of us may have any attributes.
    if issubclass(class_, Stream | Integration) and not is_declared_own and not replaces_inherited:
        raise DefinitionError(
            f"{class_.__name__}.{name} is not a setting; remove it, or if it is your own, write its name in capitals "
            "or begin it with _"
        )


def _is_method(value: object) -> bool:
    return inspect.isroutine(value) or isinstance(value, property)


def _is_nested_class(class_: type, name: str, value: object) -> bool:
    return isinstance(value, type) and value.__qualname__ == f"{class_.__qualname__}.{name}"
