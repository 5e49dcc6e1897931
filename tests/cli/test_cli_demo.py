"""`dazz demo` shows a first sync, an incremental one and a restream, and asserts what it claims."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import yaml

from dazz_assets.sandbox import Change
from integrations.github.sandbox import GitHubSandbox
from integrations.snyk.sandbox import SnykSandbox
from tests.cli.conftest import Project
from tests.cli.vendor import Vendor

FIND = "dazz_assets.cli.sandbox_connections.find_sandboxes"
GITHUB = partial(GitHubSandbox, repositories=8, alerts=60)
SNYK = partial(SnykSandbox, orgs=2, projects=8, issues=60)


class Shown(Project):
    """A project in which the demo ran twice; out is what each said."""

    out: tuple[str, str]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory, created: Path) -> Iterator[Shown]:
    folder = tmp_path_factory.mktemp("demo")
    shutil.copytree(created, folder / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FIND, lambda: [GITHUB, SNYK])
        project = Shown(folder, Vendor(), "")
        project.out = (project.run("demo").out, project.run("demo").out)
        yield project


@pytest.fixture
def github_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FIND, lambda: [GITHUB])


def steps(out: str) -> list[list[str]]:
    """The rows of the table of steps, without their seconds."""
    rows = [line.split()[:-1] for line in out.splitlines()]
    return [row for row in rows if row[:2] in (["first", "sync"], ["incremental", "sync"]) or row[:1] == ["restream"]]


def test_it_tells_what_each_step_took_of_each_vendor(shown: Shown) -> None:
    rows = steps(shown.out[0])
    assert len(rows) == 6
    assert [row[2] for row in rows if row[0] == "restream"] == ["0", "0"]
    assert "ok: the restream made 0 requests" in shown.out[0]
    assert shown.out[0].count("that changed, and no other") == 2
    assert "NOT SO" not in shown.out[0]


def test_another_demo_starts_anew(shown: Shown) -> None:
    assert steps(shown.out[0]) == steps(shown.out[1])
    assert "NOT SO" not in shown.out[1]


def test_it_leaves_connections_to_the_sandbox_and_no_token_under_the_home(shown: Shown) -> None:
    entries = yaml.safe_load(shown.connections.read_text(encoding="utf-8"))["connections"]
    assert [(item["integration"], item["id"]) for item in entries] == [("github", "sandbox"), ("snyk", "sandbox")]
    tokens = [item["config"]["token"].encode() for item in entries]
    written = [path.read_bytes() for path in shown.home.rglob("*") if path.is_file()]
    assert written
    assert not any(token in content for token in tokens for content in written)


def test_connections_of_ones_own_are_left_alone_and_so_is_their_lake(project: Project, github_alone: None) -> None:
    before = project.connections.read_text(encoding="utf-8")
    project.run("demo")
    assert project.connections.read_text(encoding="utf-8") == before
    assert not (project.home / "lake").exists()
    assert (project.home / "demo" / "lake").is_dir()


def test_a_claim_that_does_not_hold_fails_the_demo(
    project: Project, github_alone: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = GitHubSandbox.change

    def concealing(self: GitHubSandbox, seed: int) -> Change:
        told = change(self, seed)
        told.changed["dependabot_alerts"].pop()
        return told

    monkeypatch.setattr(GitHubSandbox, "change", concealing)
    # A connections file under the home is none of the demo's: no token is written there.
    project.env["DAZZ_CONNECTIONS"] = str(project.home / "connections.yaml")
    assert "NOT SO: the incremental sync stored" in project.run("demo", status=1).out
    assert not (project.home / "connections.yaml").exists()
