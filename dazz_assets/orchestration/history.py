"""What the Dagster instance remembers of a connection's runs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from dazz_assets.orchestration.runs import EACH_CONNECTION, connections_of

_RUNS = 10


@dataclass(frozen=True, slots=True)
class Event:
    """The last materialization of an asset for a connection: when, and how many requests its sync took."""

    at: datetime
    requests: int | None


class History:
    """Reads the instance; nothing is changed."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self._latest: dict[dg.AssetKey, dict[str, int]] = {}

    def last(self, asset: Iterable[str], connection: str) -> Event | None:
        """The newest materialization, over all windows."""
        key = dg.AssetKey(list(asset))
        if key not in self._latest:
            self._latest[key] = self._newest_by_connection(key)
        storage_id = self._latest[key].get(connection)
        if storage_id is None:
            return None
        records = self._instance.fetch_materializations(
            dg.AssetRecordsFilter(asset_key=key, storage_ids=[storage_id]), limit=1
        ).records
        if not records or records[0].asset_materialization is None:
            return None
        requests = records[0].asset_materialization.metadata.get("dazz/requests")
        value = requests.value if requests is not None else None
        return Event(datetime.fromtimestamp(records[0].timestamp, UTC), value if isinstance(value, int) else None)

    def _newest_by_connection(self, key: dg.AssetKey) -> dict[str, int]:
        by_partition = self._instance.get_latest_storage_id_by_partition(key, dg.DagsterEventType.ASSET_MATERIALIZATION)
        newest: dict[str, int] = {}
        for partition, storage_id in by_partition.items():
            # A partition of the grid is `<connection>|<window>`; ids of connections hold no `|`.
            connection = partition.partition("|")[0]
            newest[connection] = max(storage_id, newest.get(connection, 0))
        return newest

    def failures(self, where: str) -> dict[str, tuple[datetime, str]]:
        """Of a connection (`snyk/acme`), the last failure of each step in its latest runs: when, and what it said."""
        found: dict[str, tuple[datetime, str]] = {}
        settled: set[str] = set()
        wanted = dg.RunsFilter(tags={f"{EACH_CONNECTION}{where}": "true"})
        for record in self._instance.get_run_records(wanted, limit=_RUNS):
            run = record.dagster_run
            if run.job_name in settled or run.status not in (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS):
                continue
            settled.add(run.job_name)
            if run.status is dg.DagsterRunStatus.FAILURE:
                others = connections_of(run) - {where}
                found |= {
                    step: (at, text)
                    for step, (at, text) in self._failed_steps(run.run_id).items()
                    # A run over several connections may have failed for the others alone, which it then names.
                    if where in text or not any(other in text for other in others)
                }
        return found

    def _failed_steps(self, run_id: str) -> dict[str, tuple[datetime, str]]:
        found = {}
        for record in self._instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records:
            event = record.event_log_entry.dagster_event
            if event is None or event.step_key is None:
                continue
            data = event.step_failure_data
            told = data.user_failure_data.description if data.user_failure_data else None
            text = told or (data.error.message if data.error else "") or "failed"
            found[event.step_key] = (datetime.fromtimestamp(record.event_log_entry.timestamp, UTC), text)
        return found
