"""Where in a page a value lies, as seen from its record: that is how an author names fields in `personal`."""

from __future__ import annotations

from collections.abc import Iterable

from dazz_assets.http import json_slices

Path = tuple[str, ...]


class RecordPaths:
    """Translates paths in a page into paths in its records, without the indexes of lists.

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
        return without_indexes(path[depth + self._keyed_by_id :])

    def is_id(self, path: Path) -> bool:
        """Whether this is the path of a record in an object by id."""
        return self._keyed_by_id and path[:-1] == self._above


def split_fields(personal: Iterable[str]) -> frozenset[Path]:
    """The paths of declared fields, without the indexes of lists."""
    return frozenset(without_indexes(json_slices.split_path(field)) for field in personal)


def is_in_fields(path: Path | None, fields: frozenset[Path]) -> bool:
    """Whether a path in a record leads to a declared field, or below one."""
    return path is not None and any(path[:end] in fields for end in range(1, len(path) + 1))


def without_indexes(path: Path) -> Path:
    """The path without what may be an index of a list."""
    return tuple(name for name in path if not name.isdecimal())
