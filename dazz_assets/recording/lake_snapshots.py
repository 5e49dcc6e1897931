"""Snapshots of what a sync stored and published: taken, kept as files that a reviewer can read, and compared."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic_core import to_jsonable_python

from dazz_assets.domain import OUR_COLUMNS, DomainObject
from dazz_assets.http.json_fields import Literal
from dazz_assets.lake import TableVersion
from dazz_assets.privacy.json_tokens import compact_json, indent_json
from dazz_assets.recording.exchange_file import Exchange
from dazz_assets.recording.replay_answers import request_line
from dazz_assets.recording.scenario import Phase
from dazz_assets.session import Session
from dazz_assets.spec.specs import ParserSpec, StreamSpec
from dazz_assets.transform.published_tables import PublishedTables
from dazz_assets.transform.value_diff import Changes, diff_collections

_RAW = ("key", "window_start", "sequence", "parent", "problem", "page", "position", "record")
_ASIDE = ("stream", "key", "kind", "model", "object_id", "reason")


@dataclass
class SnapshotTaker:
    """Takes snapshots of a stage's lake after each sync. texts: by path, without the ending."""

    session: Session
    texts: dict[str, str] = field(default_factory=dict)
    _newest: dict[str, int] = field(default_factory=dict)
    _objects: dict[str, dict[str, Any]] = field(default_factory=dict)

    def take(self, phase: Phase, exchanges: Iterable[Exchange]) -> None:
        """Take what a sync left, which these exchanges made."""
        lines = {item.name: f"{request_line(item.request)} -> {item.response.status}" for item in exchanges}
        self._keep(f"{phase}/requests", json.dumps(dict(sorted(lines.items())), ensure_ascii=False))
        for stream in self.session.spec.streams.values():
            self._keep(f"{phase}/raw/{stream.name}", self._raw(stream))
        for parser in self.session.spec.parsers.values():
            published = PublishedTables(self.session, parser)
            for model in published.tables:
                self._keep(
                    f"{phase}/objects/{parser.name}.{model.table_name()}", self._changed(parser, model, published)
                )
            self._keep(f"{phase}/quarantine/{parser.name}", json.dumps(_aside(published), ensure_ascii=False))

    def _keep(self, path: str, text: str) -> None:
        self.texts[path] = indent_json(text) + "\n"

    def _raw(self, stream: StreamSpec) -> str:
        stored = self.session.raw(stream).open()
        newest = self._newest.get(stream.name, 0)
        rows = [] if stored is None else _rows(stored)
        self._newest[stream.name] = max((row["sequence"] for row in rows), default=newest)
        added = [row for row in rows if row["sequence"] > newest]
        added.sort(key=lambda row: (row["parent"] or "", row["page"], row["position"], row["key"]))
        return f"[{', '.join(map(_row, added))}]"

    def _changed(self, parser: ParserSpec, model: type[DomainObject], published: PublishedTables) -> str:
        name = f"{parser.name}.{model.table_name()}"
        before, now = self._objects.get(name, {}), published_objects(published, model)
        self._objects[name] = now
        changed = {id_: item for id_, item in now.items() if before.get(id_) != item}
        gone = dict.fromkeys(id_ for id_ in before if id_ not in now)
        return json.dumps(dict(sorted({**changed, **gone}.items())), ensure_ascii=False)


def published_objects(published: PublishedTables, model: type[DomainObject]) -> dict[str, Any]:
    """The published objects of a model by id, without the fields that are null."""
    found = {}
    for row in published_rows(published, model):
        window = {"window_start": row["window_start"]} if row.get("window_start") else {}
        found[row["id"]] = to_jsonable_python(_shown({**window, **own_fields(row)}))
    return found


def published_rows(published: PublishedTables, model: type[DomainObject]) -> Iterator[dict[str, Any]]:
    """The rows of a model's table."""
    snapshot = published.versions[model]
    for batch in snapshot.read() if snapshot is not None else ():
        yield from batch.to_pylist()


def own_fields(row: Mapping[str, Any]) -> dict[str, Any]:
    """What is the object's own in a row."""
    return {name: value for name, value in row.items() if name not in OUR_COLUMNS}


def _rows(stored: TableVersion) -> list[dict[str, Any]]:
    columns = [name for name in _RAW if name in stored.schema.names]
    return [row for batch in stored.read(columns) for row in batch.to_pylist()]


