"""A recorded scenario: its settings, its folder, and the integration that it belongs to."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dazz_assets.connections import Connection
from dazz_assets.errors import DefinitionError, RecordingError
from dazz_assets.names import suggest
from dazz_assets.spec.discovery import discover, explain_failure, load_classes
from dazz_assets.spec.read import read_integration
from dazz_assets.spec.specs import IntegrationSpec

RECORDINGS_FOLDER = "recordings"
SCENARIO_FILE = "scenario.json"
SNAPSHOTS = "snapshots"
CONNECTION = "test"
"""The connection id in all recordings, the same as the default one of `Integration()`."""

ScenarioSync = Literal["first", "second"]
SCENARIO_SYNCS: tuple[ScenarioSync, ...] = ("first", "second")


def find_scenarios(recordings: Path) -> Iterator[Path]:
    """The folders of the scenarios in a folder of recordings."""
    yield from (file.parent for file in sorted(recordings.glob(f"*/{SCENARIO_FILE}")) if is_scenario(file.parent))


def is_scenario(folder: Path) -> bool:
    """Whether a folder with a file `scenario.json` is a finished recording of ours, judged without reading the file.

    Other tools have files of this name too, and a broken file of ours must fail rather than be ignored.
    """
    ours = folder.parent.name == RECORDINGS_FOLDER and not folder.name.startswith(".")
    return ours and any((folder / name).is_dir() for name in (*SCENARIO_SYNCS, SNAPSHOTS))


class Scenario(BaseModel):
    """The settings of a recording.

    first, second: when the syncs ran, in UTC; a replay runs at the same times.
    file: the integration's file, beside the folder of recordings. config: with placeholders for secrets.
    pages, records: how many pages of each list were read, and how many records of each page were kept; None is all.
    key: a fingerprint of the pseudonyms' key, which shows whether two recordings were made with the same one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    integration: str
    # A replay runs this file's code, so it may only be beside the folder of recordings.
    file: Annotated[str, Field(pattern=r"^[^/\\\\:]+\.py$")]
    start: date
    first: datetime
    second: datetime
    pages: int | None = Field(default=None, ge=1)
    records: int | None = Field(default=None, ge=1)
    config: dict[str, Any] = Field(default_factory=dict)
    key: str | None = None

    def sync_time(self, sync: ScenarioSync) -> datetime:
        """When a sync ran."""
        return self.first if sync == "first" else self.second

    @property
    def connection(self) -> Connection:
        """The connection to replay."""
        return Connection(id=CONNECTION, integration=self.integration, start=self.start, config=self.config)

    def to_json(self) -> str:
        """The text of the scenario's file."""
        return json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def read_scenario(folder: Path) -> Scenario:
    """Read the scenario of a folder. Raises RecordingError if its file is missing or wrong."""
    path = folder / SCENARIO_FILE
    try:
        return Scenario.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecordingError(f"{path} does not exist; make a recording with `dazz record`") from None
    except UnicodeDecodeError as error:
        raise RecordingError(f"{path} is not UTF-8 text: {error}") from None
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, item['loc'])) or 'the file'}: {item['msg']}" for item in error.errors()
        )
        raise RecordingError(f"{path} is not a scenario: {problems}") from None


def recordings_folder(spec: IntegrationSpec) -> Path:
    """The folder of an integration's recordings."""
    return integration_file(spec).parent / RECORDINGS_FOLDER


def integration_file(spec: IntegrationSpec) -> Path:
    """The file of an integration's class."""
    return Path(inspect.getfile(spec.integration)).resolve()


def is_recorded_of(folder: Path, module: Path) -> bool:
    """Whether a folder's scenario names the integration file `module`; False if the scenario can't be read."""
    try:
        return read_scenario(folder).file == module.name
    except RecordingError:
        return False


def scenario_integration(folder: Path, scenario: Scenario) -> IntegrationSpec:
    """The integration of a scenario: the installed or discovered one, or else the one loaded from its file.

    Raises RecordingError if the file is missing or holds no integration of that name, DefinitionError if the
    integration has a mistake.
    """
    file = (folder.parent.parent / scenario.file).resolve()
    known = discover().integrations.get(scenario.integration)
    if known is not None and integration_file(known) == file:
        return known
    if not file.is_file():
        raise RecordingError(
            f"{folder / SCENARIO_FILE} names the integration file {file}, which does not exist; correct `file`"
        )
    try:
        specs = [read_integration(class_) for class_ in load_classes(file)]
    except DefinitionError:
        raise
    except Exception as error:
        raise DefinitionError(f"{file} failed to load: {explain_failure(error)}") from error
    for spec in specs:
        if spec.name == scenario.integration:
            return spec
    suggestion = suggest(scenario.integration, [spec.name for spec in specs])
    raise RecordingError(
        f"{folder / SCENARIO_FILE} names the integration {scenario.integration!r}, which is not in {file}{suggestion}"
    )


def now_in_seconds() -> datetime:
    """The current time in UTC, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)
