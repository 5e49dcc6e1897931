"""Parse: stored records to published tables, beside a loop that validates one record after another."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from tests.benchmarks.environments import our_python
from tests.benchmarks.line_up import our_fetch
from tests.benchmarks.options import Options
from tests.benchmarks.our_connection import count_published, open_session
from tests.benchmarks.processes import BenchmarkError, Usage, run_measured, serve
from tests.benchmarks.tables import format_table

QUICK, FULL = 200_000, 1_000_000
# Each loop, and the integrations that are compared with it, with what their tables say of them.
_LOOPS = {
    "issues": {"issues": "small pydantic model", "struct_issues": "small model, records as `msgspec.Struct`"},
    "issue_findings": {
        "issue_findings": "`Finding`",
        "struct_issue_findings": "`Finding`, records as `msgspec.Struct`",
    },
}
# In how many processes each of them parses.
_PROCESSES = (1, 2)
_CONTENDERS = "tests.benchmarks.contenders"


def run(options: Options) -> str:
    records = options.records(QUICK, FULL)
    rows = [row for loop in _LOOPS for row in _compare(loop, records, options.repeat)]
    table = format_table(["", "objects/s", "wall s", "CPU s", "peak MB", "x loop"], rows)
    return f"{records:,} stored records of 1.3 kB.\n\n{table}"


def _compare(loop: str, records: int, repeat: int) -> list[list[str]]:
    titles = _LOOPS[loop]
    loops: list[Usage] = []
    ours: dict[tuple[str, int], list[Usage]] = {(name, count): [] for name in titles for count in _PROCESSES}
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        with serve(records) as server:
            for integration in titles:
                our_fetch(integration)(server.url, Path(folder) / integration)
        for _ in range(repeat):
            loops.append(_run_loop(loop, Path(folder) / loop, records))
            for (integration, processes), found in ours.items():
                found.append(_run_ours(integration, Path(folder) / integration, records, processes))
    best = _fastest(loops)
    own = [
        _row(f"**ours**, {titles[name]}{_format_processes(processes)}", _fastest(found), best, records)
        for (name, processes), found in ours.items()
    ]
    return [_row(f"loop, {titles[loop]}", best, best, records), *own]


def _fastest(runs: list[Usage]) -> Usage:
    return min(runs, key=lambda usage: usage.wall)


def _format_processes(count: int) -> str:
    return "" if count == 1 else f", {count} processes"


def _run_loop(integration: str, folder: Path, records: int) -> Usage:
    session = open_session(integration, "http://127.0.0.1:1", folder)
    (stream,) = session.spec.streams.values()
    raw, out = folder / "lake" / session.raw(stream).path.folder, folder / "objects.parquet"
    module = f"{_CONTENDERS}.validate_loop"
    usage = run_measured([our_python(), "-m", module, integration, str(raw), str(folder)])
    _require(pq.ParquetFile(out).metadata.num_rows, records)
    out.unlink()
    return usage


def _run_ours(integration: str, folder: Path, records: int, processes: int) -> Usage:
    usage = run_measured([our_python(), "-m", f"{_CONTENDERS}.our_parse", integration, str(folder), str(processes)])
    _require(count_published(integration, folder), records)
    return usage


def _require(objects: int, records: int) -> None:
    if objects != records:
        raise BenchmarkError(f"{objects:,} objects were made of {records:,} records")


def _row(title: str, usage: Usage, loop: Usage, records: int) -> list[str]:
    return [
        title,
        f"{records / usage.wall:,.0f}",
        f"{usage.wall:.2f}",
        f"{usage.cpu:.2f}",
        f"{usage.peak_mb:,.0f}",
        f"{loop.wall / usage.wall:.2f}",
    ]
