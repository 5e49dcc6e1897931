"""A folder to run `dazz new` in, and a page of an API to make an integration from."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import time_machine
from typer.testing import CliRunner

from dazz_assets.cli import app
from dazz_assets.spec.discovery import load_classes
from dazz_assets.spec.read import read_integration
from dazz_assets.spec.specs import IntegrationSpec, StreamSpec
from tests.cli.command_result import CommandResult

TOKEN = "canary-8c1d2e"
RECORDS = [
    {"id": "a", "title": "x", "updatedAt": "2026-01-01T00:00:00Z", "owner": {"email": "a@b.example"}},
    {"id": "b", "title": "y", "updatedAt": "2026-01-02T00:00:00Z", "owner": None},
]
# The time at which `dazz new` runs. Most of what its recording costs is for each week since the oldest record.
NOW = datetime(2026, 1, 12, 9, tzinfo=UTC)
PAGE = {"data": RECORDS, "links": {"next": "/v1/issues?page=2"}}
FLAGS = ("--base-url", "https://api.acme.example/v1/", "--path", "/issues")


class Workspace:
    """An otherwise empty folder to run `dazz new` in, with a sample page in a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env: dict[str, str | None] = {"COLUMNS": "200", "DAZZ_HOME": str(folder / "home")}
        self.sample = self.write_page(PAGE)

    def write_page(self, document: Any) -> str:
        file = self.folder / "page.json"
        file.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
        return str(file)

    def new(self, *args: str, status: int = 0, answers: str = "") -> CommandResult:
        with time_machine.travel(NOW):
            result = CliRunner().invoke(app, ["new", *args], env=self.env, input=answers, prog_name="dazz")
        assert result.exit_code == status, f"{result.exit_code}: {result.stdout}{result.stderr}{result.exception}"
        return CommandResult(result.stdout, result.stderr)

    def generate(self, *args: str) -> StreamSpec:
        """The stream of an integration generated from the sample with FLAGS and these flags."""
        self.new("acme", *FLAGS, "--sample", self.sample, *args)
        (stream,) = self.read_spec("acme").streams.values()
        return stream

    def read_spec(self, folder: str) -> IntegrationSpec:
        (class_,) = load_classes(self.folder / folder)
        return read_integration(class_)

    def run_rejected(self, *args: str) -> str:
        """The error for flags that are wrong usage. Checks that nothing was written."""
        before = sorted(self.folder.rglob("*"))
        result = self.new(*args, status=2)
        assert sorted(self.folder.rglob("*")) == before
        assert result.out == ""
        return result.err.splitlines()[-1].removeprefix("Error: ")
