"""A sync of AWS brings all accounts and buckets, each asked for in its own region, and tells what it could not read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from unittest import mock

import botocore.endpoint
import pytest

from dazz_assets.errors import SyncError
from dazz_assets.sandbox import Fault, RateLimit, Sandbox
from integrations.aws import sandbox_data as data
from integrations.aws.integration import SETTINGS
from integrations.aws.rules import ENCRYPTION, PUBLIC_READ, PUBLIC_WRITE, RULES
from integrations.aws.sandbox import AwsSandbox
from tests.integrations.aws_customer import Customer

SLOW_DOWN = "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
ALL_PARTS = ", ".join(SETTINGS)
DENIED = (403, "AccessDenied", "Access Denied")


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK waits between its attempts, as the engine does."""
    monkeypatch.setattr(botocore.endpoint, "time", mock.Mock())


@pytest.fixture
def aws() -> AwsSandbox:
    return AwsSandbox(seed=3, accounts=3, buckets=12, page_size=2)


@pytest.fixture
def sandbox(aws: AwsSandbox) -> Iterator[Sandbox]:
    with Sandbox([aws]) as sandbox:
        yield sandbox


@pytest.fixture
def customer(sandbox: Sandbox, tmp_path: Path) -> Customer:
    return Customer(sandbox.settings("aws"), tmp_path)


def names(aws: AwsSandbox) -> set[str]:
    return {name for account in aws.accounts.values() for name in account.buckets}


def a_bucket(aws: AwsSandbox) -> str:
    """One that tells all of its settings."""
    refusing = {bucket for bucket, _ in aws.refusals}
    return min(names(aws) - refusing)


def settings_of(customer: Customer, bucket: str) -> dict[str, Any]:
    [row] = customer.rows(f"select record from raw.aws_bucket_settings where key = '{bucket}'")
    record: dict[str, Any] = json.loads(row["record"])
    return record


def test_all_accounts_and_buckets_arrive_whatever_pages_they_are_on(aws: AwsSandbox, customer: Customer) -> None:
    reports = customer.sync()
    assert {name: report.stored for name, report in reports.items()} == {
        "roles": 3,
        "accounts": 3,
        "buckets": 12,
        "bucket_settings": 12,
    }
    lists = [item.request.params() for item in aws.traffic.log if item.request.param("max-buckets")]
    assert len(lists) == 6  # four buckets in each account, two on a page
    assert {params["max-buckets"] for params in lists} == {"1000"}
    assert sum("continuation-token" in params for params in lists) == 3
    stored = {row["uid"] for row in customer.rows("select uid from cloud_resources")}
    assert stored == {*aws.accounts, *(f"arn:aws:s3:::{name}" for name in names(aws))}


def test_a_resource_has_its_region_its_account_and_its_owner(aws: AwsSandbox, customer: Customer) -> None:
    customer.sync()
    bucket = a_bucket(aws)
    [account] = [account for account in aws.accounts.values() if bucket in account.buckets]
    [row] = customer.rows(
        "select region, account_uid, account_name, identities.uid, identities.name from cloud_resources "
        f"join identities on owner_id = identities.id where cloud_resources.name = '{bucket}'"
    )
    assert row == {
        "region": account.store.get_bucket(bucket).region_name,
        "account_uid": account.id,
        "account_name": account.alias,
        "uid": account.id,
        "name": account.alias,
    }


def test_each_bucket_is_asked_for_once_for_each_setting_in_its_own_region(aws: AwsSandbox, customer: Customer) -> None:
    customer.sync()
    asked = [item for item in aws.traffic.log if item.request.path.strip("/") in names(aws)]
    assert len(asked) == 12 * len(SETTINGS)
    # The sandbox answers 400 to a request that was signed for another region.
    assert {item.status for item in asked} <= {200, 403, 404}


