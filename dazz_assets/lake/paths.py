"""Paths in the lake: the folder of each table, and the lake's root in the form that each library needs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.fs as pafs

from dazz_assets.lake.errors import LakeError

TableKind = Literal["raw", "domain", "quarantine", "marks", "departures"]

#: How many levels below the folder of a kind its tables lie.
DEPTHS: dict[TableKind, int] = {"raw": 3, "domain": 4, "quarantine": 3, "marks": 3, "departures": 3}

# Room for more than an author may choose (`names.NAME_PATTERN`): the lake says what a folder can be named.
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
_CONNECTION = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")


@dataclass(frozen=True)
class TablePath:
    """The path of one table in the lake.

    `name` is the stream of a raw, marks or departures table, the name of a domain table, and empty for quarantine.

    Raises LakeError for names that would need escaping or would lead out of the lake.
    """

    kind: TableKind
    integration: str
    connection: str
    name: str = ""
    parser: str = ""

    def __post_init__(self) -> None:
        check_connection_id(self.connection)
        _check_name("an integration", self.integration)
        if self.kind != "quarantine":
            _check_name("a table" if self.kind == "domain" else "a stream", self.name)
        if self.kind in ("domain", "quarantine"):
            _check_name("a parser", self.parser)
        if self.kind == "domain" and self.name == "quarantine":
            raise LakeError("A domain table can't be named 'quarantine': the lake has one. Rename it.")

    @property
    def folder(self) -> str:
        """The table's folder, relative to the lake."""
        if self.kind in ("raw", "marks", "departures"):
            return f"{self.kind}/{self.integration}/{self.name}/connection={self.connection}"
        head = f"domain/{self.name}" if self.kind == "domain" else "quarantine"
        return f"{head}/integration={self.integration}/parser={self.parser}/connection={self.connection}"

    @property
    def windowed(self) -> bool | None:
        """Whether the table is partitioned by window; None where it depends on the stream."""
        return {"raw": None, "domain": True, "quarantine": True, "marks": False, "departures": False}[self.kind]

    @classmethod
    def from_folder(cls, folder: str) -> TablePath | None:
        """The table path of a folder, relative to the lake; None for a folder that the lake didn't make."""
        kind, *parts = folder.split("/")
        values = [part.rpartition("=")[2] for part in parts]
        try:
            match kind, values:
                case ("raw" | "marks" | "departures") as stream_kind, [integration, stream, connection]:
                    path = cls(stream_kind, integration, connection, stream)
                case "domain", [table, integration, parser, connection]:
                    path = cls("domain", integration, connection, table, parser)
                case "quarantine", [integration, parser, connection]:
                    path = cls("quarantine", integration, connection, "", parser)
                case _:
                    return None
        except LakeError:
            return None
        return path if path.folder == folder else None


def check_connection_id(connection: str) -> None:
    """Raise LakeError unless the id can be part of a path without escaping."""
    if not _CONNECTION.fullmatch(connection):
        raise LakeError(
            f"{connection!r} can't be the id of a connection: ids consist of lower-case letters, digits, '-' and '_', "
            "begin with a letter or digit, and have at most 100 characters."
        )


def _check_name(what: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise LakeError(
            f"{name!r} can't be the name of {what}: names consist of lower-case letters, digits and '_', begin with a "
            "letter, and have at most 100 characters."
        )


class LakeRoot:
    """The root folder of a lake on a local disk or object storage, given as a path or URL.

    pyarrow uses `filesystem` with `path` and `filesystem_path()`, deltalake uses `uri()`, and DuckDB `duckdb_path()`.
    `local` is the folder as a Path, None on object storage.
    """

    def __init__(self, url: str | Path) -> None:
        text = str(url)
        parts = urlsplit(text)
        if "://" in text and parts.scheme != "file":
            self.local: Path | None = None
            self._uri = text.rstrip("/")
            self.filesystem, self.path = _open_filesystem(self._uri)
            remote_roots[self._uri] = self
            return
        self.local = Path(unquote(parts.path) if "://" in text else text).expanduser().absolute()
        if "%" in str(self.local):
            raise LakeError(
                f"The lake can't be in {self.local}: Delta Lake reads '%' in a path as an escape. Use another folder."
            )
        self.filesystem = pafs.LocalFileSystem()
        self.path = self.local.as_posix()
        self._uri = self.local.as_uri()

    def __str__(self) -> str:
        return str(self.local or self._uri)

    def uri(self, folder: str) -> str:
        """The URL of a folder of the lake."""
        return f"{self._uri}/{folder}"

    def filesystem_path(self, path: str) -> str:
        """The path of a folder or file of the lake, for `filesystem`."""
        return f"{self.path}/{path}"

    def duckdb_path(self, file: str) -> str:
        """The path of a file of the lake, for DuckDB: a path that exists is never read as a glob.

        On object storage it is one that `RemoteFiles` reads, so that DuckDB needs neither an extension nor credentials.
        """
        return f"{self.path}/{file}" if self.local else f"{REMOTE}://{self._uri}/{file}"


def _open_filesystem(url: str) -> tuple[pafs.FileSystem, str]:
    """The filesystem of a URL of object storage, and the path in it. Raises LakeError."""
    parts = urlsplit(url)
    if parts.query or parts.fragment or parts.password is not None:
        # Each of the libraries that read the lake would take these for something else.
        raise LakeError(
            f"The lake's URL is the place alone, such as {parts.scheme}://{parts.hostname or ''}{parts.path}: set "
            "credentials, region and endpoint in the environment, in the variables of the storage's own tools."
        )
    try:
        found: tuple[pafs.FileSystem, str] = pafs.FileSystem.from_uri(url)
    except (pa.ArrowException, OSError) as error:
        raise LakeError(f"The lake can't be opened at {url}: {error}") from None
    return found


REMOTE = "lake"
"""The scheme of DuckDB's paths of files on object storage."""

remote_roots: dict[str, LakeRoot] = {}
"""The lakes on object storage that this process has opened, by URL."""
