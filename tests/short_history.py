"""Sandboxes whose records are of a few weeks, not of a year: most of what a sync costs is for each of its windows."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

SHORT_HISTORY = timedelta(weeks=8)
_MODULES = (
    "dazz_assets.cli.sandbox_connections",
    "integrations.aws.sandbox",
    "integrations.gcp.sandbox",
    "integrations.github.sandbox",
    "integrations.github.sandbox_alerts",
    "integrations.github.sandbox_work",
    "integrations.jira.sandbox",
    "integrations.monday.sandbox",
    "integrations.snyk.sandbox",
    "tests.integrations.make_recordings",
)


@contextmanager
def short_history() -> Iterator[None]:
    """Sandboxes have as many records as ever, none older than `SHORT_HISTORY`, where connections to them start."""
    with pytest.MonkeyPatch.context() as patch:
        for module in _MODULES:
            patch.setattr(f"{module}.HISTORY", SHORT_HISTORY)
        yield
