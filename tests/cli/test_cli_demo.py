"""`dazz demo` shows a first sync, an incremental one and a restream, and asserts what it claims."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import yaml

from dazz_assets.sandbox import Change
from integrations.github.sandbox import GitHubSandbox
from integrations.snyk.sandbox import SnykSandbox
from tests.cli.conftest import Project


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Vendors with few records."""
    vendors = [partial(GitHubSandbox, repositories=8, alerts=120), partial(SnykSandbox, orgs=2, projects=8, issues=120)]
    monkeypatch.setattr("dazz_assets.cli.vendors.find_sandboxes", lambda: vendors)


@pytest.fixture
def demo(project: Project, small: None) -> Project:
    """A project without a connections file."""
    project.connections.unlink()
    return project


def test_a_demo_tells_what_each_step_took_and_another_one_starts_anew(demo: Project) -> None:
    tables = []
    for _ in range(2):
        out = demo.run("demo").out
        steps = [line.split()[:-1] for line in out.splitlines() if line.split()[1:2] in (["sync"],)]
        steps += [line.split()[:-1] for line in out.splitlines() if line.startswith("restream")]
        tables.append(steps)
        assert [row[:2] for row in steps].count(["first", "sync"]) == 2
        assert [row[2] for row in steps if row[0] == "restream"] == ["0", "0"]
        assert "ok: the restream made 0 requests" in out
        assert "that changed, and no other" in out
        assert "NOT SO" not in out
    assert tables[0] == tables[1]


def test_it_leaves_connections_to_the_sandbox_and_writes_no_token_under_the_home(demo: Project) -> None:
    demo.run("demo")
    entries = yaml.safe_load(demo.connections.read_text(encoding="utf-8"))["connections"]
    assert [(item["integration"], item["id"]) for item in entries] == [("github", "sandbox"), ("snyk", "sandbox")]
    tokens = [item["config"]["token"].encode() for item in entries]
    written = [path.read_bytes() for path in demo.home.rglob("*") if path.is_file()]
    assert not any(token in content for token in tokens for content in written)


def test_connections_of_ones_own_are_left_alone_and_so_is_their_lake(project: Project, small: None) -> None:
    before = project.connections.read_text(encoding="utf-8")
    project.run("demo")
    assert project.connections.read_text(encoding="utf-8") == before
    assert not (project.home / "lake").exists()
    assert (project.home / "demo" / "lake").is_dir()


def test_a_claim_that_does_not_hold_fails_the_demo(demo: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    change = GitHubSandbox.change

    def concealing(self: GitHubSandbox, seed: int) -> Change:
        told = change(self, seed)
        told.changed["dependabot_alerts"].pop()
        return told

    monkeypatch.setattr(GitHubSandbox, "change", concealing)
    assert "NOT SO: the incremental sync stored" in demo.run("demo", status=1).out


def test_a_connections_file_under_the_home_is_not_written(demo: Project) -> None:
    demo.env["DAZZ_CONNECTIONS"] = str(demo.home / "connections.yaml")
    demo.run("demo")
    assert not Path(demo.home / "connections.yaml").exists()
