"""What a sync stored and published, as texts that a reviewer can read: the snapshots of a scenario.

    first/requests.json               the requests, by the name of their recording
    first/raw/<stream>.json           the records that were stored, by key
    first/objects/<parser>.<table>.json   the objects that are published then, by id
    first/quarantine/<parser>.json    what was put aside, with the reason

Of the second sync there is only what it changed: an object that is gone is null.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic_core import to_jsonable_python

from dazz_assets.authoring.spec import ParserSpec, StreamSpec
from dazz_assets.domain import OUR_COLUMNS, DomainObject
from dazz_assets.lake import Snapshot
from dazz_assets.sync.objects.published import Published
from dazz_assets.sync.session import Session
from dazz_assets.testing.exchange import Exchange
from dazz_assets.testing.json_text import compact, indented
from dazz_assets.testing.layout import Phase
from dazz_assets.testing.script import line_of

_RAW = ("key", "window_start", "sequence", "parent", "problem", "page", "position", "record")
_ASIDE = ("stream", "key", "kind", "model", "object_id", "reason")


@dataclass
class Album:
    """Takes snapshots of a stage's lake after each sync. texts: by path, without the ending."""

    session: Session
    texts: dict[str, str] = field(default_factory=dict)
    _newest: dict[str, int] = field(default_factory=dict)
    _objects: dict[str, dict[str, Any]] = field(default_factory=dict)

    def take(self, phase: Phase, exchanges: Iterable[Exchange]) -> None:
        """Take what a sync left, which these exchanges made."""
        lines = {item.name: f"{line_of(item.request)} -> {item.response.status}" for item in exchanges}
        self._keep(f"{phase}/requests", json.dumps(dict(sorted(lines.items())), ensure_ascii=False))
        for stream in self.session.spec.streams.values():
            self._keep(f"{phase}/raw/{stream.name}", self._raw(stream))
        for parser in self.session.spec.parsers.values():
            published = Published(self.session, parser)
            for model in published.tables:
                self._keep(
                    f"{phase}/objects/{parser.name}.{model.table_name()}", self._changed(parser, model, published)
                )
            self._keep(f"{phase}/quarantine/{parser.name}", json.dumps(_aside(published), ensure_ascii=False))

    def _keep(self, path: str, text: str) -> None:
        self.texts[path] = indented(text) + "\n"

    def _raw(self, stream: StreamSpec) -> str:
        stored = self.session.raw(stream).open()
        newest = self._newest.get(stream.name, 0)
        rows = [] if stored is None else _rows(stored)
        self._newest[stream.name] = max((row["sequence"] for row in rows), default=newest)
        added = [row for row in rows if row["sequence"] > newest]
        added.sort(key=lambda row: (row["parent"] or "", row["page"], row["position"], row["key"]))
        return f"[{', '.join(map(_row, added))}]"

    def _changed(self, parser: ParserSpec, model: type[DomainObject], published: Published) -> str:
        name = f"{parser.name}.{model.table_name()}"
        before, now = self._objects.get(name, {}), objects_of(published, model)
        self._objects[name] = now
        changed = {id_: item for id_, item in now.items() if before.get(id_) != item}
        gone = dict.fromkeys(id_ for id_ in before if id_ not in now)
        return json.dumps(dict(sorted({**changed, **gone}.items())), ensure_ascii=False)


def objects_of(published: Published, model: type[DomainObject]) -> dict[str, Any]:
    """The published objects of a model by id, without the fields that are null."""
    found = {}
    for row in rows_of(published, model):
        window = {"window_start": row["window_start"]} if row.get("window_start") else {}
        found[row["id"]] = to_jsonable_python(_shown({**window, **own_fields(row)}))
    return found


def rows_of(published: Published, model: type[DomainObject]) -> Iterator[dict[str, Any]]:
    """The rows of a model's table."""
    snapshot = published.snapshots[model]
    for batch in snapshot.read() if snapshot is not None else ():
        yield from batch.to_pylist()


def own_fields(row: Mapping[str, Any]) -> dict[str, Any]:
    """What is the object's own in a row."""
    return {name: value for name, value in row.items() if name not in OUR_COLUMNS}


def _rows(stored: Snapshot) -> list[dict[str, Any]]:
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
    return f'{head[:-1]}, "record": {compact(row["record"])}}}'


def _aside(published: Published) -> list[dict[str, Any]]:
    rows = [row for batch in published.put_aside.read() for row in batch.to_pylist()] if published.put_aside else []
    shown = [{name: row[name] for name in _ASIDE if row[name] is not None} for row in rows]
    return sorted(shown, key=lambda row: json.dumps(row, sort_keys=True))


def _shown(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _shown(item) for name, item in value.items() if item is not None}
    if isinstance(value, Decimal):  # a column has as many digits as any of its values may need
        return format(value.normalize(), "f")
    return [_shown(item) for item in value] if isinstance(value, list) else value
