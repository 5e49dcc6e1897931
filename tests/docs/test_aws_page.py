"""What docs/vendors/aws.md says of streams, permissions and connections is what the integration has."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from dazz_assets.spec.discovery import find_integration
from integrations.aws.config import AwsConfig
from integrations.aws.rules import ENCRYPTION, PUBLIC_READ, PUBLIC_WRITE
from tests.docs.markdown import only_block

PAGE = (Path(__file__).parents[2] / "docs" / "vendors" / "aws.md").read_text(encoding="utf-8")
SPEC = find_integration("aws")


def test_the_policy_allows_what_the_streams_name_and_no_more() -> None:
    [statement] = json.loads(only_block(PAGE, "json", "iam:ListAccountAliases"))["Statement"]
    needed = {permission for stream in SPEC.streams.values() for permission in stream.stream.permissions}
    assert statement["Action"] == sorted(needed)


def test_each_connection_is_valid() -> None:
    connections = yaml.safe_load(only_block(PAGE, "yaml", "integration: aws"))["connections"]
    for connection in connections:
        assert AwsConfig.model_validate(connection["config"])
    trusted = json.loads(only_block(PAGE, "json", "sts:ExternalId"))["Statement"][0]["Condition"]["StringEquals"]
    assert trusted == {"sts:ExternalId": connections[1]["config"]["external_id"]}


def test_all_streams_parsers_and_rules_are_named() -> None:
    for name in (*SPEC.streams, *SPEC.parsers, PUBLIC_READ, PUBLIC_WRITE, ENCRYPTION):
        assert f"`{name}`" in PAGE
