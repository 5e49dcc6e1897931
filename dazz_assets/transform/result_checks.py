"""Checks what an author's parser returns, and says what is wrong, where, and how to correct it."""

import inspect
import traceback
from collections.abc import Collection, Iterable, Mapping
from operator import attrgetter
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from dazz_assets.domain import DomainObject
from dazz_assets.sensitive import HIDDEN
from dazz_assets.transform.quarantine import invalid_reason

# From this many objects on, a single id for all of them is a mistake of the parser.
_FEWEST_OBJECTS = 20
_ID = attrgetter("id")


def find_result_fault(result: object) -> str | None:
    """Explain why a parser's result can't be iterated for its objects; None if it can."""
    if result is None:
        return "it returned None; `yield` its objects, or return a list of them"
    if isinstance(result, BaseModel | str | bytes | Mapping) or not isinstance(result, Iterable):
        return f"it returned {_with_article(result)}; `yield` its objects one by one, or return a list of them"
    return None


def find_object_fault(items: Collection[object], declared: Collection[type[DomainObject]]) -> str | None:
    """Explain why the first faulty one of these is no object that the parser declares; None if all are."""
    if set(map(type, items)).issubset(declared) and all(map(str.strip, map(_ID, items))):
        return None
    item = next(item for item in items if type(item) not in declared or not _ID(item).strip())
    names = " | ".join(model.__name__ for model in declared)
    if item is None:
        return f"it yielded None, but declares {names}; yield nothing instead of None"
    yielded = f"it yielded {_with_article(item)}"
    if isinstance(item, list | tuple | set):
        return f"{yielded}, but declares {names}; yield objects one by one: `yield from objects`"
    if type(item) not in declared:
        return f"{yielded}, but declares {names}; correct the return annotation, or what it yields"
    return f"{yielded} without an id; make one from the vendor's id with `self.object_id(...)`"


def find_id_fault(model: type[DomainObject], objects: int, duplicate_ids: Collection[str]) -> str | None:
    """Explain that all objects of a model have the same id; None if they don't."""
    if objects < _FEWEST_OBJECTS or len(duplicate_ids) != objects - 1 or len(set(duplicate_ids)) != 1:
        return None
    return (
        f"all {objects} {model.__name__} objects that it yielded have the same id; make each id from the "
        "vendor's id of its record: `self.object_id(record.id)`"
    )


def describe_error(error: Exception, *, is_sensitive: bool) -> str:
    """Describe an exception raised by a parser; a model's validation error without the invalid values.

    is_sensitive: the parser reads fields that are never shown, which any text of its own may quote.
    """
    if isinstance(error, ValidationError):
        reason = invalid_reason(error.errors(include_url=False), ["*"] if is_sensitive else [])
        return f"the parser made an invalid {error.title}: {reason}"
    if is_sensitive:
        return f"the parser raised {type(error).__name__} {HIDDEN}"
    return f"the parser raised {type(error).__name__}: {error}"


def format_raising_line(error: BaseException, function: Any) -> str:
    """` (line 12 of integration.py)` for the last frame in the function's folder; empty if there is none."""
    folder = Path(inspect.getfile(function)).parent
    frames = [item for item in traceback.extract_tb(error.__traceback__) if Path(item.filename).parent == folder]
    return f" (line {frames[-1].lineno} of {Path(frames[-1].filename).name})" if frames else ""


def _with_article(item: object) -> str:
    name = type(item).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
