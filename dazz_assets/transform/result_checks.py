"""What an author's parser gives back: what is wrong with it, where, and how its author corrects that."""

import inspect
import traceback
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from dazz_assets.domain import DomainObject
from dazz_assets.transform.quarantine import invalid_reason

# So many objects of one id are no chance: they were all given the same.
_FEWEST_ALIKE = 20


def fault_of_result(made: object) -> str | None:
    """Why what a parser returned can't be iterated for its objects; None where it can."""
    if made is None:
        return "it returned None; `yield` its objects, or return a list of them"
    if isinstance(made, BaseModel | str | bytes | Mapping) or not isinstance(made, Iterable):
        return f"it returned {_named(made)}; `yield` its objects one by one, or return a list of them"
    return None


def fault_of_object(item: object, declared: Collection[type[DomainObject]]) -> str | None:
    """Why an object that a parser yielded is none of those that it declares; None where it is one."""
    names = " | ".join(model.__name__ for model in declared)
    if item is None:
        return f"it yielded None, and declares {names}; yield nothing where there is nothing"
    if isinstance(item, list | tuple | set):
        return f"it yielded {_named(item)}, and declares {names}; yield objects one by one, as `yield from objects`"
    if not isinstance(item, DomainObject) or type(item) not in declared:
        return f"it yielded {_named(item)}, and declares {names}; correct the return annotation, or what it yields"
    if not item.id.strip():
        return f"it yielded {_named(item)} without an id; make it by `self.object_id(...)`, from the vendor's id"
    return None


def fault_of_ids(model: type[DomainObject], objects: int, doubles: Collection[str]) -> str | None:
    """Why objects of a model, of which these ids gave way to others, can't be told apart; None where they can."""
    if objects < _FEWEST_ALIKE or len(doubles) != objects - 1 or len(set(doubles)) != 1:
        return None
    return (
        f"all {objects} objects {model.__name__} that it yielded have the same id; make each from the vendor's id of "
        "its record, as `self.object_id(record.id)`"
    )


def describe_error(error: Exception) -> str:
    """What an exception of a parser says; of a model that refused its values, without the values."""
    if isinstance(error, ValidationError):
        return f"a {error.title} can't be made of what the parser gave it: {invalid_reason(error)}"
    return f"the parser raised {type(error).__name__}: {error}"


def _named(item: object) -> str:
    name = type(item).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def line_raised(error: BaseException, function: Any) -> str:
    """` (line 12 of integration.py)`: the last frame in a function's folder; empty where there is none."""
    folder = Path(inspect.getfile(function)).parent
    frames = [item for item in traceback.extract_tb(error.__traceback__) if Path(item.filename).parent == folder]
    return f" (line {frames[-1].lineno} of {Path(frames[-1].filename).name})" if frames else ""
