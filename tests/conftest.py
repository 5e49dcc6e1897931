"""What all tests share."""

import os
from collections.abc import Generator

import pytest

_IN_CI = os.environ.get("CI") == "true"
# Vendors' own data is not ours to ship: a test that needs it may skip everywhere.
_MAY_SKIP = "VENDOR_DATA"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI nothing is missing, so a test that skips is a test that fails."""
    report = yield
    if _IN_CI and report.skipped and not hasattr(report, "wasxfail") and _MAY_SKIP not in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} skipped, and in CI nothing may: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def _no_telemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dagster sends nothing from a test, whatever instance it makes."""
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "yes")


@pytest.fixture(autouse=True)
def _no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test sets up its own home; it never meets the developer's."""
    for name in ("DAZZ_HOME", "DAZZ_CONNECTIONS", "DAZZ_INTEGRATIONS", "DAZZ_LAKE", "DAGSTER_HOME"):
        monkeypatch.delenv(name, raising=False)
