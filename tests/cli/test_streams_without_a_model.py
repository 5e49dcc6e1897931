"""Commands work on a stream without a model."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Project

REGIONS = '''class RegionsStream(Stream):
    """Regions, which no parser reads."""

    path = "/services"


class IncidentsIntegration('''


@pytest.fixture
def with_regions(project: Project) -> Project:
    file = Path(project.target)
    text = file.read_text(encoding="utf-8").replace("class IncidentsIntegration(", REGIONS)
    file.write_text(text.replace("streams = (", "streams = (RegionsStream, "), encoding="utf-8")
    return project


def test_preview_lists_all_fields_and_no_model(with_regions: Project) -> None:
    lines = with_regions.run("preview", with_regions.target, "regions").out.splitlines()
    assert ["field", "kinds", "missing", "null", "example"] in [line.split() for line in lines]
    assert ["id", "string", "s1"] in [line.split() for line in lines]
    assert "model: none, so records are stored but no parser can read them" in lines
    assert with_regions.json("preview", with_regions.target, "regions")["model"] is None


def test_explain_names_no_model(with_regions: Project) -> None:
    document = with_regions.json("explain", with_regions.target)
    models = {item["name"]: item["model"] for item in document["streams"]}
    assert models == {"regions": None, "services": "Service", "incidents": "Incident"}


def test_sync_stores_it(with_regions: Project) -> None:
    with_regions.run("sync", with_regions.target)
    assert with_regions.json("query", "select key from raw.incidents_regions order by key") == [{"key": "s1"}]


def test_record_records_it(with_regions: Project) -> None:
    with_regions.run("record", with_regions.target, "--connection", "acme")
    assert list(with_regions.folder.glob("recordings/**/*regions*"))
