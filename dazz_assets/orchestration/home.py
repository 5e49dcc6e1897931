"""The Dagster instance that UI, daemon and CLI share."""

import os
from pathlib import Path

import dagster as dg
import yaml
from filelock import FileLock

from resources.home import DAGSTER_VARIABLE, dagster_home

CONNECTION_TAG = "dazz/connection"
_CREATED = ".created"


def instance() -> dg.DagsterInstance:
    """The Dagster instance that UI, daemon and CLI share; created on first use.

    Child processes, the run workers among them, find it by `DAGSTER_HOME`, which is set here.
    """
    folder = dagster_home()
    folder.mkdir(parents=True, exist_ok=True)
    os.environ[DAGSTER_VARIABLE] = str(folder)
    if not (folder / _CREATED).exists():
        # Two first starts at once would both create the tables: "table run_tags already exists".
        with FileLock(folder / ".creating.lock"):
            _create(folder)
    return dg.DagsterInstance.get()


def _create(folder: Path) -> None:
    settings = folder / "dagster.yaml"
    if not settings.exists():
        unfinished = settings.with_suffix(".new")
        unfinished.write_text(yaml.safe_dump(_settings(), sort_keys=False), encoding="utf-8")
        unfinished.replace(settings)
    with dg.DagsterInstance.get() as first:
        first.get_runs(limit=1)
        first.all_instigator_state()
    (folder / _CREATED).touch()


def _settings() -> dict[str, object]:
    limit = {"key": CONNECTION_TAG, "value": {"applyLimitPerUniqueValue": True}, "limit": 1}
    return {
        "telemetry": {"enabled": False},
        # Else the UI opens with a dialog that asks for an email address.
        "nux": {"enabled": False},
        "concurrency": {"runs": {"max_concurrent_runs": 10, "tag_concurrency_limits": [limit]}},
        "run_monitoring": {"enabled": True, "start_timeout_seconds": 180, "poll_interval_seconds": 60},
        "event_log_storage": {
            "module": "dazz_assets.orchestration.storage",
            "class": "BatchingEventLogStorage",
            "config": {"home": {"env": DAGSTER_VARIABLE}},
        },
        # Assets print nothing: what they have to say are events. Capturing output costs two processes a step.
        "compute_logs": {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"},
    }
