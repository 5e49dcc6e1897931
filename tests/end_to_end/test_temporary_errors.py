"""A sync that meets three temporary errors is hardly delayed."""

import json
from pathlib import Path

from dazz_assets.sandbox import Fault, Sandbox
from integrations.snyk.sandbox import SnykSandbox
from tests.end_to_end.command import connect, dazz, finished


def test_a_sync_of_2000_records_with_three_temporary_errors_waits_for_seconds(tmp_path: Path) -> None:
    with Sandbox([SnykSandbox(seed=6, orgs=2, projects=20, issues=2_000)]) as sandbox:
        connect(tmp_path, sandbox, [("snyk", "acme")])
        vendor = sandbox["snyk"]
        vendor.faults.add(
            Fault(kind="status", status=503, skip=2), Fault(kind="reset", skip=6), Fault(kind="truncated", skip=9)
        )
        report = json.loads(finished(dazz(tmp_path, "sync", "snyk", "--json")))
    assert report["errors"] == []
    assert sum(entry["retries"] for entry in report["streams"]) == 3
    assert {entry["stream"]: entry["records"] for entry in report["streams"]}["issues"] == 2_000
    assert 0 < sum(entry["waited_seconds"] for entry in report["streams"]) < 40
