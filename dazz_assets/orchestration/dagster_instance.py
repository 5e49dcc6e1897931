"""The Dagster instance that UI, daemon and CLI share."""

from pathlib import Path

import dagster as dg
import yaml

# For the rooms above, which know Dagster only through this one.
from dagster import DagsterExecutionInterruptedError as DagsterExecutionInterruptedError
from dagster import DagsterInstance as DagsterInstance
from filelock import FileLock

from dazz_assets.home import DAGSTER_VARIABLE, dagster_home, make_folder, make_home
from dazz_assets.orchestration.dagster_internals import InstanceRef, NoOpComputeLogManager, instance_in_memory
from dazz_assets.orchestration.event_storage import TemporaryEventLogStorage

CONNECTION_TAG = "dazz/connection"
INTEGRATION_TAG = "dazz/integration"
_CREATED = ".created"


def open_instance() -> dg.DagsterInstance:
    """Open the Dagster instance that UI, daemon and CLI share. Creates it on first use.

    Doesn't set `DAGSTER_HOME` in this process. Set it for child processes that need the instance.
    Raises FolderError if a folder can't be created.
    """
    make_home()
    folder = make_folder(DAGSTER_VARIABLE, dagster_home())
    if not (folder / _CREATED).exists():
        # Without the lock, two first starts at once fail with "table run_tags already exists".
        with FileLock(folder / ".creating.lock"):
            _create(folder)
    return _open(folder)


def open_temporary_instance() -> dg.DagsterInstance:
    """A Dagster instance in memory, for runs that leave nothing behind. Use it in a `with` statement."""
    return instance_in_memory(TemporaryEventLogStorage())


def _create(folder: Path) -> None:
    settings = folder / "dagster.yaml"
    if not settings.exists():
        temporary = settings.with_suffix(".new")
        temporary.write_text(yaml.safe_dump(_settings(), sort_keys=False), encoding="utf-8")
        temporary.replace(settings)
    with _open(folder) as instance:
        instance.get_runs(limit=1)
        instance.all_instigator_state()
    (folder / _CREATED).touch()


def _open(folder: Path) -> dg.DagsterInstance:
    """Open the instance of a folder, whatever `DAGSTER_HOME` is."""
    settings = folder / "dagster.yaml"
    stored = yaml.safe_load(settings.read_text(encoding="utf-8")) if settings.exists() else None
    own_storage = _settings()["event_log_storage"]
    overrides = {}
    if isinstance(stored, dict) and stored.get("event_log_storage") == own_storage:
        overrides = {"event_log_storage": {**own_storage, "config": {"home": str(folder)}}}
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(folder), overrides=overrides))


def _settings() -> dict[str, dict[str, object]]:
    limit = {"key": CONNECTION_TAG, "value": {"applyLimitPerUniqueValue": True}, "limit": 1}
    return {
        "telemetry": {"enabled": False},
        # Without this, the UI opens with a dialog that asks for an email address.
        "nux": {"enabled": False},
        "concurrency": {"runs": {"max_concurrent_runs": 10}},
        "run_coordinator": {
            "module": "dazz_assets.orchestration.run_queue",
            "class": "ConnectionRunCoordinator",
            "config": {"tag_concurrency_limits": [limit]},
        },
        # A tick of a sensor keeps the state of all its connections, and there are 2,880 a day.
        "retention": {"sensor": {"purge_after_days": {"skipped": 1, "success": 7, "failure": 30}}},
        "run_monitoring": {"enabled": True, "start_timeout_seconds": 180, "poll_interval_seconds": 60},
        "event_log_storage": {
            "module": "dazz_assets.orchestration.event_storage",
            "class": "BatchingEventLogStorage",
            "config": {"home": {"env": DAGSTER_VARIABLE}},
        },
        # Assets report by events and print nothing. Capturing their output would cost two processes for each step.
        "compute_logs": {"module": NoOpComputeLogManager.__module__, "class": NoOpComputeLogManager.__name__},
    }
