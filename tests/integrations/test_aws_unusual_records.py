"""Whatever optional parts of AWS's records hold, a bucket is a resource and its findings are valid; and what can't be
read never makes a bucket private."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dazz_assets import FullRefresh
from dazz_assets.domain import CloudResource, Finding, Identity
from dazz_assets.lake.objects.object_columns import make_batch
from integrations.aws.integration import AwsIntegration, BucketsStream
from integrations.aws.models import Account, Bucket, BucketSettings
from integrations.aws.rules import PUBLIC_READ
from tests.domain.test_ocsf_events import event_of
from tests.integrations.test_aws_findings import (
    ALL_USERS_READ,
    NO_BLOCK,
    PRIVATE,
    PUBLIC_POLICY,
    acl,
    block,
    encryption,
)
from tests.integrations.test_unusual_records import Path, change, optional, paths, thorough, unusual

ACCOUNT = {
    "Account": "111122223333",
    "Identity": {"Account": "111122223333", "Arn": "arn:aws:sts::111122223333:assumed-role/auditor/x", "UserId": "A:x"},
    "Aliases": {"AccountAliases": ["acme-prod"], "IsTruncated": False},
    "PublicAccessBlock": block(IgnorePublicAcls=False, RestrictPublicBuckets=False),
}
BUCKET = {"Name": "site", "BucketRegion": "eu-west-1", "CreationDate": "2024-03-01T12:00:00Z"}
FULL = {
    "Name": "site",
    "Acl": acl("AllUsers READ", "AuthenticatedUsers WRITE"),
    "Encryption": encryption("AES256"),
    "PolicyStatus": PUBLIC_POLICY,
    "PublicAccessBlock": block(IgnorePublicAcls=False, RestrictPublicBuckets=False),
    "Tagging": {"TagSet": [{"Key": "team", "Value": "growth"}]},
}
SETTINGS = [FULL, {"Name": "site", **PRIVATE}, {"Name": "site", **ALL_USERS_READ}]


def handles(account: str, bucket: str, settings: str) -> tuple[Any, Any, Any]:
    accounts = [Account.model_validate_json(account)]
    buckets = FullRefresh[BucketsStream]([Bucket.model_validate_json(bucket)], parents=accounts)
    return FullRefresh(accounts), buckets, FullRefresh([BucketSettings.model_validate_json(settings)])


@thorough
@given(unusual([ACCOUNT], {"Account"}), unusual([BUCKET], {"Name"}), unusual(SETTINGS, {"Name"}))
def test_unusual_records_are_valid_resources_and_findings(account: str, bucket: str, settings: str) -> None:
    integration, inputs = AwsIntegration(), handles(account, bucket, settings)
    resources = list(integration.cloud_resources(*inputs))
    assert [item.type for item in resources] == ["AWS::::Account", "AWS::S3::Bucket"]
    assert make_batch(resources, CloudResource).num_rows == 2
    findings = list(integration.findings(*inputs))
    assert len(findings) == 3
    assert make_batch(findings, Finding).num_rows == len(findings)
    assert all(event_of(finding) for finding in findings)
    identities = list(integration.identities(inputs[0]))
    assert make_batch(identities, Identity).num_rows == 1


# Saying that a block is on, or that there is no public policy, is an answer and not an unusual record.
_ANSWERS = st.sampled_from(["null", '"?"', "[7]", "{}", '{"Error": {"Code": "AccessDenied"}}']).map(json.loads)
_IN_FULL = [path for path in paths(FULL) if path[0] in ("Acl", "PolicyStatus", "PublicAccessBlock")]


@thorough
@given(st.lists(st.sampled_from(_IN_FULL), min_size=1, max_size=6), st.data())
def test_a_public_bucket_of_which_parts_can_not_be_read_is_never_private(
    changed: list[Path], data: st.DataObject
) -> None:
    settings = deepcopy(FULL)
    for path in changed:
        change(settings, path, data.draw(_ANSWERS))
    inputs = handles(json.dumps({**ACCOUNT, "PublicAccessBlock": NO_BLOCK}), json.dumps(BUCKET), json.dumps(settings))
    _, bucket = AwsIntegration().cloud_resources(*inputs)
    assert bucket.is_public is not False or not _may_be_public(settings)
    statuses = {finding.rule: finding.status for finding in AwsIntegration().findings(*inputs)}
    assert statuses[PUBLIC_READ] != "Resolved" or not _may_be_public(settings)


def _may_be_public(settings: dict[str, Any]) -> bool:
    """Whether a grant to a public group, or a public policy, is still there to be read, whatever became of the rest."""
    text = json.dumps(settings["Acl"])
    return "groups/global/" in text or settings["PolicyStatus"] == PUBLIC_POLICY


def test_the_parts_that_make_a_record_itself_are_all_that_is_needed() -> None:
    assert ("Name",) not in optional(FULL, {"Name"})
    resources = list(AwsIntegration().cloud_resources(*handles('{"Account": "1"}', '{"Name": "b"}', '{"Name": "b"}')))
    assert [item.name for item in resources] == [None, "b"]
