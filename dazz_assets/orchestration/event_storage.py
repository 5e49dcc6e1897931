"""Dagster's event log on SQLite, in files or in memory, fast enough for runs over many windows.

A run over a range of windows stores a planned event and a materialization for each window and asset. Dagster's own
storage doesn't batch: it opens, commits and closes a database several times for each event.
"""

import os
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster
import sqlalchemy as db
from dagster import EventLogEntry, StringSource
from sqlalchemy.event import listen
from sqlalchemy.pool import NullPool, StaticPool

from dazz_assets.orchestration.dagster_internals import (
    ASSET_CHECK_EVENTS,
    ASSET_EVENTS,
    EVENT_TYPE_TO_PIPELINE_RUN_STATUS,
    SQLITE_BUSY_TIMEOUT_SECONDS,
    ConfigurableClassData,
    InMemoryEventLogStorage,
    SqlEventLogStorage,
    SqlEventLogStorageTable,
    SqliteEventLogStorage,
    UserConfigSchema,
)

BATCH_VARIABLE = "DAGSTER_EVENT_BATCH_SIZE"
BATCH_SIZE = 1_000

_INDEXED_EVENTS = ASSET_EVENTS | ASSET_CHECK_EVENTS | EVENT_TYPE_TO_PIPELINE_RUN_STATUS.keys()
# Made once: SQLAlchemy takes longer to make and compile a statement than SQLite to execute it.
_INSERT = SqlEventLogStorageTable.insert()
# Bytes. An event takes 2 kB: a page of 4 kB holds one, and a page of 16 kB eight. But in the database of a run most
# tables and indexes stay empty, and each takes a page.
_INDEX_PAGE_SIZE = 16_384
_RUN_PAGE_SIZE = 1_024
# Databases kept open: the index, and those of the runs that were used last.
_MOST_OPEN_SHARDS = 8


class _StoresBatches(SqlEventLogStorage):
    """Stores a batch of events in one transaction, where `SqlEventLogStorage` needs several for each event."""

    def _with_rows(self, events: Iterable[EventLogEntry]) -> list[tuple[EventLogEntry, dict[str, Any]]]:
        """The events with the columns that are stored of each."""
        return [(event, self._event_to_row(event)) for event in events]

    def _store_in_index(self, with_rows: Sequence[tuple[EventLogEntry, dict[str, Any]]]) -> None:
        """Store events in the database of all runs."""
        if not with_rows:
            return
        events = [event for event, _ in with_rows]
        with self.index_transaction() as connection:
            ids = [_insert(connection, row) for _, row in with_rows]
            of_assets = [item for item in zip(events, ids, strict=True) if item[0].dagster_event_type in ASSET_EVENTS]
            if of_assets:
                self._store_asset_event_tags(connection, *zip(*of_assets, strict=True))
            # The table of assets keeps only the last event of each type for an asset.
            last = {
                (event.get_dagster_event().asset_key, event.dagster_event_type): (event, id_)
                for event, id_ in of_assets
            }
            for event, id_ in last.values():
                self._store_asset_event(connection, event, id_)
        for event, id_ in zip(events, ids, strict=True):
            if event.dagster_event_type in ASSET_CHECK_EVENTS:
                self.store_asset_check_event(event, id_)


class TemporaryEventLogStorage(_StoresBatches, InMemoryEventLogStorage):
    """An event log in memory, whose one database holds the events of all runs."""

    def __init__(self) -> None:
        _collect_batches()
        super().__init__()

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        self._store_in_index(self._with_rows(events))


