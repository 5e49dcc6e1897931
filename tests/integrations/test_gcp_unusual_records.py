"""Whatever optional parts of Google's records hold, each is one valid resource, and nothing unknown is said of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from dazz_assets import FullRefresh
from dazz_assets.domain import CloudResource, Finding
from dazz_assets.lake.objects.object_columns import make_batch
from integrations.gcp import asset_types
from integrations.gcp.integration import GcpIntegration
from integrations.gcp.models import Asset, Bucket, BucketPolicy, Project
from integrations.gcp.sandbox import GcpSandbox
from integrations.gcp.sandbox_data import is_open
from tests.domain.test_ocsf_events import event_of
from tests.integrations.test_unusual_records import Path, one_part_changed, thorough, unusual

SANDBOX = GcpSandbox(seed=3, now=datetime(2026, 6, 1, tzinfo=UTC), projects=4, buckets=90, resources=40)

# What makes a record itself; it is always there.
OF_A_PROJECT = {"name", "projectId"}
OF_AN_ASSET = {"name", "assetType"}
OF_A_BUCKET = {"name"}
OF_A_POLICY = {"resourceId"}
# Assets of these types come from their own lists.
LISTED = (asset_types.PROJECT, asset_types.BUCKET)


def resources(
    *,
    projects: list[Project] | None = None,
    buckets: list[Bucket] | None = None,
    policies: list[BucketPolicy] | None = None,
    assets: list[Asset] | None = None,
) -> list[CloudResource]:
    gcp, listed = GcpIntegration(), projects or []
    return [
        *gcp.project_resources(FullRefresh(listed)),
        *gcp.cloud_resources(FullRefresh(listed), FullRefresh(buckets or []), FullRefresh(policies or [])),
        *gcp.inventory_resources(FullRefresh(listed), FullRefresh(assets or [])),
    ]


def require_valid(found: CloudResource, uid: str) -> None:
    """A resource of this name, which a table takes."""
    assert found.uid == uid
    assert make_batch([found], CloudResource).num_rows == 1


@thorough
@given(unusual(list(SANDBOX.projects.values()), OF_A_PROJECT))
def test_an_unusual_project_is_a_valid_resource(project: str) -> None:
    [found] = resources(projects=[Project.model_validate_json(project)])

    require_valid(found, f"//cloudresourcemanager.googleapis.com/{json.loads(project)['name']}")


@thorough
@given(unusual([asset for asset in SANDBOX.assets.values() if asset["assetType"] not in LISTED], OF_AN_ASSET))
def test_an_unusual_asset_is_a_valid_resource(asset: str) -> None:
    [found] = resources(assets=[Asset.model_validate_json(asset)])

    require_valid(found, json.loads(asset)["name"])
    assert found.is_public is None


@thorough
@given(unusual(list(SANDBOX.buckets.values()), OF_A_BUCKET), unusual(list(SANDBOX.policies.values()), OF_A_POLICY))
def test_an_unusual_bucket_is_a_valid_resource_and_has_a_finding_of_what_is_known(bucket: str, policy: str) -> None:
    name = json.loads(bucket)["name"]
    of_bucket = {**json.loads(policy), "resourceId": f"projects/_/buckets/{name}"}
    buckets = [Bucket.model_validate_json(bucket)]
    policies = [BucketPolicy.model_validate_json(json.dumps(of_bucket))]
    [found] = resources(buckets=buckets, policies=policies)
    findings = list(GcpIntegration().findings(FullRefresh([]), FullRefresh(buckets), FullRefresh(policies)))

    require_valid(found, f"//storage.googleapis.com/{name}")
    [finding] = findings
    assert finding.status == {True: "New", False: "Resolved", None: "Unknown"}[found.is_public]
    assert finding.resource_id == found.id
    assert make_batch([finding], Finding).num_rows == 1
    assert event_of(finding)


def differing(one: CloudResource, other: CloudResource) -> set[str]:
    return {name for name in CloudResource.model_fields if getattr(one, name) != getattr(other, name)}


def project_resource(record: dict[str, Any]) -> CloudResource:
    [found] = resources(projects=[Project.model_validate(record)])
    return found


def asset_resource(record: dict[str, Any]) -> CloudResource:
    [found] = resources(assets=[Asset.model_validate(record)])
    return found


def bucket_resource(record: dict[str, Any]) -> CloudResource:
    [found] = resources(buckets=[Bucket.model_validate(record)], policies=[BucketPolicy.model_validate(OPEN)])
    return found


def policy_resource(record: dict[str, Any]) -> CloudResource:
    [found] = resources(buckets=[Bucket.model_validate(BUCKET)], policies=[BucketPolicy.model_validate(record)])
    return found


PROJECT = next(iter(SANDBOX.projects.values()))
ASSET = next(item for item in SANDBOX.assets.values() if item["assetType"].endswith("/Instance"))
BUCKET = next(
    bucket
    for name, bucket in SANDBOX.buckets.items()
    if is_open(SANDBOX.policies[name])
    and "labels" in bucket
    and bucket["iamConfiguration"]["publicAccessPrevention"] == "inherited"
)
OPEN = SANDBOX.policies[BUCKET["name"]]


@pytest.mark.parametrize(
    ("parsed", "record", "path", "value", "lost"),
    [
        (project_resource, PROJECT, ("labels",), ["web"], {"tags"}),
        (project_resource, PROJECT, ("labels", "team"), {"a": 1}, {"tags"}),
        (project_resource, PROJECT, ("state",), None, {"vendor_status"}),
        (project_resource, PROJECT, ("createTime",), "long ago", {"created_time"}),
        (asset_resource, ASSET, ("resource", "location"), 7, {"region"}),
        (asset_resource, ASSET, ("resource", "data", "status"), {"code": 3}, {"vendor_status"}),
        (asset_resource, ASSET, ("resource", "data"), "hidden", {"vendor_status", "tags", "created_time"}),
        (asset_resource, ASSET, ("ancestors",), None, {"account_uid"}),
        (asset_resource, ASSET, ("updateTime",), "", {"modified_time"}),
        (bucket_resource, BUCKET, ("location",), None, {"region"}),
        (bucket_resource, BUCKET, ("labels", "data"), None, {"tags"}),
        (bucket_resource, BUCKET, ("iamConfiguration",), "odd", set()),
        (policy_resource, OPEN, ("bindings", 0, "members"), "allUsers", {"is_public"}),
        (policy_resource, OPEN, ("bindings",), None, {"is_public"}),
    ],
)
def test_an_invalid_part_costs_that_part_alone(
    parsed: Callable[[dict[str, Any]], CloudResource], record: dict[str, Any], path: Path, value: Any, lost: set[str]
) -> None:
    changed = parsed(one_part_changed(record, path, value))

    assert differing(parsed(record), changed) == lost
    if "is_public" in lost:
        assert changed.is_public is None
