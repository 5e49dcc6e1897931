"""Vendors bring their own sandboxes."""

from __future__ import annotations

from dazz_assets.sandbox import find_sandboxes


def test_the_sandboxes_of_the_integrations_are_found_by_name() -> None:
    names = [vendor.name for vendor in find_sandboxes()]
    assert names == sorted(names)
    assert {"gcp", "github", "snyk"} <= set(names)
