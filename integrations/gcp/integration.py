"""Google Cloud, through the Resource Manager, Cloud Asset and Cloud Storage APIs: https://cloud.google.com/apis/docs"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime

from dazz_assets import CursorToken, FullRefresh, Integration, JwtGrant, Rate, SignedJwt, Stream, parser
from dazz_assets.domain import CloudResource, Finding, FindingClass, RawRecord, Severity

from .asset_types import BUCKET, PROJECT, SECRET_PLACES, STORES_DATA
from .bucket_access import Judgement, is_public, judge, judge_missing
from .config import GcpConfig
from .default_credentials import SCOPE, ApplicationDefaultCredentials, DefaultCredentialsSeam
from .models import Asset, AssetData, AssetResource, Bucket, BucketPolicy, Project

CONSOLE = "https://console.cloud.google.com"
# The name of this check in Security Command Center, which has a page on it:
# https://cloud.google.com/security-command-center/docs/concepts-vulnerabilities-findings#storage-findings
RULE = "PUBLIC_BUCKET_ACL"
_ZONE = re.compile(r"([a-z]+-[a-z]+\d+)-[a-z]")
# How the APIs say that a project is being deleted, which is listed for 30 days.
_DELETED = ((403, "has been deleted"), (403, "scheduled for deletion"), (404, "project was not found"))


class ProjectsStream(Stream[Project]):
    """Projects that the credentials may see, those that are being deleted too.
    https://cloud.google.com/resource-manager/reference/rest/v3/projects/search"""

    path = "/v3/projects:search"
    params = {"query": "{config.project_query}", "pageSize": 500}
    records = "projects"
    primary_key = "name"
    permissions = ("resourcemanager.projects.get",)


class AssetsStream(Stream[Asset]):
    """The inventory of a project: all resources of the types that Google lists there.
    https://cloud.google.com/asset-inventory/docs/reference/rest/v1/assets/list

    Limits: https://cloud.google.com/asset-inventory/docs/quota. Without `readTime` a list is as of its first request.
    """

    base_url = "{config.asset_url}"
    parent = ProjectsStream
    path = "/v1/projects/{parent.projectId}/assets"
    params = {"contentType": "RESOURCE", "pageSize": 1000}
    records = "assets"
    primary_key = ("name", "assetType")
    accept = dict.fromkeys(_DELETED, "skip")
    rate = (Rate(20, per=1), Rate(100, per=60))
    permissions = ("cloudasset.assets.listResource",)
    sensitive = SECRET_PLACES


class BucketsStream(Stream[Bucket]):
    """Storage buckets of a project. https://cloud.google.com/storage/docs/json_api/v1/buckets/list"""

    base_url = "{config.storage_url}"
    parent = ProjectsStream
    path = "/storage/v1/b"
    params = {"project": "{parent.projectId}", "maxResults": 1000}
    records = "items"
    primary_key = "name"
    accept = {**dict.fromkeys(_DELETED, "skip"), (400, "Unknown project id"): "skip"}
    permissions = ("storage.buckets.list",)


class BucketPoliciesStream(Stream[BucketPolicy]):
    """The IAM policy of each bucket. https://cloud.google.com/storage/docs/json_api/v1/buckets/getIamPolicy

    A bucket whose requesters pay gives it only to those who name a project to be billed.
    """

    base_url = "{config.storage_url}"
    parent = BucketsStream
    path = "/storage/v1/b/{parent.name}/iam"
    params = {"optionsRequestedPolicyVersion": 3}
    shape = "object"
    primary_key = "resourceId"
    accept = {(400, "requester pays"): "skip"}
    permissions = ("storage.buckets.getIamPolicy",)