def test_the_second_sync_assumes_each_role_once_and_stores_what_changed(aws: AwsSandbox, customer: Customer) -> None:
    first = customer.sync()
    change = aws.change(1)
    second = customer.sync()
    assert second["accounts"].version == first["accounts"].version
    kept = {row["name"] for row in customer.rows("select name from cloud_resources where type = 'AWS::S3::Bucket'")}
    assert kept == names(aws)
    assert set(change.added["buckets"]) <= kept
    assert not set(change.removed["buckets"]) & kept
    assumed = [item for item in aws.traffic.log if b"Action=AssumeRole" in item.request.body]
    assert len(assumed) == 2 * 3


def statuses(customer: Customer, bucket: str) -> dict[str, str]:
    """The statuses of a bucket's findings, by rule."""
    rows = customer.rows(f"select rule, status from findings where resource_name = '{bucket}'")
    found = {row["rule"]: row["status"] for row in rows}
    assert len(found) == len(rows) == 3
    return found


def ids(customer: Customer) -> dict[tuple[str, str], str]:
    rows = customer.rows("select id, resource_name, rule from findings")
    return {(row["resource_name"], row["rule"]): row["id"] for row in rows}


def make_open(aws: AwsSandbox, bucket: str) -> None:
    [account] = [account for account in aws.accounts.values() if bucket in account.buckets]
    data.set_kind(account, bucket, "public-read-write")
    data.set_encryption(account, bucket, "")


def an_open_bucket(aws: AwsSandbox) -> str:
    """A bucket that breaks every rule, in an account without a public access block."""
    refusing = {bucket for bucket, _ in aws.refusals}
    bucket = min(set(next(iter(aws.accounts.values())).buckets) - refusing)
    make_open(aws, bucket)
    return bucket


def test_findings_of_a_deleted_bucket_are_closed_and_all_keep_their_ids(aws: AwsSandbox, customer: Customer) -> None:
    customer.sync()
    before = ids(customer)
    assert before.keys() == {(name, rule.name) for name in names(aws) for rule in RULES}
    change = aws.change(1)
    [removed], [added] = change.removed["buckets"], change.added["buckets"]
    at = datetime.now(UTC)
    customer.sync()
    after = ids(customer)
    assert {key: after[key] for key in before} == before
    assert {name for name, _ in after.keys() - before.keys()} == {added}
    assert set(statuses(customer, removed).values()) == {"Archived"}
    [closed] = customer.rows(f"select distinct closed_time from findings where resource_name = '{removed}'")
    assert at <= closed["closed_time"] <= datetime.now(UTC)


def test_findings_of_a_bucket_that_was_put_right_are_resolved(aws: AwsSandbox, customer: Customer) -> None:
    bucket = an_open_bucket(aws)
    customer.sync()
    assert set(statuses(customer, bucket).values()) == {"New"}
    [account] = [account for account in aws.accounts.values() if bucket in account.buckets]
    data.set_kind(account, bucket, "private")
    data.set_encryption(account, bucket, "AES256")
    customer.sync()
    assert set(statuses(customer, bucket).values()) == {"Resolved"}


@pytest.mark.parametrize(
    ("about", "unknown"),
    [
        ("acl", {PUBLIC_READ, PUBLIC_WRITE}),
        ("publicAccessBlock", {PUBLIC_READ, PUBLIC_WRITE}),
        ("encryption", {ENCRYPTION}),
        ("policyStatus", set()),
        ("*", {PUBLIC_READ, PUBLIC_WRITE, ENCRYPTION}),
    ],
)
def test_findings_of_what_is_refused_become_unknown_and_stay(
    aws: AwsSandbox, customer: Customer, about: str, unknown: set[str]
) -> None:
    bucket = an_open_bucket(aws)
    customer.sync()
    before = ids(customer)
    aws.refusals[bucket, about] = DENIED
    customer.sync()
    assert ids(customer) == before
    assert {rule for rule, status in statuses(customer, bucket).items() if status == "Unknown"} == unknown
    assert {rule for rule, status in statuses(customer, bucket).items() if status == "New"} == (
        {PUBLIC_READ, PUBLIC_WRITE, ENCRYPTION} - unknown
    )


