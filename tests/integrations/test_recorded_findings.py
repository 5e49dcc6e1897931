"""Records as real APIs sent them are findings that say what is expected of them.

The files are not ours to keep here: `VENDOR_DATA` says where they are, and without it these tests are skipped.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from dazz_assets.domain import Finding
from tests.integrations.vendor_data import github_findings, load, needs_vendor_data, snyk_findings

pytestmark = needs_vendor_data

FILES = ("github_dismissed", "github_epss_list", "snyk_code", "snyk_fixable", "snyk_six_packages")
# What a finding says of each name in `expect`, where its field has another name.
SAID: dict[str, Callable[[Finding], Any]] = {
    "id": lambda finding: finding.uid,
    "number": lambda finding: int(finding.uid),
    "key": lambda finding: finding.raw_record.key,
    "closed_at": lambda finding: finding.closed_time,
    "why": lambda finding: finding.status_detail,
    "version": lambda finding: finding.package_version,
    "packages": lambda finding: sorted(item.name for item in finding.affected_packages),
}


def said(finding: Finding, name: str) -> Any:
    return SAID[name](finding) if name in SAID else getattr(finding, name)


@pytest.mark.parametrize("name", FILES)
def test_findings_say_what_is_expected(name: str) -> None:
    recorded = load(f"recorded/{name}.json")
    parsed = github_findings if name.startswith("github") else lambda records: snyk_findings(records, [])
    found = parsed(recorded["records"])

    assert len(found) == len(recorded["expect"]) == len(recorded["records"])
    for finding, expected in zip(found, recorded["expect"], strict=True):
        forbidden = {item.removesuffix("_is_not"): expected.pop(item) for item in list(expected) if "_is_not" in item}
        times = {item: datetime.fromisoformat(value) for item, value in expected.items() if item.endswith("_at")}
        assert {item: said(finding, item) for item in expected} == {**expected, **times}
        assert all(said(finding, item) != value for item, value in forbidden.items())


def test_each_of_six_packages_has_its_version_and_package_url() -> None:
    [finding] = snyk_findings(load("recorded/snyk_six_packages.json")["records"], [])

    assert {item.version for item in finding.affected_packages} == {"2.35.2-2"}
    assert [item.purl for item in finding.affected_packages][-2:] == [
        "pkg:deb/debian/libctf0@2.35.2-2",
        "pkg:deb/debian/binutils@2.35.2-2",
    ]
