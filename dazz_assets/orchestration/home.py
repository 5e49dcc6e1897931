"""Where the instance and the lake are, and the instance itself."""

import os
from pathlib import Path

import dagster as dg
import yaml
from filelock import FileLock

HOME_VARIABLE = "DAZZ_HOME"
LAKE_VARIABLE = "DAZZ_LAKE"
DAGSTER_VARIABLE = "DAGSTER_HOME"
CONNECTION_TAG = "dazz/connection"


def home() -> Path:
    """`DAZZ_HOME`, or `.dazz` in the current folder: holds the instance and the lake."""
    return Path(os.environ.get(HOME_VARIABLE) or ".dazz").absolute()


def lake_url() -> str:
    """`DAZZ_LAKE`, a URL or path, or the folder `lake` of the home."""
    return os.environ.get(LAKE_VARIABLE) or str(home() / "lake")


def dagster_home() -> Path:
    """`DAGSTER_HOME`, or the folder `dagster` of the home."""
    return Path(os.environ.get(DAGSTER_VARIABLE) or home() / "dagster").absolute()


def instance() -> dg.DagsterInstance:
    """The Dagster instance that UI, daemon and CLI share; created on first use.

    Child processes, the run workers among them, find it by `DAGSTER_HOME`, which is set here.
    """
    folder = dagster_home()
    folder.mkdir(parents=True, exist_ok=True)
    os.environ[DAGSTER_VARIABLE] = str(folder)
    # Two first starts at once would both create the tables: "table run_tags already exists".
    with FileLock(folder / ".create.lock"):
        settings = folder / "dagster.yaml"
        if not settings.exists():
            unfinished = settings.with_suffix(".new")
            unfinished.write_text(yaml.safe_dump(_settings(), sort_keys=False), encoding="utf-8")
            unfinished.replace(settings)
        found = dg.DagsterInstance.get()
        found.get_runs(limit=1)
        found.all_instigator_state()
    return found


def _settings() -> dict[str, object]:
    limit = {"key": CONNECTION_TAG, "value": {"applyLimitPerUniqueValue": True}, "limit": 1}
    return {
        "telemetry": {"enabled": False},
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
