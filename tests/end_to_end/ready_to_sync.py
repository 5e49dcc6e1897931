"""Imported by a process that others are forked from: what they need for a sync is imported and read once."""

import os
import tempfile

import graphql  # noqa: F401  Dagster and pyarrow import these four during a sync
import pandas as pd  # noqa: F401
import structlog  # noqa: F401
import upath  # noqa: F401

from dazz_assets.cli.commands import sync  # noqa: F401
from dazz_assets.home import DAGSTER_VARIABLE, HOME_VARIABLE
from dazz_assets.orchestration import local_runs  # noqa: F401
from dazz_assets.orchestration.dagster_instance import open_instance
from dazz_assets.spec.discovery import discover
from tests.migrations import migrations_read_once

_until_it_ends = migrations_read_once()
_until_it_ends.__enter__()
discover()
with tempfile.TemporaryDirectory() as home:
    os.environ.update({HOME_VARIABLE: home, DAGSTER_VARIABLE: f"{home}/dagster"})
    with open_instance():
        pass
