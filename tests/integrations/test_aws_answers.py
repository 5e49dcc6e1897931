"""What AWS's errors mean, by botocore's own description of its services: answers of one call, or errors of them all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from botocore.stub import Stubber

from dazz_assets import Response
from dazz_assets.http import CredentialError
from integrations.aws.answers import NOTHING_SET, ask, refusals, response_of
from integrations.aws.integration import SETTINGS, AwsIntegration


@pytest.fixture
def s3() -> Any:
    return boto3.client("s3", "eu-west-1", aws_access_key_id="AKIATEST", aws_secret_access_key="secret")


@pytest.fixture
def stub(s3: Any) -> Iterator[Stubber]:
    with Stubber(s3) as stub:
        yield stub


@pytest.mark.parametrize(
    ("code", "status"),
    [
        *((code, 404) for code in sorted(NOTHING_SET)),
        ("AccessDenied", 403),
        ("AllAccessDisabled", 403),
        ("IllegalLocationConstraintException", 400),
        ("MethodNotAllowed", 405),
        ("InvalidToken", 400),
    ],
)
def test_a_refusal_of_one_call_is_its_answer(s3: Any, stub: Stubber, code: str, status: int) -> None:
    stub.add_client_error("get_bucket_acl", code, "The reason.", http_status_code=status)
    assert ask(s3.get_bucket_acl, Bucket="site") == {"Error": {"Code": code, "Message": "The reason."}}


@pytest.mark.parametrize(
    ("code", "status", "means"),
    [
        ("SlowDown", 503, 429),
        ("Throttling", 400, 429),
        ("ThrottlingException", 400, 429),
        ("RequestLimitExceeded", 503, 429),
        ("TooManyRequestsException", 429, 429),
        ("RequestTimeout", 400, 503),
        ("ServiceUnavailable", 503, 503),
        ("InternalError", 500, 500),
        ("InvalidAccessKeyId", 403, 401),
        ("SignatureDoesNotMatch", 403, 401),
        ("ExpiredToken", 400, 401),
        ("RequestTimeTooSkewed", 403, 401),
        ("NoSuchBucket", 404, 404),
    ],
)
def test_what_concerns_more_than_the_call_is_an_error(
    s3: Any, stub: Stubber, code: str, status: int, means: int
) -> None:
    stub.add_client_error("get_bucket_acl", code, "The reason.", http_status_code=status)
    with pytest.raises(ClientError) as raised:
        ask(s3.get_bucket_acl, Bucket="site")
    response = AwsIntegration().error_response(raised.value)
    assert isinstance(response, Response)
    assert response.status == means
    assert json.loads(response.body) == {"code": code, "message": f"{code}: The reason."}


def test_a_role_that_is_refused_answers_nothing_of_the_bucket() -> None:
    def call(**_: Any) -> dict[str, Any]:
        error = {"Error": {"Code": "AccessDenied", "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": 403}}
        raise ClientError(error, "AssumeRole")

    with pytest.raises(ClientError):
        ask(call, Bucket="site")


def test_a_wait_that_aws_asks_for_is_kept() -> None:
    metadata = {"HTTPStatusCode": 503, "HTTPHeaders": {"retry-after": "7", "x-amz-request-id": "AB12"}}
    answer = {"Error": {"Code": "SlowDown"}, "ResponseMetadata": metadata}
    response = response_of(ClientError(answer, "ListBuckets"))
    assert isinstance(response, Response)
    assert response.headers == {"content-type": "application/json", "retry-after": "7"}


def test_missing_credentials_and_a_broken_connection_are_no_answer() -> None:
    assert isinstance(response_of(NoCredentialsError()), CredentialError)
    assert response_of(EndpointConnectionError(endpoint_url="https://s3.example")) is None
    assert response_of(ValueError("of ours")) is None


def test_an_answer_is_kept_without_what_is_told_of_the_request(s3: Any, stub: Stubber) -> None:
    stub.add_response("get_bucket_versioning", {"Status": "Enabled", "ResponseMetadata": {"RequestId": "AB12"}})
    assert ask(s3.get_bucket_versioning, Bucket="site") == {"Status": "Enabled"}


def test_only_what_could_not_be_read_is_reported() -> None:
    record = {
        "Name": "site",
        "Acl": {"Error": {"Code": "AccessDenied", "Message": "Access Denied"}},
        "Logging": {"Error": {"Code": "AccessDenied", "Message": "Access Denied"}},
        "PolicyStatus": {"Error": {"Code": "NoSuchBucketPolicy", "Message": "There is none"}},
        "Tagging": {"Error": {"Code": "MethodNotAllowed", "Message": "Not here"}},
        "Versioning": {},
    }
    assert refusals(record) == ["Acl, Logging: AccessDenied: Access Denied", "Tagging: MethodNotAllowed: Not here"]


def test_each_setting_is_read_by_an_operation_that_s3_has(s3: Any) -> None:
    methods = {
        name: s3.meta.service_model.operation_model(s3.meta.method_to_api_mapping[name]) for name in SETTINGS.values()
    }
    assert {operation.http["method"] for operation in methods.values()} == {"GET"}
    assert {tuple(operation.input_shape.required_members) for operation in methods.values()} == {("Bucket",)}
