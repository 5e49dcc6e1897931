"""Recording a scenario: two real syncs, redacted as they go, and a replay that takes the snapshots."""

from __future__ import annotations

import hashlib
import hmac
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from dazz_assets.connections import Connection
from dazz_assets.declare.config import ConnectionConfig, secrets_by_field
from dazz_assets.errors import RecordingError
from dazz_assets.http import Seam
from dazz_assets.http.placeholders import PLACEHOLDER
from dazz_assets.privacy.redactor import PERSONAL, Redactor
from dazz_assets.recording.exchange_file import exchange_text
from dazz_assets.recording.recording_warnings import find_warnings
from dazz_assets.recording.replay import Replay, find_seams, replay_scenario
from dazz_assets.recording.scenario import (
    CONNECTION,
    FILE,
    PHASES,
    Phase,
    Scenario,
    integration_file,
    now_in_seconds,
    read_scenario,
    recordings_folder,
)
from dazz_assets.recording.tape import Tape
from dazz_assets.recording.workspace import Clock, Workspace, open_workspace
from dazz_assets.reports import Progress
from dazz_assets.spec.specs import IntegrationSpec

PAGES = 2
"""Of each list so many pages are recorded unless all is: enough for the paging to be exercised."""


_OTHER_KEY = (
    "the pseudonyms are made with another key than those of the recording before, so each of them differs; who records "
    "the same integration shares DAZZ_RECORDING_KEY"
)


@dataclass(frozen=True, slots=True)
class RecordedScenario:
    """What was recorded: the folder, the exchanges of each sync, rows stored by stream, objects published by parser.

    personal: files in which a value still stands that is personal elsewhere. doubts: what else may not be as meant, in
    sentences.
    """

    folder: Path
    exchanges: Mapping[Phase, int]
    records: Mapping[str, int]
    objects: Mapping[str, int]
    personal: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def record_scenario(
    spec: IntegrationSpec,
    connection: Connection,
    name: str,
    *,
    key: bytes,
    records: int | None,
    pages: int | None = PAGES,
    between: Callable[[], object] = lambda: None,
    seams: tuple[Seam, ...] | None = None,
    progress: Progress | None = None,
) -> RecordedScenario:
    """Record a first and a second sync of a connection as the scenario of this name, in place of one that there was.

    key: makes pseudonyms. records, pages: so many of each page, and of each list; None is all.
    between: called between the two syncs. seams: what is recorded; by default what the integration sends through.

    Raises RecordingError where a sync fails, a secret is left, or the recording does not replay; then what there was
    stays. BadConnection for a bad config.
    """
    folder = recordings_folder(spec) / name
    _recover(folder)
    earlier = _earlier(folder, spec)
    config = connection.load(spec.config)
    redactor = Redactor(secrets_by_field(config), key, _addresses(spec, config), public=list(_plain_values(config)))
    scenario = _scenario(spec, connection, config, redactor, key).model_copy(
        update={"records": records, "pages": pages}
    )
    # The engine works with the real secrets, and with the address that the recording shows.
    really = connection.model_copy(update={"id": CONNECTION, "config": _shown_address(spec, connection.config)})
    with _unfinished(folder) as unfinished:
        with open_workspace(spec, really, pages, progress) as stage:
            for phase in PHASES:
                scenario = scenario.model_copy(update={phase: now_in_seconds()})
                tape = Tape(spec, redactor, records)
                _sync(stage, phase, scenario, tape, seams or find_seams(spec))
                for exchange in tape.exchanges:
                    _write(unfinished / phase / f"{exchange.name}.json", exchange_text(exchange), redactor)
                if phase == "first":
                    between()
        _write(unfinished / FILE, scenario.text(), redactor)
        recorded = _with_snapshots(unfinished, spec, redactor)
        _replace(folder, unfinished)
    if earlier is not None and earlier.key != scenario.key:
        recorded = replace(recorded, doubts=(*recorded.doubts, _OTHER_KEY))
    return replace(recorded, folder=folder)


@contextmanager
def _unfinished(folder: Path) -> Iterator[Path]:
    """The folder in which a recording is made, beside the one that it replaces; gone afterwards."""
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        yield unfinished
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _sync(stage: Workspace, phase: Phase, scenario: Scenario, tape: Tape, seams: tuple[Seam, ...]) -> None:
    """One sync whose exchanges the tape keeps. Raises RecordingError where it fails."""
    with _recording(seams, tape):
        outcome = stage.sync(Clock(scenario.at(phase)))
    if outcome.errors:
        raise RecordingError(f"the {phase} sync failed, so nothing is recorded: {outcome.errors[0].message}")


@contextmanager
def _recording(seams: tuple[Seam, ...], tape: Tape) -> Iterator[None]:
    with ExitStack() as stack:
        for seam in seams:
            stack.enter_context(seam.recording(tape))
        yield


def _earlier(folder: Path, spec: IntegrationSpec) -> Scenario | None:
    """The scenario that is replaced. Raises RecordingError where it is another integration's."""
    earlier = read_scenario(folder) if (folder / FILE).exists() else None
    if earlier is not None and earlier.integration != spec.name:
        raise RecordingError(
            f"{folder} is a recording of {earlier.integration}; give this one another name with --scenario"
        )
    return earlier


