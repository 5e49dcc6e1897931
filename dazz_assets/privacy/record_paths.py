"""Where in a page a value lies, as seen from its record: that is how an author names fields in `personal`."""

from __future__ import annotations

from collections.abc import Iterable

from dazz_assets.field_paths import ANY_MEMBER, Path, split_path, without_indexes


class RecordPaths:
    """Translates paths in a page into paths in its records.

    records: the dotted path of the list of records. keyed_by_id: whether an object is there, with the records by id.
    """

    def __init__(self, records: str, *, keyed_by_id: bool = False) -> None:
        self._above = without_indexes(split_path(records))
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


def split_fields(personal: Iterable[str]) -> frozenset[Path]:
    """The paths of declared fields, without the indexes of lists."""
    return frozenset(without_indexes(split_path(field)) for field in personal)


def _leads_to(field: Path, path: Path) -> bool:
    if not path:
        return not field
    if field and field[0] in (path[0], ANY_MEMBER) and _leads_to(field[1:], path[1:]):
        return True
    return path[0].isdecimal() and _leads_to(field, path[1:])
