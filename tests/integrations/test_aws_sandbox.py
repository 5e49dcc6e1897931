"""The sandbox of AWS: what it answers for moto, and that boto3 reads it as it reads AWS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

from dazz_assets.sandbox import Sandbox
from integrations.aws.sandbox import EXTERNAL_ID, AwsSandbox

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def aws() -> AwsSandbox:
    return AwsSandbox(seed=5, now=NOW, accounts=2, buckets=10, page_size=2)


@pytest.fixture
def url(aws: AwsSandbox) -> Iterator[str]:
    with Sandbox([aws]) as sandbox:
        yield sandbox.url("aws")


KEY = AwsSandbox(seed=5, now=NOW).token


def client(service: str, url: str, region: str = "us-east-1", key: str = KEY) -> Any:
    options = Config(retries={"total_max_attempts": 1})
    return boto3.client(
        service, region, endpoint_url=url, config=options, aws_access_key_id=key, aws_secret_access_key="x"
    )


def code(call: Any, **params: Any) -> str:
    with pytest.raises(ClientError) as raised:
        call(**params)
    return str(raised.value.response["Error"]["Code"])


def test_buckets_come_in_pages_by_token_with_their_regions(aws: AwsSandbox, url: str) -> None:
    pages = list(client("s3", url).get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": 1000}))
    [first, _] = aws.accounts.values()
    assert [len(page["Buckets"]) for page in pages] == [2, 2, 1]
    listed = {bucket["Name"]: bucket["BucketRegion"] for page in pages for bucket in page["Buckets"]}
    assert listed == {name: first.store.get_bucket(name).region_name for name in first.buckets}


def test_a_list_has_nothing_that_the_description_of_s3_does_not_know(url: str) -> None:
    s3, sent = client("s3", url), []
    s3.meta.events.register("before-send.s3.ListBuckets", lambda request, **_: sent.append(request))
    s3.list_buckets(MaxBuckets=2)
    body = requests.get(sent[0].url, headers=dict(sent[0].headers), timeout=10).text
    shape = s3.meta.service_model.operation_model("ListBuckets").output_shape
    known = {*shape.members, *shape.members["Owner"].members, *shape.members["Buckets"].member.members}
    tags = set(re.findall(r"<(\w+)", body)) - {"ListAllMyBucketsResult"}
    assert tags == {"Owner", "ID", "Buckets", "Bucket", "Name", "CreationDate", "BucketRegion", "ContinuationToken"}
    assert tags - known == {"Bucket"}  # the name of an item of the list


def test_a_role_is_assumed_by_those_it_trusts(aws: AwsSandbox, url: str) -> None:
    sts = client("sts", url)
    for account in aws.accounts.values():
        given = sts.assume_role(RoleArn=account.role_arn, RoleSessionName="a-test", ExternalId=EXTERNAL_ID)
        assert given["AssumedRoleUser"]["Arn"].startswith(f"arn:aws:sts::{account.id}:assumed-role/")
    arn = account.role_arn
    assert code(sts.assume_role, RoleArn=arn, RoleSessionName="a-test") == "AccessDenied"
    assert code(sts.assume_role, RoleArn=arn, RoleSessionName="a-test", ExternalId="no") == "AccessDenied"
    stranger = "arn:aws:iam::999999999999:role/security-audit"
    assert code(sts.assume_role, RoleArn=stranger, RoleSessionName="a-test", ExternalId=EXTERNAL_ID) == "AccessDenied"


def test_a_key_that_it_does_not_know_is_refused(url: str) -> None:
    assert code(client("s3", url, key="AKIAOTHER").list_buckets) == "InvalidAccessKeyId"


def test_a_bucket_answers_in_its_own_region_only(aws: AwsSandbox, url: str) -> None:
    bucket = next(name for account in aws.accounts.values() for name in account.buckets[1:])
    region = aws.region_of(bucket) or ""
    assert client("s3", url, region).get_bucket_versioning(Bucket=bucket)
    aws.closed_regions = {region}
    assert code(client("s3", url, region).get_bucket_versioning, Bucket=bucket) == "IllegalLocationConstraintException"


def test_over_the_limit_each_service_says_so_in_its_own_words(aws: AwsSandbox, url: str) -> None:
    aws.rate.requests = 0
    assert code(client("s3", url).list_buckets) == "SlowDown"
    assert code(client("sts", url).get_caller_identity) == "Throttling"


def test_the_same_seed_makes_the_same_accounts_and_changes() -> None:
    def made(seed: int) -> list[Any]:
        aws = AwsSandbox(seed=seed, now=NOW, accounts=2, buckets=10)
        before = [(account.id, account.alias, list(account.buckets)) for account in aws.accounts.values()]
        change = aws.change(1)
        after = {name: _description(aws, name) for account in aws.accounts.values() for name in account.buckets}
        return [before, change, after]

    assert made(5) == made(5)
    assert made(5) != made(6)


def _description(aws: AwsSandbox, name: str) -> Any:
    bucket = next(account for account in aws.accounts.values() if name in account.buckets).store.get_bucket(name)
    return bucket.region_name, bucket.creation_date, bucket.encryption, bucket.policy, repr(bucket.acl)


def test_a_change_names_the_buckets_that_it_touched(aws: AwsSandbox) -> None:
    before = {name: _description(aws, name) for account in aws.accounts.values() for name in account.buckets}
    change = aws.change(1)
    after = {name: _description(aws, name) for account in aws.accounts.values() for name in account.buckets}
    assert set(change.added["buckets"]) == after.keys() - before.keys()
    assert set(change.removed["buckets"]) == before.keys() - after.keys()
    differing = {name for name in before.keys() & after.keys() if before[name] != after[name]}
    assert differing <= set(change.changed["bucket_settings"])
