"""The shape of many values of one place: their kinds, and the shape of what lies below."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from dazz_assets.authoring.inference.kinds import Kind, is_id, kind_of

# Names that are longer are no fields; of more names than this each object of a map has its own few.
_LONGEST_NAME = 60
_MANY = 60
# What is nested deeper is not looked into.
_DEEPEST = 20
# Of a long list so many items say what the rest is.
_ITEMS = 100


@dataclass(slots=True)
class Shape:
    """All values met at one place.

    count: how many there were. kinds: how many of each kind. members: by name, of those that are objects.
    items: of those that are lists. example: the first that is neither null, empty, list nor object.
    """

    count: int = 0
    kinds: dict[Kind, int] = field(default_factory=dict)
    members: "dict[str, Shape]" = field(default_factory=dict)
    items: "Shape | None" = None
    example: Any = None

    def see(self, value: Any, depth: int = 0) -> None:
        """Take one more value in."""
        kind = kind_of(value)
        self.count += 1
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        if kind == "object" and depth < _DEEPEST:
            for name, member in value.items():
                self.members.setdefault(name, Shape()).see(member, depth + 1)
        elif kind == "list" and depth < _DEEPEST:
            self.items = self.items or Shape()
            for item in value[:_ITEMS]:
                self.items.see(item, depth + 1)
        elif self.example is None and kind not in ("object", "list") and value != "":
            self.example = value

    @property
    def objects(self) -> int:
        """How many of the values are objects."""
        return self.kinds.get("object", 0)

    @property
    def nulls(self) -> int:
        """How many of the values are null."""
        return self.kinds.get("null", 0)

    @property
    def is_map(self) -> bool:
        """Whether the objects are maps from ids to values of one shape, and not objects with fields."""
        names = self.members
        is_sparse = len(names) > _MANY and 2 * sum(item.count for item in names.values()) < len(names) * self.objects
        return bool(names) and (is_sparse or any(len(name) > _LONGEST_NAME for name in names) or all(map(is_id, names)))

    def merged(self) -> "Shape":
        """The shape of the values of a map."""
        whole = Shape()
        for member in self.members.values():
            whole.add(member)
        return whole

    def add(self, other: "Shape") -> None:
        """Take in what another shape was made of."""
        self.count += other.count
        for kind, count in other.kinds.items():
            self.kinds[kind] = self.kinds.get(kind, 0) + count
        for name, member in other.members.items():
            self.members.setdefault(name, Shape()).add(member)
        if other.items is not None:
            self.items = self.items or Shape()
            self.items.add(other.items)
        self.example = other.example if self.example is None else self.example


def shape_of(values: Iterable[Any]) -> Shape:
    """The shape of records."""
    shape = Shape()
    for value in values:
        shape.see(value)
    return shape
