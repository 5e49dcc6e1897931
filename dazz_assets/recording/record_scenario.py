"""Record a scenario: two real syncs, redacted as they run, and a replay that takes the snapshots."""

from __future__ import annotations

import hashlib
import hmac
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from dazz_assets.connections import Connection
from dazz_assets.declare.config import ConnectionConfig, config_texts, is_secret_list, secrets_by_field
from dazz_assets.errors import RecordingError
from dazz_assets.http import Seam, TokenAuth
from dazz_assets.http.auth.auth_choice import list_auths
from dazz_assets.http.placeholders import PLACEHOLDER, fill_address
from dazz_assets.privacy.redactor import PERSONAL, Redactor
from dazz_assets.recording.exchange_file import format_exchange
from dazz_assets.recording.record_syncs import SyncRecorder
from dazz_assets.recording.recording_warnings import find_warnings
from dazz_assets.recording.redaction_changes import RedactionChanges
from dazz_assets.recording.refresh_tokens import hold_refresh_token
from dazz_assets.recording.replay import Replay, find_seams, replay_scenario
from dazz_assets.recording.scenario import (
    CONNECTION,
    SCENARIO_FILE,
    SCENARIO_SYNCS,
    Scenario,
    ScenarioSync,
    integration_file,
    now_in_seconds,
    read_scenario,
    recordings_folder,
)
from dazz_assets.recording.tape import Cut
from dazz_assets.reports import Progress
from dazz_assets.spec.specs import IntegrationSpec

PAGES = 2
"""Pages to record of each list by default: enough to exercise paging."""

_OTHER_KEY_WARNING = (
    "the earlier recording was made with another pseudonym key, so every pseudonym differs; share DAZZ_RECORDING_KEY "
    "among those who record the same integrations"
)


@dataclass(frozen=True, slots=True)
class RecordedScenario:
    """A finished recording: its folder, exchanges by sync, rows stored by stream, and objects published by parser.

    personal: files that still hold a value which is personal elsewhere. warnings: other possible mistakes, a sentence
    each.
    """

    folder: Path
    exchanges: Mapping[ScenarioSync, int]
    records: Mapping[str, int]
    objects: Mapping[str, int]
    personal: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


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
    """Record a first and a second sync of a connection as the scenario of this name, replacing an earlier recording.

    key: makes pseudonyms. records: how many to keep of each page, None for all. pages: how many to keep of each list,
    None for all. Records that kept ones name are kept too. between: called between the two syncs. seams: where to
    record; by default the integration's seams.

    Raises RecordingError if a sync fails, a secret is left, or the recording does not replay; the earlier recording
    then stays. Raises BadConnection if the config is wrong.
    """
    folder = recordings_folder(spec) / name
    _recover(folder)
    earlier = _read_earlier(folder, spec)
    config = connection.load(spec.config)
    addresses = _public_addresses(spec, config)
    redactor = Redactor(
        secrets_by_field(config), key, _own_addresses(addresses, config), public=list(_public_values(config))
    )
    scenario = _start_scenario(spec, connection, config, redactor, key).model_copy(
        update={"records": records, "pages": pages}
    )
    # The engine works with the real secrets, but with the public addresses.
    real_connection = connection.model_copy(update={"id": CONNECTION, "config": _without(addresses, connection.config)})
    with ExitStack() as stack:
        unfinished = stack.enter_context(_open_unfinished(folder))
        refresh_token = stack.enter_context(hold_refresh_token(spec, connection, config, redactor.restore))
        recorder = SyncRecorder(
            spec,
            real_connection,
            redactor,
            cut=Cut(pages, records) if pages or records else None,
            seams=seams or find_seams(spec),
            changes=RedactionChanges(),
            refresh_token=refresh_token,
            progress=progress,
        )
        with recorder:
            for sync in SCENARIO_SYNCS:
                recorder.record(sync)
                if sync == "first":
                    between()
        _write_syncs(unfinished, scenario, recorder, redactor)
        recorded = _take_snapshots(unfinished, spec, redactor, recorder)
        _replace(folder, unfinished)
    if earlier is not None and earlier.key != scenario.key:
        recorded = replace(recorded, warnings=(*recorded.warnings, _OTHER_KEY_WARNING))
    return replace(recorded, folder=folder)


