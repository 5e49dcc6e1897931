"""The shape of a stream's records, and its drift: fields that were added, changed their type, or are gone."""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from dazz_assets.extract.batch import RowBatch
from dazz_assets.field_paths import split_path
from dazz_assets.sensitive import SensitiveFields

# Sample this many records: enough to see common fields, cheap enough for each sync.
_RECORDS_PER_SYNC = 400
_RECORDS_PER_PAGE = 20
# Report drift only for a shape seen in at least this many records, and missing fields only after as many without.
_ENOUGH = 20
# Treat larger objects as maps from ids: their keys are not fields.
_MOST_MEMBERS = 60
_MOST_PATHS = 2_000


@dataclass(slots=True)
class ShapeField:
    """One path of a record: its JSON types except null, whether every record had it, and how many had it (capped)."""

    types: set[str] = field(default_factory=set)
    always: bool = True
    seen: int = 0


class RecordShape:
    """The fields of the records sampled during a sync. records: how many were sampled.

    sensitive: paths of fields that are never shown: what lies below them is left out, as names of members may be data.
    """

    def __init__(self, sensitive: Collection[str] = ()) -> None:
        self._sensitive = SensitiveFields(sensitive)
        self._counts: dict[str, int] = {}
        self._types: dict[str, set[str]] = {}
        self.records = 0

    def add(self, rows: RowBatch) -> None:
        """Sample some records of a page."""
        wanted = min(_RECORDS_PER_PAGE, _RECORDS_PER_SYNC - self.records)
        for record in rows.records(wanted) if wanted > 0 else ():
            self.records += 1
            shown = self._sensitive.prune(json.loads(record, parse_int=_parse_any_integer))
            found = dict(_iterate_fields(shown, ""))
            for path, kind in found.items():
                if path in self._counts or len(self._counts) < _MOST_PATHS:
                    self._counts[path] = self._counts.get(path, 0) + 1
                    if kind != "null":
                        self._types.setdefault(path, set()).add(kind)

    def types(self) -> dict[str, set[str]]:
        """The paths found, with their JSON types except null."""
        return {path: self._types.get(path, set()) for path in self._counts}

    def find_drift(self, known: Mapping[str, ShapeField]) -> list[str]:
        """Describe how the shape differs from the known one, one line per field; empty if too little is known."""
        known = self._shown(known)
        if not known or not self.records or max(item.seen for item in known.values()) < _ENOUGH:
            return []
        new = [f"{path}: new, {_format_types(kinds)}" for path, kinds in self._types.items() if path not in known]
        changed = [
            f"{path}: {_format_types(kinds - known[path].types)}, was {_format_types(known[path].types)}"
            for path, kinds in self._types.items()
            if path in known and known[path].types and kinds - known[path].types
        ]
        gone = [f"{path}: gone, was in every record" for path in self._gone_paths(known)]
        return sorted([*new, *changed, *gone])

    def merge_into(self, known: Mapping[str, ShapeField]) -> dict[str, ShapeField]:
        """The known shape with this one added, and without the fields that are gone."""
        known = self._shown(known)
        gone = set(self._gone_paths(known))
        merged = {
            path: ShapeField(set(item.types), item.always, item.seen)
            for path, item in known.items()
            if path not in gone
        }
        for path in self._counts:
            item = merged.setdefault(path, ShapeField(always=not known))
            item.types |= self._types.get(path, set())
            # Capped, so that a stable shape is not rewritten at each sync.
            item.seen = min(_ENOUGH, item.seen + self._counts[path])
        for path, item in merged.items():
            item.always = item.always and self._counts.get(path, 0) == self.records
        return merged

    def _shown(self, known: Mapping[str, ShapeField]) -> Mapping[str, ShapeField]:
        """A shape without what lies below fields that were declared sensitive after it was stored."""
        paths = {path: split_path(path.replace("[]", "")) for path in known}
        return {path: item for path, item in known.items() if not self._sensitive.hold(paths[path])}

    def _gone_paths(self, known: Mapping[str, ShapeField]) -> Iterator[str]:
        if self.records >= _ENOUGH:
            yield from (path for path, item in known.items() if item.always and path not in self._counts)


def shape_path(integration: str, stream: str, connection: str) -> str:
    """The path of a stream's shape in the lake."""
    return f"shapes/{integration}/{stream}/connection={connection}.json"


def shape_to_json(shape: Mapping[str, ShapeField]) -> bytes:
    """Serialize a shape to be kept beside the stream's table."""
    document = {
        path: {"types": sorted(item.types), "always": item.always, "seen": item.seen}
        for path, item in sorted(shape.items())
    }
    return json.dumps(document, indent=1).encode()


def shape_from_json(text: bytes | None) -> dict[str, ShapeField]:
    """Read a serialized shape; an empty one from None, or from a damaged file."""
    with suppress(ValueError, TypeError, KeyError, AttributeError):
        document = json.loads(text or b"{}")
        return {path: ShapeField(set(item["types"]), item["always"], item["seen"]) for path, item in document.items()}
    return {}


def _iterate_fields(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Each path below a value with its JSON type. Items of a list share the path of the list with `[]`."""
    if isinstance(value, dict):
        is_map = len(value) > _MOST_MEMBERS
        for name, member in value.items():
            below = f"{path}.{'*' if is_map else name}" if path else ("*" if is_map else name)
            yield below, _json_type(member)
            yield from _iterate_fields(member, below)
    elif isinstance(value, list):
        for item in value[:5]:
            yield f"{path}[]", _json_type(item)
            yield from _iterate_fields(item, f"{path}[]")


def _json_type(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    return "text" if isinstance(value, str) else "list" if isinstance(value, list) else "object"


def _parse_any_integer(text: str) -> int:
    """Some integer: only the type matters here, and Python refuses to parse more than 4,300 digits."""
    return len(text)


def _format_types(kinds: set[str]) -> str:
    return " or ".join(sorted(kinds)) or "null"