def test_findings_of_a_bucket_that_does_not_answer_become_unknown(aws: AwsSandbox, customer: Customer) -> None:
    bucket = an_open_bucket(aws)
    customer.sync()
    aws.faults.add(Fault(kind="reset", path=f"/{bucket}*", times=10_000))
    customer.sync()
    assert set(statuses(customer, bucket).values()) == {"Unknown"}


def test_what_is_refused_of_a_bucket_is_told_and_not_known(aws: AwsSandbox, customer: Customer) -> None:
    bucket = an_open_bucket(aws)
    aws.refusals = {(bucket, about): DENIED for about in ("acl", "policyStatus", "publicAccessBlock")}
    report = customer.sync()["bucket_settings"]
    assert any(
        f"buckets {bucket}: Acl, PolicyStatus, PublicAccessBlock: AccessDenied" in text for text in report.warnings
    )
    record = settings_of(customer, bucket)
    assert {name for name, part in record.items() if isinstance(part, dict) and "Error" in part} >= {
        "Acl",
        "PolicyStatus",
        "PublicAccessBlock",
    }
    [row] = customer.rows(f"select is_public, is_encrypted from cloud_resources where name = '{bucket}'")
    assert row == {"is_public": None, "is_encrypted": False}


def test_a_bucket_in_a_region_that_is_not_enabled_is_reported_and_the_others_are_read(
    aws: AwsSandbox, customer: Customer
) -> None:
    bucket = a_bucket(aws)
    aws.closed_regions = {aws.region_of(bucket) or ""}
    report = customer.sync()["bucket_settings"]
    assert report.stored == 12
    said = f": {ALL_PARTS}: IllegalLocationConstraintException"
    # Buckets of the same region are told of together.
    assert any(bucket in text.partition(said)[0] for text in report.warnings if said in text)
    assert settings_of(customer, bucket)["Encryption"]["Error"]["Code"] == "IllegalLocationConstraintException"


def test_a_bucket_that_does_not_answer_is_reported_and_the_others_are_read(aws: AwsSandbox, customer: Customer) -> None:
    bucket = a_bucket(aws)
    aws.faults.add(Fault(kind="reset", path=f"/{bucket}*", times=10_000))
    report = customer.sync()["bucket_settings"]
    assert report.stored == 12
    assert any(
        f"buckets {bucket}: {ALL_PARTS}: ConnectionClosedError: no answer came" in text for text in report.warnings
    )
    assert {part["Error"]["Code"] for name, part in settings_of(customer, bucket).items() if name != "Name"} == {
        "ConnectionClosedError"
    }


def test_nothing_is_replaced_when_all_of_aws_does_not_answer(aws: AwsSandbox, customer: Customer) -> None:
    customer.sync()
    before = customer.rows("select key, record from raw.aws_bucket_settings order by key")
    aws.faults.add(Fault(kind="reset", times=1_000_000))
    with pytest.raises(SyncError, match="got no response: ConnectionClosedError"):
        customer.sync("bucket_settings")
    assert customer.rows("select key, record from raw.aws_bucket_settings order by key") == before


def test_an_account_that_refuses_us_is_reported_and_what_is_stored_of_it_stays(
    aws: AwsSandbox, customer: Customer
) -> None:
    def stored() -> list[list[dict[str, Any]]]:
        tables = {
            "cloud_resources": "id, name, account_name, owner, owner_id, is_public, is_encrypted",
            "findings": "id, status, status_detail, uid, owner, closed_time",
            "identities": "id, uid, name",
        }
        return [customer.rows(f"select {columns} from {table} order by id") for table, columns in tables.items()]

    customer.sync()
    before = stored()
    # Its buckets are kept private by the account alone, so that all that is known of it counts.
    [refused] = [account.id for account in aws.accounts.values() if account.alias == "nimbus-works-data"]
    [named] = customer.rows(f"select name, owner from cloud_resources where uid = '{refused}'")
    assert named == {"name": "nimbus-works-data", "owner": "nimbus-works-data"}
    aws.refused_roles = {refused}
    reports = customer.sync()
    for stream in ("accounts", "buckets", "bucket_settings"):
        assert reports[stream].passed_over
        assert all("403" in text and "sts:AssumeRole" in text for text in reports[stream].passed_over)
    assert reports["accounts"].passed_over[0].startswith(refused)
    assert not any("sts:AssumeRole" in text for text in reports["bucket_settings"].warnings)
    assert stored() == before


