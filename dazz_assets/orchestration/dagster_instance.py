"""The Dagster instance that UI, daemon and CLI share."""

from pathlib import Path

import dagster as dg
import yaml
from filelock import FileLock

from dazz_assets.home import DAGSTER_VARIABLE, dagster_home, make_home
from dazz_assets.orchestration.dagster_internals import InstanceRef, NoOpComputeLogManager

CONNECTION_TAG = "dazz/connection"
_CREATED = ".created"


def open_instance() -> dg.DagsterInstance:
    """The Dagster instance that UI, daemon and CLI share; created on first use.

    The environment stays as it is: who starts a process that needs the instance gives it `DAGSTER_HOME`.
    """
    make_home()
    folder = dagster_home()
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / _CREATED).exists():
        # Two first starts at once would both create the tables: "table run_tags already exists".
        with FileLock(folder / ".creating.lock"):
            _create(folder)
    return _opened(folder)


def open_temporary_instance() -> dg.DagsterInstance:
    """A Dagster instance in memory, which ends with its `with` statement: for runs that leave nothing behind."""
    return dg.DagsterInstance.ephemeral(settings={"telemetry": {"enabled": False}})


def _create(folder: Path) -> None:
    settings = folder / "dagster.yaml"
    if not settings.exists():
        unfinished = settings.with_suffix(".new")
        unfinished.write_text(yaml.safe_dump(_settings(), sort_keys=False), encoding="utf-8")
        unfinished.replace(settings)
    with _opened(folder) as first:
        first.get_runs(limit=1)
        first.all_instigator_state()
    (folder / _CREATED).touch()


def _opened(folder: Path) -> dg.DagsterInstance:
    """The instance of a folder, whichever folder `DAGSTER_HOME` names, if any."""
    settings = folder / "dagster.yaml"
    written = yaml.safe_load(settings.read_text(encoding="utf-8")) if settings.exists() else None
    ours = _settings()["event_log_storage"]
    overrides = {}
    if isinstance(written, dict) and written.get("event_log_storage") == ours:
        overrides = {"event_log_storage": {**ours, "config": {"home": str(folder)}}}
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(folder), overrides=overrides))


def _settings() -> dict[str, dict[str, object]]:
    limit = {"key": CONNECTION_TAG, "value": {"applyLimitPerUniqueValue": True}, "limit": 1}
    return {
        "telemetry": {"enabled": False},
        # Else the UI opens with a dialog that asks for an email address.
        "nux": {"enabled": False},
        "concurrency": {"runs": {"max_concurrent_runs": 10}},
        "run_coordinator": {
            "module": "dazz_assets.orchestration.run_queue",
            "class": "ConnectionRunCoordinator",
            "config": {"tag_concurrency_limits": [limit]},
        },
        "run_monitoring": {"enabled": True, "start_timeout_seconds": 180, "poll_interval_seconds": 60},
        "event_log_storage": {
            "module": "dazz_assets.orchestration.event_storage",
            "class": "BatchingEventLogStorage",
            "config": {"home": {"env": DAGSTER_VARIABLE}},
        },
        # Assets print nothing: what they have to say are events. Capturing output costs two processes a step.
        "compute_logs": {"module": NoOpComputeLogManager.__module__, "class": NoOpComputeLogManager.__name__},
    }
