"""A recorded scenario, replayed: both syncs through real Dagster, answered by what was recorded, in a clock that stands
where the recording's stood. Nothing leaves through a seam: what goes another way is not held back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import time_machine

from dazz_assets.connections import BadConnection
from dazz_assets.declare.config import secrets_by_field
from dazz_assets.declare.integration import Integration
from dazz_assets.domain import DomainObject
from dazz_assets.errors import RecordingError
from dazz_assets.http import Seam, Send
from dazz_assets.names import suggest
from dazz_assets.orchestration.outcomes import Outcome
from dazz_assets.privacy.redactor import Redactor
from dazz_assets.recording.exchange_file import read_exchanges
from dazz_assets.recording.lake_snapshots import (
    SnapshotTaker,
    StaleSnapshot,
    compare_snapshots,
    own_fields,
    published_rows,
    write_snapshots,
)
from dazz_assets.recording.replay_answers import ReplayScript
from dazz_assets.recording.requests_adapter import RequestsSeam
from dazz_assets.recording.scenario import FILE, PHASES, SNAPSHOTS, Phase, Scenario, read_scenario, scenario_integration
from dazz_assets.recording.workspace import Clock, Workspace, open_workspace
from dazz_assets.session import Session
from dazz_assets.spec.specs import IntegrationSpec
from dazz_assets.transform.published_tables import PublishedTables
from dazz_assets.transform.quarantine import Quarantine
from dazz_assets.transform.records import RecordCounts, StoredRecords

Model = TypeVar("Model", bound=DomainObject)


@dataclass
class Replay:
    """A scenario that was replayed.

    problems: requests that were not recorded and recordings that were not requested, and what failed.
    texts: the snapshots that were taken, by path without the ending.
    """

    folder: Path
    spec: IntegrationSpec
    session: Session
    problems: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    outcomes: dict[Phase, Outcome] = field(default_factory=dict)

    @property
    def integration(self) -> Integration[Any]:
        """The integration with the recorded connection's config."""
        return self.session.integration

    def records(self, stream: str) -> list[Any]:
        """The latest valid records of a stream, as its model. Raises RecordingError for one that there isn't."""
        if stream not in self.spec.streams:
            raise RecordingError(f"{self.spec.name} has no stream {stream!r}{suggest(stream, self.spec.streams)}")
        described = self.spec.streams[stream]
        stored = self.session.raw(described).open()
        return [] if stored is None else list(StoredRecords(described, stored, Quarantine(), RecordCounts()))

    def objects(self, model: type[Model]) -> list[Model]:
        """The published objects of a domain model. Raises RecordingError where no parser returns it."""
        parsers = [item for item in self.spec.parsers.values() if model in item.models]
        if not parsers:
            names = [item.__name__ for parser in self.spec.parsers.values() for item in parser.models]
            raise RecordingError(
                f"no parser of {self.spec.name} returns {model.__name__}{suggest(model.__name__, names)}"
            )
        rows = (row for parser in parsers for row in published_rows(PublishedTables(self.session, parser), model))
        return [model.model_validate(own_fields(row)) for row in rows]

    def object_counts(self) -> dict[str, int]:
        """How many objects are published, by parser."""
        counts: dict[str, int] = {}
        for name, parser in self.spec.parsers.items():
            snapshots = PublishedTables(self.session, parser).versions.values()
            counts[name] = sum(snapshot.rows for snapshot in snapshots if snapshot is not None)
        return counts

    def stale(self) -> list[StaleSnapshot]:
        """The snapshots that are not what was taken."""
        return compare_snapshots(self.folder / SNAPSHOTS, self.texts)

    def update(self) -> None:
        """Make what was taken the snapshots."""
        write_snapshots(self.folder / SNAPSHOTS, self.texts)


@contextmanager
def replay_scenario(folder: Path, spec: IntegrationSpec | None = None) -> Iterator[Replay]:
    """Replay the scenario of a folder; what it stored can be read inside the `with` statement.

    spec: its integration, else the one that the scenario names.
    Raises RecordingError for a folder that holds no scenario or one of another config, DefinitionError for an
    integration that is wrong.
    """
    scenario = read_scenario(folder)
    spec = spec or scenario_integration(folder, scenario)
    _demand_config(folder, spec, scenario)
    with open_workspace(spec, scenario.connection, scenario.pages) as stage:
        replay = Replay(folder, spec, stage.session)
        album = SnapshotTaker(stage.session)
        for phase in PHASES:
            _play(replay, scenario, stage, album, phase)
            if replay.problems:  # what the next sync does would follow from it
                break
        replay.texts = album.texts
        yield replay


def _demand_config(folder: Path, spec: IntegrationSpec, scenario: Scenario) -> None:
    try:
        scenario.connection.load(spec.config)
    except BadConnection as error:
        raise RecordingError(f"{folder / FILE} is not of this config: {error}; correct it, or record again") from None


def _play(replay: Replay, scenario: Scenario, stage: Workspace, album: SnapshotTaker, phase: Phase) -> None:
    secrets = secrets_by_field(stage.session.integration.config)
    script = ReplayScript(read_exchanges(replay.folder / phase), Redactor(secrets, b""))
    with replay_requests(replay.spec, script), time_machine.travel(scenario.at(phase), tick=False):
        outcome = stage.sync(Clock(scenario.at(phase), wait=None))
    replay.outcomes[phase] = outcome
    # Of what was not recorded all else may follow.
    found = [*script.problems, *script.unreached()] if script.problems else script.unused()
    # What failed for want of a recording is told by that alone.
    failed = [] if script.problems else [problem.message for problem in outcome.errors]
    replay.problems += [f"{phase} sync: {text}" for text in [*found, *failed]]
    album.take(phase, script.played)


@contextmanager
def replay_requests(spec: IntegrationSpec, script: Send) -> Iterator[None]:
    """While it is open, a script answers whatever the integration sends."""
    with ExitStack() as stack:
        for seam in find_seams(spec):
            stack.enter_context(seam.replaying(script))
        yield


def find_seams(spec: IntegrationSpec) -> tuple[Seam, ...]:
    """Where an integration's requests leave."""
    return (RequestsSeam(), *spec.integration.seams)
