"""Each way to sign in to AWS, with the real boto3 against moto's own server, over HTTP."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
import time_machine
from moto.server import ThreadedMotoServer
from pydantic import ValidationError

from dazz_assets.assistant.stream_checks import ConnectionRefused, check_streams
from dazz_assets.errors import SyncError
from dazz_assets.sandbox import Sandbox
from integrations.aws.clients import AwsClients
from integrations.aws.config import AwsConfig
from integrations.aws.sandbox import EXTERNAL_ID, AwsSandbox
from tests.first_check import check_first
from tests.integrations.aws_customer import Customer

KEYS = {"access_key_id": "AKIATESTTESTTESTTEST", "secret_access_key": "secret-of-a-test"}
OWN = "123456789012"
OTHER = "111122223333"
ROLE = f"arn:aws:iam::{OTHER}:role/auditor"


@pytest.fixture(autouse=True)
def _no_credentials_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def moto(server: str) -> str:
    """The server, with a bucket in each of two accounts, in regions of their own."""
    requests.post(f"{server}/moto-api/reset", timeout=10)
    sts = boto3.client("sts", "us-east-1", endpoint_url=server, **_as_boto3(KEYS))
    given = sts.assume_role(RoleArn=ROLE, RoleSessionName="setup")["Credentials"]
    other = {"access_key_id": given["AccessKeyId"], "secret_access_key": given["SecretAccessKey"]}
    _create_bucket(server, KEYS, "own-archive", "eu-west-1")
    _create_bucket(server, other, "other-archive", "ap-southeast-2")
    return server


def _as_boto3(keys: dict[str, str]) -> dict[str, str]:
    return {f"aws_{name}": value for name, value in keys.items()}


def _create_bucket(server: str, keys: dict[str, str], name: str, region: str) -> None:
    s3 = boto3.client("s3", region, endpoint_url=server, **_as_boto3(keys))
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})


def resources(customer: Customer) -> dict[str, tuple[str, str]]:
    """Account and region of each bucket that a sync brings."""
    customer.sync()
    rows = customer.rows("select name, account_uid, region from cloud_resources where type = 'AWS::S3::Bucket'")
    return {row["name"]: (row["account_uid"], row["region"]) for row in rows}


def test_access_keys_read_the_account_that_they_belong_to(moto: str, tmp_path: Path) -> None:
    customer = Customer({**KEYS, "base_url": moto}, tmp_path)
    assert resources(customer) == {"own-archive": (OWN, "eu-west-1")}


def test_temporary_keys_are_sent_with_their_token(moto: str, tmp_path: Path) -> None:
    sts = boto3.client("sts", "us-east-1", endpoint_url=moto, **_as_boto3(KEYS))
    given = sts.assume_role(RoleArn=ROLE, RoleSessionName="somebody")["Credentials"]
    keys = {
        "access_key_id": given["AccessKeyId"],
        "secret_access_key": given["SecretAccessKey"],
        "session_token": given["SessionToken"],
    }
    customer = Customer({**keys, "base_url": moto}, tmp_path)
    assert resources(customer) == {"other-archive": (OTHER, "ap-southeast-2")}


def test_a_named_profile_of_the_shared_files(moto: str, tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text(
        f"[audit]\naws_access_key_id = {KEYS['access_key_id']}\naws_secret_access_key = {KEYS['secret_access_key']}\n"
    )
    customer = Customer({"profile": "audit", "base_url": moto}, tmp_path)
    assert resources(customer) == {"own-archive": (OWN, "eu-west-1")}


def test_a_profile_that_assumes_a_role_itself(moto: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "credentials").write_text(
        f"[base]\naws_access_key_id = {KEYS['access_key_id']}\naws_secret_access_key = {KEYS['secret_access_key']}\n"
    )
    (tmp_path / "config").write_text(f"[profile audit]\nrole_arn = {ROLE}\nsource_profile = base\n")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", moto)
    customer = Customer({"profile": "audit", "base_url": moto}, tmp_path)
    assert resources(customer) == {"other-archive": (OTHER, "ap-southeast-2")}


def test_what_boto3_finds_by_itself(moto: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS["access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS["secret_access_key"])
    customer = Customer({"base_url": moto}, tmp_path)
    assert resources(customer) == {"own-archive": (OWN, "eu-west-1")}


def test_roles_in_several_accounts(moto: str, tmp_path: Path) -> None:
    roles = [ROLE, f"arn:aws:iam::{OWN}:role/auditor"]
    customer = Customer({**KEYS, "role_arns": roles, "external_id": "acme-7", "base_url": moto}, tmp_path)
    assert resources(customer) == {
        "own-archive": (OWN, "eu-west-1"),
        "other-archive": (OTHER, "ap-southeast-2"),
    }


@pytest.mark.parametrize("external_id", [EXTERNAL_ID, "another", None])
def test_a_role_is_assumed_with_its_external_id(external_id: str | None, tmp_path: Path) -> None:
    with Sandbox([AwsSandbox(seed=4, accounts=2, buckets=4)]) as sandbox:
        customer = Customer({**sandbox.settings("aws"), "external_id": external_id}, tmp_path)
        with closing(customer.session()) as session:
            if external_id == EXTERNAL_ID:
                assert check_first(session).records == 1
            else:
                found = check_first(session)
                assert (found.outcome, found.needs) == ("refused", ("sts:AssumeRole",))
                assert re.search(
                    r"AssumeRole is refused \(403\)\. AWS says: AccessDenied.*`config.external_id`", found.reason
                )
                assert not re.search(r"ListAccountAliases|accept =", found.reason)


def test_a_check_tells_which_of_several_roles_is_refused(tmp_path: Path) -> None:
    aws = AwsSandbox(seed=4, accounts=3, buckets=4)
    refused = list(aws.accounts)[1:]
    aws.refused_roles = set(refused)
    with Sandbox([aws]) as sandbox, closing(Customer(sandbox.settings("aws"), tmp_path).session()) as session:
        found = {each.name: each for each in check_streams(session)}
    accounts = found.pop("accounts")
    assert {each.outcome for each in found.values()} == {"works"}
    assert (accounts.outcome, accounts.is_problem, accounts.needs) == ("partly", False, ("sts:AssumeRole",))
    assert accounts.reason.startswith("refused for 2 records of roles: ")
    assert all(f"sts:AssumeRole on arn:aws:iam::{account}:role/" in accounts.reason for account in refused)
    assert accounts.reason.count("Check that this role") == 1


def test_a_role_is_assumed_again_before_its_credentials_end() -> None:
    aws = AwsSandbox(seed=4, accounts=1, buckets=4)
    with (
        time_machine.travel(datetime(2026, 6, 1, tzinfo=UTC), tick=False) as clock,
        Sandbox([aws]) as sandbox,
        closing(AwsClients(AwsConfig.model_validate(sandbox.settings("aws")))) as clients,
    ):
        [account] = clients.accounts
        keys = []
        for minutes in (0, 40, 10, 70):
            clock.shift(timedelta(minutes=minutes))
            clients.of("s3", account).list_buckets()
            keys.append(aws.traffic.log[-1].request.headers["authorization"].split("/")[0])
    assert {item.status for item in aws.traffic.log} == {200}
    # They last an hour: 50 minutes on they are replaced, 10 minutes before their end.
    assert [keys[0] == keys[1], keys[1] == keys[2], keys[2] == keys[3]] == [True, False, False]


def test_an_expired_token_is_wrong_credentials(tmp_path: Path) -> None:
    aws = AwsSandbox(seed=4, accounts=1, buckets=4)
    start = datetime(2026, 6, 1, tzinfo=UTC)
    with Sandbox([aws]) as sandbox:
        with time_machine.travel(start, tick=False):
            clients = AwsClients(AwsConfig.model_validate(sandbox.settings("aws")))
            sts = clients.of("sts", *clients.accounts)
            sts.get_caller_identity()
            given = sts._request_signer._credentials.get_frozen_credentials()
        config = {
            "access_key_id": given.access_key,
            "secret_access_key": given.secret_key,
            "session_token": given.token,
            "base_url": sandbox.url("aws"),
        }
        with (
            time_machine.travel(start + timedelta(hours=2), tick=False),
            pytest.raises(SyncError, match=r"401.*ExpiredToken.*Check the connection's credentials"),
        ):
            Customer(config, tmp_path).sync()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, r"Unable to locate credentials\. Set `config.access_key_id` and .*or `config.profile`"),
        ({"profile": "nobody"}, r"The config profile \(nobody\) could not be found\. Correct `config.profile`"),
    ],
)
def test_no_credentials_are_told_with_the_setting_and_not_as_aws_answer(
    config: dict[str, Any], message: str, tmp_path: Path
) -> None:
    customer = Customer({**config, "base_url": "http://127.0.0.1:9"}, tmp_path)
    with closing(customer.session()) as session, pytest.raises(ConnectionRefused, match=message) as refused:
        check_streams(session)
    assert not re.search(r"401|says", str(refused.value))
    with pytest.raises(SyncError, match=message):
        customer.sync()


def test_without_boto3_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    monkeypatch.delitem(sys.modules, "integrations.aws.clients")
    with pytest.raises(SyncError, match=r"pip install 'dazz-assets\[aws\]'"):
        Customer({**KEYS}, tmp_path).sync()


def test_the_integration_loads_without_boto3_and_does_not_import_it() -> None:
    code = (
        "import sys; sys.modules.update(boto3=None, botocore=None)\n"
        "from dazz_assets.spec.discovery import find_integration\n"
        "print(*find_integration('aws').streams)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert answer.stdout.split() == ["roles", "accounts", "buckets", "bucket_settings"], answer.stderr


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"access_key_id": "AKIA"}, "set both access_key_id and secret_access_key, or neither"),
        ({"session_token": "token"}, "session_token belongs to access keys"),
        ({**KEYS, "profile": "audit"}, "set access keys or profile, not both"),
        ({"external_id": "acme-7"}, "external_id is for roles; set role_arns too"),
        ({"role_arns": ["auditor"]}, "'auditor' is not a role's ARN"),
        ({"role_arns": [ROLE, f"{ROLE}-2"]}, f"two roles are in account {OTHER}"),
        ({"role_arns": [ROLE.replace("aws", "aws-cn", 1)]}, "not reached from us-east-1; set region to one .* cn-"),
    ],
)
def test_a_config_that_contradicts_itself_is_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        AwsConfig.model_validate(config)
