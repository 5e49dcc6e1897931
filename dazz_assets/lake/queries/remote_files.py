"""Files of lakes on object storage, for DuckDB: with the credentials of the rest of the lake, and no extension."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs
from fsspec import AbstractFileSystem

from dazz_assets.lake.paths import REMOTE, remote_roots


class RemoteFiles(AbstractFileSystem):  # type: ignore[misc]  # it has no types
    """What DuckDB asks of a filesystem, of files that `LakeRoot.duckdb_path` names. They are only read."""

    protocol = REMOTE
    cachable = False

    def glob(self, path: str, **_: Any) -> list[str]:
        """The file itself: a lake's log names its files, so none is searched for."""
        return [path]

    def unstrip_protocol(self, name: str) -> str:
        return name

    def open(self, path: str, mode: str = "rb", **_: Any) -> pa.NativeFile:
        filesystem, name = _locate(path)
        return filesystem.open_input_file(name)

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        filesystem, name = _locate(path)
        return {"name": path, "type": "file", "size": filesystem.get_file_info(name).size}

    def modified(self, path: str) -> datetime:
        """Any time: no file of a lake is ever changed."""
        return datetime.fromtimestamp(0, UTC)


def _locate(path: str) -> tuple[pafs.FileSystem, str]:
    url = path.removeprefix(f"{REMOTE}://")
    for root_url, root in remote_roots.items():
        if url.startswith(f"{root_url}/"):
            return root.filesystem, root.filesystem_path(url.removeprefix(f"{root_url}/"))
    raise FileNotFoundError(path)