def _row(row: Mapping[str, Any]) -> str:
    """A raw row as JSON, its record as it is stored."""
    shown = {
        "key": row["key"],
        "window": str(row["window_start"]) if row.get("window_start") else None,
        "parent": row["parent"],
        "problem": row["problem"],
    }
    head = json.dumps({name: value for name, value in shown.items() if value is not None}, ensure_ascii=False)
    return f'{head[:-1]}, "record": {compact_json(row["record"])}}}'


def _aside(published: PublishedTables) -> list[dict[str, Any]]:
    stored = published.quarantine_version
    rows = [row for batch in stored.read() for row in batch.to_pylist()] if stored else []
    shown = [{name: row[name] for name in _ASIDE if row[name] is not None} for row in rows]
    return sorted(shown, key=lambda row: json.dumps(row, sort_keys=True))


def _shown(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _shown(item) for name, item in value.items() if item is not None}
    if isinstance(value, Decimal):  # a column has as many digits as any of its values may need
        return format(value.normalize(), "f")
    return [_shown(item) for item in value] if isinstance(value, list) else value


# Of each kind of change so many are shown.
_SHOWN = 5
_FIELDS = 8


@dataclass(frozen=True, slots=True)
class StaleSnapshot:
    """A snapshot that is not what was taken now: its path without the ending, and what differs, a line each."""

    path: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([f"{self.path}.json", *(f"    {line}" for line in self.lines)])


def compare_snapshots(folder: Path, texts: Mapping[str, str]) -> list[StaleSnapshot]:
    """Where the snapshots of a folder are not these texts, by path without the ending."""
    stored = _stored(folder)
    found = []
    for path in sorted({*stored, *texts}):
        before, after = stored.get(path), texts.get(path)
        if before != after:
            found.append(StaleSnapshot(path, tuple(_lines(folder / f"{path}.json", before, after))))
    return found


def write_snapshots(folder: Path, texts: Mapping[str, str]) -> None:
    """Make these the snapshots of a folder: what differs is written, what is no longer taken is removed."""
    stored = _stored(folder)
    for path in stored.keys() - texts.keys():
        (folder / f"{path}.json").unlink()
    for path, text in texts.items():
        if stored.get(path) != text:
            file = folder / f"{path}.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")


def _stored(folder: Path) -> dict[str, str]:
    """The snapshots of a folder, by path without the ending."""
    return {
        file.relative_to(folder).with_suffix("").as_posix(): file.read_text(encoding="utf-8")
        for file in sorted(folder.rglob("*.json"))
    }


def _lines(file: Path, before: str | None, after: str | None) -> Iterator[str]:
    if before is None or after is None:
        yield "there is no such snapshot yet" if before is None else "nothing is taken for it any more"
        return
    try:
        old = _read(before)
    except ValueError as error:
        yield f"it is no JSON: {error}"
        return
    found = diff_collections(_by_key(old), _by_key(_read(after)))
    yield from _show_difference(_kind(file), found)
    if not found:
        yield "the same values in another order or text"


def _show_difference(kind: str, found: Changes) -> Iterator[str]:
    for word, keys in (("not expected", found.added), ("missing", found.gone)):
        for key in list(keys)[:_SHOWN]:
            yield f"{kind} {key}: {word}"
        yield from _more(kind, word, len(keys))
    for key, fields in list(found.changed.items())[:_SHOWN]:
        for item in fields[:_FIELDS]:
            yield f"{kind} {key}: {item}"
        if len(fields) > _FIELDS:
            yield f"{kind} {key}: and {len(fields) - _FIELDS} fields more"
    yield from _more(kind, "changed", len(found.changed))


def _more(kind: str, word: str, count: int) -> Iterator[str]:
    if count > _SHOWN:
        yield f"and {count - _SHOWN} more of {kind}: {word}"


def _kind(file: Path) -> str:
    return {"raw": "record", "objects": "object", "quarantine": "put aside"}.get(file.parent.name, "request")


def _read(text: str) -> Any:
    # Numbers as they are written: 1.0 is another text than 1.00.
    return json.loads(text, parse_int=Literal, parse_float=Literal)


def _by_key(items: Any) -> dict[str, Any]:
    """Records by their key, what was put aside by itself, the rest as it is."""
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
