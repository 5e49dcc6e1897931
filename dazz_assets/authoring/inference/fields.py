"""The fields of records: each path, with what was seen there."""

from collections.abc import Iterator
from dataclasses import dataclass

from dazz_assets.authoring.inference.kinds import Kind
from dazz_assets.authoring.inference.shape import Shape
from dazz_assets.authoring.inference.values import joined

_LONGEST_EXAMPLE = 60


@dataclass(frozen=True, slots=True)
class Field:
    """One path of the records; the items of a list have its path with `[]`, the values of a map with `.*`.

    kinds: what was seen, the most frequent first. of: how many objects, lists' items or map's values could have it.
    missing, null: in how many of these it is not there, or is null. example: one value, shortened; None where there
    is nothing to show.
    """

    path: str
    kinds: tuple[Kind, ...]
    of: int
    missing: int
    null: int
    example: str | None


def fields_of(shape: Shape) -> Iterator[Field]:
    """The fields of records of this shape, each before what lies below it."""
    return _members(shape, "")


def _members(shape: Shape, prefix: str) -> Iterator[Field]:
    for name, member in shape.members.items():
        yield from _field(f"{prefix}{joined([name])}", member, shape.objects)


def _field(path: str, shape: Shape, of: int) -> Iterator[Field]:
    kinds = sorted(shape.kinds, key=lambda kind: -shape.kinds[kind])
    yield Field(path, tuple(kinds), of, max(0, of - shape.count), shape.nulls, _shown(shape.example))
    if shape.is_map:
        merged = shape.merged()
        yield from _field(f"{path}.*", merged, merged.count)
    else:
        yield from _members(shape, f"{path}.")
    if shape.items is not None and shape.items.count:
        yield from _field(f"{path}[]", shape.items, shape.items.count)


def _shown(example: object) -> str | None:
    if example is None:
        return None
    text = str(example).lower() if isinstance(example, bool) else str(example)
    return text if len(text) <= _LONGEST_EXAMPLE else text[: _LONGEST_EXAMPLE - 3] + "..."
