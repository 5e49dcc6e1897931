"""What the parsers make of AWS's records: who may reach a bucket, and that what is not known is no answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from dazz_assets import FullRefresh
from dazz_assets.domain import CloudResource, Finding, Severity, Status
from integrations.aws.integration import (
    ENCRYPTION,
    PUBLIC_READ,
    PUBLIC_WRITE,
    AccountsStream,
    AwsIntegration,
    BucketSettingsStream,
    BucketsStream,
)
from integrations.aws.models import Account, Bucket, BucketSettings
from tests.domain.test_ocsf_events import event_of

ID = "111122223333"
GROUPS = "http://acs.amazonaws.com/groups/global/"
DENIED = {"Error": {"Code": "AccessDenied", "Message": "Access Denied"}}
NO_BLOCK = {"Error": {"Code": "NoSuchPublicAccessBlockConfiguration", "Message": ""}}
NO_POLICY = {"Error": {"Code": "NoSuchBucketPolicy", "Message": ""}}
NO_TAGS = {"Error": {"Code": "NoSuchTagSet", "Message": ""}}
NO_ENCRYPTION = {"Error": {"Code": "ServerSideEncryptionConfigurationNotFoundError", "Message": ""}}
PUBLIC_POLICY = {"PolicyStatus": {"IsPublic": True}}
OWNERS = {"Grantee": {"Type": "CanonicalUser", "ID": "75aa57f0"}, "Permission": "FULL_CONTROL"}
LOGS = {"Grantee": {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/s3/LogDelivery"}, "Permission": "WRITE"}


def block(**settings: bool) -> dict[str, Any]:
    return {"PublicAccessBlockConfiguration": settings}


def acl(*grants: str) -> dict[str, Any]:
    """An ACL with grants to groups, such as `AllUsers READ`, besides the owner's."""
    given = [
        {"Grantee": {"Type": "Group", "URI": GROUPS + group}, "Permission": permission}
        for group, _, permission in (grant.partition(" ") for grant in grants)
    ]
    return {"Owner": {"ID": "75aa57f0"}, "Grants": [OWNERS, LOGS, *given]}


def encryption(algorithm: str) -> dict[str, Any]:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm}, "BucketKeyEnabled": True}
    return {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}


PRIVATE: Mapping[str, Any] = {
    "Acl": acl(),
    "Encryption": encryption("AES256"),
    "PolicyStatus": NO_POLICY,
    "PublicAccessBlock": NO_BLOCK,
    "Tagging": NO_TAGS,
}


class Parsed:
    """What comes of one bucket with these settings, in an account with this public access block."""

    def __init__(self, settings: Mapping[str, Any], *, account_block: Any = NO_BLOCK) -> None:
        identity = {"Arn": f"arn:aws:sts::{ID}:assumed-role/auditor/dazz-assets", "Account": ID}
        account = {"Account": ID, "Identity": identity, "Aliases": {"AccountAliases": ["acme-prod"]}}
        accounts = FullRefresh[AccountsStream](
            [Account.model_validate({**account, "PublicAccessBlock": account_block})]
        )
        bucket = {"Name": "site", "CreationDate": "2024-03-01T12:00:00Z", "BucketRegion": "eu-west-1"}
        buckets = FullRefresh[BucketsStream]([Bucket.model_validate(bucket)], parents=list(accounts))
        known = FullRefresh[BucketSettingsStream]([BucketSettings.model_validate({"Name": "site", **settings})])
        self.integration = AwsIntegration()
        self.findings: dict[str, Finding] = {
            str(finding.rule): finding for finding in self.integration.findings(accounts, buckets, known)
        }
        self.account, self.bucket = self.integration.cloud_resources(accounts, buckets, known)
        [self.identity] = self.integration.identities(accounts)

    @property
    def statuses(self) -> dict[str, str]:
        return {rule: finding.vendor_status for rule, finding in self.findings.items()}


ALL_USERS_READ = {**PRIVATE, "Acl": acl("AllUsers READ")}
IGNORED = block(IgnorePublicAcls=True)
RESTRICTED = block(RestrictPublicBuckets=True)


