"""What the parsers make of AWS's records: who may reach a bucket, and that what is not known is no answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from dazz_assets import FullRefresh
from dazz_assets.domain import CloudResource, Finding, Severity, Status
from integrations.aws.integration import AccountsStream, AwsIntegration, BucketSettingsStream, BucketsStream
from integrations.aws.models import Account, Bucket, BucketSettings
from integrations.aws.rules import ENCRYPTION, PUBLIC_READ, PUBLIC_WRITE
from tests.domain.test_ocsf_events import event_of

ID = "111122223333"
GROUPS = "http://acs.amazonaws.com/groups/global/"
DENIED = {"Error": {"Code": "AccessDenied", "Message": "Access Denied"}}
TIMED_OUT = {"Error": {"Code": "ReadTimeoutError", "Message": "no answer came"}}
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


OPEN, KEPT, UNSURE = "NON_COMPLIANT", "COMPLIANT", "INSUFFICIENT_DATA"
PUBLIC: Mapping[str, Any] = {**PRIVATE, "PolicyStatus": PUBLIC_POLICY}
ODD_ACL = {"Grants": [OWNERS, {"Grantee": None, "Permission": "READ"}]}


@pytest.mark.parametrize(
    ("settings", "account_block", "is_public", "read", "write"),
    [
        (PRIVATE, NO_BLOCK, False, KEPT, KEPT),
        (ALL_USERS_READ, NO_BLOCK, True, OPEN, KEPT),
        ({**PRIVATE, "Acl": acl("AuthenticatedUsers READ_ACP")}, NO_BLOCK, True, OPEN, KEPT),
        ({**PRIVATE, "Acl": acl("AllUsers WRITE")}, NO_BLOCK, True, KEPT, OPEN),
        ({**PRIVATE, "Acl": acl("AllUsers FULL_CONTROL")}, NO_BLOCK, True, OPEN, OPEN),
        # AWS does not say what a public policy allows.
        (PUBLIC, NO_BLOCK, True, OPEN, UNSURE),
        ({**PUBLIC, "Acl": acl("AllUsers WRITE")}, NO_BLOCK, True, OPEN, OPEN),
        ({**PRIVATE, "PolicyStatus": {"PolicyStatus": {"IsPublic": False}}}, NO_BLOCK, False, KEPT, KEPT),
        # What a public access block stops is not open, whoever has it.
        ({**ALL_USERS_READ, "PublicAccessBlock": IGNORED}, NO_BLOCK, False, KEPT, KEPT),
        (ALL_USERS_READ, IGNORED, False, KEPT, KEPT),
        ({**ALL_USERS_READ, "PublicAccessBlock": DENIED}, IGNORED, False, KEPT, KEPT),
        (PUBLIC, RESTRICTED, False, KEPT, KEPT),
        # Settings that stop only what comes later, and those of the other kind, stop nothing.
        (ALL_USERS_READ, block(BlockPublicAcls=True, BlockPublicPolicy=True), True, OPEN, KEPT),
        (ALL_USERS_READ, RESTRICTED, True, OPEN, KEPT),
        # One way in is enough.
        ({**PUBLIC, "Acl": acl("AllUsers READ")}, RESTRICTED, True, OPEN, KEPT),
        # What AWS would not tell, or did not answer in time, is not known: neither a problem nor none.
        ({**PRIVATE, "Acl": DENIED}, NO_BLOCK, None, UNSURE, UNSURE),
        ({**PRIVATE, "Acl": TIMED_OUT}, NO_BLOCK, None, UNSURE, UNSURE),
        ({**PRIVATE, "PolicyStatus": DENIED}, NO_BLOCK, None, UNSURE, UNSURE),
        ({**PRIVATE, "PolicyStatus": DENIED}, RESTRICTED, False, KEPT, KEPT),
        ({**PRIVATE, "Acl": DENIED}, IGNORED, False, KEPT, KEPT),
        ({**PUBLIC, "Acl": DENIED}, NO_BLOCK, True, OPEN, UNSURE),
        ({**ALL_USERS_READ, "PublicAccessBlock": DENIED}, NO_BLOCK, None, UNSURE, KEPT),
        (ALL_USERS_READ, DENIED, None, UNSURE, KEPT),
        ({**ALL_USERS_READ, "PolicyStatus": DENIED}, NO_BLOCK, True, OPEN, UNSURE),
        ({}, NO_BLOCK, None, UNSURE, UNSURE),
        # Part of an ACL that can't be read may be the part that counts.
        ({**PRIVATE, "Acl": ODD_ACL}, NO_BLOCK, None, UNSURE, UNSURE),
    ],
)
def test_a_bucket_is_public_as_far_as_acl_policy_and_public_access_blocks_tell(
    settings: Mapping[str, Any], account_block: Any, is_public: bool | None, read: str, write: str
) -> None:
    parsed = Parsed(settings, account_block=account_block)
    assert parsed.bucket.is_public is is_public
    assert (parsed.statuses[PUBLIC_READ], parsed.statuses[PUBLIC_WRITE]) == (read, write)


@pytest.mark.parametrize(
    ("part", "is_encrypted", "status"),
    [
        (encryption("AES256"), True, KEPT),
        (encryption("aws:kms"), True, KEPT),
        (NO_ENCRYPTION, False, OPEN),
        (DENIED, None, UNSURE),
        (TIMED_OUT, None, UNSURE),
        ({"ServerSideEncryptionConfiguration": {"Rules": []}}, None, UNSURE),
    ],
)
def test_a_bucket_is_encrypted_if_it_has_a_rule(part: Any, is_encrypted: bool | None, status: str) -> None:
    parsed = Parsed({**PRIVATE, "Encryption": part})
    assert parsed.bucket.is_encrypted is is_encrypted
    assert parsed.statuses[ENCRYPTION] == status


@pytest.mark.parametrize("error", [DENIED, TIMED_OUT])
@pytest.mark.parametrize("part", ["Acl", "Encryption", "PolicyStatus", "PublicAccessBlock", "Tagging"])
def test_no_finding_vanishes_when_a_part_of_the_settings_is_refused(part: str, error: dict[str, Any]) -> None:
    open_everywhere = {**PUBLIC, "Acl": acl("AllUsers FULL_CONTROL"), "Encryption": NO_ENCRYPTION}
    before, after = Parsed(open_everywhere), Parsed({**open_everywhere, part: error})
    assert set(before.statuses.values()) == {OPEN}
    assert {rule: finding.id for rule, finding in after.findings.items()} == {
        rule: finding.id for rule, finding in before.findings.items()
    }
    assert KEPT not in after.statuses.values()


def test_a_finding_of_a_deleted_bucket_is_closed_and_keeps_its_id() -> None:
    gone = datetime(2026, 1, 31, tzinfo=UTC)
    parsed = Parsed(ALL_USERS_READ)
    account = Account.model_validate({"Account": ID, "Identity": {"Arn": f"arn:aws:iam::{ID}:x"}})
    buckets = FullRefresh[BucketsStream]([], parents=[], gone={"site": gone})
    closed = {item.rule: item for item in AwsIntegration().findings(FullRefresh([account]), buckets, FullRefresh([]))}
    assert closed.keys() == {PUBLIC_READ, PUBLIC_WRITE, ENCRYPTION}
    for rule, finding in closed.items():
        before = parsed.findings[str(rule)]
        assert (finding.id, finding.uid, finding.resource_id) == (before.id, before.uid, before.resource_id)
        assert (finding.status, finding.closed_time, finding.resolved_time) == ("Archived", gone, None)
        assert (finding.vendor_status, finding.status_detail) == ("NOT_APPLICABLE", "bucket no longer listed")
        event = event_of(finding)
        assert (event["activity_name"], event["time"]) == ("Close", gone.timestamp() * 1_000)


def test_of_a_bucket_that_is_missing_from_a_list_that_may_not_be_whole_nothing_is_known() -> None:
    buckets = FullRefresh[BucketsStream]([], parents=[], gone={"site": None})
    found = list(AwsIntegration().findings(FullRefresh([]), buckets, FullRefresh([])))
    assert {(item.status, item.vendor_status) for item in found} == {("Unknown", UNSURE)}
    assert len(found) == 3


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
    assert finding.first_seen_time == parsed.bucket.created_time
    assert event_of(finding)["activity_name"] == "Update"


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
    findings = list(AwsIntegration().findings(FullRefresh([]), buckets, FullRefresh([])))
    assert [(item.rule, item.status) for item in findings] == [
        (rule, "Unknown") for rule in (PUBLIC_READ, PUBLIC_WRITE, ENCRYPTION)
    ]
