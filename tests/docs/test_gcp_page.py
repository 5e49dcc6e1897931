"""What docs/vendors/gcp.md says of the integration is so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from dazz_assets.connections import Connection
from dazz_assets.spec.read import read_integration
from integrations.gcp.config import GcpConfig
from integrations.gcp.integration import GcpIntegration
from tests.docs.markdown import blocks, only_block
from tests.integrations.test_gcp_credentials import KEY_FILE

PAGE = (Path(__file__).parents[2] / "docs" / "vendors" / "gcp.md").read_text(encoding="utf-8")
SPEC = read_integration(GcpIntegration)


def test_it_lists_the_streams_with_their_permissions_and_the_parsers() -> None:
    for name, stream in SPEC.streams.items():
        [row] = [line for line in PAGE.splitlines() if line.startswith(f"| `{name}` | snapshot")]
        assert row.endswith(f"| `{stream.permissions[0]}` |")
        assert ("per" in row) == (stream.parent is not None)
    assert all(f"\n| `{name}` | a" in PAGE for name in SPEC.parsers)


def test_the_role_has_just_the_permissions_that_the_streams_need() -> None:
    [given] = [line for line in only_block(PAGE, "sh").splitlines() if "--permissions=" in line]

    assert given.strip().removeprefix("--permissions=").split(",") == [
        name for stream in SPEC.streams.values() for name in stream.permissions
    ]


def test_its_connections_are_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GCP_KEY", json.dumps(KEY_FILE))
    entries = [
        entry
        for block in blocks(PAGE)
        if block.language == "yaml"
        for entry in yaml.safe_load(block.text)["connections"]
    ]
    by_key, by_default = [Connection.model_validate(entry).load(GcpConfig) for entry in entries]

    assert (by_key.client_email, by_default.client_email) == (KEY_FILE["client_email"], None)


def test_it_names_each_setting() -> None:
    assert [name for name in GcpConfig.model_fields if f"`{name}`" not in PAGE and f"{name}:" not in PAGE] == []
