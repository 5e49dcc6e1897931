"""Checks what an author's parser returns, and says what is wrong, where, and how to correct it."""

import inspect
import re
import traceback
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from dazz_assets.domain import DomainObject, RawRecord
from dazz_assets.names import suggest
from dazz_assets.sensitive import HIDDEN
from dazz_assets.transform.quarantine import invalid_reason

# From this many objects on, a single id for all of them is a mistake of the parser.
_FEWEST_OBJECTS = 20
_ID = attrgetter("id")
_OBJECT_ID = re.compile("[0-9a-f]{32}")


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


def find_stream_fault(items: Sequence[DomainObject], streams: Collection[str]) -> str | None:
    """Explain that an object names a stream that the integration does not have; None if none does."""
    for model in set(map(type, items)):
        for field in _raw_record_fields(model):
            of_model = [item for item in items if type(item) is model] if len(set(map(type, items))) > 1 else items
            if unknown := sorted(_find_streams(of_model, field).difference(streams)):
                return (
                    f"it yielded {_with_article(of_model[0])} whose `{field}` names the stream {unknown[0]!r}, which "
                    f"the integration does not have{suggest(unknown[0], streams)}"
                )
    return None


def _find_streams(items: Iterable[DomainObject], field: str) -> set[str]:
    """The streams that objects name, without a step of Python for each where none lacks its record."""
    try:
        return set(map(attrgetter(f"{field}.stream"), items))
    except AttributeError:
        return {record.stream for record in map(attrgetter(field), items) if record is not None}


@cache
def _raw_record_fields(model: type[DomainObject]) -> tuple[str, ...]:
    """The fields that say which record an object was made from."""
    return tuple(
        name
        for name, info in model.model_fields.items()
        if any(
            isinstance(kind, type) and issubclass(kind, RawRecord)
            for kind in (info.annotation, *get_args(info.annotation))
        )
    )


def describe_foreign_ids(items: Collection[DomainObject]) -> str | None:
    """Say that an id is none that `object_id` makes; None if all look like those."""
    if all(map(_OBJECT_ID.fullmatch, map(_ID, items))):
        return None
    foreign = next(item for item in items if _OBJECT_ID.fullmatch(item.id) is None)
    return (
        f"an id of {type(foreign).__name__} was not made by `self.object_id(...)`: outside of the lake it may be that "
        "of an object of another connection. Make each id from the vendor's id by it"
    )


def find_id_fault(model: type[DomainObject], objects: int, duplicate_ids: Collection[str]) -> str | None:
    """Explain that all objects of a model have the same id; None if they don't."""
    if objects < _FEWEST_OBJECTS or len(duplicate_ids) != objects - 1 or len(set(duplicate_ids)) != 1:
        return None
    return (
        f"all {objects} {model.__name__} objects that it yielded have the same id; make each id from the "
        "vendor's id of its record: `self.object_id(record.id)`"
    )


def describe_error(error: Exception, models: Collection[type[DomainObject]], *, is_sensitive: bool) -> str:
    """Describe an exception raised by a parser; a model's validation error without the invalid values.

    models: those that the parser declares.
    is_sensitive: the parser reads fields that are never shown, which any text of its own may quote.
    """
    if isinstance(error, ValidationError):
        problems = error.errors(include_url=False)
        if not is_sensitive:
            problems = [_explain_unknown_field(item, error.title, models) for item in problems]
        reason = invalid_reason(problems, ["*"] if is_sensitive else [])
        return f"the parser made an invalid {error.title}: {reason}"
    if is_sensitive:
        return f"the parser raised {type(error).__name__} {HIDDEN}"
    return f"the parser raised {type(error).__name__}: {error}"


def _explain_unknown_field(problem: ErrorDetails, title: str, models: Collection[type[DomainObject]]) -> ErrorDetails:
    """The problem, which says what is meant if it is a field that a declared model, or one in it, does not have."""
    known: dict[str, type[BaseModel]] = {}
    waiting: list[Any] = list(models)
    while waiting:
        kind = waiting.pop()
        waiting += get_args(kind)
        if isinstance(kind, type) and issubclass(kind, BaseModel) and kind.__name__ not in known:
            known[kind.__name__] = kind
            waiting += [info.annotation for info in kind.model_fields.values()]
    if problem["type"] != "extra_forbidden" or title not in known or len(problem["loc"]) != 1:
        return problem
    hint = suggest(str(problem["loc"][0]), known[title].model_fields)
    return {**problem, "msg": f"{title} has no such field{hint}"}


def format_raising_line(error: BaseException, function: Any) -> str:
    """` (line 12 of integration.py)` for the last frame in the function's folder; empty if there is none."""
    folder = Path(inspect.getfile(function)).parent
    frames = [item for item in traceback.extract_tb(error.__traceback__) if Path(item.filename).parent == folder]
    return f" (line {frames[-1].lineno} of {Path(frames[-1].filename).name})" if frames else ""


def _with_article(item: object) -> str:
    name = type(item).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
