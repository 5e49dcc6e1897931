"""The lake's folder, as each library wants it named."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pyarrow.fs as pafs

from dazz_assets.lake.errors import LakeError


class Location:
    """A folder on a local disk or on object storage, from a path or a URL.

    `filesystem` and `path` are for pyarrow, `uri()` is for deltalake, `for_duckdb()` for DuckDB. `local` is the
    folder as a Path, None on object storage.
    """

    def __init__(self, url: str | Path) -> None:
        text = str(url)
        parts = urlsplit(text)
        if "://" in text and parts.scheme != "file":
            self.local: Path | None = None
            self.filesystem, self.path = pafs.FileSystem.from_uri(text.rstrip("/"))
            self._uri = text.rstrip("/")
            return
        self.local = Path(unquote(parts.path) if "://" in text else text).expanduser().absolute()
        if "%" in str(self.local):
            raise LakeError(f"The lake can't lie in {self.local}: Delta Lake reads '%' in a path as an escape.")
        self.filesystem = pafs.LocalFileSystem()
        self.path = self.local.as_posix()
        self._uri = self.local.as_uri()

    def __str__(self) -> str:
        return str(self.local or self._uri)

    def uri(self, folder: str) -> str:
        """The URL of a folder of the lake."""
        return f"{self._uri}/{folder}"

    def inside(self, folder: str) -> str:
        """The path of a folder or file of the lake in `filesystem`."""
        return f"{self.path}/{folder}"

    def for_duckdb(self, file: str) -> str:
        """The path of a file of the lake for DuckDB, which takes a file that is there for no pattern."""
        return f"{self.path if self.local else self._uri}/{file}"
