"""Idle: a sync with nothing new, as a process and as a library, beside Dagster alone."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks.environments import our_python
from tests.benchmarks.line_up import count_lake, our_sync
from tests.benchmarks.options import Options
from tests.benchmarks.our_connection import write_connections
from tests.benchmarks.processes import BenchmarkError, RunningServer, Usage, run_measured, serve
from tests.benchmarks.tables import format_table

QUICK, FULL = 20_000, 100_000
_RUNS = 5
_FURTHER = 20


def run(options: Options) -> str:
    records = options.records(QUICK, FULL)
    runs = max(options.repeat, _RUNS)
    with serve(records) as server, tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        our_sync(server.url, folder)
        server.take_counts()
        synced = min((our_sync(server.url, folder) for _ in range(runs)), key=lambda usage: usage.wall)
        requests = server.take_counts().requests / runs
        seconds = _time_library(server, folder)
        if (stored := count_lake()(folder)) != records:
            raise BenchmarkError(f"idle syncs left {stored:,} records of {records:,}")
        env = write_connections("issues", server.url, folder)
        alone, alike = (
            min((_run_dagster(env, *how) for _ in range(runs)), key=lambda usage: usage.wall)
            for how in ([], ["like-command"])
        )
        once, often = (_run_dazz(env, count) for count in (1, 1 + _FURTHER))
    rows = [
        ["`dazz sync`, a process", *_columns(synced), f"{requests:g}"],
        ["each further sync in the same process", *_columns_of_one(once, often), "1"],
        ["Dagster alone, two empty assets", *_columns(alone), "0"],
        ["the same, with the command's settings of the garbage collector", *_columns(alike), "0"],
        ["fetch and parse as a library, imports aside", f"{seconds:.3f}", "", "", ""],
    ]
    table = format_table(["nothing new", "wall s", "CPU s", "peak MB", "requests"], rows)
    return f"{records:,} issues stored and parsed, one stream; the fastest of {runs} runs.\n\n{table}"


def _time_library(server: RunningServer, folder: Path) -> float:
    run_measured([our_python(), "-m", "tests.benchmarks.contenders.our_idle", server.url, str(folder)])
    return float((folder / "seconds").read_text())


def _run_dagster(env: Mapping[str, str], *how: str) -> Usage:
    return run_measured([our_python(), "-m", "tests.benchmarks.contenders.dagster_alone", *how], env)


def _run_dazz(env: Mapping[str, str], syncs: int) -> Usage:
    return run_measured([our_python(), "-m", "tests.benchmarks.contenders.our_idle_runs", str(syncs)], env)


def _columns_of_one(once: Usage, often: Usage) -> list[str]:
    return [f"{(often.wall - once.wall) / _FURTHER:.2f}", f"{(often.cpu - once.cpu) / _FURTHER:.2f}", ""]


def _columns(usage: Usage) -> list[str]:
    return [f"{usage.wall:.2f}", f"{usage.cpu:.2f}", f"{usage.peak_mb:,.0f}"]
