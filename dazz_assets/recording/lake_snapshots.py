"""Take snapshots of what a sync stored and published, write them as readable files, and compare them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic_core import to_jsonable_python

from dazz_assets.counts import format_count
from dazz_assets.domain import OUR_COLUMNS, DomainObject
from dazz_assets.http.json.json_fields import LiteralText
from dazz_assets.lake import TableVersion
from dazz_assets.privacy.json_tokens import compact_json, indent_json
from dazz_assets.recording.exchange_file import Exchange
from dazz_assets.recording.replay_answers import format_request
from dazz_assets.recording.scenario import ScenarioSync
from dazz_assets.session import Session
from dazz_assets.spec.specs import ParserSpec, StreamSpec
from dazz_assets.transform.published_tables import PublishedTables
from dazz_assets.transform.value_diff import Changes, diff_collections

_RAW_COLUMNS = ("key", "window_start", "sequence", "parent", "problem", "page", "position", "record")
_QUARANTINE_COLUMNS = ("stream", "key", "kind", "model", "object_id", "reason")
_MOST_ITEMS = 5
"""Items to show of each kind of change."""
_MOST_FIELDS = 8
"""Fields to show of each changed item."""


@dataclass
class SnapshotTaker:
    """Takes snapshots of a workspace's lake after each sync. snapshots: their texts by path, without the suffix."""

    session: Session
    snapshots: dict[str, str] = field(default_factory=dict)
    _last_sequences: dict[str, int] = field(default_factory=dict)
    _last_objects: dict[str, dict[str, Any]] = field(default_factory=dict)

    def take(self, sync: ScenarioSync, exchanges: Iterable[Exchange]) -> None:
        """Take the snapshots of one sync, whose exchanges these are."""
        lines = {item.name: f"{format_request(item.request)} -> {item.response.status}" for item in exchanges}
        self._add(f"{sync}/requests", json.dumps(dict(sorted(lines.items())), ensure_ascii=False))
        for stream in self.session.spec.streams.values():
            self._add(f"{sync}/raw/{stream.name}", self._added_records(stream))
        for parser in self.session.spec.parsers.values():
            published = PublishedTables(self.session, parser)
            for model in published.tables:
                self._add(
                    f"{sync}/objects/{parser.name}.{model.table_name()}",
                    self._changed_objects(parser, model, published),
                )
            self._add(f"{sync}/quarantine/{parser.name}", json.dumps(_quarantined_rows(published), ensure_ascii=False))

    def _add(self, path: str, text: str) -> None:
        self.snapshots[path] = indent_json(text) + "\n"

    def _added_records(self, stream: StreamSpec) -> str:
        stored = self.session.raw(stream).open()
        last_sequence = self._last_sequences.get(stream.name, 0)
        rows = [] if stored is None else _read_rows(stored)
        self._last_sequences[stream.name] = max((row["sequence"] for row in rows), default=last_sequence)
        added = [row for row in rows if row["sequence"] > last_sequence]
        added.sort(key=lambda row: (row["parent"] or "", row["page"], row["position"], row["key"]))
        return f"[{', '.join(map(_format_row, added))}]"

    def _changed_objects(self, parser: ParserSpec, model: type[DomainObject], published: PublishedTables) -> str:
        name = f"{parser.name}.{model.table_name()}"
        before, now = self._last_objects.get(name, {}), published_objects(published, model)
        self._last_objects[name] = now
        changed = {id_: item for id_, item in now.items() if before.get(id_) != item}
        gone = dict.fromkeys(id_ for id_ in before if id_ not in now)
        return json.dumps(dict(sorted({**changed, **gone}.items())), ensure_ascii=False)


def published_objects(published: PublishedTables, model: type[DomainObject]) -> dict[str, Any]:
    """The published objects of a model by id, without the fields that are null."""
    found = {}
    for row in published_rows(published, model):
        window = {"window_start": row["window_start"]} if row.get("window_start") else {}
        found[row["id"]] = to_jsonable_python(_without_nulls({**window, **own_fields(row)}))
    return found


def published_rows(published: PublishedTables, model: type[DomainObject]) -> Iterator[dict[str, Any]]:
    """The rows of a model's table."""
    version = published.versions[model]
    for batch in version.read() if version is not None else ():
        yield from batch.to_pylist()


def own_fields(row: Mapping[str, Any]) -> dict[str, Any]:
    """The object's own fields in a row, without the columns that the framework adds."""
    return {name: value for name, value in row.items() if name not in OUR_COLUMNS}


def _read_rows(stored: TableVersion) -> list[dict[str, Any]]:
    columns = [name for name in _RAW_COLUMNS if name in stored.schema.names]
    return [row for batch in stored.read(columns) for row in batch.to_pylist()]


