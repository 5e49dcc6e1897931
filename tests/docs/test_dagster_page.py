"""The project that docs/dagster.md shows, beside a `resources.py` of its own: ours and theirs in one code location."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from dazz_assets import Lake
from dazz_assets.sandbox import Sandbox
from integrations.snyk.sandbox import SnykSandbox
from tests.docs.markdown import blocks, changed

pytestmark = pytest.mark.xdist_group("the page on Dagster")

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "dagster.md").read_text(encoding="utf-8")

RESOURCES = '''
"""What this project's runs are given: nothing of the library's has this name."""

import csv
from pathlib import Path

import dagster as dg


class Warehouse(dg.ConfigurableResource):
    folder: str

    def write(self, table: str, rows) -> None:
        Path(self.folder).mkdir(exist_ok=True)
        with (Path(self.folder) / f"{table}.csv").open("w", newline="") as file:
            csv.writer(file).writerows(rows if isinstance(rows, list) else rows.to_numpy().tolist())
'''

MATERIALIZE = """
import json, sys
import dagster as dg
import resources
import definitions

RANGE = "dagster/asset_partition_range_"
defs = definitions.defs()
grid = defs.resolve_assets_def(dg.AssetKey(["snyk", "findings"])).partitions_def
with dg.DagsterInstance.get() as instance:
    instance.add_dynamic_partitions("snyk_connections", ["acme"])
    windows = sorted(grid.get_partition_keys(dynamic_partitions_store=instance))
    job = defs.resolve_implicit_global_asset_job_def()

    def run(*keys, partition=None, tags=None):
        chosen = [dg.AssetKey(key.split("/")) for key in keys]
        done = job.execute_in_process(
            instance=instance, asset_selection=chosen, partition_key=partition, tags=tags
        )
        return [event.step_key for event in done.get_step_success_events()]

    every = {RANGE + "start": windows[0], RANGE + "end": windows[-1]}
    steps = run("accounts", "snyk/raw/orgs", "snyk/raw/projects", "snyk/raw/targets", partition="acme")
    run("snyk/raw/issues", "snyk/findings", tags=every)
    run("open_findings")
    run("digest", tags=every)
    events = instance.fetch_materializations(dg.AssetKey("digest"), limit=1000).records
print(json.dumps({"steps": steps, "digested": len(events), "windows": len(windows), "resources": resources.__file__}))
"""


def _shown(name: str, language: str = "python") -> str:
    (found,) = [block.text for block in blocks(PAGE) if (block.language, block.words) == (language, (name,))]
    return found


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the page's files, in which everything was materialized."""
    folder = tmp_path_factory.mktemp("theirs")
    (folder / "dagster").mkdir()
    (folder / "resources.py").write_text(RESOURCES, encoding="utf-8")
    for name in ("definitions.py", "digest.py", "report.py"):
        (folder / name).write_text(_shown(name), encoding="utf-8")
    (folder / "first_definitions.py").write_text(_shown("definitions.py"), encoding="utf-8")
    complete = changed(_shown("definitions.py"), _shown("definitions.py", "diff"))
    (folder / "definitions.py").write_text(complete, encoding="utf-8")
    with Sandbox([SnykSandbox(seed=1, orgs=2, projects=4, issues=40)]) as sandbox:
        start = datetime.now(UTC).date() - timedelta(weeks=8)
        connection = {"id": "acme", "integration": "snyk", "start": start, "config": sandbox.settings("snyk")}
        (folder / "connections.yaml").write_text(yaml.safe_dump({"connections": [connection]}), encoding="utf-8")
        yield folder


@pytest.fixture(scope="module")
def done(project: Path) -> dict[str, Any]:
    """What a process of theirs says after it materialized all assets."""
    return dict(json.loads(_python(project, "-c", MATERIALIZE).splitlines()[-1]))


def _python(folder: Path, *arguments: str) -> str:
    path = os.pathsep.join([str(folder), str(ROOT)])
    places = {"PYTHONPATH": path, "DAGSTER_HOME": str(folder / "dagster"), "DAZZ_HOME": str(folder / ".dazz")}
    ran = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, **places},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize("location", [("-f", "first_definitions.py"), ("-f", "definitions.py"), ("-m", "definitions")])
def test_dagster_loads_the_definitions_by_file_and_by_module(project: Path, location: tuple[str, str]) -> None:
    _python(project, "-m", "dagster", "definitions", "validate", *location)


def test_their_resources_are_theirs(project: Path, done: dict[str, Any]) -> None:
    assert done["resources"] == str(project / "resources.py")


def test_theirs_runs_before_the_stream_that_comes_after_it(done: dict[str, Any]) -> None:
    steps = done["steps"]
    assert sorted(steps) == ["accounts", "snyk__raw__orgs", "snyk__raw__projects", "snyk__raw__targets"]
    assert steps.index("accounts") < steps.index("snyk__raw__orgs")


def test_their_asset_gets_all_findings_as_a_data_frame(project: Path, done: dict[str, Any]) -> None:
    findings = Lake(project / ".dazz" / "lake").table("findings").to_arrow().to_pylist()
    wanted = Counter(item["severity"] for item in findings if item["status"] != "Resolved")
    rows = [line.split(",") for line in (project / "warehouse" / "open_findings.csv").read_text().split()]
    assert wanted
    assert {severity: int(count) for _, severity, count in rows} == wanted
    assert {connection for connection, _, _ in rows} == {"acme"}


def test_an_asset_with_our_partitions_takes_a_range_of_them(done: dict[str, Any]) -> None:
    assert done["digested"] == done["windows"] >= 8


def test_the_lake_is_read_without_dagster(project: Path, done: dict[str, Any]) -> None:
    assert "[(" in _python(project, "report.py")
    code = "import report, sys; assert 'dagster' not in sys.modules; print(report.findings.to_arrow().num_rows)"
    rows = _python(project, "-c", code).split()[-1]
    assert int(rows) == Lake(project / ".dazz" / "lake").table("findings").to_arrow().num_rows > 0
