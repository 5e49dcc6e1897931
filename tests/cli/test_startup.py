"""Commands start without importing what they don't need."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version

import pytest

from tests.cli.conftest import Project

RUN = """
import sys
from dazz_assets.cli import app
try:
    app(sys.argv[1:], prog_name="dazz")
finally:
    print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""
# A command, in whose place the pool is looked at.
ARROW = """
from dazz_assets import cli
def app(prog_name):
    import pyarrow
    print(pyarrow.default_memory_pool().backend_name)
cli.app = app
cli.main()
"""
LAKE = {"deltalake", "duckdb", "pyarrow", "pandas"}
SENDING = {"requests", "tenacity"}
DAGSTER = {"dagster", "sqlalchemy", "grpc"}
# Libraries of some auths, of the command line, of recordings and of pyarrow's conversions.
OTHER_WORK = {
    *("boto3", "cryptography", "google", "graphql", "jwt", "moto"),
    *("pandas", "responses", "rich", "time_machine", "typer"),
}


@pytest.mark.parametrize(
    ("args", "not_needed"),
    [
        (["--help"], DAGSTER | LAKE | SENDING | {"psutil", "pydantic", "urllib3", "yaml"}),
        (["--version"], DAGSTER | LAKE | SENDING | {"psutil", "pydantic", "urllib3", "yaml"}),
        (["sync", "--help"], DAGSTER | LAKE | SENDING | {"psutil", "urllib3", "yaml"}),
        (["list"], DAGSTER | LAKE | SENDING | {"psutil"}),
        (["query", "select 1 as one from tickets"], DAGSTER),
    ],
    ids=["help", "version", "help of a command", "list", "query"],
)
def test_a_command_imports_only_what_it_needs(synced: Project, args: list[str], not_needed: set[str]) -> None:
    env = os.environ | {name: value for name, value in synced.env.items() if value}
    result = subprocess.run([sys.executable, "-c", RUN, *args], env=env, capture_output=True, text=True, check=True)
    assert set(result.stderr.splitlines()[-1].split()) & not_needed == set()


def test_a_sync_with_nothing_new_does_without_what_only_other_commands_need(project: Project) -> None:
    env = os.environ | {name: value for name, value in project.env.items() if value}
    command = [sys.executable, "-c", RUN, "sync", project.target]
    for _ in range(2):
        result = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    # Rows that are written are lists first, for which pyarrow imports pandas.
    assert set(result.stderr.splitlines()[-1].split()) & (OTHER_WORK - {"pandas", "rich", "typer"}) == set()


def test_the_code_location_and_its_runs_load_no_more_than_syncs_and_parses_need() -> None:
    program = "import resources.definitions, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert {name.partition(".")[0] for name in loaded} & OTHER_WORK == set()
    rooms = {f"dazz_assets.{room}" for room in ("assistant", "cli", "recording", "sandbox")}
    assert rooms & set(loaded) == set()


def test_the_package_runs_as_a_module(synced: Project) -> None:
    result = subprocess.run(synced.command("--help"), capture_output=True, text=True, check=True)
    for command in ("list", "check", "sync", "parse", "query", "status", "compact", "sandbox", "demo", "dev"):
        assert f" {command} " in result.stdout
    assert "Usage: dazz" in result.stdout


def test_the_version_is_that_of_the_installed_package(project: Project) -> None:
    assert project.run("--version").out == f"dazz {version('dazz-assets')}\n"


@pytest.mark.parametrize(("given", "used"), [(None, "system"), ("mimalloc", "mimalloc")])
def test_arrow_takes_memory_from_the_c_library_unless_told_otherwise(given: str | None, used: str) -> None:
    env = {name: value for name, value in os.environ.items() if name != "ARROW_DEFAULT_MEMORY_POOL"}
    env |= {} if given is None else {"ARROW_DEFAULT_MEMORY_POOL": given}
    result = subprocess.run([sys.executable, "-c", ARROW], env=env, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == used