def _format_row(row: Mapping[str, Any]) -> str:
    """Format a raw row as JSON, with its record as it is stored."""
    members = {
        "key": row["key"],
        "window": str(row["window_start"]) if row.get("window_start") else None,
        "parent": row["parent"],
        "problem": row["problem"],
    }
    head = json.dumps({name: value for name, value in members.items() if value is not None}, ensure_ascii=False)
    return f'{head[:-1]}, "record": {compact_json(row["record"])}}}'


def _quarantined_rows(published: PublishedTables) -> list[dict[str, Any]]:
    stored = published.quarantine_version
    rows = [row for batch in stored.read() for row in batch.to_pylist()] if stored else []
    members = [{name: row[name] for name in _QUARANTINE_COLUMNS if row[name] is not None} for row in rows]
    return sorted(members, key=lambda row: json.dumps(row, sort_keys=True))


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, Decimal):  # a column stores all its values with the same number of digits
        return format(value.normalize(), "f")
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class StaleSnapshot:
    """A stored snapshot that differs from the one taken now: its path without the suffix, and a line per difference."""

    path: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([f"{self.path}.json", *(f"    {line}" for line in self.lines)])


def compare_snapshots(folder: Path, snapshots: Mapping[str, str]) -> list[StaleSnapshot]:
    """Compare the snapshots of a folder with these texts, by path without the suffix."""
    stored = _read_snapshots(folder)
    found = []
    for path in sorted({*stored, *snapshots}):
        before, after = stored.get(path), snapshots.get(path)
        if before != after:
            found.append(StaleSnapshot(path, tuple(_describe_difference(folder / f"{path}.json", before, after))))
    return found


def write_snapshots(folder: Path, snapshots: Mapping[str, str]) -> None:
    """Make these the snapshots of a folder: write those that differ, and remove those no longer taken."""
    stored = _read_snapshots(folder)
    for path in stored.keys() - snapshots.keys():
        (folder / f"{path}.json").unlink()
    for path, text in snapshots.items():
        if stored.get(path) != text:
            file = folder / f"{path}.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")


def _read_snapshots(folder: Path) -> dict[str, str]:
    """Read the snapshots of a folder, by path without the suffix."""
    return {
        file.relative_to(folder).with_suffix("").as_posix(): file.read_text(encoding="utf-8")
        for file in sorted(folder.rglob("*.json"))
    }


def _describe_difference(file: Path, before: str | None, after: str | None) -> Iterator[str]:
    if before is None or after is None:
        yield "this snapshot is new" if before is None else "this snapshot is no longer taken"
        return
    try:
        old = _parse(before)
    except ValueError as error:
        yield f"this file is not JSON: {error}"
        return
    found = diff_collections(_index_by_key(old), _index_by_key(_parse(after)))
    yield from _describe_changes(_item_kind(file), found)
    if not found:
        yield "the same values, in another order or written differently"


def _describe_changes(kind: str, found: Changes) -> Iterator[str]:
    for word, keys in (("not expected", found.added), ("missing", found.gone)):
        for key in list(keys)[:_MOST_ITEMS]:
            yield f"{kind} {key}: {word}"
        yield from _describe_rest(kind, word, len(keys))
    for key, fields in list(found.changed.items())[:_MOST_ITEMS]:
        for item in fields[:_MOST_FIELDS]:
            yield f"{kind} {key}: {item}"
        if len(fields) > _MOST_FIELDS:
            yield f"{kind} {key}: and {format_count(len(fields) - _MOST_FIELDS, 'more field')}"
    yield from _describe_rest(kind, "changed", len(found.changed))


def _describe_rest(kind: str, word: str, count: int) -> Iterator[str]:
    if count > _MOST_ITEMS:
        yield f"and {format_count(count - _MOST_ITEMS, f'more {kind}')}: {word}"


def _item_kind(file: Path) -> str:
    return {"raw": "record", "objects": "object", "quarantine": "quarantine row"}.get(file.parent.name, "request")


def _parse(text: str) -> Any:
    # Keep numbers as they are written: 1.0 differs from 1.00.
    return json.loads(text, parse_int=LiteralText, parse_float=LiteralText)


def _index_by_key(items: Any) -> dict[str, Any]:
    """Index raw or quarantined rows by key, numbering repeated keys; return any other snapshot as it is."""
    if isinstance(items, dict):
        return items
    found: dict[str, Any] = {}
    for item in items:
        key = name = str(item.get("key") or item.get("object_id") or "")
        number = 1
        while name in found:
            number += 1
            name = f"{key} ({number})"
        found[name] = item
    return found
