"""Finds the list of records in a page."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dazz_assets.assistant.infer.json_values import is_addressable
from dazz_assets.field_paths import join_path

_MAX_DEPTH = 6
# Common names of the list of records, the likeliest first.
_NAMES = ("data", "items", "results", "records", "values", "value", "nodes", "edges", "entries", "resources", "content")
# Common names of other lists.
_SECONDARY = frozenset(
    {"included", "errors", "warnings", "links", "facets", "aggregations", "messages", "expand", "tags"}
)


@dataclass(frozen=True, slots=True)
class RecordsPath:
    """A list in a page: its path (empty if the page is the list), its length, and whether all its items are objects."""

    path: str
    length: int
    is_of_objects: bool


def find_record_paths(page: Any) -> list[RecordsPath]:
    """The lists of a page, the likeliest to be its records first: lists of objects, empty lists, others."""
    found = [(names, _to_records_path(names, value)) for names, value in _find_lists(page, ())]
    return [item for names, item in sorted(found, key=lambda pair: _rank(*pair))]


def _find_lists(value: Any, names: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    if isinstance(value, list):
        if is_addressable(names):
            yield names, value
    elif isinstance(value, dict) and len(names) < _MAX_DEPTH:
        for name, member in value.items():
            yield from _find_lists(member, (*names, name))


def _to_records_path(names: tuple[str, ...], value: list[Any]) -> RecordsPath:
    return RecordsPath(join_path(names), len(value), bool(value) and all(isinstance(item, dict) for item in value))


def _rank(names: tuple[str, ...], item: RecordsPath) -> tuple[int, bool, int, int, int]:
    last = names[-1].lower() if names else ""
    emptiness = 0 if item.is_of_objects else 1 if not item.length else 2
    known = _NAMES.index(last) if last in _NAMES else len(_NAMES)
    return emptiness, last in _SECONDARY, len(names), known, -item.length
