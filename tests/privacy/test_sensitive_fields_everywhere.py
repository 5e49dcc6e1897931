"""Whatever a record holds in sensitive fields, no command shows it, and nothing is written but the raw Parquet."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dazz_assets.cli import app
from dazz_assets.lake import Lake
from dazz_assets.sensitive import HIDDEN
from tests.http.loopback import Reply
from tests.privacy.secret_search import find_files_with_secrets, find_secrets
from tests.privacy.sensitive_vendor import CORES, Watch, write_watch

pytestmark = pytest.mark.xdist_group("sensitive fields")
STREAMS = ("leaks", "csv", "lines", "graph", "by_id")


class Watched:
    """Runs commands against the vendor. printed: what all of them printed and logged so far."""

    def __init__(self, folder: Path, watch: Watch) -> None:
        self.folder, self.watch, self.home = folder, watch, folder / "home"
        self.target = write_watch(folder, watch.vendor.url)
        self.printed = ""
        self.env: dict[str, str | None] = {
            "DAZZ_HOME": str(self.home),
            "DAZZ_CONNECTIONS": str(folder / "connections.yaml"),
            "DAGSTER_HOME": str(self.home / "dagster"),
            "COLUMNS": "300",
        }

    @property
    def lake(self) -> Lake:
        return Lake(self.home / "lake")

    def run(self, *arguments: str, status: int = 0) -> str:
        result = CliRunner().invoke(app, arguments, env=self.env, prog_name="dazz")
        output = result.stdout + result.stderr
        self.printed += output
        assert result.exit_code == status, f"{result.exit_code}: {output}{result.exception}"
        return output

    def shown(self, text: str) -> set[str]:
        """The names of the sensitive values in a text."""
        return find_secrets(text.encode("utf-8", "surrogatepass"), CORES)

    def written(self) -> dict[str, set[str]]:
        """The files with sensitive values, except for the raw tables."""
        found = find_files_with_secrets(self.folder, CORES)
        return {name: secrets for name, secrets in found.items() if not name.startswith("home/lake/raw/")}


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A vendor of which everything was synced."""
    watch = Watch()
    with watch.vendor:
        watched = Watched(tmp_path_factory.mktemp("watch"), watch)
        watched.run("sync", str(watched.target))
        yield watched


def test_the_raw_tables_hold_every_value_as_it_was_sent(synced: Watched) -> None:
    stored = find_files_with_secrets(synced.home / "lake" / "raw", CORES)
    assert set().union(*stored.values()) == set(CORES)


def test_a_sync_prints_and_writes_none(synced: Watched) -> None:
    assert synced.shown(synced.printed) == set()
    assert synced.written() == {}


@pytest.mark.parametrize("stream", STREAMS)
def test_a_query_hides_them_and_nothing_else(synced: Watched, stream: str) -> None:
    sql = f"select record from raw.watch_{stream} order by key"
    for arguments in ((), ("--json",)):
        output = synced.run("query", sql, *arguments)
        assert synced.shown(output) == set()
        assert HIDDEN in output
    first = json.loads(json.loads(synced.run("query", sql, "--json"))[0]["record"])
    if stream == "leaks":
        assert first == {
            "id": 1,
            "updated_at": "2026-01-20T00:00:00Z",
            "secret": HIDDEN,
            "note": "",
            "owner": {"name": "jo", "pin": HIDDEN},
            "places": [{"line": 3, "text": HIDDEN}, [[{"text": HIDDEN}]]],
            "tokens": {"first": {"value": HIDDEN, "kind": "shown-kind"}},
            "names": HIDDEN,
            "whole": HIDDEN,
        }


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet", "duckdb"])
def test_an_exported_query_holds_none(synced: Watched, tmp_path: Path, suffix: str) -> None:
    for stream in STREAMS:
        synced.run("query", f"from raw.watch_{stream}", "--output", str(tmp_path / f"{stream}.{suffix}"))
    assert find_files_with_secrets(tmp_path, CORES) == {}


def test_a_condition_can_not_find_them_either(synced: Watched) -> None:
    sql = f"select key from raw.watch_leaks where record like '%{CORES['text']}%'"
    assert synced.lake.table("raw.watch_leaks").to_duckdb().filter(f"record like '%{CORES['text']}%'").fetchall() == []
    assert json.loads(synced.run("query", sql, "--json")) == []


def test_the_lake_in_python_hides_them(synced: Watched) -> None:
    table = synced.lake.table("raw.watch_leaks", columns=["record"])
    for text in (str(table.to_arrow().to_pylist()), str(table.to_duckdb().fetchall()), table.to_pandas().to_string()):
        assert synced.shown(text) == set()


