"""Which fields of the raw records of a connection are never shown, kept beside its tables so that queries know them.

Unlike other documents beside tables it is written before the records that it is about, in each sync and parse.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from contextlib import suppress

from dazz_assets.lake.lake import Lake
from dazz_assets.lake.sidecar import read_sidecar, write_sidecar


def store_sensitive(lake: Lake, integration: str, connection: str, fields: Mapping[str, Collection[str]]) -> None:
    """Store the paths of sensitive fields by stream. Nothing is written if they are stored already."""
    named = {stream: sorted(paths) for stream, paths in sorted(fields.items()) if paths}
    path = _path(integration, connection)
    stored = read_sidecar(lake, path)
    if (text := json.dumps(named, indent=1).encode()) != stored and (named or stored is not None):
        write_sidecar(lake, path, text)


def read_sensitive(lake: Lake, integration: str, connection: str, stream: str) -> list[str]:
    """The paths of a stream's sensitive fields; all of the record (`*`) if the document is damaged."""
    text = read_sidecar(lake, _path(integration, connection))
    if text is None:
        return []
    with suppress(ValueError, AttributeError):
        paths = json.loads(text).get(stream, [])
        if isinstance(paths, list) and all(isinstance(path, str) for path in paths):
            return paths
    return ["*"]


def _path(integration: str, connection: str) -> str:
    return f"sensitive/{integration}/connection={connection}.json"