def test_an_account_that_refuses_us_from_the_first_is_reported_and_nothing_is_said_of_it(
    aws: AwsSandbox, customer: Customer
) -> None:
    refused = next(iter(aws.accounts))
    aws.refused_roles = {refused}
    reports = customer.sync()
    assert [text.partition(":")[0] for text in reports["accounts"].passed_over] == [refused]
    stored = {row["account_uid"] for row in customer.rows("select distinct account_uid from cloud_resources")}
    assert stored == set(aws.accounts) - {refused}


def test_what_is_stored_of_an_account_that_is_no_longer_read_is_closed(
    aws: AwsSandbox, customer: Customer, sandbox: Sandbox, tmp_path: Path
) -> None:
    customer.sync()
    *kept, left = aws.accounts.values()
    config = {**sandbox.settings("aws"), "role_arns": [account.role_arn for account in kept]}
    fewer = Customer(config, tmp_path)
    fewer.sync()
    archived = {row["resource_name"] for row in fewer.rows("select * from findings where status = 'Archived'")}
    assert archived == set(left.buckets)


def test_the_sync_fails_when_every_account_refuses_us(aws: AwsSandbox, customer: Customer) -> None:
    aws.refused_roles = set(aws.accounts)
    with pytest.raises(SyncError, match=r"403.*AccessDenied.*sts:AssumeRole"):
        customer.sync()


def test_a_bucket_that_is_deleted_meanwhile_is_passed_over(aws: AwsSandbox, customer: Customer) -> None:
    customer.sync("roles", "accounts", "buckets")
    bucket = a_bucket(aws)
    aws.refusals = {(bucket, "*"): (404, "NoSuchBucket", "The specified bucket does not exist")}
    report = customer.sync("bucket_settings")["bucket_settings"]
    assert report.stored == 11
    assert any(bucket in text and "NoSuchBucket" in text for text in report.passed_over)


def test_throttling_is_repeated_by_the_sdk_and_then_by_the_engine(aws: AwsSandbox, customer: Customer) -> None:
    customer.sync("roles", "accounts", "buckets")
    bucket = a_bucket(aws)
    aws.faults.add(Fault(kind="status", status=503, body=SLOW_DOWN, path=f"/{bucket}", times=5))
    report = customer.sync("bucket_settings")["bucket_settings"]
    assert (report.stored, aws.traffic.stats().statuses[503]) == (12, 5)
    assert "Error" not in settings_of(customer, bucket)["Acl"]


def test_keys_that_are_not_valid_are_wrong_credentials(sandbox: Sandbox, tmp_path: Path) -> None:
    config = {**sandbox.settings("aws"), "access_key_id": "AKIAWRONGWRONGWRONGW", "role_arns": [], "external_id": None}
    with pytest.raises(SyncError, match=r"401.*InvalidAccessKeyId.*Check the connection's credentials"):
        Customer(config, tmp_path).sync()


def test_a_limit_of_the_account_slows_the_sync_down_and_loses_nothing(aws: AwsSandbox, customer: Customer) -> None:
    moments = count()
    aws.rate = RateLimit(40, per=1, clock=lambda: next(moments) / 50)  # 50 requests a second are sent
    assert [report.stored for report in customer.sync().values()] == [3, 3, 12, 12]
    assert aws.traffic.stats().statuses.get(503, 0) + aws.traffic.stats().statuses.get(400, 0) > 0
