"""A synthetic instance and lake of many connections: one that was really synced, copied for all others."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

_EVENTS = """
insert into event_logs (id, run_id, event, dagster_event_type, timestamp, step_key, asset_key, partition)
select old.id + copies.number * :stride, old.run_id,
    replace(replace(old.event, 'benchmark|', copies.id || '|'), '"benchmark"', '"' || copies.id || '"'),
    old.dagster_event_type, old.timestamp, old.step_key, old.asset_key,
    replace(old.partition, 'benchmark|', copies.id || '|')
from event_logs old, copies
where old.dagster_event_type = 'ASSET_MATERIALIZATION'
"""
_TAGS = """
insert into asset_event_tags (event_id, asset_key, key, value, event_timestamp)
select old.event_id + copies.number * :stride, old.asset_key, old.key,
    case old.value when 'benchmark' then copies.id else old.value end, old.event_timestamp
from asset_event_tags old, copies
"""


def copy_connection(home: Path, ids: Sequence[str]) -> int:
    """Copy the raw table of `benchmark` and its events for other connections; the events that there are then."""
    raw = home / "lake" / "raw" / "issues" / "issues"
    for id_ in ids:
        shutil.copytree(raw / "connection=benchmark", raw / f"connection={id_}")
    return _copy_events(home / "dagster" / "history" / "runs" / "index.db", ids)


def _copy_events(index: Path, ids: Sequence[str]) -> int:
    """Copy the events of partitions in Dagster's index of all runs."""
    with closing(sqlite3.connect(index)) as database, database:
        # What is lost if the machine stops is made again.
        database.executescript("pragma synchronous = off; pragma journal_mode = off; pragma cache_size = -500000;")
        database.execute("create temp table copies (number integer, id text)")
        database.executemany("insert into copies values (?, ?)", enumerate(ids, 1))
        stride = database.execute("select max(id) from event_logs").fetchone()[0]
        with _without_indexes(database, "event_logs", "asset_event_tags"):
            database.execute(_TAGS, {"stride": stride})
            database.execute(_EVENTS, {"stride": stride})
        return int(database.execute("select count(*) from event_logs").fetchone()[0])


@contextmanager
def _without_indexes(database: sqlite3.Connection, *tables: str) -> Iterator[None]:
    """Build the indexes of some tables after many rows were added: row by row would take minutes."""
    named = f"type = 'index' and sql is not null and tbl_name in ({','.join('?' * len(tables))})"
    indexes = database.execute(f"select name, sql from sqlite_master where {named}", tables).fetchall()
    for name, _ in indexes:
        database.execute(f"drop index {name}")
    yield
    for _, sql in indexes:
        database.execute(sql)
