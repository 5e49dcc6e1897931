"""`dazz demo` runs a first sync, an incremental sync and a restream, and checks its claims about them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
import yaml

from dazz_assets.cli.sandbox_connections import sandbox_connections, start_sandbox, write_connections
from dazz_assets.cli.sandbox_defaults import SANDBOX_SEED
from dazz_assets.sandbox import Change, VendorSandbox
from dazz_assets.spec.discovery import find_integration
from integrations.aws.sandbox import AwsSandbox
from integrations.gcp.sandbox import GcpSandbox
from integrations.github.sandbox import GitHubSandbox
from integrations.jira.sandbox import JiraSandbox
from integrations.monday.sandbox import MondaySandbox
from integrations.snyk.sandbox import SnykSandbox
from tests.cli.command_result import CommandResult
from tests.cli.conftest import Project
from tests.cli.vendor import Vendor
from tests.short_history import short_history

FIND = "dazz_assets.cli.sandbox_connections.find_sandboxes"
SNYK = partial(SnykSandbox, orgs=2, projects=6, issues=30)
JIRA = partial(JiraSandbox, projects=4, users=30, issues=30)
EVERY_VENDOR: list[Callable[..., VendorSandbox]] = [
    partial(AwsSandbox, accounts=2, buckets=14),
    partial(GcpSandbox, projects=3, buckets=6, resources=20),
    partial(GitHubSandbox, repositories=4, alerts=20, code_alerts=8, secret_alerts=6, members=5, issues=8, pulls=4),
    JIRA,
    partial(MondaySandbox, boards=4, items=30, users=6, updates=8),
    SNYK,
]


class DemoProject(Project):
    """A project in which the demo ran. results: what each run printed; before: the connections file before the last."""

    results: list[CommandResult]
    before: str


@pytest.fixture(autouse=True, scope="module")
def _short_history() -> Iterator[None]:
    with short_history():
        yield


@contextmanager
def _project(folder: Path, empty_home: Path, *vendors: Callable[..., VendorSandbox]) -> Iterator[DemoProject]:
    """A project with the sandboxes of these vendors."""
    shutil.copytree(empty_home, folder / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FIND, lambda: vendors)
        yield DemoProject(folder, Vendor(), "")


@pytest.fixture(scope="module")
def every_vendor(
    tmp_path_factory: pytest.TempPathFactory, empty_home: Path, _short_history: None
) -> Iterator[DemoProject]:
    """The demo of every vendor ran once, where the user has connections of their own."""
    with _project(tmp_path_factory.mktemp("every"), empty_home, *EVERY_VENDOR) as project:
        project.configure({})
        project.before = project.connections.read_text(encoding="utf-8")
        project.results = [project.run("demo")]
        yield project


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory, empty_home: Path, _short_history: None) -> Iterator[DemoProject]:
    """The demo ran twice; before the second time, the connections were to a sandbox that has ended."""
    with _project(tmp_path_factory.mktemp("twice"), empty_home, SNYK) as project:
        first = project.run("demo")
        sandbox = start_sandbox(0, 1)
        write_connections(project.connections, sandbox_connections(sandbox))
        sandbox.close()
        project.before = project.connections.read_text(encoding="utf-8")
        project.results = [first, project.run("demo")]
        yield project


@pytest.fixture(scope="module")
def beside_another(
    tmp_path_factory: pytest.TempPathFactory, empty_home: Path, _short_history: None
) -> Iterator[DemoProject]:
    """The demo of a vendor without findings ran once, beside a running sandbox that the connections are to."""
    with _project(tmp_path_factory.mktemp("beside"), empty_home, JIRA) as project:
        sandbox = start_sandbox(0, 1)
        write_connections(project.connections, sandbox_connections(sandbox))
        project.before = project.connections.read_text(encoding="utf-8")
        try:
            project.results = [project.run("demo")]
            yield project
        finally:
            sandbox.close()


def read_steps(out: str) -> list[list[str]]:
    """The rows of the table of steps, without what was waited and the seconds."""
    rows = [line.split()[:-2] for line in out.splitlines()]
    return [row for row in rows if row[:2] in (["first", "sync"], ["incremental", "sync"]) or row[:1] == ["restream"]]


@pytest.mark.xdist_group("demo of every vendor")
def test_each_step_is_shown_for_each_vendor(every_vendor: DemoProject) -> None:
    (result,) = every_vendor.results
    rows = read_steps(result.out)
    assert len(rows) == 3 * len(EVERY_VENDOR)
    assert [row[2] for row in rows if row[0] == "restream"] == ["0"] * len(EVERY_VENDOR)
    assert {row[-4] for row in rows} == {"aws", "gcp", "github", "jira", "monday", "snyk"}


@pytest.mark.xdist_group("demo of every vendor")
def test_all_vendors_sandboxes_do_what_the_demo_claims(every_vendor: DemoProject) -> None:
    (result,) = every_vendor.results
    assert "FAILED" not in result.out
    assert "ok: the restream made 0 requests" in result.out
    vendors = ("aws", "gcp", "github", "jira", "monday", "snyk")
    streams = [stream for name in vendors for stream in find_integration(name).streams.values()]
    assert result.out.count("that changed, and no others") == sum(stream.cursor is not None for stream in streams)
    assert result.out.count("ok: after the incremental sync there are") == sum(
        stream.cursor is None for stream in streams
    )


@pytest.mark.xdist_group("demo of every vendor")
def test_the_users_own_connections_and_lake_are_left_alone(every_vendor: DemoProject) -> None:
    assert every_vendor.connections.read_text(encoding="utf-8") == every_vendor.before
    assert not (every_vendor.home / "lake").exists()
    assert (every_vendor.home / "demo" / "lake").is_dir()


@pytest.mark.xdist_group("demo of every vendor")
def test_the_demo_writes_no_token_into_the_home(every_vendor: DemoProject) -> None:
    tokens = [vendor(SANDBOX_SEED).token.encode() for vendor in EVERY_VENDOR]
    written = [path.read_bytes() for path in every_vendor.home.rglob("*") if path.is_file()]
    assert written
    assert not any(token in content for token in tokens for content in written)


@pytest.mark.xdist_group("demo twice")
def test_a_second_demo_starts_from_scratch(twice: DemoProject) -> None:
    first, second = twice.results
    assert len(read_steps(first.out)) == 3
    assert read_steps(first.out) == read_steps(second.out)
    assert "FAILED" not in first.out + second.out


@pytest.mark.xdist_group("demo twice")
def test_connections_to_a_sandbox_that_ended_are_replaced(twice: DemoProject) -> None:
    assert f"{twice.connections} now has the connections of the demo's sandbox" in twice.results[1].err
    assert twice.connections.read_text(encoding="utf-8") != twice.before
    entries = yaml.safe_load(twice.connections.read_text(encoding="utf-8"))["connections"]
    assert [(item["integration"], item["id"]) for item in entries] == [("snyk", "sandbox")]


@pytest.mark.xdist_group("demo beside another")
def test_connections_to_a_running_sandbox_are_left_alone_and_still_work(beside_another: DemoProject) -> None:
    (result,) = beside_another.results
    assert f"{beside_another.connections} stays as it is" in result.err
    assert beside_another.connections.read_text(encoding="utf-8") == beside_another.before
    assert "jira/sandbox: ok" in beside_another.run("check", "jira").out


@pytest.mark.xdist_group("demo beside another")
def test_a_demo_of_vendors_without_findings_says_so(beside_another: DemoProject) -> None:
    assert "No findings: none of these vendors has any." in beside_another.results[0].out


def test_claims_that_do_not_hold_fail_the_demo(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FIND, lambda: [SNYK])
    change = SnykSandbox.change

    def tell_another(self: SnykSandbox, seed: int) -> Change:
        """What a sync would do wrong: an issue is stored that did not change, and a removed project is kept."""
        result = change(self, seed)
        result.changed["issues"].pop()
        result.removed["projects"] = sorted(self.projects)[:1]
        return result

    monkeypatch.setattr(SnykSandbox, "change", tell_another)
    # The demo writes no token into the home, so it must not write this connections file.
    project.env["DAZZ_CONNECTIONS"] = str(project.home / "connections.yaml")
    out = project.run("demo", status=1).out
    assert "FAILED: the incremental sync stored" in out
    assert re.search(r"FAILED: after the incremental sync there are the \d+ projects", out)
    assert not (project.home / "connections.yaml").exists()