def _write_syncs(folder: Path, scenario: Scenario, recorder: SyncRecorder, redactor: Redactor) -> None:
    """Write what was exchanged in each sync, and the scenario with the time of each."""
    for sync, recorded in recorder.recorded.items():
        scenario = scenario.model_copy(update={sync: recorded.at})
        for exchange in recorded.exchanges:
            _write(folder / sync / f"{exchange.name}.json", format_exchange(exchange), redactor)
    _write(folder / SCENARIO_FILE, scenario.to_json(), redactor)


@contextmanager
def _open_unfinished(folder: Path) -> Iterator[Path]:
    """A folder for an unfinished recording, beside the one to replace; it is removed afterwards."""
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        yield unfinished
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _read_earlier(folder: Path, spec: IntegrationSpec) -> Scenario | None:
    """Read the scenario to replace, if any. Raises RecordingError if it belongs to another integration."""
    earlier = read_scenario(folder) if (folder / SCENARIO_FILE).exists() else None
    if earlier is not None and earlier.integration != spec.name:
        raise RecordingError(
            f"{folder} is a recording of {earlier.integration}; give this one another name with --scenario"
        )
    return earlier


def _public_values(config: ConnectionConfig) -> Iterator[str]:
    """The values of a config that are not secret, which requests contain."""
    for _, value in config:
        yield from _flatten_plain(value)


def _flatten_plain(value: object) -> Iterator[str]:
    if isinstance(value, str | int) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, Mapping | list | tuple | set | frozenset):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _flatten_plain(item)
    elif isinstance(value, BaseModel):
        for _, item in value:
            yield from _flatten_plain(item)


def _own_addresses(addresses: Mapping[str, str], config: ConnectionConfig) -> dict[str, str]:
    """The public addresses of the vendor for which the connection has its own, each with that."""
    own = {public: (getattr(config, name) or "").rstrip("/") for name, public in addresses.items()}
    return {public: address for public, address in own.items() if address}


def _without(addresses: Mapping[str, str], config: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in config.items() if name not in addresses}


def _public_addresses(spec: IntegrationSpec, config: ConnectionConfig) -> dict[str, str]:
    """The fields of the config that replace an address of the vendor (of the API, for tokens), each with that one."""
    fields = spec.config.model_fields
    templates: dict[str, object] = {"base_url": spec.integration.base_url}
    templates |= {item.base_url: fields[item.base_url].default for item in spec.fetched if item.base_url in fields}
    for auth in list_auths(spec.integration.auth):
        if isinstance(auth, TokenAuth) and (start := PLACEHOLDER.match(auth.endpoint)) is not None:
            templates[start[2]] = fields[start[2]].default
    values = config_texts(config)
    found: dict[str, str] = {}
    for name, template in templates.items():
        with suppress(ValueError):  # A field that it needs may be missing where the connection has its own.
            if template and isinstance(template, str):
                found[name] = fill_address(template, lambda _, field: values.get(field, ""))
    return {name: address for name, address in found.items() if address}


def _start_scenario(
    spec: IntegrationSpec, connection: Connection, config: ConnectionConfig, redactor: Redactor, key: bytes
) -> Scenario:
    now = now_in_seconds()
    return Scenario(
        integration=spec.name,
        file=integration_file(spec).name,
        start=connection.start,
        first=now,
        second=now,
        config=_without(_public_addresses(spec, config), _redact_config(config, redactor)),
        key=hmac.new(key, b"which key this is", hashlib.sha256).hexdigest()[:8],
    )


