"""`dazz demo` runs a first sync, an incremental sync and a restream, and checks its claims about them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import yaml

from dazz_assets.cli.sandbox_connections import sandbox_connections, start_sandbox, write_connections
from dazz_assets.sandbox import Change
from dazz_assets.spec.discovery import find_integration
from integrations.aws.sandbox import AwsSandbox
from integrations.gcp.sandbox import GcpSandbox
from integrations.github.sandbox import GitHubSandbox
from integrations.jira.sandbox import JiraSandbox
from integrations.monday.sandbox import MondaySandbox
from integrations.snyk.sandbox import SnykSandbox
from tests.cli.conftest import Project
from tests.cli.vendor import Vendor
from tests.short_history import short_history

FIND = "dazz_assets.cli.sandbox_connections.find_sandboxes"
SNYK = partial(SnykSandbox, orgs=2, projects=6, issues=30)
JIRA = partial(JiraSandbox, projects=4, users=30, issues=30)
EVERY_VENDOR = [
    partial(AwsSandbox, accounts=2, buckets=14),
    partial(GcpSandbox, projects=3, buckets=6, resources=20),
    partial(GitHubSandbox, repositories=4, alerts=20, code_alerts=8, secret_alerts=6, members=5, issues=8, pulls=4),
    JIRA,
    partial(MondaySandbox, boards=4, items=30, users=6, updates=8),
    SNYK,
]


class DemoProject(Project):
    """A project in which the demo ran twice. out: the standard output of each run."""

    out: tuple[str, str]


@pytest.fixture(autouse=True, scope="module")
def _short_history() -> Iterator[None]:
    with short_history():
        yield


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, empty_home: Path, _short_history: None) -> Iterator[DemoProject]:
    folder = tmp_path_factory.mktemp("demo")
    shutil.copytree(empty_home, folder / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FIND, lambda: [JIRA, SNYK])
        project = DemoProject(folder, Vendor(), "")
        project.out = (project.run("demo").out, project.run("demo").out)
        yield project


@pytest.fixture
def snyk_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FIND, lambda: [SNYK])


def read_steps(out: str) -> list[list[str]]:
    """The rows of the table of steps, without what was waited and the seconds."""
    rows = [line.split()[:-2] for line in out.splitlines()]
    return [row for row in rows if row[:2] in (["first", "sync"], ["incremental", "sync"]) or row[:1] == ["restream"]]


def test_each_step_is_shown_for_each_vendor(demo: DemoProject) -> None:
    rows = read_steps(demo.out[0])
    assert len(rows) == 6
    assert [row[2] for row in rows if row[0] == "restream"] == ["0", "0"]
    assert "ok: the restream made 0 requests" in demo.out[0]
    assert demo.out[0].count("that changed, and no others") == 2 + 1  # Jira's incremental streams, and Snyk's
    assert "FAILED" not in demo.out[0]


def test_all_vendors_sandboxes_do_what_the_demo_claims(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FIND, lambda: EVERY_VENDOR)
    out = project.run("demo").out
    assert "FAILED" not in out
    vendors = {"aws", "gcp", "github", "jira", "monday", "snyk"}
    streams = [stream for name in vendors for stream in find_integration(name).streams.values()]
    assert out.count("that changed, and no others") == sum(stream.cursor is not None for stream in streams)
    assert out.count("ok: after the incremental sync there are") == sum(stream.cursor is None for stream in streams)
    assert {row[-4] for row in read_steps(out)} == vendors


def test_a_snapshot_that_keeps_what_was_removed_fails_the_demo(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FIND, lambda: [JIRA])
    change = JiraSandbox.change

    def remove_another(self: JiraSandbox, seed: int) -> Change:
        result = change(self, seed)
        result.removed["projects"] = sorted(self.projects)[:1]
        return result

    monkeypatch.setattr(JiraSandbox, "change", remove_another)
    assert "FAILED: after the incremental sync there are the 3 projects" in project.run("demo", status=1).out


def test_a_demo_of_vendors_without_findings_says_so(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FIND, lambda: [JIRA])
    assert "No findings: none of these vendors has any." in project.run("demo").out


def test_a_second_demo_starts_from_scratch(demo: DemoProject) -> None:
    assert read_steps(demo.out[0]) == read_steps(demo.out[1])
    assert "FAILED" not in demo.out[1]


def test_the_demo_writes_sandbox_connections_and_no_token_into_the_home(demo: DemoProject) -> None:
    entries = yaml.safe_load(demo.connections.read_text(encoding="utf-8"))["connections"]
    assert [(item["integration"], item["id"]) for item in entries] == [("jira", "sandbox"), ("snyk", "sandbox")]
    tokens = [item["config"]["token"].encode() for item in entries]
    written = [path.read_bytes() for path in demo.home.rglob("*") if path.is_file()]
    assert written
    assert not any(token in content for token in tokens for content in written)


def test_the_users_own_connections_and_lake_are_left_alone(project: Project, snyk_alone: None) -> None:
    before = project.connections.read_text(encoding="utf-8")
    project.run("demo")
    assert project.connections.read_text(encoding="utf-8") == before
    assert not (project.home / "lake").exists()
    assert (project.home / "demo" / "lake").is_dir()


def test_connections_to_a_running_sandbox_are_left_alone_and_still_work(project: Project, snyk_alone: None) -> None:
    sandbox = start_sandbox(0, 1)
    write_connections(project.connections, sandbox_connections(sandbox))
    before = project.connections.read_text(encoding="utf-8")
    try:
        error = project.run("demo").err
        assert f"{project.connections} stays as it is" in error
        assert project.connections.read_text(encoding="utf-8") == before
        assert "snyk/sandbox: ok" in project.run("check", "snyk").out
    finally:
        sandbox.close()


def test_connections_to_a_sandbox_that_ended_are_replaced(project: Project, snyk_alone: None) -> None:
    sandbox = start_sandbox(0, 1)
    write_connections(project.connections, sandbox_connections(sandbox))
    sandbox.close()
    before = project.connections.read_text(encoding="utf-8")
    assert f"{project.connections} now has the connections of the demo's sandbox" in project.run("demo").err
    assert project.connections.read_text(encoding="utf-8") != before


def test_a_claim_that_does_not_hold_fails_the_demo(
    project: Project, snyk_alone: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = SnykSandbox.change

    def hide_a_change(self: SnykSandbox, seed: int) -> Change:
        result = change(self, seed)
        result.changed["issues"].pop()
        return result

    monkeypatch.setattr(SnykSandbox, "change", hide_a_change)
    # The demo writes no token into the home, so it must not write this connections file.
    project.env["DAZZ_CONNECTIONS"] = str(project.home / "connections.yaml")
    assert "FAILED: the incremental sync stored" in project.run("demo", status=1).out
    assert not (project.home / "connections.yaml").exists()
