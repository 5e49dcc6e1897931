"""What becomes of Google's records: resources, and findings about buckets that are open to everyone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from dazz_assets import FullRefresh
from dazz_assets.domain import CloudResource, Finding, Tag
from dazz_assets.sensitive import SensitiveFields
from dazz_assets.spec.read import read_integration
from integrations.gcp.integration import (
    AssetsStream,
    BucketPoliciesStream,
    BucketsStream,
    GcpIntegration,
    ProjectsStream,
)
from integrations.gcp.models import Asset, Bucket, BucketPolicy, Project
from integrations.gcp.sandbox_data import secret_fields
from tests.domain.test_ocsf_events import event_of

PROJECT: dict[str, Any] = {
    "name": "projects/415104041262",
    "projectId": "acme-prod",
    "displayName": "Acme production",
    "state": "ACTIVE",
    "createTime": "2024-05-06T07:08:09.123456Z",
    "updateTime": "2025-01-02T03:04:05Z",
    "labels": {"team": "web", "cost": ""},
}
BUCKET: dict[str, Any] = {
    "name": "acme-site",
    "projectNumber": "415104041262",
    "location": "EUROPE-WEST1",
    "iamConfiguration": {"publicAccessPrevention": "inherited"},
    "timeCreated": "2024-06-01T00:00:00.000Z",
    "updated": "2024-06-02T00:00:00.000Z",
    "labels": {"data": "site"},
}
READERS = {"role": "roles/storage.objectViewer", "members": ["allUsers"]}
OWNERS = {"role": "roles/storage.legacyBucketOwner", "members": ["projectOwner:acme-prod"]}
POLICY: dict[str, Any] = {"resourceId": "projects/_/buckets/acme-site", "bindings": [OWNERS, READERS]}
DISK: dict[str, Any] = {
    "name": "//compute.googleapis.com/projects/acme-prod/zones/europe-west1-b/disks/data-1",
    "assetType": "compute.googleapis.com/Disk",
    "resource": {
        "location": "europe-west1-b",
        "data": {"status": "READY", "labels": {"team": "web"}, "creationTimestamp": "2024-07-01T01:02:03.004-07:00"},
    },
    "ancestors": ["projects/415104041262", "organizations/1"],
    "updateTime": "2025-02-03T00:00:00Z",
}
BUCKET_NAME = "//storage.googleapis.com/acme-site"
BUCKET_ASSET: dict[str, Any] = {"name": BUCKET_NAME, "assetType": "storage.googleapis.com/Bucket"}
PROJECT_ASSET: dict[str, Any] = {
    "name": "//cloudresourcemanager.googleapis.com/projects/415104041262",
    "assetType": "cloudresourcemanager.googleapis.com/Project",
}


def resources(
    *,
    projects: tuple[dict[str, Any], ...] = (),
    buckets: tuple[dict[str, Any], ...] = (),
    policies: tuple[dict[str, Any], ...] = (),
    assets: tuple[dict[str, Any], ...] = (),
) -> list[CloudResource]:
    """What all parsers of resources make: of projects, of buckets, of the inventory."""
    gcp, listed = GcpIntegration(), [Project.model_validate(project) for project in projects]
    return [
        *gcp.project_resources(FullRefresh[ProjectsStream](listed)),
        *gcp.cloud_resources(
            FullRefresh[ProjectsStream](listed),
            FullRefresh[BucketsStream](map(Bucket.model_validate, buckets)),
            FullRefresh[BucketPoliciesStream](map(BucketPolicy.model_validate, policies)),
        ),
        *gcp.inventory_resources(
            FullRefresh[ProjectsStream](listed), FullRefresh[AssetsStream](map(Asset.model_validate, assets))
        ),
    ]


def findings(bucket: dict[str, Any], *policies: dict[str, Any], project: dict[str, Any] = PROJECT) -> list[Finding]:
    """The findings of a bucket in a project."""
    return list(
        GcpIntegration().findings(
            FullRefresh[ProjectsStream]([Project.model_validate(project)]),
            FullRefresh[BucketsStream]([Bucket.model_validate(bucket)]),
            FullRefresh[BucketPoliciesStream](map(BucketPolicy.model_validate, policies)),
        )
    )


def prevention(word: str | None) -> dict[str, Any]:
    return {**BUCKET, "iamConfiguration": {"publicAccessPrevention": word}}


def granting(*bindings: dict[str, Any]) -> dict[str, Any]:
    return {**POLICY, "bindings": list(bindings)}


def test_a_project_is_a_resource() -> None:
    [found] = resources(projects=(PROJECT,))

    assert found.uid == "//cloudresourcemanager.googleapis.com/projects/415104041262"
    assert (found.type, found.provider, found.name) == (PROJECT_ASSET["assetType"], "GCP", "Acme production")
    assert (found.account_uid, found.account_name, found.vendor_status) == ("acme-prod", "Acme production", "ACTIVE")
    assert found.tags == [Tag(name="cost", value=""), Tag(name="team", value="web")]
    assert found.created_time == datetime(2024, 5, 6, 7, 8, 9, 123_456, tzinfo=UTC)
    assert found.src_url == "https://console.cloud.google.com/welcome?project=acme-prod"


def test_a_bucket_is_a_resource_of_its_project() -> None:
    _, found = resources(projects=(PROJECT,), buckets=(BUCKET,), policies=(POLICY,))

    assert (found.uid, found.name, found.type) == (BUCKET_NAME, "acme-site", "storage.googleapis.com/Bucket")
    assert (found.account_uid, found.account_name, found.region) == ("acme-prod", "Acme production", "europe-west1")
    assert (found.is_public, found.is_encrypted) == (True, True)
    assert found.tags == [Tag(name="data", value="site")]
    assert (found.raw_record.stream, found.raw_record.key) == ("buckets", "acme-site")
    assert found.modified_time == datetime(2024, 6, 2, tzinfo=UTC)


def test_an_asset_is_a_resource_of_its_type() -> None:
    _, found = resources(projects=(PROJECT,), assets=(DISK,))

    assert (found.uid, found.type, found.name) == (DISK["name"], "compute.googleapis.com/Disk", "data-1")
    assert (found.account_uid, found.region, found.vendor_status) == ("acme-prod", "europe-west1", "READY")
    assert (found.is_public, found.is_encrypted) == (None, True)
    assert found.created_time == datetime(2024, 7, 1, 8, 2, 3, 4_000, tzinfo=UTC)
    assert found.raw_record.key == f'["{DISK["name"]}","compute.googleapis.com/Disk"]'


@pytest.mark.parametrize(
    ("location", "region"),
    [("europe-west1-b", "europe-west1"), ("us-east4", "us-east4"), ("global", "global"), ("us", "us"), ("", None)],
)
def test_a_zone_is_in_its_region(location: str, region: str | None) -> None:
    [found] = resources(assets=({**DISK, "resource": {"location": location}},))

    assert found.region == region


def test_what_is_in_a_project_that_is_not_listed_has_its_number() -> None:
    bucket, asset = resources(buckets=(BUCKET,), assets=(DISK,))

    assert (bucket.account_uid, asset.account_uid) == ("415104041262", "415104041262")


def test_projects_and_buckets_in_the_inventory_are_not_doubled() -> None:
    found = resources(projects=(PROJECT,), buckets=(BUCKET,), assets=(BUCKET_ASSET, PROJECT_ASSET, DISK))

    assert [item.raw_record.stream for item in found] == ["projects", "buckets", "assets"]


def test_a_bucket_or_a_project_that_only_the_inventory_tells_of_is_left_out() -> None:
    """The inventory is late: they may be gone."""
    assert resources(assets=(BUCKET_ASSET, PROJECT_ASSET)) == []


@pytest.mark.parametrize(
    ("bucket", "policies", "expected"),
    [
        pytest.param(BUCKET, (POLICY,), True, id="everyone may read"),
        pytest.param(prevention("enforced"), (POLICY,), False, id="prevention overrides the policy"),
        pytest.param(prevention("enforced"), (), False, id="prevention needs no policy"),
        pytest.param(prevention(None), (POLICY,), True, id="nothing said of prevention"),
        pytest.param(BUCKET, (granting(OWNERS),), False, id="people alone"),
        pytest.param(BUCKET, ({"resourceId": POLICY["resourceId"]},), False, id="no bindings"),
        pytest.param(BUCKET, ({**POLICY, "bindings": "odd"},), None, id="bindings of another shape"),
        pytest.param(BUCKET, (granting(READERS, {"role": 7}),), None, id="a binding of another shape"),
        pytest.param(BUCKET, (), None, id="policy not read"),
        pytest.param(BUCKET, ({**POLICY, "resourceId": "projects/_/buckets/other"},), None, id="another's policy"),
        pytest.param(
            BUCKET,
            (granting({"role": "roles/storage.objectCreator", "members": ["user:a@b.example", "allUsers"]}),),
            True,
            id="everyone may write",
        ),
        pytest.param(
            BUCKET,
            (granting({"role": "roles/storage.admin", "members": ["allAuthenticatedUsers"]}),),
            True,
            id="anyone with an account",
        ),
    ],
)
def test_whether_a_bucket_is_public(
    bucket: dict[str, Any], policies: tuple[dict[str, Any], ...], expected: bool | None
) -> None:
    [found] = resources(buckets=(bucket,), policies=policies)

    assert found.is_public is expected
    [finding] = findings(bucket, *policies)
    status, word, result = {
        True: ("New", "public", "Fail"),
        False: ("Resolved", "not public", "Pass"),
        None: ("Unknown", "unknown", "Unknown"),
    }[expected]
    assert (finding.status, finding.vendor_status, finding.resolved_time) == (status, word, None)
    assert event_of(finding)["compliance"]["status"] == result
    assert finding.id == findings(BUCKET, POLICY)[0].id


def test_a_public_bucket_is_a_finding_about_its_resource() -> None:
    _, resource = resources(projects=(PROJECT,), buckets=(BUCKET,), policies=(POLICY,))
    [found] = findings(BUCKET, POLICY)

    assert (found.class_uid, found.severity, found.status, found.rule) == (2003, "High", "New", "PUBLIC_BUCKET_ACL")
    assert (found.resource_id, found.resource_uid, found.resource_name) == (resource.id, resource.uid, "acme-site")
    assert found.status_detail == "allUsers: roles/storage.objectViewer"
    assert found.src_url == "https://console.cloud.google.com/storage/browser/acme-site;tab=permissions"
    assert (found.raw_record.stream, found.raw_record.key) == ("bucket_policies", "projects/_/buckets/acme-site")
    assert found.first_seen_time == datetime(2024, 6, 1, tzinfo=UTC)
    event = event_of(found)
    assert (event["class_uid"], event["activity_name"]) == (2003, "Update")


def test_a_finding_keeps_its_id_whatever_is_granted() -> None:
    more = {"role": "roles/storage.admin", "members": ["allAuthenticatedUsers", "allUsers"]}
    [one], [other] = findings(BUCKET, POLICY), findings(BUCKET, granting(READERS, more))

    assert one.id == other.id
    assert other.status_detail == (
        "allAuthenticatedUsers: roles/storage.admin; allUsers: roles/storage.admin, roles/storage.objectViewer"
    )


def test_a_finding_in_a_project_that_is_being_deleted_is_closed() -> None:
    [found] = findings(BUCKET, POLICY, project={**PROJECT, "state": "DELETE_REQUESTED"})

    assert (found.status, found.status_detail) == ("Archived", "project is being deleted")


@pytest.mark.parametrize(
    ("gone", "status", "detail"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), "Archived", "bucket no longer listed"),
        (None, "Unknown", "the bucket is missing from a list that may not be whole"),
    ],
)
def test_a_finding_of_a_bucket_that_is_not_listed_is_closed_when_it_is_certain(
    gone: datetime | None, status: str, detail: str
) -> None:
    buckets = FullRefresh[BucketsStream]([], gone={"acme-site": gone})
    [found] = GcpIntegration().findings(FullRefresh([]), buckets, FullRefresh([]))
    [before] = findings(BUCKET, POLICY)

    assert (found.status, found.status_detail, found.closed_time) == (status, detail, gone)
    assert (found.id, found.uid, found.resource_id) == (before.id, before.uid, before.resource_id)
    assert event_of(found)["compliance"]["status"] == "Unknown"


@pytest.mark.parametrize(
    ("type_", "is_encrypted"),
    [
        ("compute.googleapis.com/Disk", True),
        ("bigquery.googleapis.com/Table", True),
        ("sqladmin.googleapis.com/Instance", True),
        ("compute.googleapis.com/Firewall", None),
        ("iam.googleapis.com/ServiceAccount", None),
        ("example.googleapis.com/Unheard", None),
    ],
)
def test_only_of_what_stores_data_it_is_said_that_it_is_encrypted(type_: str, is_encrypted: bool | None) -> None:
    [found] = resources(assets=({**DISK, "assetType": type_},))

    assert found.is_encrypted is is_encrypted


HIDES = SensitiveFields(read_integration(GcpIntegration).streams["assets"].sensitive)


@pytest.mark.parametrize("type_", secret_fields(""))
def test_no_place_where_people_write_secrets_is_shown(type_: str) -> None:
    data = {**DISK["resource"]["data"], **secret_fields("canary-7f3a")[type_]}
    record = {**DISK, "assetType": type_, "resource": {"location": "europe-west1-b", "data": data}}
    text = json.dumps(record)
    shown = HIDES.hide(text)

    assert "canary-7f3a" not in shown
    assert HIDES.find_texts(text.encode(), with_names=False)
    # What the parser reads is not hidden.
    [whole], [hidden] = resources(assets=(record,)), resources(assets=(json.loads(shown),))
    assert hidden == whole


@pytest.mark.parametrize("place", ["config", "spec", "template", "build"])
def test_what_names_an_asset_or_its_project_is_shown(place: str) -> None:
    data = {"projectId": "acme-prod", "metadata": {"name": "web-1"}, place: {"image": "app"}}
    text = json.dumps({**DISK, "resource": {"data": data}})

    assert json.loads(HIDES.hide(text)) == json.loads(text)


def test_ids_differ_by_connection() -> None:
    project = [Project.model_validate(PROJECT)]
    bucket = [Bucket.model_validate(BUCKET)]
    policy = [BucketPolicy.model_validate(POLICY)]
    ids = {
        found.id
        for name in ("acme", "globex")
        for found in GcpIntegration(connection=name).findings(
            FullRefresh[ProjectsStream](project),
            FullRefresh[BucketsStream](bucket),
            FullRefresh[BucketPoliciesStream](policy),
        )
    }
    assert len(ids) == 2
