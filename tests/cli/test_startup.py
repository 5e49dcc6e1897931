"""Commands that don't need Dagster start without importing it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.cli.conftest import Project

RUN = """
import sys
from dazz_assets.cli import app
try:
    app(sys.argv[1:], prog_name="dazz")
finally:
    print("dagster" in sys.modules, "deltalake" in sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("args", "needs_the_lake"),
    [(["--help"], False), (["list"], False), (["query", "select 1 as one from tickets"], True)],
    ids=["help", "list", "query"],
)
def test_help_list_and_query_import_no_dagster(synced: Project, args: list[str], needs_the_lake: bool) -> None:
    env = os.environ | {name: value for name, value in synced.env.items() if value}
    result = subprocess.run([sys.executable, "-c", RUN, *args], env=env, capture_output=True, text=True, check=True)
    assert result.stderr.splitlines()[-1] == f"False {needs_the_lake}"


def test_the_package_runs_as_a_module(synced: Project) -> None:
    result = subprocess.run(synced.command("--help"), capture_output=True, text=True, check=True)
    for command in ("list", "check", "sync", "parse", "query", "status", "compact", "sandbox", "demo", "dev"):
        assert f" {command} " in result.stdout
    assert "Usage: dazz" in result.stdout
