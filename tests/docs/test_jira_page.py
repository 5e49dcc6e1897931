"""The page about Jira: its connections load, and its tables have every stream and parser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from dazz_assets.declare.config import config_texts, secrets_by_field
from dazz_assets.http.auth.auth_choice import choose_auth
from dazz_assets.spec.read import read_integration
from integrations.jira.config import JiraConfig
from integrations.jira.integration import JiraIntegration
from tests.docs.markdown import blocks

PAGE = (Path(__file__).parents[2] / "docs" / "vendors" / "jira.md").read_text(encoding="utf-8")
SPEC = read_integration(JiraIntegration)


def configs() -> list[JiraConfig]:
    texts = [block.text for block in blocks(PAGE) if block.language == "yaml"]
    return [JiraConfig.model_validate(yaml.safe_load(text)["connections"][0]["config"]) for text in texts]


@pytest.mark.parametrize(
    ("config", "auth", "address"),
    [
        (configs()[0], "Basic", "https://acme.atlassian.net"),
        (configs()[1], "RefreshToken", "https://api.atlassian.com/ex/jira/11111111-2222-3333-4444-555555555555"),
    ],
)
def test_each_way_to_sign_in_is_chosen_by_its_example(config: JiraConfig, auth: str, address: str) -> None:
    chosen = choose_auth(JiraIntegration.auth, config_texts(config), secrets_by_field(config))

    assert (type(chosen).__name__, config.api_url) == (auth, address)


def test_all_streams_and_parsers_are_named_with_their_permissions() -> None:
    assert set(re.findall(r"^\| `(\w+)` \| (?:snapshot|incremental)", PAGE, re.M)) == set(SPEC.streams)
    assert set(re.findall(r"^- `(\w+)`:", PAGE, re.M)) == set(SPEC.parsers)
    for stream in SPEC.streams.values():
        assert all(name in PAGE for name in stream.permissions)
