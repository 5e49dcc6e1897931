"""Whatever secrets a vendor repeats, nothing that a recording, its replay or a sync writes contains them.

The commands run as separate processes. All that they write is searched, including deleted files, the events of Dagster,
and logs at debug level.
"""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from tests.privacy.parrot import CORES, SECRETS, UNNAMED_CORES, USER, Parrot, write_parrot
from tests.privacy.secret_search import find_files_with_secrets, find_secrets

pytestmark = pytest.mark.xdist_group("written secrets")

ROOT = Path(__file__).parents[2]
KEEP_DELETED_FILES = Path(__file__).with_name("keep_deleted_files.py")
ALL_CORES = {**CORES, **{f"unnamed {name}": core for name, core in UNNAMED_CORES.items()}}


@dataclass
class Commands:
    """Commands run in a folder, with what they wrote there and what they printed, by name."""

    folder: Path
    parrot: Parrot
    target: Path
    output: dict[str, str]

    def start(self, name: str, *arguments: str, status: int = 0) -> None:
        """Run `dazz` or `pytest`, keeping all that it writes."""
        written = self.folder / name
        (written / "tmp").mkdir(parents=True)
        environment = {
            **os.environ,
            **{secret.upper(): text for secret, text in SECRETS.items()},
            "DAZZ_HOME": str(written / "home"),
            "DAZZ_CONNECTIONS": str(self.folder / "connections.yaml"),
            "TMPDIR": str(written / "tmp"),
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        ran = subprocess.run(
            [sys.executable, str(KEEP_DELETED_FILES), str(written / "kept"), *arguments],
            env=environment,
            cwd=written,
            capture_output=True,
            text=True,
            timeout=120,
        )
        self.output[name] = ran.stdout + ran.stderr
        assert ran.returncode == status, self.output[name]


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    """Record, replay by pytest, and sync. For the sync records repeat no secrets, as they are stored as they come."""
    folder = tmp_path_factory.mktemp("parrot")
    parrot = Parrot()
    config = {"base_url": parrot.url, "username": USER, **{name: f"${{{name.upper()}}}" for name in SECRETS}}
    entry = {"id": "acme", "integration": "parrot", "start": "2026-01-05", "config": config}
    (folder / "connections.yaml").write_text(yaml.safe_dump({"connections": [entry]}))
    commands = Commands(folder, parrot, write_parrot(folder / "vendor"), {})
    with parrot.vendor:
        commands.start("recorded", "dazz", "record", str(commands.target), "--connection", "acme")
        assert parrot.problems == []
        asked = len(parrot.vendor.requests)
        commands.start("replayed", "pytest", "-q", "-p", "no:cacheprovider", str(commands.target))
        assert len(parrot.vendor.requests) == asked
        parrot.in_records = False
        commands.start("synced", "dazz", "sync", str(commands.target))
    return commands


def test_the_vendor_received_every_secret_unchanged(commands: Commands) -> None:
    assert commands.parrot.received == set(SECRETS)
    assert commands.parrot.problems == []


def test_the_recording_has_a_placeholder_for_each_secret(commands: Commands) -> None:
    text = "".join(path.read_text() for path in commands.target.parent.rglob("recordings/default/first/*.json"))
    for expected in (
        '"Authorization": "Basic redacted-password"',
        "key=redacted-query-key",
        '"X-Api-Key": "redacted-header-key"',
        "client_secret=redacted-client-secret",
        '"token": "redacted-hook-token"',
        '"Location": "/v2/things?password=redacted-password&',
        '"next": "https://api.parrot.example/v2/things?page=2&password=redacted-password&',
        "?page=2&password=redacted-password&query_key=redacted-query-key&",
    ):
        assert expected in text, expected


def test_no_secret_is_in_any_file_of_the_recording(commands: Commands) -> None:
    assert len(list(commands.target.parent.rglob("*.json"))) > 20
    assert find_files_with_secrets(commands.target.parent, ALL_CORES) == {}


@pytest.mark.parametrize("name", ["recorded", "replayed", "synced"])
def test_no_secret_of_the_config_is_written_or_printed(commands: Commands, name: str) -> None:
    assert find_files_with_secrets(commands.folder / name, CORES) == {}
    assert find_secrets(commands.output[name].encode(), CORES) == set()


def test_no_other_secret_is_written_or_printed_by_recording_and_replaying(commands: Commands) -> None:
    for name in ("recorded", "replayed"):
        assert find_files_with_secrets(commands.folder / name, ALL_CORES) == {}
        assert find_secrets(commands.output[name].encode(), ALL_CORES) == set()


def test_deleted_files_were_searched_too(commands: Commands) -> None:
    """They include the lake of the recording, the events of its runs, and the logs."""
    kept = [path for path in (commands.folder / "recorded" / "kept").rglob("*") if path.is_file()]
    assert sum(path.suffix == ".parquet" for path in kept) >= 8
    events = "".join(path.read_text() for path in kept if path.name.endswith("events.json"))
    assert "ASSET_MATERIALIZATION" in events
    assert "403" in events
    logs = "".join(path.read_text() for path in kept if path.name.endswith("debug.log"))
    assert "GET https://api.parrot.example/v2/things?page=2&password=redacted-password" in logs
    assert list((commands.folder / "recorded" / "tmp").iterdir()) == []


PACKED: dict[str, Callable[[Path, str], object]] = {
    "a text": lambda path, text: path.write_text(f"x {text} y"),
    "its name": lambda path, text: path.with_name(text).touch(),
    "JSON": lambda path, text: path.write_text(json.dumps({"a": text})),
    "base64 of a login": lambda path, text: path.write_bytes(b64encode(f"jo:{text}".encode())),
    "base64": lambda path, text: path.write_bytes(b64encode(text.encode())),
    "hexadecimal": lambda path, text: path.write_text(text.encode().hex()),
    "gzip": lambda path, text: path.write_bytes(gzip.compress(text.encode() * 9)),
    "Parquet": lambda path, text: pq.write_table(pa.table({"a": ["x" * 999 + text] * 9}), path, compression="zstd"),
    "a database": lambda path, text: _write_database(path, text),
}


def _write_database(path: Path, text: str) -> None:
    with sqlite3.connect(path) as database:
        database.execute("create table events (text)")
        # This text crosses the border of two pages.
        database.execute("insert into events values (?)", ["x" * 4_070 + text * 50])
    database.close()


@pytest.mark.parametrize("packed", PACKED)
def test_the_search_finds_a_packed_secret(packed: str, tmp_path: Path) -> None:
    PACKED[packed](tmp_path / "file", CORES["password"])
    (secrets,) = find_files_with_secrets(tmp_path, ALL_CORES).values()
    assert secrets == {"password"}
