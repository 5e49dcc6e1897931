"""What a model, or the declared personal paths, reach of the fields of records, and what they ignore."""

import typing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import AliasChoices, AliasPath, BaseModel
from pydantic.fields import FieldInfo

from dazz_assets.assistant.infer.field_shapes import RecordField, list_fields, read_shape
from dazz_assets.assistant.infer.json_values import join_path
from dazz_assets.http.json_slices import split_path
from dazz_assets.names import suggest

_Steps = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelCoverage:
    """read: the paths that the model reads. ignored: those that it doesn't, without what lies below them.

    absent: what the model asks for and no record has, each with the model's own path.
    """

    read: frozenset[str]
    ignored: tuple[str, ...]
    absent: tuple[str, ...]


def model_coverage(model: type[BaseModel], fields: Sequence[RecordField]) -> ModelCoverage:
    """What a model reads of these fields of its records, nested models and aliases followed."""
    paths = {field.path: _steps(field.path) for field in fields}
    read = {path for path, steps in paths.items() if _reads(model, steps)}
    ignored = [path for path, steps in paths.items() if path not in read and _reads(model, steps[:-1])]
    seen = set(paths.values())
    holders = {steps[:-1] for steps in seen if steps[-1] not in ("[]", "*")}
    return ModelCoverage(frozenset(read), tuple(ignored), tuple(_absent(model, seen, holders, ())))


def _steps(path: str) -> _Steps:
    """The names of a field's path; `[]` and `*` are steps of their own."""
    steps: list[str] = []
    for name in split_path(path):
        bare = name.rstrip("[]") if name.endswith("[]") else name
        steps += [bare] * bool(bare) + ["[]"] * ((len(name) - len(bare)) // 2)
    return tuple(steps)


def _reads(annotation: Any, steps: Sequence[str]) -> bool:
    """Whether a value of this type takes in what lies at these steps."""
    if not steps:
        return True
    models = list(_models(annotation))
    if not models:
        return True  # a mapping, a list of scalars, object: it is read whole
    if steps[0] in ("[]", "*"):
        return _reads(annotation, steps[1:])
    return any(_reads_member(model, steps) for model in models)


def _reads_member(model: type[BaseModel], steps: Sequence[str]) -> bool:
    if model.model_config.get("extra") == "allow":
        return True
    return any(
        tuple(steps[: len(asked)]) == tuple(asked[: len(steps)])
        and (len(steps) <= len(asked) or _reads(field.annotation, steps[len(asked) :]))
        for name, field in model.model_fields.items()
        for asked in _names(model, name, field)
    )


def _absent(annotation: Any, seen: set[_Steps], holders: set[_Steps], above: _Steps) -> Iterator[str]:
    """The fields of the models in a type that no record has; of nested models where there were objects to have them."""
    for model in _models(annotation):
        for name, field in model.model_fields.items():
            choices = [(*above, *steps) for steps in _names(model, name, field)]
            there = [steps for steps in choices if steps in seen]
            if not there:
                yield _path(choices[0])
            for below in (place for steps in there for place in (steps, (*steps, "[]"), (*steps, "*"))):
                if below in holders:
                    yield from _absent(field.annotation, seen, holders, below)


def _path(steps: _Steps) -> str:
    return join_path(steps).replace(".[]", "[]")


def _names(model: type[BaseModel], name: str, field: FieldInfo) -> Iterator[_Steps]:
    """The names in a record by which a field is read."""
    alias = field.validation_alias
    choices: Sequence[Any] = alias.choices if isinstance(alias, AliasChoices) else [name if alias is None else alias]
    for choice in choices:
        path = choice.path if isinstance(choice, AliasPath) else [choice]
        yield tuple("[]" if isinstance(step, int) else str(step) for step in path)
    if alias is not None and (model.model_config.get("populate_by_name") or model.model_config.get("validate_by_name")):
        yield (name,)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models in a type: of an Optional, a union, a list, a mapping's values."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    for inner in typing.get_args(annotation):
        yield from _models(inner)


def unmatched_personal_paths(personal: Sequence[str], records: Sequence[object]) -> dict[str, str]:
    """The declared paths at which these records can't have anything, each with what it may have been meant to be.

    The latter is written as `suggestion` does, to follow the path in a sentence. Where the way to a field ends in null
    or in an empty list wherever it is followed, nothing is known, and the path is not among these.
    """
    missed = [path for path in personal if _is_missed(split_path(path), records)]
    if not missed:
        return {}
    known = {item.path.replace("[]", "") for item in list_fields(read_shape(records)) if ".*" not in item.path}
    return {path: suggest(path, get_close_matches(path, known, n=1) or known) for path in missed}


def _is_missed(names: Sequence[str], records: Sequence[object]) -> bool:
    here: list[object] = list(records)
    for name in names:
        if name.isdecimal():
            continue
        reached = [value for item in here for value in _reached(item)]
        here = [value[name] for value in reached if isinstance(value, dict) and name in value]
        if not here:
            return bool(reached)
    return False


def _reached(value: object) -> Iterator[object]:
    """What a name is looked for in: as in recordings, a path goes through lists, and objects by number, unsaid."""
    if isinstance(value, list):
        for item in value:
            yield from _reached(item)
    elif isinstance(value, dict):
        numbered = [member for name, member in value.items() if str(name).isdecimal()]
        for member in numbered:
            yield from _reached(member)
        if not numbered or len(numbered) < len(value):
            yield value
    elif value is not None:
        yield value
