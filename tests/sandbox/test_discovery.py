"""Where sandboxes are found."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from dazz_assets.sandbox import find_sandboxes, missing_packages

INTEGRATIONS = Path(__file__).parents[2] / "integrations"


def test_the_sandboxes_of_the_integrations_are_found_by_name() -> None:
    vendors = sorted(file.parent.name for file in INTEGRATIONS.glob("*/sandbox.py"))
    assert [vendor.name for vendor in find_sandboxes()] == vendors
    assert missing_packages() == {}


def test_a_sandbox_that_needs_a_package_that_is_not_installed_is_left_out_and_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("integrations.aws.sandbox", "integrations.aws.sandbox_data"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "moto", None)
    monkeypatch.setitem(sys.modules, "moto.core", None)
    monkeypatch.setitem(sys.modules, "moto.core.utils", None)
    assert "aws" not in [vendor.name for vendor in find_sandboxes()]
    assert missing_packages() == {"aws": "moto"}


def test_a_sandbox_that_lacks_a_module_of_its_own_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    really_import = importlib.import_module

    def import_module(name: str) -> ModuleType:
        if name == "integrations.snyk.sandbox":
            raise ModuleNotFoundError("No module named 'integrations.snyk.records'", name="integrations.snyk.records")
        return really_import(name)

    monkeypatch.setattr(importlib, "import_module", import_module)
    with pytest.raises(ModuleNotFoundError, match=r"integrations\.snyk\.records"):
        find_sandboxes()
