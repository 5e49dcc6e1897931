"""The shape of a stream's records, and its drift: fields that were added, changed their type, or are gone."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import compress, repeat
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
_KINDS = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "text",
    list: "list",
    dict: "object",
}
# Only the type of an integer matters here, and Python refuses to parse more than 4,300 digits.
_JSON = json.JSONDecoder(parse_int=len)
_BLANKS = b" \t\r\n"
_OF_NUMBERS = b"0123456789+-"


@dataclass(slots=True)
class ShapeField:
    """One path of a record: its JSON types except null, whether every record had it, and how many had it (capped)."""

    types: set[str] = field(default_factory=set)
    always: bool = True
    seen: int = 0


class RecordShape:
    """The fields of the records sampled during a sync. records: how many were sampled.

    Only the first record of each structure is parsed: those that follow have the same fields, of the same types.

    sensitive: paths of fields that are never shown: what lies below them is left out, as names of members may be data.
    """

    def __init__(self, sensitive: Collection[str] = ()) -> None:
        self._sensitive = SensitiveFields(sensitive)
        self._structures = StructureReader()
        self._sampled: Counter[int] = Counter()
        self._paths: dict[int, tuple[str, ...]] = {}
        self._types: dict[str, set[str]] = {}
        self._noted: set[tuple[str, str]] = set()
        self.records = 0

    def add(self, rows: RowBatch) -> None:
        """Sample some records of a page."""
        wanted = min(_RECORDS_PER_PAGE, _RECORDS_PER_SYNC - self.records)
        if wanted <= 0:
            return
        for record in rows.records(wanted):
            self.records += 1
            structure = self._structures.read(record)
            self._sampled[structure] += 1
            if structure not in self._paths:
                self._paths[structure] = self._note_fields(record)

    def _note_fields(self, record: bytes) -> tuple[str, ...]:
        """Note the types of a record's fields; the paths that it has."""
        kinds: dict[str, str] = {}
        with suppress(RecursionError):  # It is nested so deeply that nobody reads it; what was found counts.
            value = _JSON.decode(record.decode("utf-8", "surrogatepass"))
            _find_fields(self._sensitive.prune(value), "", kinds)
        for path, kind in kinds.items():
            if (path, kind) not in self._noted and (path in self._types or len(self._types) < _MOST_PATHS):
                self._noted.add((path, kind))
                self._types.setdefault(path, set()).update(() if kind == "null" else (kind,))
        return tuple(path for path in kinds if path in self._types)

    def types(self) -> dict[str, set[str]]:
        """The paths found, with their JSON types except null."""
        return self._types

    def find_drift(self, known: Mapping[str, ShapeField]) -> list[str]:
        """Describe how the shape differs from the known one, one line per field; empty if too little is known."""
        known = self._shown(known)
        if not known or not self.records or max(item.seen for item in known.values()) < _ENOUGH:
            return []
        new = [
            f"{path}: new, {_format_types(kinds)}" for path, kinds in self._types.items() if kinds and path not in known
        ]
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
        counts = self._count_paths()
        for path, count in counts.items():
            item = merged.setdefault(path, ShapeField(always=not known))
            item.types |= self._types[path]
            # Capped, so that a stable shape is not rewritten at each sync.
            item.seen = min(_ENOUGH, item.seen + count)
        for path, item in merged.items():
            item.always = item.always and counts.get(path, 0) == self.records
        return merged

    def _count_paths(self) -> dict[str, int]:
        """How many of the sampled records had each path."""
        counts = dict.fromkeys(self._types, 0)
        for structure, paths in self._paths.items():
            for path in paths:
                counts[path] += self._sampled[structure]
        return counts

    def _shown(self, known: Mapping[str, ShapeField]) -> Mapping[str, ShapeField]:
        """A shape without what lies below fields that were declared sensitive after it was stored."""
        if not self._sensitive:
            return known
        paths = {path: split_path(path.replace("[]", "")) for path in known}
        return {path: item for path, item in known.items() if not self._sensitive.hold(paths[path])}

    def _gone_paths(self, known: Mapping[str, ShapeField]) -> Iterator[str]:
        if self.records >= _ENOUGH:
            yield from (path for path, item in known.items() if item.always and path not in self._types)


class StructureReader:
    """Tells the structures of records apart, without parsing one: the names of all members, in the record's order, and
    what kind of value each has."""

    def __init__(self) -> None:
        # For what lies between the texts of a record: which of them are names, a byte each.
        self._names: dict[bytes, bytes] = {}

    def read(self, record: bytes) -> int:
        """A number that records of one structure share."""
        if b"\\" in record:
            # Stand-ins that no JSON text holds, so that each quote that is left begins a text or ends one.
            record = record.replace(b"\\\\", b"\x01").replace(b'\\"', b"\x02")
        parts = record.split(b'"')
        between = b'"'.join(parts[::2]).translate(None, _BLANKS).replace(b"[]", b"[empty]")
        between = between.translate(None, _OF_NUMBERS).replace(b"false", b"true")
        names = self._names.get(between)
        if names is None:
            names = self._names[between] = bytes(part.startswith(b":") for part in between.split(b'"')[1:])
        return hash((between, *compress(parts[1::2], names)))


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


def _find_fields(value: Any, path: str, kinds: dict[str, str]) -> None:
    """Note each path below a value with its JSON type. Items of a list share the path of the list with `[]`."""
    if isinstance(value, dict):
        prefix = f"{path}." if path else ""
        names: Iterable[str] = repeat("*") if len(value) > _MOST_MEMBERS else value
        members: Iterable[tuple[str, Any]] = zip(names, value.values(), strict=False)
    else:
        prefix, members = f"{path}[]", zip(repeat(""), value[:5] if isinstance(value, list) else (), strict=False)
    for name, member in members:
        below = prefix + name
        kinds[below] = kind = _KINDS[type(member)]
        if kind in ("object", "list"):
            _find_fields(member, below, kinds)


def _format_types(kinds: set[str]) -> str:
    return " or ".join(sorted(kinds)) or "null"