class BatchingEventLogStorage(_StoresBatches, SqliteEventLogStorage):
    """`SqliteEventLogStorage` that writes a batch in one transaction and keeps its databases open.

    The files are those of `SqliteEventLogStorage`. Commits wait for the disk only at checkpoints: after a power cut the
    database is intact, but the last events of a run may be missing. The data itself is in the lake.

    Config: `home`, the folder of the instance, which may move.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        _collect_batches()
        self._engines: OrderedDict[tuple[int, str], db.Engine] = OrderedDict()
        self._tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        return {"home": StringSource}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "BatchingEventLogStorage":
        return cls(str(Path(config_value["home"]) / "history" / "runs"), inst_data)

    def _initdb(self, engine: db.Engine, for_index_shard: bool = False) -> None:
        page_size = _INDEX_PAGE_SIZE if for_index_shard else _RUN_PAGE_SIZE
        # Without effect on a database that exists.
        listen(engine, "connect", lambda connection, _: connection.execute(f"PRAGMA page_size = {page_size}"))
        super()._initdb(engine, for_index_shard)

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events in two transactions for each run: one in the run's own database, one in the index of all runs.

        If the second fails, Dagster stores the events again one by one. Lines of the run's log may then be stored
        twice, but a materialization never is.
        """
        for run_id in dict.fromkeys(event.run_id for event in events):
            of_run = self._with_rows(event for event in events if event.run_id == run_id)
            with self.run_connection(run_id) as connection:
                connection.execute(_INSERT, [row for _, row in of_run])
            self._store_in_index(
                [item for item in of_run if item[0].is_dagster_event and item[0].dagster_event_type in _INDEXED_EVENTS]
            )

    def has_table(self, table_name: str) -> bool:
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def wipe(self) -> None:
        self._close_all()
        super().wipe()

    def dispose(self) -> None:
        self._close_all()
        super().dispose()

    @contextmanager
    def _connect(self, shard: str) -> Iterator[db.Connection]:
        with self._db_lock, self._engine(shard).connect() as connection, connection.begin():
            yield connection

    def _engine(self, shard: str) -> db.Engine:
        # A forked process must not use its parent's connections.
        key = (os.getpid(), shard)
        if key not in self._engines:
            engine = db.create_engine(
                self.conn_string_for_shard(shard),
                # One connection, guarded by the storage's lock.
                poolclass=StaticPool,
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
            )
            listen(engine, "connect", _sync_at_checkpoints_only)
            if shard not in self._initialized_dbs and not self._copy_empty_database(shard):
                self._initdb(engine)
            self._initialized_dbs.add(shard)
            self._engines[key] = engine
        self._engines.move_to_end(key)
        while len(self._engines) > _MOST_OPEN_SHARDS:
            self._engines.popitem(last=False)[1].dispose()
        return self._engines[key]

    def _copy_empty_database(self, shard: str) -> bool:
        """Create the database of a new run as a copy of an empty one, which is faster than creating its tables.

        Returns False if the database exists.
        """
        path = Path(self.path_for_shard(shard))
        if path.exists():
            return False
        empty = path.with_name(f".empty-{dagster.__version__}-{_RUN_PAGE_SIZE}")
        with tempfile.TemporaryDirectory(dir=self._base_dir, prefix=".new-") as folder:
            new = Path(folder) / "new"
            if not empty.exists():
                engine = db.create_engine(f"sqlite:///{new}", poolclass=NullPool)
                self._initdb(engine)
                engine.dispose()
                new.replace(empty)
            shutil.copyfile(empty, new)
            try:
                # Unlike a copy, a link appears whole or not at all, and never replaces a database of another process.
                os.link(new, path)
            except FileExistsError:
                return False
        return True

    def _close_all(self) -> None:
        with self._db_lock:
            for (pid, _), engine in self._engines.items():
                engine.dispose(close=pid == os.getpid())
            self._engines.clear()


def _collect_batches() -> None:
    """Dagster collects events in batches only if this variable is set."""
    os.environ.setdefault(BATCH_VARIABLE, str(BATCH_SIZE))


def _insert(connection: db.Connection, row: dict[str, Any]) -> int:
    """Insert an event, and return its id."""
    inserted: Any = connection.execute(_INSERT, row).inserted_primary_key
    return int(inserted[0])


def _sync_at_checkpoints_only(connection: Any, _: object) -> None:
    connection.execute("PRAGMA synchronous=NORMAL")