def _redact_config(config: ConnectionConfig, redactor: Redactor) -> dict[str, Any]:
    """The fields that a config sets, with placeholders for secrets."""
    return {
        name: _redact_value(_reveal(value, plain), redactor)
        for name, value in config
        if name in config.model_fields_set
        for plain in [config.model_dump(mode="json", include={name})[name]]
    }


def _reveal(value: Any, plain: Any) -> Any:
    """A field's value with its secrets. plain: as pydantic writes it, with secrets hidden."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return [item.get_secret_value() for item in value] if is_secret_list(value) else plain


def _redact_value(value: Any, redactor: Redactor) -> Any:
    if isinstance(value, dict):
        return {name: _redact_value(item, redactor) for name, item in value.items()}
    if isinstance(value, list):
        return [_redact_value(item, redactor) for item in value]
    return redactor.redact_text(value) if isinstance(value, str) else value


def _write(file: Path, text: str, redactor: Redactor) -> None:
    """Write a file of the recording. Raises RecordingError instead if it would hold a secret."""
    _refuse_secrets(file.name, text, redactor)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _refuse_secrets(name: str, text: str, redactor: Redactor) -> set[str]:
    """What else a text still holds: personal data, or nothing. Raises RecordingError if it holds a secret."""
    leaks = redactor.find_leaks(text)
    if kinds := leaks - {PERSONAL}:
        raise RecordingError(f"{name} would still hold a secret ({', '.join(sorted(kinds))}), so nothing was recorded")
    return leaks


def _find_personal_files(folder: Path, redactor: Redactor) -> tuple[str, ...]:
    """The files that still hold a value which is personal elsewhere.

    Raises RecordingError if a file holds a value that was found to be secret only after the file was written.
    """
    found = []
    for file in sorted(folder.rglob("*.json")):
        name = file.relative_to(folder).as_posix()
        if _refuse_secrets(name, file.read_text(encoding="utf-8"), redactor):
            found.append(name)
    return tuple(found)


def _take_snapshots(
    folder: Path, spec: IntegrationSpec, redactor: Redactor, recorder: SyncRecorder
) -> RecordedScenario:
    """Replay the recording and write its snapshots. Raises RecordingError if it does not replay."""
    with replay_scenario(folder, spec) as replay:
        if replay.problems:
            raise RecordingError(
                "the recording does not replay, so it is not kept; either the vendor's responses depend on more than "
                "the request, or the vendor checks a value that was replaced:\n"
                + "\n".join((*replay.problems, *recorder.redaction_warnings()))
            )
        for path, text in replay.snapshots.items():
            _refuse_secrets(path, text, redactor)
        replay.update_snapshots()
        return replace(
            _count_recorded(folder, replay),
            personal=_find_personal_files(folder, redactor),
            warnings=(*find_warnings(replay), *recorder.redaction_warnings()),
        )


def _count_recorded(folder: Path, replay: Replay) -> RecordedScenario:
    return RecordedScenario(
        folder,
        {sync: len(list((folder / sync).glob("*.json"))) for sync in SCENARIO_SYNCS},
        {report.stream: report.stored for report in replay.outcomes["second"].streams},
        replay.object_counts(),
    )


def _replace(folder: Path, unfinished: Path) -> None:
    """Replace the earlier recording with the finished one; if that fails, the earlier one stays."""
    old = _replaced_path(folder)
    if folder.exists():
        folder.rename(old)
    try:
        unfinished.rename(folder)
    except BaseException:
        if old.exists():
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _replaced_path(folder: Path) -> Path:
    """The path to which the earlier recording is moved while it is replaced."""
    return folder.with_name(f".{folder.name}.old")


def _recover(folder: Path) -> None:
    """Restore a recording if the process was killed while replacing it, and remove leftovers."""
    old = _replaced_path(folder)
    if old.exists() and not folder.exists():
        old.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