def test_quarantine_says_what_is_wrong_without_them(synced: Watched) -> None:
    rows = json.loads(synced.run("query", "select key, reason, looks_like from quarantine order by key", "--json"))
    assert rows == [
        {"key": "3", "reason": "secret: Input should be a valid string", "looks_like": "hidden"},
        {"key": "4", "reason": f"secret: value_error {HIDDEN}", "looks_like": "hidden"},
    ]


def test_previews_checks_and_the_rest_show_none(synced: Watched, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    output = synced.run("check", str(synced.target)) + synced.run("explain", str(synced.target))
    for stream in STREAMS:
        for arguments in ((), ("--json",)):
            previewed = synced.run("preview", str(synced.target), stream, *arguments)
            assert HIDDEN in previewed
            output += previewed
    output += synced.run("status") + synced.run("list") + synced.run("parse", str(synced.target), "--compare")
    assert "shown-kind" in output
    assert synced.shown(output + caplog.text) == set()


def test_a_preview_of_a_page_whose_list_is_not_found_shows_none(synced: Watched) -> None:
    text = synced.target.read_text(encoding="utf-8").replace('records = "data.items"', 'records = "data.itmes"')
    target = synced.folder / "moved.py"
    target.write_text(text, encoding="utf-8")
    try:
        for arguments in ((), ("--json",)):
            assert synced.shown(synced.run("preview", str(target), "leaks", *arguments, status=1)) == set()
    finally:
        target.unlink()


SECRET = CORES["text"]
ANSWERS = {
    "cut off": Reply(body=b'{"data": {"items": [{"node": {"id": 1, "secret": "%s", "note": "' % SECRET.encode()),
    "another shape": Reply(body={"data": {"items": {"secret": SECRET}}}),
    "a value": Reply(body={"data": {"items": SECRET}}),
    "a page of HTML": Reply(body=f"<p>{SECRET}</p>".encode()),
    "an error that names it": Reply(body={"error": {"message": f"{SECRET} is broken", "secret": SECRET}}),
    "a refusal that holds it": Reply(403, {"secret": SECRET}),
    "a refusal that names it": Reply(422, {"message": f"{SECRET} is broken", "node": {"secret": SECRET}}),
    "no list": Reply(206, {"secret": SECRET, "data": {"items": None, "secret": SECRET}}),
    "a line": Reply(body=b'{"id": 1}\n{"secret": "%s"\n' % SECRET.encode(), headers={"Content-Type": "text/ndjson"}),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_messages_about_a_response_do_not_quote_them(synced: Watched, answer: str) -> None:
    synced.watch.replies = {"/leaks": ANSWERS[answer]}
    quick = synced.target.read_text(encoding="utf-8").replace(
        '    path = "/leaks"', '    path = "/leaks"\n    max_pages = 1'
    )
    (synced.folder / "quick.py").write_text(quick, encoding="utf-8")
    try:
        output = synced.run("check", str(synced.folder / "quick.py"), "--stream", "leaks", status=1)
    finally:
        synced.watch.replies = {}
        (synced.folder / "quick.py").unlink()
    assert synced.shown(output) == set()
    assert "watch/acme, stream leaks: GET " in output


def test_a_parser_that_fails_is_told_without_what_it_says(synced: Watched) -> None:
    synced.watch.explodes = True
    try:
        output = synced.run("sync", str(synced.target), "--refetch", status=1)
    finally:
        synced.watch.explodes = False
    assert f"the parser raised LookupError {HIDDEN} (line " in output
    assert synced.shown(output) == set()
    assert synced.written() == {}
    synced.run("sync", str(synced.target), "--refetch")


def test_a_recording_holds_none_and_is_replayed(tmp_path: Path) -> None:
    watch = Watch()
    with watch.vendor:
        watched = Watched(tmp_path, watch)
        output = watched.run("record", str(watched.target), "--connection", "acme", "--limit", "0")
    assert watched.shown(output) == set()
    assert watched.written() == {}
    recorded = {
        path.name: path.read_text(encoding="utf-8") for path in tmp_path.rglob("recordings/default/first/*.json")
    }
    assert len(recorded) == len(STREAMS)
    assert all(HIDDEN in text for text in recorded.values())
    assert any('"pin": 0' in text for text in recorded.values())
    replayed = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(watched.target)],
        env={**os.environ, **{name: value for name, value in watched.env.items() if value}},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert replayed.returncode == 0, replayed.stdout
    assert watched.written() == {}


def test_the_parser_gets_the_values(synced: Watched) -> None:
    found = json.loads(synced.run("query", "select max(length) as longest from founds", "--json"))
    assert found == [{"longest": len(CORES["text"])}]
