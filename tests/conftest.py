"""What all tests share."""

import gc
import os
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.migrations import migrations_read_once

# A busy machine makes no example wrong.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")

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


def pytest_collection_finish() -> None:
    """What was collected stays until the end, so the garbage collector need not go through it again and again."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What a test has to tell although it passed: its property `told`."""
    for report in terminalreporter.stats.get("passed", ()):
        for name, text in report.user_properties:
            if name == "told":
                terminalreporter.write_line(str(text))


_OF_THE_DEVELOPER = (
    "DAZZ_HOME",
    "DAZZ_CONNECTIONS",
    "DAZZ_INTEGRATIONS",
    "DAZZ_LAKE",
    "DAZZ_PARSE_PROCESSES",
    "DAZZ_SECRETS_KEY",
    "DAZZ_SECRET_STORE",
    "DAZZ_TRANSLATOR",
    "DAGSTER_HOME",
)


@pytest.fixture(scope="session")
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What mypy found out of the library and its dependencies, kept for all tests of the xdist group `types`."""
    return tmp_path_factory.mktemp("mypy")


@pytest.fixture(autouse=True, scope="session")
def _migrations_read_once() -> Iterator[None]:
    with migrations_read_once():
        yield


@pytest.fixture(autouse=True, scope="session")
def _no_home() -> Iterator[None]:
    """A test, or a fixture of several, sets up its own home; it never meets the developer's, and sends nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_DISABLE_TELEMETRY", "yes")
        # A pytest that a test starts would read and rewrite all of hypothesis, which takes seconds.
        patch.setenv("PYTEST_ADDOPTS", "-p no:hypothesispytest")
        for name in _OF_THE_DEVELOPER:
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(autouse=True)
def _leaves_no_home(_no_home: None) -> Iterator[None]:
    """What a test, or the code that it runs, sets of these is gone after it."""
    yield
    for name in _OF_THE_DEVELOPER:
        os.environ.pop(name, None)
