"""Compares the fields of records with what a model reads, and with the declared personal paths."""

import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import msgspec
from msgspec import Struct
from pydantic import AliasChoices, AliasPath, BaseModel
from pydantic.fields import FieldInfo

from dazz_assets.assistant.infer.field_shapes import RecordField, list_fields, read_shape
from dazz_assets.declare.stream import RecordModel
from dazz_assets.field_paths import ANY_MEMBER, join_path, split_path, without_indexes
from dazz_assets.names import is_near

_Steps = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelCoverage:
    """Which fields of records a model reads.

    read: the paths that the model reads. ignored: the paths that it doesn't, without their children.
    absent: the paths of the model that no record has.
    """

    read: frozenset[str]
    ignored: tuple[str, ...]
    absent: tuple[str, ...]


def model_coverage(model: type[RecordModel], fields: Sequence[RecordField]) -> ModelCoverage:
    """Which of these fields a model reads, following nested models and aliases."""
    paths = {field.path: _split_steps(field.path) for field in fields}
    read = {path for path, steps in paths.items() if _is_read(model, steps)}
    ignored = [path for path, steps in paths.items() if path not in read and _is_read(model, steps[:-1])]
    seen = set(paths.values())
    holders = {steps[:-1] for steps in seen if steps[-1] not in ("[]", "*")}
    return ModelCoverage(frozenset(read), tuple(ignored), tuple(_find_absent(model, seen, holders, ())))