def _plain_values(config: ConnectionConfig) -> Iterator[str]:
    """What a config holds that is no secret, and stands in requests."""
    for _, value in config:
        yield from _plain(value)


def _plain(value: object) -> Iterator[str]:
    if isinstance(value, str | int) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, Mapping | list | tuple | set | frozenset):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _plain(item)
    elif isinstance(value, BaseModel):
        for _, item in value:
            yield from _plain(item)


def _addresses(spec: IntegrationSpec, config: ConnectionConfig) -> dict[str, str]:
    """The connection's own address, and what a recording shows in its place."""
    if config.base_url is None or not _has_one_address(spec):
        return {}
    return {config.base_url.rstrip("/"): spec.integration.base_url.rstrip("/")}


def _has_one_address(spec: IntegrationSpec) -> bool:
    address = spec.integration.base_url
    return bool(address) and not PLACEHOLDER.search(address)


def _shown_address(spec: IntegrationSpec, config: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in config.items() if name != "base_url" or not _has_one_address(spec)}


def _scenario(
    spec: IntegrationSpec, connection: Connection, config: ConnectionConfig, redactor: Redactor, key: bytes
) -> Scenario:
    now = now_in_seconds()
    return Scenario(
        integration=spec.name,
        file=integration_file(spec).name,
        start=connection.start,
        first=now,
        second=now,
        config=_shown_address(spec, _config(config, redactor)),
        key=hmac.new(key, b"which key this is", hashlib.sha256).hexdigest()[:8],
    )


def _config(config: ConnectionConfig, redactor: Redactor) -> dict[str, Any]:
    """A config as a recording has it: with placeholders for secrets."""
    return {
        name: redactor.text(value.get_secret_value()) if isinstance(value, SecretStr) else _redacted(plain, redactor)
        for name, value in config
        if name in config.model_fields_set
        for plain in [config.model_dump(mode="json", include={name})[name]]
    }


def _redacted(value: Any, redactor: Redactor) -> Any:
    if isinstance(value, dict):
        return {name: _redacted(item, redactor) for name, item in value.items()}
    if isinstance(value, list):
        return [_redacted(item, redactor) for item in value]
    return redactor.text(value) if isinstance(value, str) else value


def _write(file: Path, text: str, redactor: Redactor) -> None:
    """Write a file of the recording. Raises RecordingError, and doesn't, where it would hold a secret."""
    _demand_no_secret(file.name, text, redactor)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _demand_no_secret(name: str, text: str, redactor: Redactor) -> None:
    if left := redactor.found_in(text) - {PERSONAL}:
        raise RecordingError(f"{name} would still hold a secret ({', '.join(sorted(left))}), so nothing is recorded")


def _personal_in(folder: Path, redactor: Redactor) -> tuple[str, ...]:
    """The files in which a value still stands that is personal elsewhere.

    Raises RecordingError where one holds what was known for a secret only after it was written.
    """
    found = []
    for file in sorted(folder.rglob("*.json")):
        name, text = file.relative_to(folder).as_posix(), file.read_text(encoding="utf-8")
        _demand_no_secret(name, text, redactor)
        if PERSONAL in redactor.found_in(text):
            found.append(name)
    return tuple(found)


def _with_snapshots(folder: Path, spec: IntegrationSpec, redactor: Redactor) -> RecordedScenario:
    """Replay what was recorded, and write the snapshots. Raises RecordingError where it does not replay."""
    with replay_scenario(folder, spec) as replay:
        if replay.problems:
            raise RecordingError(
                "what was recorded does not replay, so it is not kept; the vendor's answers depend on more than the "
                "request, or a value that was replaced is checked by the vendor:\n" + "\n".join(replay.problems)
            )
        for path, text in replay.texts.items():
            _demand_no_secret(path, text, redactor)
        replay.update()
        return replace(
            _counted(folder, replay), personal=_personal_in(folder, redactor), doubts=tuple(find_warnings(replay))
        )


def _counted(folder: Path, replay: Replay) -> RecordedScenario:
    return RecordedScenario(
        folder,
        {phase: len(list((folder / phase).glob("*.json"))) for phase in PHASES},
        {report.stream: report.stored for report in replay.outcomes["second"].streams},
        replay.object_counts(),
    )


def _replace(folder: Path, unfinished: Path) -> None:
    """Put the finished recording in the place of the one that there was, which stays where that fails."""
    old = _old(folder)
    if folder.exists():
        folder.rename(old)
    try:
        unfinished.rename(folder)
    except BaseException:
        if old.exists():
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _old(folder: Path) -> Path:
    """Where a recording is while it is replaced."""
    return folder.with_name(f".{folder.name}.old")


def _recover(folder: Path) -> None:
    """Put a recording back that was being replaced when the process was killed; leave nothing of others."""
    old = _old(folder)
    if old.exists() and not folder.exists():
        old.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
