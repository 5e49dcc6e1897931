"""`dazz explain` shows how an integration is wired, without a connection and without requests."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Project
from tests.cli.vendor import TOKEN


def test_streams_parsers_and_first_requests_of_a_file_by_path(project: Project) -> None:
    project.connections.unlink()
    out = project.run("explain", project.target).out
    table = [re.split(r"\s{2,}", line.strip()) for line in out.splitlines()]
    assert ["services", "snapshot", "id", "connection", "items", "tickets"] in table
    assert [
        *("incidents", "incremental", "id", "updated_at (since since, asc)", "connection and week"),
        *("items", "tickets"),
    ] in table
    reads = "FullRefresh[services], Incremental[incidents]"
    assert ["tickets", reads, "Ticket", "tickets", "connection and week"] in table
    assert "every sync: GET https://incidents.example/services\n" in out
    assert "first sync: GET https://incidents.example/incidents?since=<start>\n" in out
    assert "incremental sync: GET https://incidents.example/incidents?since=<mark>\n" in out
    assert "Authorization: Bearer {config.token}" in out
    assert "<mark>: the greatest cursor value stored" in out
    assert project.vendor.requests == []


CONFIG = '''
class IncidentsConfig(ConnectionConfig):
    """A shop, and who reads it.

    token: of the owner. It is made
        by hand.
    region, zone: where the shop
        is, as its address has it.
    """

    token: SecretStr
    spare_tokens: tuple[SecretStr, ...] = ()
    region: Literal["eu", "us"] = "eu"
    zone: Annotated[int | None, Field(ge=1)] = None
    shops: tuple[str, ...] = Field(default=("a", "b"), description="Which ones. All are read.")
'''


def test_the_config_is_listed_with_what_each_field_takes(project: Project) -> None:
    text = Path(project.target).read_text(encoding="utf-8")
    text = text.replace("\nclass IncidentsConfig(ConnectionConfig):\n    token: SecretStr\n", CONFIG)
    text = text.replace("import BaseModel, SecretStr", "import BaseModel, Field, SecretStr\nfrom typing import *")
    Path(project.target).write_text(text, encoding="utf-8")
    lines = project.run("explain", project.target).out.splitlines()
    start = lines.index("Config of a connection: A shop, and who reads it.")
    assert lines[start + 1 : start + 6] == [
        "  token: str, required, secret (of the owner)",
        "  spare_tokens: list of str, optional, secret",
        "  region: 'eu' | 'us', by default eu (where the shop is, as its address has it)",
        "  zone: int, optional (where the shop is, as its address has it)",
        "  shops: list of str, by default a, b (Which ones)",
    ]
    assert lines[start + 6].startswith("  base_url: str, optional (replaces the integration's `base_url` for this ")
    assert lines[start + 7] == ""


def test_json_has_the_config(project: Project) -> None:
    config = project.json("explain", project.target)["config"]
    assert config["description"] == ""
    assert config["fields"][0] == {
        "name": "token",
        "type": "str",
        "required": True,
        "default": None,
        "secret": True,
        "description": "",
    }


def test_no_secret_is_read_or_shown(project: Project) -> None:
    for options in ([], ["--json"], ["--mermaid"]):
        result = project.run("explain", project.target, *options)
        assert TOKEN not in result.out + result.err


@pytest.mark.parametrize("command", ["explain", "check"])
def test_a_secret_that_no_request_sends_is_a_warning(project: Project, command: str) -> None:
    text = Path(project.target).read_text(encoding="utf-8")
    assert "warning" not in project.run("explain", project.target).err
    unsigned = project.folder / "unsigned" / "incidents.py"
    unsigned.parent.mkdir()
    unsigned.write_text(text.replace('    auth = BearerToken("{config.token}")\n', ""), encoding="utf-8")
    result = project.run(command, str(unsigned), status=0 if command == "explain" else 1)
    assert (
        "warning: IncidentsConfig.token is a secret that no request sends: set `auth`, for example "
        '`auth = BearerToken("{config.token}")`\n'
    ) in result.err


def test_json_names_streams_that_no_parser_reads(project: Project) -> None:
    assert project.json("explain", "monday")["unread"] == ["workspaces", "newest_items", "updates"]


def test_json_names_streams_parsers_and_what_these_read(project: Project) -> None:
    document = project.json("explain", "snyk")
    assert document["unread"] == []
    streams = {item["name"]: item for item in document["streams"]}
    assert streams["issues"]["parent"] == "orgs"
    assert streams["issues"]["cursor"]["since"] == "updated_after"
    assert streams["orgs"]["paginator"] == 'SnykLink("links.next")'
    findings, code_projects, identities = document["parsers"]
    assert identities["outputs"] == [{"model": "Identity", "table": "identities"}]
    assert code_projects["outputs"] == [{"model": "CodeProject", "table": "code_projects"}]
    assert findings["inputs"] == [
        {"parameter": "projects", "stream": "projects", "kind": "full_refresh"},
        {"parameter": "targets", "stream": "targets", "kind": "full_refresh"},
        {"parameter": "issues", "stream": "issues", "kind": "incremental"},
    ]
    assert findings["outputs"] == [{"model": "Finding", "table": "findings"}]
    first = streams["issues"]["requests"][0]
    assert first["url"].startswith("https://api.snyk.io/rest/orgs/{parent.id}/issues?")


def test_a_stream_without_a_filter_stops_at_the_mark(project: Project) -> None:
    out = project.run("explain", "github").out
    assert "GET https://api.github.com/orgs/{config.org}/repos?per_page=100\n" in out
    assert "newest first, until a page reaches below <mark>" in out
    assert "repositories" in out


def test_mermaid_prints_only_the_flowchart(project: Project) -> None:
    out = project.run("explain", project.target, "--mermaid").out
    assert out.splitlines()[0] == "flowchart LR"
    assert "    stream_services -->|FullRefresh| parser_tickets" in out.splitlines()


@pytest.mark.parametrize("command", ["explain", "check"])
def test_a_list_without_a_key_is_told_with_what_it_costs(project: Project, command: str) -> None:
    text = Path(project.target).read_text(encoding="utf-8")
    without = text.replace('path = "/services"', 'path = "/services"\n    primary_key = None')
    assert "primary_key" not in project.run(command, project.target).err
    target = project.folder / "without_key.py"
    target.write_text(without, encoding="utf-8")
    result = project.run(command, str(target))
    assert "warning: ServicesStream has no `primary_key`, so a record that changes while" in result.err
    assert "IncidentsStream" not in result.err


def test_the_key_of_a_stream_without_one_is_none(project: Project) -> None:
    text = Path(project.target).read_text(encoding="utf-8")
    target = project.folder / "without_key.py"
    target.write_text(
        text.replace('path = "/services"', 'path = "/services"\n    primary_key = None'), encoding="utf-8"
    )
    lines = project.run("explain", str(target)).out.splitlines()
    assert next(line for line in lines if line.startswith("services ")).split()[:3] == ["services", "snapshot", "none"]


def test_two_output_formats_are_wrong_usage(project: Project) -> None:
    result = project.run("explain", project.target, "--mermaid", "--json", status=2)
    assert "give one of them" in result.err


def test_an_unknown_integration_is_wrong_usage(project: Project) -> None:
    assert "did you mean 'snyk'?" in project.run("explain", "snik", status=2).err


@pytest.mark.parametrize("target", ["github", "monday", "snyk"])
def test_it_starts_without_dagster(target: str, tmp_path: Path) -> None:
    code = (
        "import sys; from dazz_assets.cli import app\n"
        f"app(['explain', {target!r}], standalone_mode=False)\n"
        "assert 'dagster' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, capture_output=True, timeout=60)
