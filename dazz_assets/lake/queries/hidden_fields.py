"""Which fields of the raw records of a connection are never shown, kept beside its tables so that queries know them.

Unlike other documents beside tables it is written before the records that it is about, in each sync and parse.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from contextlib import suppress

from dazz_assets.lake.lake import Lake
from dazz_assets.lake.sidecar import read_sidecar, write_sidecar

# Stands for all streams that the document does not name.
_OTHERS = "*"


def store_sensitive(lake: Lake, integration: str, connection: str, fields: Mapping[str, Collection[str]]) -> None:
    """Store the paths of sensitive fields by stream. Nothing is written if they are stored already.

    fields: of all streams of the integration, those without any included. What is stored of others stays: their tables
    do too, where a stream was renamed or removed.
    """
    path = _path(integration, connection)
    stored = read_sidecar(lake, path)
    kept = {stream: paths for stream, paths in _parse(stored).items() if stream not in fields}
    named = kept | {stream: sorted(paths) for stream, paths in fields.items() if paths or _OTHERS in kept}
    text = json.dumps(dict(sorted(named.items())), indent=1).encode()
    if text != stored and (named or stored is not None):
        write_sidecar(lake, path, text)


def read_sensitive(lake: Lake, integration: str, connection: str, stream: str) -> list[str]:
    """The paths of a stream's sensitive fields; all of the record (`*`) if the document is damaged."""
    stored = _parse(read_sidecar(lake, _path(integration, connection)))
    return stored.get(stream, stored.get(_OTHERS, []))


def _parse(text: bytes | None) -> dict[str, list[str]]:
    """The paths by stream. Of a damaged document, all of every stream."""
    with suppress(ValueError):
        document = json.loads(text or b"{}")
        if isinstance(document, dict) and all(map(_is_list_of_texts, document.values())):
            return document
    return {_OTHERS: ["*"]}


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _path(integration: str, connection: str) -> str:
    return f"sensitive/{integration}/connection={connection}.json"
