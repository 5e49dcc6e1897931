"""Replay a recorded scenario: both syncs run through real Dagster at the recorded time, with the recorded responses.

Nothing is sent through a known seam. Requests that a library sends in another way are not blocked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import time_machine

from dazz_assets.connections import BadConnection, Connection
from dazz_assets.declare.config import secrets_by_field
from dazz_assets.declare.integration import Integration
from dazz_assets.domain import DomainObject
from dazz_assets.errors import RecordingError
from dazz_assets.http import Seam, Send
from dazz_assets.http.auth.auth_choice import list_auths
from dazz_assets.http.auth.signed_jwt import find_jwts, make_throwaway_key
from dazz_assets.http.placeholders import find_placeholders
from dazz_assets.lake.versions.latest_versions import LatestVersions
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
from dazz_assets.recording.scenario import (
    SCENARIO_FILE,
    SCENARIO_SYNCS,
    SNAPSHOTS,
    Scenario,
    ScenarioSync,
    read_scenario,
    scenario_integration,
)
from dazz_assets.recording.workspace import Clock, Workspace, open_workspace
from dazz_assets.session import Session
from dazz_assets.spec.specs import IntegrationSpec
from dazz_assets.transform.published_tables import PublishedTables
from dazz_assets.transform.quarantine import Quarantine
from dazz_assets.transform.records import RecordCounts, StoredRecords

Model = TypeVar("Model", bound=DomainObject)


@dataclass
class Replay:
    """A replayed scenario.

    problems: requests that were not recorded, recorded ones that were not requested, and errors of the syncs.
    snapshots: texts of the snapshots that were taken, by path without the suffix.
    """

    folder: Path
    spec: IntegrationSpec
    session: Session
    problems: list[str] = field(default_factory=list)
    snapshots: dict[str, str] = field(default_factory=dict)
    outcomes: dict[ScenarioSync, Outcome] = field(default_factory=dict)

    @property
    def integration(self) -> Integration[Any]:
        """The integration with the recorded connection's config."""
        return self.session.integration

    def records(self, stream: str) -> list[Any]:
        """A stream's latest valid records as its model. Raises RecordingError if there is no such stream."""
        if stream not in self.spec.streams:
            raise RecordingError(f"{self.spec.name} has no stream {stream!r}{suggest(stream, self.spec.streams)}")
        stream_spec = self.spec.streams[stream]
        stored = self.session.raw(stream_spec).open()
        if stored is None:
            return []
        return list(StoredRecords(stream_spec, LatestVersions(stored), Quarantine(), RecordCounts()))

    def objects(self, model: type[Model]) -> list[Model]:
        """The published objects of a domain model. Raises RecordingError if no parser returns it."""
        parsers = [item for item in self.spec.parsers.values() if model in item.models]
        if not parsers:
            names = [item.__name__ for parser in self.spec.parsers.values() for item in parser.models]
            raise RecordingError(
                f"no parser of {self.spec.name} returns {model.__name__}{suggest(model.__name__, names)}"
            )
        rows = (row for parser in parsers for row in published_rows(PublishedTables(self.session, parser), model))
        return [model.model_validate(own_fields(row)) for row in rows]

    def object_counts(self) -> dict[str, int]:
        """The number of published objects by parser."""
        counts: dict[str, int] = {}
        for name, parser in self.spec.parsers.items():
            versions = PublishedTables(self.session, parser).versions.values()
            counts[name] = sum(version.rows for version in versions if version is not None)
        return counts

    def stale_snapshots(self) -> list[StaleSnapshot]:
        """Compare the stored snapshots with those taken, and return the ones that differ."""
        return compare_snapshots(self.folder / SNAPSHOTS, self.snapshots)

    def update_snapshots(self) -> None:
        """Replace the stored snapshots with those taken."""
        write_snapshots(self.folder / SNAPSHOTS, self.snapshots)


@contextmanager
def replay_scenario(folder: Path, spec: IntegrationSpec | None = None) -> Iterator[Replay]:
    """Replay the scenario of a folder. What it stored can be read inside the `with` statement.

    spec: its integration; by default the one that the scenario names.
    Raises RecordingError if the folder holds no scenario or its config does not fit, DefinitionError if the integration
    has a mistake.
    """
    scenario = read_scenario(folder)
    spec = spec or scenario_integration(folder, scenario)
    connection = _give_throwaway_keys(spec, scenario.connection)
    _check_config(folder, spec, connection)
    with open_workspace(spec, connection, scenario.pages) as workspace:
        replay = Replay(folder, spec, workspace.session)
        taker = SnapshotTaker(workspace.session)
        for sync in SCENARIO_SYNCS:
            _replay_sync(replay, scenario, workspace, taker, sync)
            if replay.problems:  # problems of the next sync would follow from these
                break
        replay.snapshots = taker.snapshots
        yield replay


def _give_throwaway_keys(spec: IntegrationSpec, connection: Connection) -> Connection:
    """The connection with keys that sign in the place of placeholders: no one checks what a replay signs."""
    keys: dict[str, str] = {}
    for jwt in (jwt for auth in list_auths(spec.integration.auth) for jwt in find_jwts(auth)):
        if (key := make_throwaway_key(jwt.algorithm)) is not None:
            keys |= {name: key for kind, name in find_placeholders(jwt.key) if kind == "config"}
    config = {name: keys.get(name, value) for name, value in connection.config.items()}
    return connection.model_copy(update={"config": config})


def _check_config(folder: Path, spec: IntegrationSpec, connection: Connection) -> None:
    try:
        connection.load(spec.config)
    except BadConnection as error:
        raise RecordingError(
            f"{folder / SCENARIO_FILE} does not fit the integration's config: {error}; correct it, or record again"
        ) from None


def _replay_sync(
    replay: Replay, scenario: Scenario, workspace: Workspace, taker: SnapshotTaker, sync: ScenarioSync
) -> None:
    secrets = secrets_by_field(workspace.session.integration.config)
    script = ReplayScript(read_exchanges(replay.folder / sync), Redactor(secrets, b""))
    with replay_requests(replay.spec, script), time_machine.travel(scenario.sync_time(sync), tick=False):
        outcome = workspace.sync(Clock(scenario.sync_time(sync), wait=None))
    replay.outcomes[sync] = outcome
    # Once a request was not recorded, unsent requests and errors may follow from that: report the cause only.
    unmatched = [*script.problems, *script.describe_unreached()] if script.problems else script.describe_unrequested()
    errors = [] if script.problems else [problem.message for problem in outcome.errors]
    replay.problems += [f"{sync} sync: {text}" for text in [*unmatched, *errors]]
    taker.take(sync, script.played)


@contextmanager
def replay_requests(spec: IntegrationSpec, script: Send) -> Iterator[None]:
    """Answer whatever the integration sends by a script, for as long as the context is open."""
    with ExitStack() as stack:
        for seam in find_seams(spec):
            stack.enter_context(seam.replaying(script))
        yield


def find_seams(spec: IntegrationSpec) -> tuple[Seam, ...]:
    """The seams through which an integration sends requests."""
    return (RequestsSeam(), *spec.integration.seams)
