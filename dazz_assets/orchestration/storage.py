"""Dagster's event log on SQLite, with a batch of events in one transaction.

A run over a range of windows stores a planned event and a materialization for each window and asset. Dagster's own
class stores each event of a batch by itself, with several transactions each.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as db
from dagster import StringSource
from dagster._config.config_schema import UserConfigSchema
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS, EVENT_TYPE_TO_PIPELINE_RUN_STATUS
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData

BATCH_VARIABLE = "DAGSTER_EVENT_BATCH_SIZE"
BATCH_SIZE = 1_000

_MIRRORED = ASSET_EVENTS | ASSET_CHECK_EVENTS | EVENT_TYPE_TO_PIPELINE_RUN_STATUS.keys()


class BatchingEventLogStorage(SqliteEventLogStorage):
    """`SqliteEventLogStorage` with `store_event_batch`; events lie where that class puts them.

    Config: `home`, the folder of the instance, which may move.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        # Dagster collects batches only where this variable says so; whoever uses this storage wants them.
        os.environ.setdefault(BATCH_VARIABLE, str(BATCH_SIZE))
        super().__init__(base_dir, inst_data)

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        return {"home": StringSource}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "BatchingEventLogStorage":
        return cls(str(Path(config_value["home"]) / "history" / "runs"), inst_data)

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events in two transactions a run: one in the run's own database, one in the index over all runs.

        Where the second fails, Dagster stores the events again one by one: lines of the run's log may then be there
        twice, a materialization never.
        """
        for run_id in dict.fromkeys(event.run_id for event in events):
            of_run = [event for event in events if event.run_id == run_id]
            with self.run_connection(run_id) as connection:
                for event in of_run:
                    connection.execute(self.prepare_insert_event(event))
            self._mirror(
                [event for event in of_run if event.is_dagster_event and event.dagster_event_type in _MIRRORED]
            )

    def _mirror(self, events: Sequence[EventLogEntry]) -> None:
        if not events:
            return
        with self.index_transaction() as connection:
            ids = [self._insert(connection, event) for event in events]
            assets = [item for item in zip(events, ids, strict=True) if item[0].dagster_event_type in ASSET_EVENTS]
            if assets:
                self._store_asset_event_tags(connection, *zip(*assets, strict=True))
            # Of each asset only the last event of a kind stays in the table of assets.
            last = {
                (event.get_dagster_event().asset_key, event.dagster_event_type): (event, id_) for event, id_ in assets
            }
            for event, id_ in last.values():
                self._store_asset_event(connection, event, id_)
        for event, id_ in zip(events, ids, strict=True):
            if event.dagster_event_type in ASSET_CHECK_EVENTS:
                self.store_asset_check_event(event, id_)

    def _insert(self, connection: db.engine.Connection, event: EventLogEntry) -> int:
        inserted = connection.execute(self.prepare_insert_event(event)).inserted_primary_key
        return int(inserted[0])