@pytest.mark.parametrize(
    ("settings", "account_block", "is_public", "statuses"),
    [
        (PRIVATE, NO_BLOCK, False, {}),
        (ALL_USERS_READ, NO_BLOCK, True, {PUBLIC_READ: "NON_COMPLIANT"}),
        ({**PRIVATE, "Acl": acl("AuthenticatedUsers READ_ACP")}, NO_BLOCK, True, {PUBLIC_READ: "NON_COMPLIANT"}),
        ({**PRIVATE, "Acl": acl("AllUsers WRITE")}, NO_BLOCK, True, {PUBLIC_WRITE: "NON_COMPLIANT"}),
        (
            {**PRIVATE, "Acl": acl("AllUsers FULL_CONTROL")},
            NO_BLOCK,
            True,
            {PUBLIC_READ: "NON_COMPLIANT", PUBLIC_WRITE: "NON_COMPLIANT"},
        ),
        ({**PRIVATE, "PolicyStatus": PUBLIC_POLICY}, NO_BLOCK, True, {PUBLIC_READ: "NON_COMPLIANT"}),
        ({**PRIVATE, "PolicyStatus": {"PolicyStatus": {"IsPublic": False}}}, NO_BLOCK, False, {}),
        # What a public access block stops is not open, whoever has it.
        ({**ALL_USERS_READ, "PublicAccessBlock": IGNORED}, NO_BLOCK, False, {PUBLIC_READ: "COMPLIANT"}),
        (ALL_USERS_READ, IGNORED, False, {PUBLIC_READ: "COMPLIANT"}),
        ({**ALL_USERS_READ, "PublicAccessBlock": DENIED}, IGNORED, False, {PUBLIC_READ: "COMPLIANT"}),
        ({**PRIVATE, "PolicyStatus": PUBLIC_POLICY}, RESTRICTED, False, {PUBLIC_READ: "COMPLIANT"}),
        # Settings that stop only what comes later, and those of the other kind, stop nothing.
        (ALL_USERS_READ, block(BlockPublicAcls=True, BlockPublicPolicy=True), True, {PUBLIC_READ: "NON_COMPLIANT"}),
        (ALL_USERS_READ, RESTRICTED, True, {PUBLIC_READ: "NON_COMPLIANT"}),
        # One way in is enough.
        ({**ALL_USERS_READ, "PolicyStatus": PUBLIC_POLICY}, RESTRICTED, True, {PUBLIC_READ: "NON_COMPLIANT"}),
        # What AWS would not tell is not known.
        ({**PRIVATE, "Acl": DENIED}, NO_BLOCK, None, {}),
        ({**PRIVATE, "PolicyStatus": DENIED}, NO_BLOCK, None, {}),
        ({**PRIVATE, "Acl": DENIED}, IGNORED, False, {}),
        ({**ALL_USERS_READ, "PublicAccessBlock": DENIED}, NO_BLOCK, None, {PUBLIC_READ: "INSUFFICIENT_DATA"}),
        (ALL_USERS_READ, DENIED, None, {PUBLIC_READ: "INSUFFICIENT_DATA"}),
        ({**ALL_USERS_READ, "PolicyStatus": DENIED}, NO_BLOCK, True, {PUBLIC_READ: "NON_COMPLIANT"}),
        ({}, NO_BLOCK, None, {}),
        # Part of an ACL that can't be read may be the part that counts.
        ({**PRIVATE, "Acl": {"Grants": [OWNERS, {"Grantee": None, "Permission": "READ"}]}}, NO_BLOCK, None, {}),
    ],
)
def test_a_bucket_is_public_as_far_as_acl_policy_and_public_access_blocks_tell(
    settings: Mapping[str, Any], account_block: Any, is_public: bool | None, statuses: dict[str, str]
) -> None:
    parsed = Parsed(settings, account_block=account_block)
    assert parsed.bucket.is_public is is_public
    assert parsed.statuses == statuses


@pytest.mark.parametrize(
    ("part", "is_encrypted", "rules"),
    [
        (encryption("AES256"), True, set()),
        (encryption("aws:kms"), True, set()),
        (NO_ENCRYPTION, False, {ENCRYPTION}),
        (DENIED, None, set()),
        ({"ServerSideEncryptionConfiguration": {"Rules": []}}, None, set()),
    ],
)
def test_a_bucket_is_encrypted_if_it_has_a_rule(part: Any, is_encrypted: bool | None, rules: set[str]) -> None:
    parsed = Parsed({**PRIVATE, "Encryption": part})
    assert parsed.bucket.is_encrypted is is_encrypted
    assert parsed.findings.keys() == rules


