"""The shape of a stream's records, and its drift: fields that appeared, changed their type, or are gone."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dazz_assets.extract.batch import RawRow

# How many records of a sync are looked at: enough to meet what is common, cheap enough to do each time.
_RECORDS_A_SYNC = 400
_RECORDS_A_PAGE = 20
# A shape is known from so many records on; a field that was in every record is gone when it is in none of so many.
_ENOUGH = 20
# Objects with more members than this are maps from ids, whose keys are no fields.
_MOST_MEMBERS = 60
_MOST_PATHS = 2_000


@dataclass(slots=True)
class ShapeField:
    """One path of a record: its JSON types but null, whether it was in every record, and in how many it was seen."""

    types: set[str] = field(default_factory=set)
    always: bool = True
    seen: int = 0


class RecordShape:
    """The fields of a stream's records, as met during a sync. records: how many were looked at."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._types: dict[str, set[str]] = {}
        self.records = 0

    def see(self, rows: Sequence[RawRow]) -> None:
        """Look at some records of a page."""
        for row in rows[: max(0, min(_RECORDS_A_PAGE, _RECORDS_A_SYNC - self.records))]:
            self.records += 1
            found = dict(_fields(json.loads(bytes(row.record), parse_int=_an_integer), ""))
            for path, kind in found.items():
                if path in self._counts or len(self._counts) < _MOST_PATHS:
                    self._counts[path] = self._counts.get(path, 0) + 1
                    if kind != "null":
                        self._types.setdefault(path, set()).add(kind)

    def types(self) -> dict[str, set[str]]:
        """The paths that were met, with their JSON types but null."""
        return {path: self._types.get(path, set()) for path in self._counts}

    def drift(self, known: Mapping[str, ShapeField]) -> list[str]:
        """How it differs from the known shape, a sentence a field; nothing where none is known."""
        if not known or not self.records or max(item.seen for item in known.values()) < _ENOUGH:
            return []
        new = [f"{path}: new, {_shown(kinds)}" for path, kinds in self._types.items() if path not in known]
        changed = [
            f"{path}: {_shown(kinds - known[path].types)}, was {_shown(known[path].types)}"
            for path, kinds in self._types.items()
            if path in known and known[path].types and kinds - known[path].types
        ]
        gone = [f"{path}: gone, was in every record" for path in self._gone(known)]
        return sorted([*new, *changed, *gone])

    def merged(self, known: Mapping[str, ShapeField]) -> dict[str, ShapeField]:
        """The known shape with what was met now; a field that is gone is known no longer."""
        gone = set(self._gone(known))
        merged = {
            path: ShapeField(set(item.types), item.always, item.seen)
            for path, item in known.items()
            if path not in gone
        }
        for path in self._counts:
            item = merged.setdefault(path, ShapeField(always=not known))
            item.types |= self._types.get(path, set())
            # Capped, so that a shape that is known stays as it is written.
            item.seen = min(_ENOUGH, item.seen + self._counts[path])
        for path, item in merged.items():
            item.always = item.always and self._counts.get(path, 0) == self.records
        return merged

    def _gone(self, known: Mapping[str, ShapeField]) -> Iterator[str]:
        if self.records >= _ENOUGH:
            yield from (path for path, item in known.items() if item.always and path not in self._counts)


def shape_path(integration: str, stream: str, connection: str) -> str:
    """Where in a lake the shape of a stream is kept."""
    return f"shapes/{integration}/{stream}/connection={connection}.json"


def shape_to_json(shape: Mapping[str, ShapeField]) -> bytes:
    """A shape as it is kept beside the stream's table."""
    document = {
        path: {"types": sorted(item.types), "always": item.always, "seen": item.seen}
        for path, item in sorted(shape.items())
    }
    return json.dumps(document, indent=1).encode()


def shape_from_json(text: bytes | None) -> dict[str, ShapeField]:
    """A shape as it was kept; an empty one where there was none."""
    document = json.loads(text) if text else {}
    return {path: ShapeField(set(item["types"]), item["always"], item["seen"]) for path, item in document.items()}


def _fields(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Each path below a value with its JSON type; items of a list share the path of the list with `[]`."""
    if isinstance(value, dict):
        is_map = len(value) > _MOST_MEMBERS
        for name, member in value.items():
            below = f"{path}.{'*' if is_map else name}" if path else ("*" if is_map else name)
            yield below, _kind(member)
            yield from _fields(member, below)
    elif isinstance(value, list):
        for item in value[:5]:
            yield f"{path}[]", _kind(item)
            yield from _fields(item, f"{path}[]")


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    return "text" if isinstance(value, str) else "list" if isinstance(value, list) else "object"


def _an_integer(text: str) -> int:
    """Any: what matters is that it is one, and Python refuses those of more than 4,300 digits."""
    return len(text)


def _shown(kinds: set[str]) -> str:
    return " or ".join(sorted(kinds)) or "null"
