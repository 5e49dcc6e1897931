"""Looks for secrets in files, however the secret is written and the file is packed."""

from __future__ import annotations

import gzip
import sqlite3
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path

import pyarrow.parquet as pq


def needles(core: str) -> set[bytes]:
    """What is in any text that holds this core of a secret: letters and digits, which nothing escapes."""
    assert core.isascii()
    assert core.isalnum()
    found = {core, core.lower(), core.upper(), core.encode().hex(), core.encode().hex().upper(), core[::-1]}
    for before in range(3):
        encoded = b64encode(b"\0" * before + core.encode()).decode().rstrip("=")
        # The characters at both ends also hold bits of what is beside.
        found.add(encoded[before + 1 if before else 0 : -1])
    return {text.encode() for text in found} | {core.encode("utf-16-le")}


def found_in(content: bytes, cores: Mapping[str, str]) -> set[str]:
    """The names of the secrets whose core is in bytes."""
    return {name for name, core in cores.items() if any(needle in content for needle in needles(core))}


def files_with(folder: Path, cores: Mapping[str, str]) -> dict[str, set[str]]:
    """The files anywhere in a folder, also by their names, with the secrets that they hold."""
    found: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        secrets = found_in(name.encode(), cores)
        for content in contents(path) if path.is_file() else ():
            secrets |= found_in(content, cores)
        if secrets:
            found[name] = secrets
    return found


def contents(path: Path) -> Iterator[bytes]:
    """A file as it is, and unpacked."""
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
        # A long text is spread over pages. Of a database that is being written the raw bytes have to do.
        with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as database:
            yield "\n".join(database.iterdump()).encode("utf-8", "surrogatepass")