def test_a_finding_says_why_and_of_which_bucket() -> None:
    parsed = Parsed({**ALL_USERS_READ, "PolicyStatus": PUBLIC_POLICY}, account_block=RESTRICTED)
    finding = parsed.findings[PUBLIC_READ]
    assert finding.status_detail == (
        "the ACL grants READ to AllUsers; the policy is public (stopped by the public access block of the account)"
    )
    assert (finding.class_uid, finding.status_id, finding.severity_id) == (2003, Status.NEW, Severity.CRITICAL)
    assert finding.resource_id == parsed.bucket.id
    assert finding.resource_uid == parsed.bucket.uid == "arn:aws:s3:::site"
    assert (finding.resource_type, finding.owner) == ("AWS::S3::Bucket", "acme-prod")
    assert finding.uid == f"arn:aws:s3:::site/{PUBLIC_READ}"
    assert (finding.raw_record.stream, finding.raw_record.key) == ("bucket_settings", "site")


@pytest.mark.parametrize(
    ("settings", "status", "result"),
    [
        (ALL_USERS_READ, Status.NEW, "Fail"),
        ({**ALL_USERS_READ, "PublicAccessBlock": IGNORED}, Status.RESOLVED, "Pass"),
        ({**ALL_USERS_READ, "PublicAccessBlock": DENIED}, Status.UNKNOWN, "Unknown"),
    ],
)
def test_a_finding_keeps_its_id_whatever_becomes_of_it(
    settings: Mapping[str, Any], status: Status, result: str
) -> None:
    parsed = Parsed(settings)
    finding = parsed.findings[PUBLIC_READ]
    assert finding.status_id == status
    assert event_of(finding)["compliance"]["status"] == result
    assert finding.id == parsed.integration.object_id("bucket", "site", PUBLIC_READ)


def test_a_resource_has_what_is_known_of_the_bucket() -> None:
    tags = {"TagSet": [{"Key": "team", "Value": "growth"}, {"Key": "temporary", "Value": ""}]}
    parsed = Parsed({**PRIVATE, "Tagging": tags})
    bucket, account = parsed.bucket, parsed.account
    assert [(tag.name, tag.value) for tag in bucket.tags] == [("team", "growth"), ("temporary", "")]
    assert bucket.created_time is not None
    assert bucket.created_time.isoformat() == "2024-03-01T12:00:00+00:00"
    assert (bucket.region, bucket.account_uid, bucket.account_name) == ("eu-west-1", ID, "acme-prod")
    assert bucket.src_url == "https://console.aws.amazon.com/s3/buckets/site"
    assert bucket.owner_id == account.id == parsed.identity.id
    assert (account.type, account.uid, account.name) == ("AWS::::Account", ID, "acme-prod")


@pytest.mark.parametrize(
    ("partition", "arn", "url"),
    [
        ("aws-cn", "arn:aws-cn:s3:::site", "https://console.amazonaws.cn/s3/buckets/site"),
        ("aws-us-gov", "arn:aws-us-gov:s3:::site", "https://console.amazonaws-us-gov.com/s3/buckets/site"),
        ("aws-iso", "arn:aws-iso:s3:::site", None),
    ],
)
def test_an_arn_has_the_partition_of_its_account(partition: str, arn: str, url: str | None) -> None:
    accounts = FullRefresh[AccountsStream](
        [Account.model_validate({"Account": ID, "Identity": {"Arn": f"arn:{partition}:iam::{ID}:x"}})]
    )
    buckets = FullRefresh[BucketsStream]([Bucket(name="site")], parents=list(accounts))
    _, bucket = AwsIntegration().cloud_resources(accounts, buckets, FullRefresh([]))
    assert (bucket.uid, bucket.src_url) == (arn, url)


def test_a_bucket_without_settings_or_account_is_a_resource_of_which_nothing_is_known() -> None:
    buckets = FullRefresh[BucketsStream]([Bucket(name="site")], parents=[None])
    resources: list[CloudResource] = list(AwsIntegration().cloud_resources(FullRefresh([]), buckets, FullRefresh([])))
    assert [(item.is_public, item.is_encrypted, item.account_uid) for item in resources] == [(None, None, None)]
    assert list(AwsIntegration().findings(FullRefresh([]), buckets, FullRefresh([]))) == []
