"""What a model reads of records, and what it ignores."""

import typing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import AliasChoices, AliasPath, BaseModel
from pydantic.fields import FieldInfo

from dazz_assets.authoring.inference.fields import Field
from dazz_assets.authoring.inference.values import joined
from dazz_assets.http.paths import split

_Steps = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """read: the paths that the model reads. ignored: those that it doesn't, without what lies below them.

    absent: what the model asks for and no record has, each with the model's own path.
    """

    read: frozenset[str]
    ignored: tuple[str, ...]
    absent: tuple[str, ...]


def reading_of(model: type[BaseModel], fields: Sequence[Field]) -> Reading:
    """What a model reads of these fields of its records, nested models and aliases followed."""
    paths = {field.path: _steps(field.path) for field in fields}
    read = {path for path, steps in paths.items() if _reads(model, steps)}
    ignored = [path for path, steps in paths.items() if path not in read and _reads(model, steps[:-1])]
    seen = set(paths.values())
    holders = {steps[:-1] for steps in seen if steps[-1] not in ("[]", "*")}
    return Reading(frozenset(read), tuple(ignored), tuple(_absent(model, seen, holders, ())))


def _steps(path: str) -> _Steps:
    """The names of a field's path; `[]` and `*` are steps of their own."""
    steps: list[str] = []
    for name in split(path):
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
    return joined(steps).replace(".[]", "[]")


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