class GcpIntegration(Integration[GcpConfig]):
    """Projects, the resources in them, and who may read their buckets.

    Lists leave out what is empty: a page without any has no list. Projects, buckets and the inventory have a parser
    each, as the inventory is often switched off: that costs what only it has.
    """

    base_url = "https://cloudresourcemanager.googleapis.com"
    auth = (
        JwtGrant(
            SignedJwt("{config.private_key}", claims={"iss": "{config.client_email}"}),
            token_url="{config.token_url}",  # noqa: S106 - an address
            scope=SCOPE,
        ),
        ApplicationDefaultCredentials(),
    )
    permissions_url = "https://cloud.google.com/iam/docs/roles-permissions"
    seams = (DefaultCredentialsSeam(),)
    empty = ("object", "missing")
    paginator = CursorToken("nextPageToken", param="pageToken")
    concurrency = 4
    check = ProjectsStream
    streams = (ProjectsStream, AssetsStream, BucketsStream, BucketPoliciesStream)

    @parser
    def cloud_resources(
        self,
        projects: FullRefresh[ProjectsStream],
        buckets: FullRefresh[BucketsStream],
        policies: FullRefresh[BucketPoliciesStream],
    ) -> Iterator[CloudResource]:
        """Buckets, and whether they are public."""
        by_number = {project.number: project for project in projects}
        by_bucket = {policy.bucket: policy for policy in policies}
        for bucket in buckets:
            yield self._bucket(bucket, by_bucket.get(bucket.name), by_number.get(bucket.project_number or ""))

    @parser
    def project_resources(self, projects: FullRefresh[ProjectsStream]) -> Iterator[CloudResource]:
        """Projects."""
        for project in projects:
            yield self._project(project)

    @parser
    def inventory_resources(
        self, projects: FullRefresh[ProjectsStream], assets: FullRefresh[AssetsStream]
    ) -> Iterator[CloudResource]:
        """What the inventory has, but for projects and buckets: their own lists tell of these sooner."""
        by_number = {project.number: project for project in projects}
        for asset in assets:
            if asset.asset_type not in (PROJECT, BUCKET):
                yield self._asset(asset, by_number.get(asset.project_number or ""))

    @parser
    def findings(
        self,
        projects: FullRefresh[ProjectsStream],
        buckets: FullRefresh[BucketsStream],
        policies: FullRefresh[BucketPoliciesStream],
    ) -> Iterator[Finding]:
        """Whether buckets are open to everyone, of each bucket."""
        by_bucket = {policy.bucket: policy for policy in policies}
        deleted = {project.number for project in projects if project.state == "DELETE_REQUESTED"}
        for bucket in buckets:
            finding = self._finding(bucket.name, judge(bucket, by_bucket.get(bucket.name)), bucket.time_created)
            yield finding.closed("project is being deleted") if bucket.project_number in deleted else finding
        for name, gone in buckets.departures().items():
            yield self._finding(name, judge_missing(gone))

    def _resource_id(self, type_: str, name: str) -> str:
        """The id of a resource, from its type and its full resource name."""
        return self.object_id(type_, name)

    def _project(self, project: Project) -> CloudResource:
        return CloudResource(
            id=self._resource_id(PROJECT, _project_name(project)),
            uid=_project_name(project),
            name=project.display_name or project.project_id,
            type=PROJECT,
            provider="GCP",
            account_uid=project.project_id,
            account_name=project.display_name,
            src_url=f"{CONSOLE}/welcome?project={project.project_id}",
            raw_record=RawRecord(stream="projects", key=project.name),
            vendor_status=project.state,
            tags=project.tags,
            created_time=project.create_time,
            modified_time=project.update_time,
        )

    def _bucket(self, bucket: Bucket, policy: BucketPolicy | None, project: Project | None) -> CloudResource:
        return CloudResource(
            id=self._resource_id(BUCKET, _bucket_name(bucket.name)),
            uid=_bucket_name(bucket.name),
            name=bucket.name,
            type=BUCKET,
            provider="GCP",
            account_uid=project.project_id if project else bucket.project_number,
            account_name=project.display_name if project else None,
            region=bucket.location.lower() if bucket.location else None,
            src_url=_bucket_url(bucket.name),
            raw_record=RawRecord(stream="buckets", key=bucket.name),
            is_public=is_public(bucket, policy),
            is_encrypted=True,
            tags=bucket.tags,
            created_time=bucket.time_created,
            modified_time=bucket.updated,
        )

    def _asset(self, asset: Asset, project: Project | None) -> CloudResource:
        resource = asset.resource or AssetResource()
        data = resource.data or AssetData()
        return CloudResource(
            id=self._resource_id(asset.asset_type, asset.name),
            uid=asset.name,
            name=data.display_name or asset.name.rpartition("/")[2],
            type=asset.asset_type,
            provider="GCP",
            account_uid=project.project_id if project else asset.project_number,
            account_name=project.display_name if project else None,
            region=_region(resource.location),
            raw_record=RawRecord(stream="assets", key=_asset_key(asset)),
            vendor_status=data.state or data.status,
            is_encrypted=True if asset.asset_type in STORES_DATA else None,
            tags=data.tags,
            created_time=data.create_time or data.creation_timestamp or data.time_created,
            modified_time=asset.update_time,
        )

    def _finding(self, bucket: str, judged: Judgement, created: datetime | None = None) -> Finding:
        name = _bucket_name(bucket)
        return Finding(
            id=self.object_id(RULE, BUCKET, name),
            uid=f"{name}#{RULE}",
            src_url=f"{_bucket_url(bucket)};tab=permissions",
            class_uid=FindingClass.COMPLIANCE,
            title="Storage bucket is public",
            raw_record=RawRecord(stream="bucket_policies", key=f"projects/_/buckets/{bucket}"),
            status_id=judged.status,
            vendor_status=judged.word,
            status_detail=judged.why,
            severity_id=Severity.HIGH,
            resource_type=BUCKET,
            resource_id=self._resource_id(BUCKET, name),
            resource_uid=name,
            resource_name=bucket,
            rule=RULE,
            first_seen_time=created,  # since when the rule applies
            closed_time=judged.closed,
        )


def _project_name(project: Project) -> str:
    return f"//cloudresourcemanager.googleapis.com/{project.name}"


def _bucket_name(name: str) -> str:
    return f"//storage.googleapis.com/{name}"


def _bucket_url(name: str) -> str:
    return f"{CONSOLE}/storage/browser/{name}"


def _region(location: str | None) -> str | None:
    """The region of a place: a zone is in one, `europe-west1-b` in `europe-west1`."""
    zone = _ZONE.fullmatch(location or "")
    return zone[1] if zone else location or None


def _asset_key(asset: Asset) -> str:
    """The key of its raw record."""
    return json.dumps([asset.name, asset.asset_type], ensure_ascii=False, separators=(",", ":"))
