"""The pytest plugin, installed with the package: each recorded scenario is a test.

It collects `recordings/<scenario>/scenario.json` in the folders that pytest is given, and beside an integration's file
if pytest is given its path. It does not load Dagster before it runs a scenario.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dazz_assets.declare.integration import Integration
from dazz_assets.errors import DefinitionError, RecordingError
from dazz_assets.names import suggest
from dazz_assets.recording.scenario import (
    RECORDINGS_FOLDER,
    SCENARIO_FILE,
    SNAPSHOTS,
    find_scenarios,
    integration_file,
    is_recorded_of,
    is_scenario,
    recordings_folder,
)
from dazz_assets.recording.scenario_names import DEFAULT_SCENARIO
from dazz_assets.spec.discovery import find_integration
from dazz_assets.spec.read import read_integration
from dazz_assets.spec.specs import IntegrationSpec

if TYPE_CHECKING:
    from dazz_assets.recording.replay import Replay

_UPDATE = "--dazz-update"
_PROPERTY = "dazz-update"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option of the plugin."""
    group = parser.getgroup("dazz", "recorded integrations")
    group.addoption(
        _UPDATE,
        action="store_true",
        help="rewrite the snapshots of recorded integrations, and show what changed",
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a scenario's file as one test."""
    if file_path.name == SCENARIO_FILE and is_scenario(file_path.parent):
        return ScenarioFile.from_parent(parent, path=file_path)
    return None


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect the recordings beside an integration's file that was given by its path, instead of the file itself."""
    if parent.session.isinitpath(module_path) and any(_find_scenario_files(module_path)):
        return IntegrationFile.from_parent(parent, path=module_path)
    return None


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """List the snapshots that were rewritten."""
    changes = [
        text
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", None) == "call"
        for name, text in getattr(report, "user_properties", ())
        if name == _PROPERTY
    ]
    if changes:
        terminalreporter.section("rewritten snapshots")
        for text in changes:
            terminalreporter.write_line(text)


class IntegrationFile(pytest.File):
    """An integration's file, with its recordings beside it."""

    def collect(self) -> Iterator[pytest.Collector]:
        """Its scenarios."""
        for file in _find_scenario_files(self.path):
            yield ScenarioFile.from_parent(self, path=file)


class ScenarioFile(pytest.File):
    """A scenario's folder."""

    def collect(self) -> Iterator[pytest.Item]:
        """Its one test."""
        yield ScenarioItem.from_parent(self, name=self.path.parent.name)


class ScenarioItem(pytest.Item):
    """The test of a scenario: its replay must send the recorded requests and give the recorded snapshots."""

    def runtest(self) -> None:
        """Replay the scenario and compare. Raises Mismatch if anything differs."""
        from dazz_assets.recording.replay import replay_scenario

        with replay_scenario(self.path.parent) as replay:
            if replay.problems:
                raise Mismatch(replay.problems)
            if stale := [str(item) for item in replay.stale_snapshots()]:
                if not self.config.getoption(_UPDATE):
                    raise Mismatch([*stale, f"To accept these changes: pytest {_UPDATE} {self.path.parent}"])
                replay.update_snapshots()
                self.user_properties += [(_PROPERTY, f"{self.path.parent / SNAPSHOTS}/{text}") for text in stale]

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Describe a failure of the recording or the integration without a traceback."""
        if isinstance(excinfo.value, _EXPECTED_ERRORS):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, None, str]:
        """The path and the name of the test."""
        return self.path, None, f"recording {self.path.parent.parent.parent.name}/{self.name}"


class Mismatch(Exception):
    """A replay differs from its recording."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))


# Errors whose message says it all; a traceback would hide it.
_EXPECTED_ERRORS = (Mismatch, RecordingError, DefinitionError)


@pytest.fixture
def dazz_replay(request: pytest.FixtureRequest) -> Iterator[Callable[..., Replay]]:
    """A function that replays a recording and returns what was stored and published.

    `dazz_replay(DeskIntegration)` takes an integration's class, its name, or the path of its file; a second argument
    names a scenario other than `default`. The test fails if the requests differ from the recorded ones. Snapshots are
    compared by the scenario's own test only.
    """
    with ExitStack() as stack:

        def replay(target: type[Integration[Any]] | str | Path, scenario: str = DEFAULT_SCENARIO) -> Replay:
            from dazz_assets.recording.replay import replay_scenario

            try:
                spec = read_integration(target) if isinstance(target, type) else find_integration(str(target))
                replayed = stack.enter_context(replay_scenario(_find_recording(spec, scenario), spec))
            except _EXPECTED_ERRORS as error:
                pytest.fail(str(error), pytrace=False)
            if replayed.problems:
                pytest.fail("\n".join(replayed.problems), pytrace=False)
            return replayed

        yield replay


def _find_recording(spec: IntegrationSpec, scenario: str) -> Path:
    """The folder of an integration's scenario. Raises RecordingError if there is none of this name."""
    recordings = recordings_folder(spec)
    names = [folder.name for folder in find_scenarios(recordings)]
    if scenario not in names:
        raise RecordingError(
            f"{spec.name} has no recording {scenario!r} in {recordings}{suggest(scenario, names)}; "
            f"to record it: dazz record {integration_file(spec)} --connection ID --scenario {scenario}"
        )
    return recordings / scenario


def _find_scenario_files(module: Path) -> Iterator[Path]:
    """The files of the scenarios that were recorded of the integration in this file."""
    for folder in find_scenarios(module.parent / RECORDINGS_FOLDER):
        if is_recorded_of(folder, module):
            yield folder / SCENARIO_FILE
