"""AWS, through boto3: https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dazz_assets import FullRefresh, Integration, Response, Stream, parser
from dazz_assets.domain import (
    CloudResource,
    Finding,
    FindingClass,
    Identity,
    RawRecord,
    Tag,
    UserType,
)
from dazz_assets.http.errors import FetchError

from .answers import Record, answer, ask, is_unreachable, refusals, response_of, unknown
from .config import AwsConfig
from .exposure import is_encrypted, is_public
from .models import Account, Bucket, BucketSettings, Role
from .rules import RULES, Judgement, Rule, judge_missing
from .seam import BotocoreSeam

if TYPE_CHECKING:
    from .clients import AwsClients

BUCKETS_A_PAGE = 1_000
# The parts of a bucket's settings, and the methods of boto3 that ask for them.
SETTINGS = {
    "Acl": "get_bucket_acl",
    "Encryption": "get_bucket_encryption",
    "Logging": "get_bucket_logging",
    "PolicyStatus": "get_bucket_policy_status",
    "PublicAccessBlock": "get_public_access_block",
    "Tagging": "get_bucket_tagging",
    "Versioning": "get_bucket_versioning",
}
BUCKET = "AWS::S3::Bucket"
CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


class RolesStream(Stream[Role]):
    """The accounts to be read: those of the config's roles, or the one that the credentials belong to.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html, which needs no permission
    Each is read by itself, so that one which refuses us keeps what is stored of it.
    """

    records = "Roles"
    primary_key = "Account"

    @classmethod
    def pages(cls, client: AwsClients, params: Mapping[str, Any]) -> Iterator[Any]:
        if not client.accounts:
            yield {"Roles": [{"Account": client.of("sts").get_caller_identity()["Account"]}]}
            return
        yield {"Roles": [{"Account": account} for account in client.accounts]}


class AccountsStream(Stream[Account]):
    """The accounts, with what is set for all of their buckets.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccountAliases.html
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetPublicAccessBlock.html
    """

    parent = RolesStream
    params = {"Account": "{parent.Account}"}
    records = "Accounts"
    shape = "object"
    primary_key = "Account"
    permissions = ("iam:ListAccountAliases", "s3:GetAccountPublicAccessBlock")
    personal = ("Identity.Arn", "Identity.UserId")  # In single sign-on a session is named for the person.
    accept = {200: "keep"}  # What is refused comes as `Errors` beside the records.

    @classmethod
    def pages(cls, client: AwsClients, params: Mapping[str, Any]) -> Iterator[Any]:
        account = _describe_account(client, params["Account"])
        yield {"Accounts": account, "Errors": refusals(account)}


class BucketsStream(Stream[Bucket]):
    """Buckets of an account, in all regions. https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html"""

    parent = AccountsStream
    params = {"Account": "{parent.Account}"}
    records = "Buckets"
    primary_key = "Name"
    permissions = ("s3:ListAllMyBuckets",)

    @classmethod
    def pages(cls, client: AwsClients, params: Mapping[str, Any]) -> Iterator[Any]:
        s3 = client.of("s3", params["Account"])
        # Without a size, S3 tells no regions, and refuses accounts that may have more than 10,000 buckets.
        for page in s3.get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": BUCKETS_A_PAGE}):
            yield {"Buckets": [_with_region(s3, bucket) for bucket in page["Buckets"]]}


class BucketSettingsStream(Stream[BucketSettings]):
    """A bucket's ACL, encryption, logging, policy status, public access block, tags and versioning, in one record.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
    What can't be read holds the `Error` that AWS answered, and is reported.
    """

    parent = BucketsStream
    params = {"Account": "{parent.parent.Account}", "Bucket": "{parent.Name}", "Region": "{parent.BucketRegion}"}
    records = "BucketSettings"
    shape = "object"
    primary_key = "Name"
    permissions = (
        *("s3:GetBucketAcl", "s3:GetBucketLogging", "s3:GetBucketPolicyStatus", "s3:GetBucketPublicAccessBlock"),
        *("s3:GetBucketTagging", "s3:GetBucketVersioning", "s3:GetEncryptionConfiguration"),
    )
    accept = {200: "keep"}
    personal = ("Acl.Owner.DisplayName", "Acl.Grants.Grantee.DisplayName", "Acl.Grants.Grantee.EmailAddress")

    @classmethod
    def pages(cls, client: AwsClients, params: Mapping[str, Any]) -> Iterator[Any]:
        settings = {"Name": params["Bucket"], **_read_settings(client, **params)}
        yield {"BucketSettings": settings, "Errors": refusals(settings)}


def _describe_account(client: AwsClients, account: str) -> Record:
    return {
        "Account": account,
        "Identity": answer(client.of("sts", account).get_caller_identity),
        "Aliases": ask(client.of("iam", account).list_account_aliases),
        "PublicAccessBlock": ask(client.of("s3control", account).get_public_access_block, AccountId=account),
    }


def _with_region(s3: Any, bucket: Record) -> Record:
    """A bucket with its region, which storage that is only compatible with S3 may leave out of its lists."""
    if "BucketRegion" in bucket:
        return bucket
    location = s3.get_bucket_location(Bucket=bucket["Name"]).get("LocationConstraint")
    return {**bucket, "BucketRegion": {None: "us-east-1", "EU": "eu-west-1"}.get(location, location)}


def _read_settings(client: AwsClients, Account: str, Bucket: str, Region: str) -> Record:  # noqa: N803
    """The parts of a bucket's settings, asked for in the bucket's own region.

    If nothing there answers, and the rest of AWS does, that is reported of this bucket: its parts are not known.
    """
    s3 = client.of("s3", Account, Region)
    try:
        return {part: ask(getattr(s3, method), Bucket=Bucket) for part, method in SETTINGS.items()}
    except Exception as error:
        if not is_unreachable(error):
            raise
        client.of("sts", Account).get_caller_identity()
        return unknown(SETTINGS, error)


class AwsIntegration(Integration[AwsConfig]):
    """Accounts and their S3 buckets: who may reach them, and how they are set up.

    AWS names no rate for these requests; what is throttled is repeated by boto3, and then by the engine.
    """

    name = "aws"
    concurrency = 8
    check = AccountsStream
    streams = (RolesStream, AccountsStream, BucketsStream, BucketSettingsStream)
    seams = (BotocoreSeam(),)
    permissions_url = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html"

    def connect(self) -> AwsClients:
        try:
            from .clients import AwsClients
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(f"{error}; install the SDK of AWS: pip install 'dazz-assets[aws]'") from None
        return AwsClients(self.config)

    def error_response(self, error: Exception) -> Response | FetchError | None:
        return response_of(error)

    @parser
    def cloud_resources(
        self,
        accounts: FullRefresh[AccountsStream],
        buckets: FullRefresh[BucketsStream],
        settings: FullRefresh[BucketSettingsStream],
    ) -> Iterator[CloudResource]:
        """Accounts, and buckets with who may reach them."""
        yield from map(self._account, accounts)
        by_name = {item.name: item for item in settings}
        for bucket, account in buckets.with_parents(accounts):
            yield self._bucket(bucket, account, by_name.get(bucket.name))

    @parser
    def findings(
        self,
        accounts: FullRefresh[AccountsStream],
        buckets: FullRefresh[BucketsStream],
        settings: FullRefresh[BucketSettingsStream],
    ) -> Iterator[Finding]:
        """Whether the public may read or write buckets, and whether they are encrypted: of each bucket by each rule."""
        by_name = {item.name: item for item in settings}
        for bucket, account in buckets.with_parents(accounts):
            known = by_name.get(bucket.name) or BucketSettings(name=bucket.name)
            for rule in RULES:
                yield self._finding(bucket, account, rule, rule.judge(known, account))
        any_account = next(iter(accounts), None)  # A connection is in one partition, which ARNs name.
        for name, gone in buckets.departures().items():
            for rule in RULES:
                yield self._finding(Bucket(name=name), any_account, rule, judge_missing(gone), is_listed=False)

    @parser
    def identities(self, accounts: FullRefresh[AccountsStream]) -> Iterator[Identity]:
        """Accounts, as the owners of their buckets."""
        for account in accounts:
            yield Identity(
                id=self.object_id(account.account),
                uid=account.account,
                name=account.name,
                raw_record=RawRecord(stream="accounts", key=account.account),
                type_id=UserType.OTHER,
                vendor_type="AWS account",
            )

    def _account(self, account: Account) -> CloudResource:
        return CloudResource(
            id=self.object_id(account.account),
            uid=account.account,
            name=account.name,
            type="AWS::::Account",
            provider="AWS",
            account_uid=account.account,
            account_name=account.name,
            raw_record=RawRecord(stream="accounts", key=account.account),
            owner=account.name or account.account,
            owner_id=self.object_id(account.account),
        )

    def _bucket(self, bucket: Bucket, account: Account | None, settings: BucketSettings | None) -> CloudResource:
        tags = settings.tagging.tag_set if settings and settings.tagging else []
        return CloudResource(
            id=self.object_id("bucket", bucket.name),
            uid=_bucket_arn(bucket, account),
            name=bucket.name,
            type=BUCKET,
            provider="AWS",
            account_uid=account.account if account else None,
            account_name=account.name if account else None,
            region=bucket.bucket_region,
            src_url=_bucket_url(bucket, account),
            raw_record=RawRecord(stream="buckets", key=bucket.name),
            is_public=is_public(settings, account),
            is_encrypted=is_encrypted(settings),
            owner=(account.name or account.account) if account else None,
            owner_id=self.object_id(account.account) if account else None,
            tags=[Tag(name=tag.key, value=tag.value) for tag in tags],
            created_time=bucket.creation_date,
        )

    def _finding(
        self, bucket: Bucket, account: Account | None, rule: Rule, judged: Judgement, *, is_listed: bool = True
    ) -> Finding:
        """The finding of a bucket by a rule. Of one that is not listed only the name is known, and the partition."""
        arn = _bucket_arn(bucket, account)
        return Finding(
            id=self.object_id("bucket", bucket.name, rule.name),
            uid=f"{arn}/{rule.name}",
            src_url=_bucket_url(bucket, account) if is_listed else None,
            class_uid=FindingClass.COMPLIANCE,
            title=rule.title,
            raw_record=RawRecord(stream="bucket_settings", key=bucket.name),
            status_id=judged.status,
            vendor_status=judged.word,
            status_detail=judged.why,
            severity_id=rule.severity,
            vendor_severity=rule.severity.name,
            resource_type=BUCKET,
            resource_id=self.object_id("bucket", bucket.name),
            resource_uid=arn,
            resource_name=bucket.name,
            owner=(account.name or account.account) if account and is_listed else None,
            rule=rule.name,
            first_seen_time=bucket.creation_date,  # since when the rule applies
            closed_time=judged.closed,
        )


def _bucket_arn(bucket: Bucket, account: Account | None) -> str:
    return f"arn:{account.partition if account else 'aws'}:s3:::{bucket.name}"


def _bucket_url(bucket: Bucket, account: Account | None) -> str | None:
    """The bucket's page in the console, of which each partition has its own."""
    console = CONSOLES.get(account.partition if account else "aws")
    return console and f"https://{console}/s3/buckets/{bucket.name}"
