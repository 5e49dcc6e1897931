"""A recorded scenario: what is replayed and of which integration, and how it lies on disk."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dazz_assets.connections import Connection
from dazz_assets.errors import DefinitionError, RecordingError
from dazz_assets.names import suggest
from dazz_assets.spec.discovery import discover, explain_failure, load_classes
from dazz_assets.spec.read import describe
from dazz_assets.spec.specs import IntegrationSpec

FOLDER = "recordings"
FILE = "scenario.json"
SNAPSHOTS = "snapshots"
DEFAULT = "default"
"""The scenario that commands and tests mean where they name none."""
RECORDS = 3
"""So many records of each page are kept where nobody says how many."""

Phase = Literal["first", "second"]
PHASES: tuple[Phase, ...] = ("first", "second")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def find_scenarios(recordings: Path) -> Iterator[Path]:
    """The folders of the scenarios in a folder of recordings."""
    yield from (file.parent for file in sorted(recordings.glob(f"*/{FILE}")) if is_scenario(file.parent))


def is_scenario(folder: Path) -> bool:
    """Whether a folder with a file `scenario.json` is a finished recording of ours; the file is not read.

    Other tools have files of this name too, and one of ours that is broken must not pass for theirs.
    """
    ours = folder.parent.name == FOLDER and not folder.name.startswith(".")
    return ours and any((folder / name).is_dir() for name in (*PHASES, SNAPSHOTS))


CONNECTION = "test"
"""The id of the connection of all recordings: the one that `Integration()` has where none is given."""


class Scenario(BaseModel):
    """What is replayed. first, second: when the syncs were, in UTC; the clock stands there.

    file: the integration's, beside the folder of recordings. config: with placeholders for secrets.
    pages, records: so many pages of each list were read, and so many records of each page kept; None is all.
    key: tells whether two recordings' pseudonyms are made with the same key.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    integration: str
    # Its code is run: it lies where the recordings lie, and nowhere else.
    file: Annotated[str, Field(pattern=r"^[^/\\\\:]+\.py$")]
    start: date
    first: datetime
    second: datetime
    pages: int | None = Field(default=None, ge=1)
    records: int | None = Field(default=None, ge=1)
    config: dict[str, Any] = Field(default_factory=dict)
    key: str | None = None

    def at(self, phase: Phase) -> datetime:
        """When a sync was."""
        return self.first if phase == "first" else self.second

    @property
    def connection(self) -> Connection:
        """The connection that is replayed."""
        return Connection(id=CONNECTION, integration=self.integration, start=self.start, config=self.config)

    def text(self) -> str:
        """The file's text."""
        return json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def read_scenario(folder: Path) -> Scenario:
    """The scenario of a folder. Raises RecordingError where its file is none."""
    path = folder / FILE
    try:
        return Scenario.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecordingError(f"there is no {path}; record one with `dazz record`") from None
    except UnicodeDecodeError as error:
        raise RecordingError(f"{path} is no text in UTF-8: {error}") from None
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, item['loc'])) or 'the file'}: {item['msg']}" for item in error.errors()
        )
        raise RecordingError(f"{path} is no scenario: {problems}") from None


def recordings_folder(spec: IntegrationSpec) -> Path:
    """The folder of an integration's recordings."""
    return integration_file(spec).parent / FOLDER


def integration_file(spec: IntegrationSpec) -> Path:
    """The file of an integration's class."""
    return Path(inspect.getfile(spec.integration)).resolve()


def is_recorded_of(folder: Path, module: Path) -> bool:
    """Whether the scenario of a folder was recorded of the integration in this file; one that can't be read was not."""
    try:
        return read_scenario(folder).file == module.name
    except RecordingError:
        return False


def scenario_integration(folder: Path, scenario: Scenario) -> IntegrationSpec:
    """The integration of a scenario's folder: as it is installed or discovered, else loaded from its file.

    Raises RecordingError where there is none of that name or no such file; DefinitionError where it is wrong.
    """
    file = (folder.parent.parent / scenario.file).resolve()
    known = discover().integrations.get(scenario.integration)
    if known is not None and integration_file(known) == file:
        return known
    if not file.is_file():
        raise RecordingError(f"{folder / FILE} is of an integration in {file}, which there isn't; correct its `file`")
    try:
        specs = [describe(class_) for class_ in load_classes(file)]
    except DefinitionError:
        raise
    except Exception as error:
        raise DefinitionError(f"{file} failed to load: {explain_failure(error)}") from error
    for spec in specs:
        if spec.name == scenario.integration:
            return spec
    there_is = suggest(scenario.integration, [spec.name for spec in specs])
    raise RecordingError(
        f"{folder / FILE} is of the integration {scenario.integration!r}, which {file} doesn't hold{there_is}"
    )


def now_in_seconds() -> datetime:
    """Now, in whole seconds of UTC."""
    return datetime.now(UTC).replace(microsecond=0)
