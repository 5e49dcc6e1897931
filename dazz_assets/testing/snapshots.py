"""Snapshots of a scenario on disk, and how what was taken now differs from them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dazz_assets.sync.differences import Changes, changes
from dazz_assets.sync.fetch.fields import Literal

# Of each kind of change so many are shown.
_SHOWN = 5
_FIELDS = 8


@dataclass(frozen=True, slots=True)
class Stale:
    """A snapshot that is not what was taken now: its path without the ending, and what differs, a line each."""

    path: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([f"{self.path}.json", *(f"    {line}" for line in self.lines)])


def compare(folder: Path, texts: Mapping[str, str]) -> list[Stale]:
    """Where the snapshots of a folder are not these texts, by path without the ending."""
    stored = _stored(folder)
    found = []
    for path in sorted({*stored, *texts}):
        before, after = stored.get(path), texts.get(path)
        if before != after:
            found.append(Stale(path, tuple(_lines(folder / f"{path}.json", before, after))))
    return found


def write(folder: Path, texts: Mapping[str, str]) -> None:
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
    found = changes(_by_key(old), _by_key(_read(after)))
    yield from _shown(_kind(file), found)
    if not found:
        yield "the same values in another order or text"


def _shown(kind: str, found: Changes) -> Iterator[str]:
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
