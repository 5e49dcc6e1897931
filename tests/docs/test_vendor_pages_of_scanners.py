"""The pages of GitHub and Snyk name what there is, and their connections are complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from dazz_assets.http.auth.auth_choice import choose_auth
from dazz_assets.spec.discovery import find_integration
from tests.docs.markdown import blocks

FOLDER = Path(__file__).parents[2] / "docs" / "vendors"
VENDORS = ("github", "snyk")


def page(vendor: str) -> str:
    return (FOLDER / f"{vendor}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("vendor", VENDORS)
def test_each_stream_and_parser_is_named_and_no_other(vendor: str) -> None:
    spec, text = find_integration(vendor), page(vendor)
    fetched, made = (
        text.split(f"## {title}\n")[1].split("\n## ")[0] for title in ("What is fetched", "What becomes of it")
    )

    assert set(re.findall(r"^\| `(\w+)` \|", fetched, re.MULTILINE)) == set(spec.streams)
    assert set(re.findall(r"^\| `(\w+)` \|", made, re.MULTILINE)) == set(spec.parsers)


@pytest.mark.parametrize("vendor", VENDORS)
def test_each_permission_of_each_stream_is_named(vendor: str) -> None:
    permissions = page(vendor).replace("`", "").split("## Permissions\n")[1].split("\n## ")[0]
    rows = [row.split("|") for row in permissions.splitlines() if row.startswith("|")]
    named = {stream.strip(): what for _, streams, what, _ in rows for stream in streams.split(",")}

    for stream in find_integration(vendor).streams.values():
        assert stream.permissions
        assert all(permission in named[stream.name] for permission in stream.permissions), stream.name


@pytest.mark.parametrize("vendor", VENDORS)
def test_each_connection_is_complete_for_one_way_to_sign_in(vendor: str) -> None:
    spec = find_integration(vendor)
    found = [yaml.safe_load(block.text)["connections"][0] for block in blocks(page(vendor)) if block.language == "yaml"]
    chosen = [choose_auth(spec.integration.auth, connection["config"], ()) for connection in found]

    assert len({type(auth) for auth in chosen}) == len(found) == 2