def _split_steps(path: str) -> _Steps:
    """Split a field's path into names, with `[]` and `*` as steps of their own."""
    steps: list[str] = []
    for name in split_path(path):
        bare = name.rstrip("[]") if name.endswith("[]") else name
        steps += [bare] * bool(bare) + ["[]"] * ((len(name) - len(bare)) // 2)
    return tuple(steps)


def _is_read(annotation: Any, steps: Sequence[str]) -> bool:
    """Whether a value of this type includes what is at these steps."""
    if not steps:
        return True
    models = list(_find_models(annotation))
    if not models:
        return True  # A mapping, a list of scalars or an object is read whole.
    if steps[0] in ("[]", "*"):
        return _is_read(annotation, steps[1:])
    return any(_is_member_read(model, steps) for model in models)


def _is_member_read(model: type[RecordModel], steps: Sequence[str]) -> bool:
    if issubclass(model, BaseModel) and model.model_config.get("extra") == "allow":
        return True
    return any(
        tuple(steps[: len(alias)]) == tuple(alias[: len(steps)])
        and (len(steps) <= len(alias) or _is_read(annotation, steps[len(alias) :]))
        for annotation, aliases in _read_fields(model)
        for alias in aliases
    )


def _find_absent(annotation: Any, seen: set[_Steps], holders: set[_Steps], above: _Steps) -> Iterator[str]:
    """The model fields that no record has; those of a nested model only if some record has the nested object."""
    for model in _find_models(annotation):
        for inner, aliases in _read_fields(model):
            choices = [(*above, *steps) for steps in aliases]
            there = [steps for steps in choices if steps in seen]
            if not there:
                yield _format_path(choices[0])
            for below in (place for steps in there for place in (steps, (*steps, "[]"), (*steps, "*"))):
                if below in holders:
                    yield from _find_absent(inner, seen, holders, below)


def _format_path(steps: _Steps) -> str:
    return join_path(steps).replace(".[]", "[]")


def _read_fields(model: type[RecordModel]) -> Iterator[tuple[Any, list[_Steps]]]:
    """The type of each field of a model, and the paths in a record from which it can be read."""
    if issubclass(model, Struct):
        for item in msgspec.structs.fields(model):
            yield item.type, [(item.encode_name,)]
    else:
        for name, field in model.model_fields.items():
            yield field.annotation, list(_alias_steps(model, name, field))


def _alias_steps(model: type[BaseModel], name: str, field: FieldInfo) -> Iterator[_Steps]:
    """The paths in a record from which a field can be read."""
    alias = field.validation_alias
    choices: Sequence[Any] = alias.choices if isinstance(alias, AliasChoices) else [name if alias is None else alias]
    for choice in choices:
        path = choice.path if isinstance(choice, AliasPath) else [choice]
        yield tuple("[]" if isinstance(step, int) else str(step) for step in path)
    if alias is not None and (model.model_config.get("populate_by_name") or model.model_config.get("validate_by_name")):
        yield (name,)


def declared_names(model: type[RecordModel]) -> frozenset[str]:
    """The names of members that a model, or a model in it, reads as fields."""
    seen: set[type[RecordModel]] = set()
    names: set[str] = set()
    waiting = [model]
    while waiting:
        if (current := waiting.pop()) in seen:
            continue
        seen.add(current)
        for annotation, aliases in _read_fields(current):
            names.update(step for steps in aliases for step in steps)
            waiting += _find_models(annotation)
    return frozenset(names)


def _find_models(annotation: Any) -> Iterator[type[RecordModel]]:
    """The models in a type: in an Optional, a union, a list, the values of a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, RecordModel):
        yield annotation
        return
    for inner in typing.get_args(annotation):
        yield from _find_models(inner)


def misspelt_paths(
    declared: Sequence[str], records: Sequence[object], shown: Sequence[object] | None = None, *, anywhere: bool = True
) -> dict[str, str]:
    """The declared paths that match nothing in these records and are close to a field that is there, each with it.

    shown: the records as they may be shown, if not whole, from which the fields are. anywhere: a lone name may be that
    of a field further down.

    A path that no record has is no mistake by itself: records of other types may have it.
    """
    absent = absent_paths(declared, records)
    if not absent:
        return {}
    others = {_plain_names(path) for path in declared}
    fields = list_fields(read_shape(records if shown is None else shown))
    known = {item.path.replace("[]", ""): _plain_names(item.path.replace("[]", "")) for item in fields}
    known = {path: names for path, names in known.items() if names not in others}
    close = {path: _find_close(_plain_names(path), known, anywhere=anywhere) for path in absent}
    return {path: found for path, found in close.items() if found is not None}


def absent_paths(declared: Sequence[str], records: Sequence[object]) -> tuple[str, ...]:
    """The declared paths that match nothing in these records, though objects are there that could have them."""
    return tuple(path for path in declared if _is_absent(split_path(path), records))


def _plain_names(path: str) -> _Steps:
    names = without_indexes(split_path(path))
    return names[:-1] if names[-1:] == (ANY_MEMBER,) else names


def _find_close(names: _Steps, known: Mapping[str, _Steps], *, anywhere: bool) -> str | None:
    """The known path that is likely meant by another: spelt almost the same, name by name, or the same name deeper."""
    near = [path for path, other in known.items() if _are_near(names, other)]
    same = [path for path, other in known.items() if anywhere and len(names) == 1 and other[-1:] == names]
    return next(iter([*get_close_matches(join_path(names), near, n=1, cutoff=0), *same]), None)


def _are_near(names: _Steps, others: _Steps) -> bool:
    if join_path(names) == join_path(others).replace("\\.", "."):  # A dot that belongs to a name is to be escaped.
        return True
    if ANY_MEMBER not in names:  # Members with a number for a name are passed through.
        others = tuple(name for name in others if name != ANY_MEMBER)
    return len(names) == len(others) and all(
        one == other or ANY_MEMBER in (one, other) or is_near(one, other)
        for one, other in zip(names, others, strict=True)
    )


def _is_absent(names: Sequence[str], records: Sequence[object]) -> bool:
    here: list[object] = list(records)
    for name in names:
        if name.isdecimal():
            continue
        reached = [value for item in here for value in (_unwrap_lists if name == ANY_MEMBER else _unwrap)(item)]
        here = [
            member
            for value in reached
            if isinstance(value, dict)
            for member in (value.values() if name == ANY_MEMBER else [value[name]] if name in value else [])
        ]
        if not here:
            return bool(reached)
    return False


def _unwrap_lists(value: object) -> Iterator[object]:
    if isinstance(value, list):
        for item in value:
            yield from _unwrap_lists(item)
    elif value is not None and value != {}:
        yield value


def _unwrap(value: object) -> Iterator[object]:
    """The values to search for a name. As in recordings, paths skip lists and objects with numeric keys."""
    if isinstance(value, list):
        for item in value:
            yield from _unwrap(item)
    elif isinstance(value, dict):
        numbered = [member for name, member in value.items() if str(name).isdecimal()]
        for member in numbered:
            yield from _unwrap(member)
        if not numbered or len(numbered) < len(value):
            yield value
    elif value is not None:
        yield value
