from pathlib import Path

import pytest

from dazz_assets.lake import Lake, Table


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "home" / "lake")


@pytest.fixture
def issues(lake: Lake) -> Table:
    """The raw table of an incremental stream."""
    return lake.raw("snyk", "issues", "acme", windowed=True)


@pytest.fixture
def orgs(lake: Lake) -> Table:
    """The raw table of a snapshot stream."""
    return lake.raw("snyk", "orgs", "acme", windowed=False)
