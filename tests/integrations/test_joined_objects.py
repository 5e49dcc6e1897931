"""What the parsers make of each vendor's sandbox fits together: findings join assets, and these their owners."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integrations.make_recordings import SANDBOXES

RECORDINGS = Path(__file__).parents[2] / "integrations"
ASSETS = ("code_repositories", "code_projects", "cloud_resources")


def with_findings() -> list[str]:
    return [vendor for vendor in SANDBOXES if any(objects(vendor, "first", "findings"))]


def objects(vendor: str, sync: str, *tables: str) -> Iterator[dict[str, Any]]:
    """The objects of these tables that are published after a recorded sync of the sandbox."""
    snapshots = RECORDINGS / vendor / "recordings" / "default" / "snapshots"
    for table in tables:
        for first in sorted((snapshots / "first" / "objects").glob(f"*.{table}.json")):
            found, second = json.loads(first.read_text(encoding="utf-8")), snapshots / "second" / "objects" / first.name
            if sync == "second" and second.exists():  # It has what changed, and null for what is gone.
                found |= json.loads(second.read_text(encoding="utf-8"))
            yield from filter(None, found.values())


def ids(vendor: str, sync: str, *tables: str) -> list[str]:
    return [item["id"] for item in objects(vendor, sync, *tables)]


def test_the_vendors_with_findings_are_known() -> None:
    assert with_findings() == ["aws", "gcp", "github", "snyk"]


@pytest.mark.parametrize("vendor", with_findings())
def test_a_finding_that_names_an_object_joins_it_unless_the_asset_is_gone(vendor: str) -> None:
    listed, now = set(ids(vendor, "first", *ASSETS)), set(ids(vendor, "second", *ASSETS))
    named = {
        sync: {item.get("resource_id") for item in objects(vendor, sync, "findings")} for sync in ("first", "second")
    }

    assert listed & named["first"]
    assert named["first"] - {None} <= listed
    assert named["second"] - {None} <= listed | now


@pytest.mark.parametrize("vendor", with_findings())
def test_a_finding_that_names_no_object_is_about_something_in_another_connection(vendor: str) -> None:
    unnamed = [item for item in objects(vendor, "second", "findings") if item.get("resource_id") is None]

    assert bool(unnamed) == (vendor == "snyk")
    assert {item["resource_uid"].partition(":")[0] for item in unnamed} <= {"arn"}


@pytest.mark.parametrize("vendor", SANDBOXES)
@pytest.mark.parametrize("sync", ["first", "second"])
def test_each_object_is_published_once_and_each_asset_joins_its_owner(vendor: str, sync: str) -> None:
    for table in (*ASSETS, "findings", "identities", "work_items"):
        found = ids(vendor, sync, table)
        assert len(found) == len(set(found)), table
    owners = {item.get("owner_id") for item in objects(vendor, sync, *ASSETS)}
    assert owners - {None} <= set(ids(vendor, sync, "identities"))
