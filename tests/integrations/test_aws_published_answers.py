"""Answers that AWS publishes, in the SDK's own files, are read as they are: nobody here wrote them."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore.loaders import Loader
from pydantic import BaseModel

from dazz_assets import FullRefresh
from integrations.aws import models
from integrations.aws.integration import SETTINGS, AccountsStream, AwsIntegration, BucketSettingsStream, BucketsStream

SESSION = botocore.session.get_session()
LOADER: Loader = SESSION.get_component("data_loader")


def published(service: str, operation: str) -> list[dict[str, Any]]:
    """The answers among the examples of an operation."""
    version = LOADER.determine_latest_version(service, "service-2")
    examples = LOADER.load_data(f"{service}/{version}/examples-1")["examples"][operation]
    return [example["output"] for example in examples]


@pytest.mark.parametrize("identity", published("sts", "GetCallerIdentity"))
def test_an_account_and_its_bucket_have_what_the_published_answers_say(identity: dict[str, Any]) -> None:
    [aliases], [tagging], [acl] = (
        published("iam", "ListAccountAliases"),
        published("s3", "GetBucketTagging"),
        published("s3", "GetObjectAcl"),
    )
    account = {"Account": identity["Account"], "Identity": identity, "Aliases": aliases}
    accounts = FullRefresh[AccountsStream]([models.Account.model_validate(account)])
    buckets = FullRefresh[BucketsStream]([models.Bucket(name="examplebucket")], parents=list(accounts))
    settings = models.BucketSettings.model_validate({"Name": "examplebucket", "Tagging": tagging, "Acl": acl})
    found = AwsIntegration().cloud_resources(accounts, buckets, FullRefresh[BucketSettingsStream]([settings]))
    owner, bucket = found

    assert (owner.uid, owner.name) == ("123456789012", aliases["AccountAliases"][0])
    assert bucket.uid == "arn:aws:s3:::examplebucket"
    assert [(tag.name, tag.value) for tag in bucket.tags] == [("key1", "value1"), ("key2", "value2")]
    assert settings.acl is not None
    assert [grant.permission for grant in settings.acl.grants or ()] == [item["Permission"] for item in acl["Grants"]]
    assert len(acl["Grants"]) > 1


PARTS: list[tuple[str, str, str, type[BaseModel]]] = [
    ("sts", "GetCallerIdentity", "", models.CallerIdentity),
    ("iam", "ListAccountAliases", "", models.Aliases),
    ("s3control", "GetPublicAccessBlock", "", models.PublicAccessBlock),
    ("s3control", "GetPublicAccessBlock", "PublicAccessBlockConfiguration", models.BlockConfiguration),
    ("s3", "ListBuckets", "Buckets", models.Bucket),
    ("s3", "GetBucketAcl", "", models.Acl),
    ("s3", "GetBucketAcl", "Grants", models.Grant),
    ("s3", "GetBucketAcl", "Grants.Grantee", models.Grantee),
    ("s3", "GetBucketEncryption", "", models.Encryption),
    ("s3", "GetBucketEncryption", "ServerSideEncryptionConfiguration", models.EncryptionConfiguration),
    ("s3", "GetBucketEncryption", "ServerSideEncryptionConfiguration.Rules", models.EncryptionRule),
    (
        "s3",
        "GetBucketEncryption",
        "ServerSideEncryptionConfiguration.Rules.ApplyServerSideEncryptionByDefault",
        models.EncryptionDefault,
    ),
    ("s3", "GetBucketPolicyStatus", "", models.PolicyStatus),
    ("s3", "GetBucketPolicyStatus", "PolicyStatus", models.IsPublic),
    ("s3", "GetPublicAccessBlock", "PublicAccessBlockConfiguration", models.BlockConfiguration),
    ("s3", "GetBucketTagging", "TagSet", models.BucketTag),
]


@pytest.mark.parametrize(("service", "operation", "path", "model"), PARTS)
def test_each_field_that_is_read_is_one_of_the_answer(
    service: str, operation: str, path: str, model: type[BaseModel]
) -> None:
    shape = SESSION.get_service_model(service).operation_model(operation).output_shape
    for name in filter(None, path.split(".")):
        shape = shape.members[name]
        shape = shape.member if shape.type_name == "list" else shape
    read = {field.alias for field in model.model_fields.values()} - {"Error"}  # ours, in place of an answer
    assert read
    assert read <= shape.members.keys()


def test_each_part_of_the_settings_is_a_model() -> None:
    read = {field.alias for field in models.BucketSettings.model_fields.values()}
    assert read - {"Name"} <= SETTINGS.keys()
