"""Window fingerprints of a raw table, kept beside it, so that they are computed once for each change.

Computing them reads the keys and hashes of all files. What is kept names the files that it was computed from. No file
changes and no name is used twice, so it is never taken for another state of the table, whatever happened meanwhile.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from dazz_assets.lake.lake import Lake
from dazz_assets.lake.sidecar import read_sidecar, write_sidecar
from dazz_assets.lake.table_version import TableVersion
from dazz_assets.lake.versions.latest_versions import window_fingerprints

Fingerprints = Mapping[date | None, str]


class _Kept(TypedDict):
    """files: a hash of the names of the files. windows: fingerprints by window, "" for a table without windows."""

    files: str
    windows: dict[str, str]


_KEPT = TypeAdapter(_Kept)


def read_fingerprints(lake: Lake, version: TableVersion) -> Fingerprints:
    """The fingerprints of a version's windows: those that are kept, if they are of its files, or computed ones."""
    kept = _read_kept(lake, version)
    return window_fingerprints(version) if kept is None else kept


def keep_fingerprints(lake: Lake, version: TableVersion) -> Fingerprints:
    """The fingerprints of a version's windows, kept from now on if they were not."""
    if (kept := _read_kept(lake, version)) is not None:
        return kept
    found = window_fingerprints(version)
    windows = {window.isoformat() if window else "": text for window, text in found.items()}
    document = {"files": _hash_file_names(version), "windows": windows}
    write_sidecar(lake, _kept_path(version), json.dumps(document).encode())
    return found


def _read_kept(lake: Lake, version: TableVersion) -> Fingerprints | None:
    """The fingerprints that are kept of a version; None if there are none, or the file is damaged."""
    text = read_sidecar(lake, _kept_path(version))
    try:
        kept = _KEPT.validate_json(text or b"")
        windows = {date.fromisoformat(name) if name else None: text for name, text in kept["windows"].items()}
    except ValueError:
        return None
    return windows if kept["files"] == _hash_file_names(version) else None


def _kept_path(version: TableVersion) -> str:
    """`fingerprints/<integration>/<stream>/connection=<id>.json`."""
    path = version.path
    return f"fingerprints/{path.integration}/{path.name}/connection={path.connection}.json"


def _hash_file_names(version: TableVersion) -> str:
    names = sorted(file.path for file in version.files)
    return hashlib.sha256("\n".join(names).encode()).hexdigest()
