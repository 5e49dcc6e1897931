"""Scale: what an instance and a lake are made of, and how they grow, on a synthetic instance of a hundred connections.

It has one stream and one parser over three years of weeks; a row says what that makes for many connections and streams.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.benchmarks.environments import our_python
from tests.benchmarks.many_connections import copy_connection
from tests.benchmarks.options import Options
from tests.benchmarks.our_connection import CONNECTION, integration_file, write_connections
from tests.benchmarks.processes import run_measured, serve
from tests.benchmarks.tables import format_table, format_ticks

_CONNECTIONS, _LARGE_CONNECTIONS = 100, 1_000
_STREAMS = 30
_RECORDS = 2_000
_HISTORY = timedelta(days=3 * 365)
_IDLE_RUNS = 20
_CONTENDERS = "tests.benchmarks.contenders"


@dataclass(frozen=True, slots=True)
class _Instance:
    """What Dagster's SQLite files hold: rows of the index of events, and bytes of the index, of runs, of runs' logs."""

    events: int
    index: int
    runs: int
    logs: int

    @classmethod
    def read(cls, home: Path) -> _Instance:
        history = home / "dagster" / "history"
        index = history / "runs" / "index.db"
        for path in (index, history / "runs.db"):
            with closing(sqlite3.connect(path)) as database:
                database.execute("pragma wal_checkpoint(truncate)")
        with closing(sqlite3.connect(index)) as database:
            events = int(database.execute("select count(*) from event_logs").fetchone()[0])
            pages, free, size = (
                int(database.execute(f"pragma {name}").fetchone()[0])
                for name in ("page_count", "freelist_count", "page_size")
            )
        logs = [path for path in index.parent.glob("*.db") if path != index and not path.name.startswith(".")]
        taken = sum(path.stat().st_size for path in logs)
        return cls(events, (pages - free) * size, (history / "runs.db").stat().st_size, taken)


def run(options: Options) -> str:
    ids = [f"customer-{number:04}" for number in range(1, _CONNECTIONS)]
    start = (datetime.now(UTC) - _HISTORY).date()
    with serve(_RECORDS) as server, tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        home = Path(name)
        env = write_connections("issues", server.url, home, start=start)
        run_measured([our_python(), "-m", "dazz_assets.cli", "sync", str(integration_file("issues"))], env)
        first = _Instance.read(home)
        copy_connection(home, ids)
        copied = _Instance.read(home)
        env = write_connections("issues", server.url, home, [CONNECTION, *ids], start)
        _run_contender("our_idle_runs", env, str(_IDLE_RUNS))
        idle = _Instance.read(home)
        ticks = _run_contender("our_tick", env, str(home / "ticks.json"), out=home / "ticks.json")
        tables = _run_contender("our_year", env, str(home / "year"), str(home / "year.json"), out=home / "year.json")
    return "\n\n".join(
        [
            _instance_table(first, copied, idle),
            f"Ticks with {_CONNECTIONS} connections:\n\n{format_ticks(ticks)}",
            _lake_table(tables),
        ]
    )


def _run_contender(name: str, env: Mapping[str, str], *args: str, out: Path | None = None) -> Any:
    run_measured([our_python(), "-m", f"{_CONTENDERS}.{name}", *args], env)
    return json.loads(out.read_text(encoding="utf-8")) if out is not None else None


def _instance_table(first: _Instance, copied: _Instance, idle: _Instance) -> str:
    weeks = _HISTORY.days // 7 + 1
    events, size = (
        (after - before) / (_CONNECTIONS - 1)
        for before, after in ((first.events, copied.events), (first.index, copied.index))
    )
    many, runs = _LARGE_CONNECTIONS * _STREAMS, _IDLE_RUNS
    rows = [
        _row(f"the first sync of a connection, {weeks} weeks", first.events, first.index, first.logs, first.runs),
        _row(
            "a sync with nothing new",
            (idle.events - copied.events) / runs,
            (idle.index - copied.index) / runs,
            (idle.logs - copied.logs) / runs,
            (idle.runs - copied.runs) / runs,
        ),
        _row(f"{_CONNECTIONS} connections, their materializations", events * _CONNECTIONS, size * _CONNECTIONS),
        _row(
            f"{_LARGE_CONNECTIONS:,} connections x {_STREAMS} streams and a parser each, by the line above",
            events * many,
            size * many,
        ),
    ]
    head = [
        "SQLite instance, one stream and its parser",
        "events in the index",
        "MB of it",
        "MB of run logs",
        "MB of runs",
    ]
    partitions = (
        f"{_CONNECTIONS} connections x {weeks} weeks are {_CONNECTIONS * weeks:,} partitions of each asset; "
        f"{_LARGE_CONNECTIONS:,} are {_LARGE_CONNECTIONS * weeks:,}."
    )
    return f"{partitions}\n\n{format_table(head, rows)}"


def _row(title: str, events: float, index: float, logs: float | None = None, runs: float | None = None) -> list[str]:
    sizes = ["" if size is None else f"{size / 2**20:,.3g}" for size in (index, logs, runs)]
    return [title, f"{events:,.0f}", *sizes]


def _lake_table(tables: list[dict[str, Any]]) -> str:
    head = [
        "raw table of one connection and stream",
        "files",
        "KB",
        "files replaced",
        "files of the log",
        "KB",
        "open, ms",
    ]
    rows = [
        [
            f"{found['title']}, {'compacted' if found['compacted'] else 'never compacted'}",
            *(f"{found[name]:,.0f}" for name in ("files", "kilobytes", "replaced", "log_files", "log_kilobytes")),
            f"{found['milliseconds']:.1f}",
        ]
        for found in tables
    ]
    note = (
        "Ten changed records a sync. Replaced files are removed a week later, and the log is cleaned after 30 days; "
        "all syncs ran within seconds here, so that neither happened."
    )
    return f"{format_table(head, rows)}\n\n{note}"
