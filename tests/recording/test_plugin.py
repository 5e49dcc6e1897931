"""Recordings are tests, wherever they are and however pytest is started."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.recording.pytest_runs import Run, run_pytest

pytestmark = pytest.mark.xdist_group("collected recordings")

OTHER_TOOL_CODE = """
import json
from pathlib import Path


def test_their_own_scenario() -> None:
    assert json.loads(Path(__file__).with_name("recordings").joinpath("walk/scenario.json").read_text())["steps"] == []
"""

FIXTURE_CODE = """
from shop import Account, Invoice, ShopIntegration


def test_each_order_is_an_invoice(dazz_replay) -> None:
    replay = dazz_replay(ShopIntegration)
    assert len(replay.objects(Invoice)) == len(replay.records("orders")) == 11
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, recorded_shop: Path) -> Path:
    """Another project: an integration in a file, one in a folder, tests, and recordings of another tool."""
    root = tmp_path_factory.mktemp("project")
    (root / "pytest.ini").write_text("[pytest]\ntestpaths = tests\nnorecursedirs = build\n", encoding="utf-8")
    (root / "tests").mkdir()
    (root / "tests/test_ours.py").write_text("def test_ours() -> None: ...\n", encoding="utf-8")

    lone = shutil.copytree(recorded_shop, root / "src/lone")
    (lone / "test_more.py").write_text(FIXTURE_CODE, encoding="utf-8")
    shutil.copytree(lone / "recordings/default", lone / "recordings/.default.unfinished")

    write_split_integration(recorded_shop, root / "src/vendors/shop")

    other = root / "src/other"
    (other / "recordings/walk").mkdir(parents=True)
    (other / "recordings/walk/scenario.json").write_text('{"name": "a walk", "steps": []}', encoding="utf-8")
    (other / "recordings/song").mkdir()
    (other / "recordings/song/tune.json").write_text("{}", encoding="utf-8")
    (other / "test_theirs.py").write_text(OTHER_TOOL_CODE, encoding="utf-8")
    return root


def write_split_integration(recorded: Path, to: Path) -> None:
    """Write the recorded shop as `integration.py` and `models.py`, to a folder that is not a package."""
    shutil.copytree(recorded, to)
    head, _, rest = (to / "shop.py").read_text(encoding="utf-8").partition("\n\nclass ShopConfig")
    models, stream, rest = rest.partition("\n\nclass AccountsStream")
    (to / "models.py").write_text(f"{head}\n\nclass ShopConfig{models}", encoding="utf-8")
    imported = "from .models import Account, Invoice, Order, ShopConfig\n"
    (to / "integration.py").write_text(f"{head}\n{imported}{stream}{rest}", encoding="utf-8")
    (to / "shop.py").unlink()
    scenario = to / "recordings/default/scenario.json"
    content = json.loads(scenario.read_text(encoding="utf-8")) | {"file": "integration.py"}
    scenario.write_text(json.dumps(content), encoding="utf-8")


LONE_TEST = "src/lone/recordings/default/scenario.json::default"
SPLIT_TEST = "src/vendors/shop/recordings/default/scenario.json::default"
FIXTURE_TEST = "src/lone/test_more.py::test_each_order_is_an_invoice"
PROJECT_TEST = "tests/test_ours.py::test_ours"
OTHER_TOOL_TEST = "src/other/test_theirs.py::test_their_own_scenario"


def collected_tests(run: Run) -> list[str]:
    assert run.status == 0, run.text
    return sorted(line for line in run.text.splitlines() if "::" in line)


@pytest.mark.parametrize(
    ("folder", "args", "expected"),
    [
        pytest.param("", [], [PROJECT_TEST], id="only what the project's own settings name"),
        pytest.param(
            "", ["src", "tests"], [LONE_TEST, FIXTURE_TEST, OTHER_TOOL_TEST, SPLIT_TEST, PROJECT_TEST], id="folders"
        ),
        pytest.param("src/lone", ["recordings"], [LONE_TEST], id="the recordings"),
        pytest.param("tests", ["../src/lone/shop.py"], [LONE_TEST], id="an integration's file"),
    ],
)
def test_a_recording_is_collected_by(project: Path, folder: str, args: list[str], expected: list[str]) -> None:
    assert collected_tests(run_pytest("--collect-only", "-q", *args, cwd=project / folder)) == sorted(expected)


def test_recordings_pass_without_test_code_from_another_folder_in_several_processes(
    project: Path,
) -> None:
    another = project.with_name("another")
    another.mkdir()
    given = [project / "src" / name for name in ("lone", "other", "vendors/shop/integration.py")]
    ran = run_pytest("-p", "xdist", "-n", "2", "-v", *given, cwd=another)
    assert (ran.status, ran.outcome) == (0, "4 passed"), ran.text
    for test in (LONE_TEST, SPLIT_TEST, FIXTURE_TEST, OTHER_TOOL_TEST):
        assert f"PASSED ../{project.name}/{test}" in ran.text
