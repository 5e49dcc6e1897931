"""The README's integration works as it stands there: in a folder of its own, synced, parsed, queried, tested."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
import typer
import yaml

from dazz_assets import Cursor, Integration, Stream
from dazz_assets.cli.app import app
from dazz_assets.spec.discovery import find_integration
from dazz_assets.spec.summary import write_catalogue
from tests.docs.markdown import only_block
from tests.http.loopback import ReceivedRequest, Reply, Vendor

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
VENDORS = ROOT / "integrations"


def answer(asked: ReceivedRequest) -> Reply:
    if asked.headers.get("Authorization") != "Bearer of-the-readme":
        return Reply(401, {"message": "who are you?"})
    if int(asked.query.get("page", ["1"])[0]) > 1:
        return Reply(body={"data": []})
    if asked.path == "/services":
        return Reply(body={"data": [{"id": 1, "name": "mail"}, {"id": 2, "name": "web"}]})
    incidents = [
        {
            "id": number,
            "service_id": 1 + number % 2,
            "title": f"down {number}",
            "updated_at": f"2026-01-{number:02}T08:00:00Z",
        }
        for number in range(1, 21)
    ]
    since = asked.query["updated_since"][0]
    return Reply(body={"data": [item for item in incidents if str(item["updated_at"]) >= since]})


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "incidents.py").write_text(only_block(README, "python", "class IncidentsIntegration"))
    connections = yaml.safe_load(only_block(README, "yaml", "integration: incidents"))
    with Vendor() as vendor:
        vendor.handler = answer
        connections["connections"][0]["config"]["base_url"] = vendor.url
        (tmp_path / "connections.yaml").write_text(yaml.safe_dump(connections))
        yield tmp_path


def _dazz(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "INCIDENTS_TOKEN": "of-the-readme"}
    command = [sys.executable, "-m", "dazz_assets.cli", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def test_it_syncs_parses_and_queries_by_path_from_any_folder(folder: Path) -> None:
    checked = _dazz(folder, "check", "incidents.py")
    assert checked.returncode == 0, checked.stderr
    synced = json.loads(_dazz(folder, "sync", "incidents.py", "--json").stdout)
    assert synced["errors"] == []
    assert {entry["stream"]: entry["records"] for entry in synced["streams"]} == {"services": 2, "incidents": 20}
    parsed = json.loads(_dazz(folder, "parse", "incidents.py", "--json").stdout)
    assert [entry["objects"] for entry in parsed["parsers"]] == [20]
    queries = [line for line in only_block(README, "sh", "dazz query").splitlines() if line.startswith("dazz query")]
    rows = _dazz(folder, "query", queries[0].split('"')[1], "--json")
    assert sorted(json.loads(rows.stdout), key=str) == [
        {"service": "mail", "count_star()": 10},
        {"service": "web", "count_star()": 10},
    ]
    records = json.loads(_dazz(folder, "query", queries[1].split('"')[1], "--json").stdout)
    assert len(records) == 5
    assert {"key", "record"} == records[0].keys()


def test_the_parser_is_a_plain_function_in_a_test(folder: Path) -> None:
    text = "from datetime import datetime\nfrom dazz_assets import FullRefresh, Incremental\nfrom incidents import *\n"
    (folder / "test_outages.py").write_text(text + only_block(README, "python", "def test_outages"))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_outages.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert "1 passed" in done.stdout, done.stdout


def test_the_translator_can_be_given_by_the_environment(folder: Path) -> None:
    (folder / "naming.py").write_text(only_block(README, "python", "class Ours(Translator)"))
    code = (
        "from dazz_assets.spec.discovery import find_integration\n"
        "from dazz_assets.orchestration.translator import load_translator\n"
        "spec = find_integration('incidents.py')\n"
        "print(load_translator().owners(spec, spec.streams['incidents']))"
    )
    environment = {**os.environ, "DAZZ_TRANSLATOR": "naming.py:Ours"}
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.stdout == "['team:security']\n", done.stderr


def test_the_readme_names_every_variable_that_is_read() -> None:
    code = "".join(path.read_text() for room in ("dazz_assets", "resources") for path in (ROOT / room).rglob("*.py"))
    assert set(re.findall(r'"(DAZZ_[A-Z_]+)"', code)) == set(re.findall(r"^\| `(DAZZ_\w+)`", README, re.MULTILINE))


def test_the_readme_names_the_commands_that_there_are() -> None:
    named = set(re.findall(r"^\| `dazz (\w+)", README, re.MULTILINE))
    help_ = subprocess.run([sys.executable, "-m", "dazz_assets.cli", "--help"], capture_output=True, text=True).stdout
    assert named == set(re.findall(r"^│ (\w+) +\w", help_, re.MULTILINE))


def test_the_readme_names_the_settings_that_there_are() -> None:
    assert _named_in_table("setting") == _settings(Stream)


def test_the_readme_names_what_a_cursor_takes() -> None:
    (arguments,) = re.findall(r"^\| `cursor` \| `Cursor\((.*?)\)`", README, re.MULTILINE)
    assert {argument.rstrip("=") for argument in arguments.split(", ")} == {item.name for item in fields(Cursor)}


def test_the_readme_names_which_settings_an_integration_has() -> None:
    sentence = README.partition("An integration's ")[2].partition(" are the defaults of its streams.")[0]
    shared = set(re.findall(r"`(\w+)`", sentence))
    own = {"name", "rate"}  # A stream's does not replace the integration's.
    assert shared == (_settings(Stream) & _settings(Integration)) - own - {"base_url"}
    assert _settings(Integration) - shared - own == _named_in_table("setting of an integration")


def test_the_catalogue_of_vendors_is_what_the_command_writes() -> None:
    vendors = [find_integration(folder.name) for folder in sorted(VENDORS.iterdir()) if (folder / "models.py").exists()]
    catalogue = README.partition("## Vendors")[2].partition("## ")[0].strip().split("\n\n")[-1]
    assert catalogue == write_catalogue(vendors), "run `dazz list --markdown`, and put what it writes there"
    for vendor in vendors:
        assert (VENDORS.parent / "docs" / "vendors" / f"{vendor.name}.md").exists()


def test_the_readme_names_the_flags_of_each_command() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for name, synopsis in re.findall(r"^\| `dazz (\w+)(.*?)` \|", README, re.MULTILINE):
        flags = {flag for item in commands[name].params if not item.hidden for flag in item.opts if "--" in flag}
        missing = flags - set(re.findall(r"--[\w-]+", synopsis))
        assert not missing or synopsis.endswith("..."), (name, missing)


def _named_in_table(heading: str) -> set[str]:
    """The names in the first column of the table with this heading."""
    table = README.partition(f"| {heading} | meaning |")[2].partition("\n\n")[0]
    cells = re.findall(r"^\| (`.+?`) \|", table, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def _settings(class_: type) -> set[str]:
    return {name for name in class_.__annotations__ if not name.startswith("_")}
