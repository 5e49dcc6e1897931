"""Search files for secrets, however the secret is encoded and the file is packed."""

from __future__ import annotations

import gzip
import sqlite3
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path

import pyarrow.parquet as pq


def searched_forms(core: str) -> set[bytes]:
    """Return the forms in which the core of a secret, letters and digits that nothing escapes, can be in a file."""
    assert core.isascii()
    assert core.isalnum()
    found = {core, core.lower(), core.upper(), core.encode().hex(), core.encode().hex().upper(), core[::-1]}
    for before in range(3):
        encoded = b64encode(b"\0" * before + core.encode()).decode().rstrip("=")
        # The characters at both ends also hold bits of the neighbouring bytes.
        found.add(encoded[before + 1 if before else 0 : -1])
    return {text.encode() for text in found} | {core.encode("utf-16-le")}


def find_secrets(content: bytes, cores: Mapping[str, str]) -> set[str]:
    """Return the names of the secrets whose core is in the content."""
    return {name for name, core in cores.items() if any(needle in content for needle in searched_forms(core))}


def find_files_with_secrets(folder: Path, cores: Mapping[str, str]) -> dict[str, set[str]]:
    """Return the files below a folder whose name or content holds a secret, each with the names of its secrets."""
    found: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        secrets = find_secrets(name.encode(), cores)
        for content in read_contents(path) if path.is_file() else ():
            secrets |= find_secrets(content, cores)
        if secrets:
            found[name] = secrets
    return found


def read_contents(path: Path) -> Iterator[bytes]:
    """Yield the content of a file as it is, and unpacked."""
    raw = path.read_bytes()
    yield raw
    if raw.startswith(b"\x1f\x8b"):
        yield gzip.decompress(raw)
    if raw.startswith(b"PAR1"):
        table = pq.read_table(path)
        yield str(table.schema.metadata).encode()
        for column in table.columns:
            yield "\n".join(map(str, column.to_pylist())).encode("utf-8", "surrogatepass")
    if raw.startswith(b"SQLite format 3\0"):
        # A long text is spread over pages. If the database is being written, the raw bytes must do.
        with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as database:
            yield "\n".join(database.iterdump()).encode("utf-8", "surrogatepass")
