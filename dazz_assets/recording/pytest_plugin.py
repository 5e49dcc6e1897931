"""The pytest plugin: each recorded scenario is a test. Installed with the package; loads no Dagster until it meets one.

A scenario is found by its file `scenario.json` in `recordings/<scenario>/`, in whichever folder pytest is given, and
where the path of an integration's file is given, beside it.
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
    DEFAULT,
    FILE,
    FOLDER,
    SNAPSHOTS,
    find_scenarios,
    integration_file,
    is_recorded_of,
    is_scenario,
    recordings_folder,
)
from dazz_assets.spec.discovery import find_integration
from dazz_assets.spec.read import describe
from dazz_assets.spec.specs import IntegrationSpec

if TYPE_CHECKING:
    from dazz_assets.recording.replay import Replay

_UPDATE = "--dazz-update"
_PROPERTY = "dazz-update"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option of the plugin."""
    group = parser.getgroup("dazz", "recorded integrations")
    group.addoption(
        _UPDATE,
        action="store_true",
        help="write the snapshots of recorded integrations anew, and say what changed",
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A scenario's file is one test."""
    if file_path.name == FILE and is_scenario(file_path.parent):
        return ScenarioFile.from_parent(parent, path=file_path)
    return None


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The file of an integration, given by its path, is no test module: its tests are beside it."""
    if parent.session.isinitpath(module_path) and any(_scenarios(module_path)):
        return IntegrationFile.from_parent(parent, path=module_path)
    return None


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say which snapshots changed."""
    told = [
        text
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", None) == "call"
        for name, text in getattr(report, "user_properties", ())
        if name == _PROPERTY
    ]
    if told:
        terminalreporter.section("snapshots written anew")
        for text in told:
            terminalreporter.write_line(text)


class IntegrationFile(pytest.File):
    """An integration's file, with its recordings beside it."""

    def collect(self) -> Iterator[pytest.Collector]:
        """Its scenarios."""
        for file in _scenarios(self.path):
            yield ScenarioFile.from_parent(self, path=file)


class ScenarioFile(pytest.File):
    """A scenario's folder."""

    def collect(self) -> Iterator[pytest.Item]:
        """Its one test."""
        yield ScenarioItem.from_parent(self, name=self.path.parent.name)


class ScenarioItem(pytest.Item):
    """The test that a scenario is: replayed, it makes the requests that were recorded, and gives its snapshots."""

    def runtest(self) -> None:
        """Replay and compare. Raises Mismatch."""
        from dazz_assets.recording.replay import replay_scenario

        with replay_scenario(self.path.parent) as replay:
            if replay.problems:
                raise Mismatch(replay.problems)
            if stale := [str(item) for item in replay.stale()]:
                if not self.config.getoption(_UPDATE):
                    raise Mismatch([*stale, f"If this is as it should be: pytest {_UPDATE} {self.path.parent}"])
                replay.update()
                self.user_properties += [(_PROPERTY, f"{self.path.parent / SNAPSHOTS}/{text}") for text in stale]

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What is wrong with the recording or the integration, without a traceback."""
        if isinstance(excinfo.value, _TOLD):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where it is, and what it is called."""
        return self.path, None, f"recording {self.path.parent.parent.parent.name}/{self.name}"


class Mismatch(Exception):
    """A replay is not what was recorded."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))


# What says all there is to say: a traceback would hide it.
_TOLD = (Mismatch, RecordingError, DefinitionError)


@pytest.fixture
def dazz_replay(request: pytest.FixtureRequest) -> Iterator[Callable[..., Replay]]:
    """`dazz_replay(SnykIntegration)` replays its recording, and gives what was stored and published.

    The target is an integration's class, its name, or the path of its file; a second argument names another scenario
    than `default`. Fails where requests and recording don't fit; snapshots are left to the scenario's own test.
    """
    with ExitStack() as stack:

        def replay(target: type[Integration[Any]] | str | Path, scenario: str = DEFAULT) -> Replay:
            from dazz_assets.recording.replay import replay_scenario

            try:
                spec = describe(target) if isinstance(target, type) else find_integration(str(target))
                found = stack.enter_context(replay_scenario(_recording(spec, scenario), spec))
            except _TOLD as error:
                pytest.fail(str(error), pytrace=False)
            if found.problems:
                pytest.fail("\n".join(found.problems), pytrace=False)
            return found

        yield replay


def _recording(spec: IntegrationSpec, scenario: str) -> Path:
    """The folder of an integration's scenario. Raises RecordingError where there is none of this name."""
    recordings = recordings_folder(spec)
    names = [folder.name for folder in find_scenarios(recordings)]
    if scenario not in names:
        raise RecordingError(
            f"{spec.name} has no recording {scenario!r} in {recordings}{suggest(scenario, names)}; "
            f"to make it: dazz record {integration_file(spec)} --connection ID --scenario {scenario}"
        )
    return recordings / scenario


def _scenarios(module: Path) -> Iterator[Path]:
    """The files of the scenarios that were recorded of the integration in this file."""
    for folder in find_scenarios(module.parent / FOLDER):
        if is_recorded_of(folder, module):
            yield folder / FILE
