"""Collects the fields of records: each path with its kinds and an example, and a rank for display."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from dazz_assets.assistant.infer.json_values import Kind, is_id, split_words, value_kind
from dazz_assets.field_paths import join_path

# An object is a map if most names are longer than this, or if it has more names and most objects lack most of them.
# One long name makes no map: its neighbours are fields, and may name a person.
_MAX_NAME_LENGTH = 60
_MAX_FIELDS = 60
# Ignore what is nested deeper.
_MAX_DEPTH = 20
# Read at most this many items of a list.
_MAX_ITEMS = 100


@dataclass(slots=True)
class ValueShape:
    """The shape of all values found at one path.

    count: number of values. kinds: number of values of each kind. members: shapes of the objects' members by name.
    items: shape of the lists' items. example: the first scalar that is neither null nor an empty string. blanks: number
    of empty strings.
    """

    count: int = 0
    kinds: dict[Kind, int] = field(default_factory=dict)
    members: "dict[str, ValueShape]" = field(default_factory=dict)
    items: "ValueShape | None" = None
    example: Any = None
    blanks: int = 0

    def add_value(self, value: Any, depth: int = 0) -> None:
        """Add one value."""
        kind = value_kind(value)
        self.count += 1
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        self.blanks += value == ""
        if kind == "object" and depth < _MAX_DEPTH:
            for name, member in value.items():
                self.members.setdefault(name, ValueShape()).add_value(member, depth + 1)
        elif kind == "list" and depth < _MAX_DEPTH:
            self.items = self.items or ValueShape()
            for item in value[:_MAX_ITEMS]:
                self.items.add_value(item, depth + 1)
        elif self.example is None and kind not in ("object", "list") and value != "":
            self.example = value

    @property
    def objects(self) -> int:
        """The number of values that are objects."""
        return self.kinds.get("object", 0)

    @property
    def nulls(self) -> int:
        """The number of values that are null."""
        return self.kinds.get("null", 0)

    @property
    def has_blanks(self) -> bool:
        """Whether there is an empty string at any depth."""
        below = [*self.members.values(), *([self.items] if self.items else [])]
        return bool(self.blanks) or any(shape.has_blanks for shape in below)

    @property
    def is_map(self) -> bool:
        """Whether the objects are maps from ids to values of one shape, rather than objects with fields."""
        names = self.members
        is_sparse = (
            len(names) > _MAX_FIELDS and 2 * sum(item.count for item in names.values()) < len(names) * self.objects
        )
        has_long_names = 2 * sum(len(name) > _MAX_NAME_LENGTH for name in names) > len(names)
        return bool(names) and (is_sparse or has_long_names or all(map(is_id, names)))

    def merge_members(self) -> "ValueShape":
        """The common shape of a map's values."""
        whole = ValueShape()
        for member in self.members.values():
            whole.merge(member)
        return whole

    def merge(self, other: "ValueShape") -> None:
        """Add the values of another shape."""
        self.count += other.count
        self.blanks += other.blanks
        for kind, count in other.kinds.items():
            self.kinds[kind] = self.kinds.get(kind, 0) + count
        for name, member in other.members.items():
            self.members.setdefault(name, ValueShape()).merge(member)
        if other.items is not None:
            self.items = self.items or ValueShape()
            self.items.merge(other.items)
        self.example = other.example if self.example is None else self.example


def read_shape(values: Iterable[Any]) -> ValueShape:
    """The shape of values."""
    shape = ValueShape()
    for value in values:
        shape.add_value(value)
    return shape


_MAX_EXAMPLE_LENGTH = 60


@dataclass(frozen=True, slots=True)
class RecordField:
    """One path in the records; `[]` stands for the items of a list, `.*` for the values of a map.

    kinds: the most frequent first. of: how many objects, list items or map values could have the field; missing, null:
    how many of these lack it, or have null. example: one value, shortened; None if there is none.
    """

    path: str
    kinds: tuple[Kind, ...]
    of: int
    missing: int
    null: int
    example: str | None


def list_fields(shape: ValueShape) -> Iterator[RecordField]:
    """The fields of records of this shape, parents before children."""
    return _list_members(shape, "")


def _list_members(shape: ValueShape, prefix: str) -> Iterator[RecordField]:
    for name, member in shape.members.items():
        yield from _list_field(f"{prefix}{join_path([name])}", member, shape.objects)


def _list_field(path: str, shape: ValueShape, of: int) -> Iterator[RecordField]:
    kinds = sorted(shape.kinds, key=lambda kind: -shape.kinds[kind])
    yield RecordField(path, tuple(kinds), of, max(0, of - shape.count), shape.nulls, _format_example(shape.example))
    if shape.is_map:
        merge_members = shape.merge_members()
        yield from _list_field(f"{path}.*", merge_members, merge_members.count)
    else:
        yield from _list_members(shape, f"{path}.")
    if shape.items is not None and shape.items.count:
        yield from _list_field(f"{path}[]", shape.items, shape.items.count)


def _format_example(example: object) -> str | None:
    if example is None:
        return None
    text = str(example).lower() if isinstance(example, bool) else str(example)
    return text if len(text) <= _MAX_EXAMPLE_LENGTH else text[: _MAX_EXAMPLE_LENGTH - 3] + "..."


_WORDS_BY_RANK = (
    *("title", "name", "summary", "subject", "status", "state", "severity", "priority", "level", "type", "kind"),
    *("category", "owner", "url", "link", "created", "updated", "modified", "closed", "resolved"),
)
UNRANKED = len(_WORDS_BY_RANK)
"""The rank of a name with none of these words."""


def display_rank(name: str) -> int:
    """Rank a field by how much its name promises to tell a reader: 0 is the highest rank, `UNRANKED` none."""
    return min((_WORDS_BY_RANK.index(word) for word in split_words(name) if word in _WORDS_BY_RANK), default=UNRANKED)
