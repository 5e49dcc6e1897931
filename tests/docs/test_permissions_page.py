"""docs/permissions.md: its example loads, and its commands print what the page shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from dazz_assets.cli import app
from tests.docs.markdown import Command, blocks, commands
from tests.http.loopback import ReceivedRequest, Reply, Vendor

PAGE = (Path(__file__).parents[2] / "docs" / "permissions.md").read_text(encoding="utf-8")
SHOWN_URL = "https://api.watch.example"
ALERT = {
    "id": 7,
    "kind": "aws key",
    "secret": "AKIAleak",
    "places": [{"file": "a.py", "line": 3, "text": "x AKIAleak"}],
}
REFUSED = Reply(403, {"message": "Your token can't do that."}, headers={"X-Needed-Permissions": "members=read (admin)"})


def answer(request: ReceivedRequest) -> Reply:
    if request.path == "/members":
        return REFUSED
    body = [{"id": 1}, {"id": 2}] if request.path == "/projects" else [ALERT] if "/1/" in request.path else []
    return Reply(body=body, headers={"X-Version-Stage": "sunset; 2031-12-31"})


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Runs a command of the page in a folder with its example; what it printed."""
    (example,) = [block for block in blocks(PAGE) if block.words == ("watch.py",)]
    (tmp_path / "watch.py").write_text(example.text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DAZZ_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home" / "dagster"))
    monkeypatch.delenv("DAZZ_CONNECTIONS", raising=False)
    with Vendor() as vendor:
        vendor.handler = answer
        config = {"base_url": vendor.url, "token": "canary-5e0d"}
        entry = {"id": "acme", "integration": "watch", "start": "2026-01-05", "config": config}
        (tmp_path / "connections.yaml").write_text(yaml.safe_dump({"connections": [entry]}), encoding="utf-8")

        def run_command(command: Command) -> str:
            words = [part.strip('"') for part in re.findall(r'"[^"]*"|\S+', command.text)]
            result = CliRunner().invoke(app, words[1:], prog_name="dazz")
            assert "AKIAleak" not in result.stdout + result.stderr
            return (result.stdout + result.stderr).replace(vendor.url, SHOWN_URL)

        yield run_command


def test_the_commands_print_what_the_page_shows(run: object) -> None:
    assert callable(run)
    for block in blocks(PAGE):
        for command in commands(block.text) if block.language == "console" else ():
            printed = [line.rstrip() for line in run(command).splitlines()]
            assert command.shown == ("...",) or printed == list(command.shown), "\n".join(printed)
