"""Makes the recordings of the integrations' folders from the vendors' sandboxes.

    python -m tests.integrations.make_recordings

The sandboxes' records end at a fixed moment and change by a fixed seed, so that the same code makes the same files.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import time_machine

from dazz_assets.connections import Connection
from dazz_assets.recording.record_scenario import PAGES, record_scenario
from dazz_assets.sandbox import HISTORY, Sandbox, VendorSandbox
from dazz_assets.spec.discovery import find_integration
from dazz_assets.spec.specs import IntegrationSpec
from integrations.aws.sandbox import AwsSandbox
from integrations.gcp.sandbox import GcpSandbox
from integrations.github.sandbox import GitHubSandbox
from integrations.jira.sandbox import JiraSandbox
from integrations.monday.sandbox import MondaySandbox
from integrations.monday.sandbox_complexity import PointBudget
from integrations.snyk.sandbox import SnykSandbox
from tests.integrations import aws_hosts

ROOT = Path(__file__).parents[2] / "integrations"
NOW = datetime(2026, 11, 2, tzinfo=UTC)
KEY = b"the people of the sandboxes are nobody"
RECORDS = 3
CHANGE = 1


def aws() -> VendorSandbox:
    """Two accounts, one with two pages of buckets: each is seven requests, and as many files. Of this seed some are
    public, one of them but for its public access block, and some not encrypted."""
    return AwsSandbox(seed=206, now=NOW, accounts=2, buckets=5, page_size=2)


def github() -> VendorSandbox:
    """A small organisation, whose lists have more than one page all the same, as its pages are small; of this seed some
    alerts that are kept are dismissed, with a comment, some assigned, and one's repository is archived."""
    return GitHubSandbox(
        seed=59,
        now=NOW,
        repositories=4,
        alerts=12,
        code_alerts=9,
        secret_alerts=8,
        members=5,
        issues=14,
        pulls=4,
        most_per_page=3,
    )


def gcp() -> VendorSandbox:
    """Three projects, the last of them being deleted; of this seed some buckets that are kept are public, and others
    are after the change."""
    return GcpSandbox(seed=266, now=NOW, projects=3, buckets=14, resources=50)


def jira() -> VendorSandbox:
    """A site with pages of two records, of which no project is archived: since when would be the time of the sync."""
    return JiraSandbox(seed=1, now=NOW, projects=3, users=9, issues=16, most=2)


def snyk() -> VendorSandbox:
    """Three organisations, the last of them empty; of this seed some issues that are kept are of projects that are."""
    return SnykSandbox(seed=214, now=NOW, orgs=3, projects=230, issues=450)


class FullBudget(PointBudget):
    """Points that don't run out: what is left would tell in which order threads asked."""

    def spend(self, points: int) -> bool:
        return True

    def seconds_to_reset(self) -> int:
        return 60


def monday(*, seed: int = 5, boards: int = 4, items: int = 900, users: int = 8, updates: int = 120) -> VendorSandbox:
    """Five boards, of which the first has a second page of items."""
    sandbox = MondaySandbox(seed, now=NOW, boards=boards, items=items, users=users, updates=updates)
    sandbox.points = FullBudget(sandbox.points.points)
    return sandbox


SANDBOXES: dict[str, Callable[[], VendorSandbox]] = {
    "aws": aws,
    "gcp": gcp,
    "github": github,
    "jira": jira,
    "monday": monday,
    "snyk": snyk,
}
# Where an SDK knows the vendor's hosts, of which there are many, they are recorded, and the sandbox plays all of them.
HOSTS: dict[str, Callable[[str], AbstractContextManager[object]]] = {"aws": aws_hosts.answered_by}


def copied(vendor: str, folder: Path, window: str = "week") -> IntegrationSpec:
    """An integration in a folder of its own, without its recordings; if it has windows, they are of this length.

    It sends one request at a time, so that rows come in the same order each time, and none waits for the vendor's rate.
    """
    shutil.copytree(ROOT / vendor, folder / vendor, ignore=shutil.ignore_patterns("recordings"))
    file = folder / vendor / "integration.py"
    code = re.sub(r"^    (concurrency|rate) = .*\n", "", file.read_text(), flags=re.MULTILINE)
    if any("Cursor(" in module.read_text() for module in file.parent.glob("*.py")):
        code = code.replace('    base_url = "https:', f'    window = "{window}"\n    base_url = "https:')
    file.write_text(code)
    return find_integration(str(file))


def connection_to(sandbox: Sandbox, name: str) -> Connection:
    """The connection that is recorded: it starts with the first of the sandbox's records."""
    config = dict(sandbox.settings(name))
    if name in HOSTS:
        del config["base_url"]
    return Connection(id="sandbox", integration=name, start=(NOW - HISTORY).date(), config=config)


def recorded(spec: IntegrationSpec, scenario: str = "default", records: int | None = RECORDS) -> Path:
    """Record an integration from its sandbox, which changes between the two syncs; gives the scenario's folder.

    It is then when the sandbox's records end: the years since would be windows without any.
    """
    with (
        time_machine.travel(NOW),
        Sandbox([SANDBOXES[spec.name]()]) as sandbox,
        HOSTS.get(spec.name, nullcontext)(sandbox.url(spec.name)),
    ):
        return record_scenario(
            spec,
            connection_to(sandbox, spec.name),
            scenario,
            key=KEY,
            records=records,
            pages=PAGES if records else None,
            between=partial(sandbox.change, CHANGE),
        ).folder


if __name__ == "__main__":
    for vendor in SANDBOXES:
        print(recorded(find_integration(vendor)))
