"""Where in a page a value lies, as seen from its record: that is how an author names fields in `personal`."""

from __future__ import annotations

from collections.abc import Iterable

from dazz_assets.http import json_slices

Path = tuple[str, ...]

ANY_MEMBER = "*"
"""In a declared path: each member of an object."""


class RecordPaths:
    """Translates paths in a page into paths in its records.

    records: the dotted path of the list of records. keyed_by_id: whether an object is there, with the records by id.
    """

    def __init__(self, records: str, *, keyed_by_id: bool = False) -> None:
        self._above = without_indexes(json_slices.split_path(records))
        self._keyed_by_id = keyed_by_id

    def find(self, path: Path) -> Path | None:
        """The path in the record; None outside the records."""
        depth = len(self._above)
        if path[:depth] != self._above:
            return None
        return path[depth + self._keyed_by_id :]

    def is_id(self, path: Path) -> bool:
        """Whether this is the path of a record in an object by id."""
        return self._keyed_by_id and path[:-1] == self._above


class PersonalFields:
    """The fields that a stream declares personal, to be asked by the paths of a record (`RecordPaths`).

    In a declared path, `*` stands for each member of an object; members with a number for a name may be left out of it.
    A path that ends with `*` means the names of the members alone.
    """

    def __init__(self, personal: Iterable[str]) -> None:
        fields = split_fields(personal)
        self._names = [field[:-1] for field in fields if field[-1:] == (ANY_MEMBER,)]
        self._values = [field for field in fields if field and field[-1] != ANY_MEMBER]

    def are(self, path: Path | None) -> bool:
        """Whether a path leads to a declared field."""
        return path is not None and any(_leads_to(field, path) for field in self._values)

    def hold(self, path: Path | None) -> bool:
        """Whether a path leads to a declared field, or below one."""
        return path is not None and any(self.are(path[:end]) for end in range(1, len(path) + 1))

    def are_names_at(self, path: Path | None) -> bool:
        """Whether the names of the members of the object at a path are personal."""
        if path is None:
            return False
        ends_in_field = not path or not path[-1].isdecimal()
        return ends_in_field and any(_leads_to(field, path) for field in self._names)


class SensitiveFields:
    """The fields that a stream declares sensitive, to be asked by the paths of a record.

    What lies below such a field is sensitive too. In a declared path, `*` stands for each member of an object; where a
    path ends with it, the names of the members are sensitive as well.
    """

    def __init__(self, sensitive: Iterable[str]) -> None:
        fields = (field[:-1] if field[-1:] == (ANY_MEMBER,) else field for field in split_fields(sensitive))
        self._fields = frozenset(fields)

    def __bool__(self) -> bool:
        return bool(self._fields)

    def are(self, path: Path) -> bool:
        """Whether a path leads to a declared field."""
        return any(_leads_to(field, path) for field in self._fields)

    def touch(self, path: Path) -> bool:
        """Whether the value at a path is sensitive, or holds something that is."""
        plain = without_indexes(path)
        return any(_is_above(field, plain) or field[: len(plain)] == plain for field in self._fields)


def split_fields(personal: Iterable[str]) -> frozenset[Path]:
    """The paths of declared fields, without the indexes of lists."""
    return frozenset(without_indexes(json_slices.split_path(field)) for field in personal)


def without_indexes(path: Path) -> Path:
    """The path without what may be an index of a list."""
    return tuple(name for name in path if not name.isdecimal())


def _is_above(field: Path, path: Path) -> bool:
    """Whether a path leads to a declared field, or below it."""
    names = zip(field, path, strict=False)
    return len(field) <= len(path) and all(name in (other, ANY_MEMBER) for name, other in names)


def _leads_to(field: Path, path: Path) -> bool:
    if not path:
        return not field
    if field and field[0] in (path[0], ANY_MEMBER) and _leads_to(field[1:], path[1:]):
        return True
    return path[0].isdecimal() and _leads_to(field, path[1:])
