"""Secrets, planted wherever a vendor can repeat them, are in nothing that a recording, its replay or a sync writes.

The commands are processes of their own. All that they write is searched: also what they delete again, the events of
Dagster, and what is logged at debug level.
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

from tests.privacy.planted import CORES, NOBODYS, SECRETS, USER, Parrot, write_integration
from tests.privacy.search import files_with, found_in

ROOT = Path(__file__).parents[2]
KEEPING = Path(__file__).with_name("keeping.py")
ALL = {**CORES, **{f"nobody's {name}": core for name, core in NOBODYS.items()}}


@dataclass
class Run:
    """A folder in which commands were run: what they wrote, and what they said."""

    folder: Path
    parrot: Parrot
    target: Path
    said: dict[str, str]

    def command(self, name: str, *arguments: str, status: int = 0) -> None:
        """Run `dazz` or `pytest` so that nothing is lost of what it writes."""
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
            [sys.executable, str(KEEPING), str(written / "kept"), *arguments],
            env=environment,
            cwd=written,
            capture_output=True,
            text=True,
            timeout=120,
        )
        self.said[name] = ran.stdout + ran.stderr
        assert ran.returncode == status, self.said[name]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Recorded, replayed by pytest, and synced; then the records repeat nothing, as they are stored as they come."""
    folder = tmp_path_factory.mktemp("planted")
    parrot = Parrot()
    config = {"base_url": parrot.url, "username": USER, **{name: f"${{{name.upper()}}}" for name in SECRETS}}
    entry = {"id": "acme", "integration": "parrot", "start": "2026-01-05", "config": config}
    (folder / "connections.yaml").write_text(yaml.safe_dump({"connections": [entry]}))
    run = Run(folder, parrot, write_integration(folder / "vendor"), {})
    try:
        run.command("recorded", "dazz", "record", str(run.target), "--connection", "acme")
        assert parrot.problems == []
        asked = len(parrot.vendor.asked)
        run.command("replayed", "pytest", "-q", "-p", "no:cacheprovider", str(run.target))
        assert len(parrot.vendor.asked) == asked
        parrot.in_records = False
        run.command("synced", "dazz", "sync", str(run.target))
    finally:
        parrot.vendor.close()
    return run


def test_the_vendor_was_told_every_secret_and_told_each_again(run: Run) -> None:
    assert run.parrot.told == set(SECRETS)
    assert run.parrot.problems == []


def test_the_recording_shows_where_the_secrets_were(run: Run) -> None:
    text = "".join(path.read_text() for path in run.target.parent.rglob("recordings/default/first/*.json"))
    for placed in (
        '"Authorization": "Basic redacted-password"',
        "key=redacted-query-key",
        '"X-Api-Key": "redacted-header-key"',
        "client_secret=redacted-client-secret",
        '"token": "redacted-hook-token"',
        '"Location": "/v2/things?password=redacted-password&',
        '"next": "https://api.parrot.example/v2/things?page=2&password=redacted-password&',
        "?page=2&password=redacted-password&query_key=redacted-query-key&",
    ):
        assert placed in text, placed


def test_no_secret_is_in_any_file_of_the_recording(run: Run) -> None:
    assert len(list(run.target.parent.rglob("*.json"))) > 20
    assert files_with(run.target.parent, ALL) == {}


@pytest.mark.parametrize("name", ["recorded", "replayed", "synced"])
def test_no_secret_of_the_config_is_in_anything_that_was_written_or_said(run: Run, name: str) -> None:
    assert files_with(run.folder / name, CORES) == {}
    assert found_in(run.said[name].encode(), CORES) == set()


def test_no_secret_that_no_config_names_is_in_what_a_recording_leaves_or_says(run: Run) -> None:
    for name in ("recorded", "replayed"):
        assert files_with(run.folder / name, ALL) == {}
        assert found_in(run.said[name].encode(), ALL) == set()


def test_what_was_deleted_again_was_searched_too(run: Run) -> None:
    """The lake of the recording, its tables, the events of its runs and the logs."""
    kept = [path for path in (run.folder / "recorded" / "kept").rglob("*") if path.is_file()]
    assert sum(path.suffix == ".parquet" for path in kept) >= 8
    events = "".join(path.read_text() for path in kept if path.name.endswith("events.json"))
    assert "ASSET_MATERIALIZATION" in events
    assert "403" in events
    logs = "".join(path.read_text() for path in kept if path.name.endswith("debug.log"))
    assert "GET https://api.parrot.example/v2/things?page=2&password=redacted-password" in logs
    assert list((run.folder / "recorded" / "tmp").iterdir()) == []


PACKED: dict[str, Callable[[Path, str], object]] = {
    "a text": lambda path, text: path.write_text(f"x {text} y"),
    "its name": lambda path, text: path.with_name(text).touch(),
    "JSON": lambda path, text: path.write_text(json.dumps({"a": text})),
    "base64 of a login": lambda path, text: path.write_bytes(b64encode(f"jo:{text}".encode())),
    "base64": lambda path, text: path.write_bytes(b64encode(text.encode())),
    "hexadecimal": lambda path, text: path.write_text(text.encode().hex()),
    "gzip": lambda path, text: path.write_bytes(gzip.compress(text.encode() * 9)),
    "Parquet": lambda path, text: pq.write_table(pa.table({"a": ["x" * 999 + text] * 9}), path, compression="zstd"),
    "a database": lambda path, text: _database(path, text),
}


def _database(path: Path, text: str) -> None:
    with sqlite3.connect(path) as database:
        database.execute("create table events (text)")
        # On the border of two pages.
        database.execute("insert into events values (?)", ["x" * 4_070 + text * 50])
    database.close()


@pytest.mark.parametrize("packed", PACKED)
def test_the_search_finds_a_secret_that_is_there(packed: str, tmp_path: Path) -> None:
    PACKED[packed](tmp_path / "file", CORES["password"])
    (secrets,) = files_with(tmp_path, ALL).values()
    assert secrets == {"password"}
