"""The fields of records: each path with what was seen there, and which of them people look at first."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from dazz_assets.assistant.infer.json_values import Kind, is_id, join_path, split_words, value_kind

# Names that are longer are no fields; of more names than this each object of a map has its own few.
_LONGEST_NAME = 60
_MANY = 60
# What is nested deeper is not looked into.
_DEEPEST = 20
# Of a long list so many items say what the rest is.
_ITEMS = 100


@dataclass(slots=True)
class ValueShape:
    """All values met at one place.

    count: how many there were. kinds: how many of each kind. members: by name, of those that are objects.
    items: of those that are lists. example: the first that is neither null, empty, list nor object.
    """

    count: int = 0
    kinds: dict[Kind, int] = field(default_factory=dict)
    members: "dict[str, ValueShape]" = field(default_factory=dict)
    items: "ValueShape | None" = None
    example: Any = None

    def see(self, value: Any, depth: int = 0) -> None:
        """Take one more value in."""
        kind = value_kind(value)
        self.count += 1
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        if kind == "object" and depth < _DEEPEST:
            for name, member in value.items():
                self.members.setdefault(name, ValueShape()).see(member, depth + 1)
        elif kind == "list" and depth < _DEEPEST:
            self.items = self.items or ValueShape()
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

    def merged(self) -> "ValueShape":
        """The shape of the values of a map."""
        whole = ValueShape()
        for member in self.members.values():
            whole.add(member)
        return whole

    def add(self, other: "ValueShape") -> None:
        """Take in what another shape was made of."""
        self.count += other.count
        for kind, count in other.kinds.items():
            self.kinds[kind] = self.kinds.get(kind, 0) + count
        for name, member in other.members.items():
            self.members.setdefault(name, ValueShape()).add(member)
        if other.items is not None:
            self.items = self.items or ValueShape()
            self.items.add(other.items)
        self.example = other.example if self.example is None else self.example


def read_shape(values: Iterable[Any]) -> ValueShape:
    """The shape of records."""
    shape = ValueShape()
    for value in values:
        shape.see(value)
    return shape


_LONGEST_EXAMPLE = 60


@dataclass(frozen=True, slots=True)
class RecordField:
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


def list_fields(shape: ValueShape) -> Iterator[RecordField]:
    """The fields of records of this shape, each before what lies below it."""
    return _members(shape, "")


def _members(shape: ValueShape, prefix: str) -> Iterator[RecordField]:
    for name, member in shape.members.items():
        yield from _field(f"{prefix}{join_path([name])}", member, shape.objects)


def _field(path: str, shape: ValueShape, of: int) -> Iterator[RecordField]:
    kinds = sorted(shape.kinds, key=lambda kind: -shape.kinds[kind])
    yield RecordField(path, tuple(kinds), of, max(0, of - shape.count), shape.nulls, _shown(shape.example))
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


_WORDS = (
    *("title", "name", "summary", "subject", "status", "state", "severity", "priority", "level", "type", "kind"),
    *("category", "owner", "url", "link", "created", "updated", "modified", "closed", "resolved"),
)
UNTELLING = len(_WORDS)
"""The rank of a name that says nothing of this kind."""


def telling_rank(name: str) -> int:
    """How telling a field is by its name: 0 is the most telling, `UNTELLING` not at all."""
    return min((_WORDS.index(word) for word in split_words(name) if word in _WORDS), default=UNTELLING)
