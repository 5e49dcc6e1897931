"""Start-up: what the commands that need no Dagster take, beside Python itself and the import of Dagster."""

from __future__ import annotations

import os
import tempfile

from tests.benchmarks.environments import our_python
from tests.benchmarks.options import Options
from tests.benchmarks.processes import Usage, run_measured
from tests.benchmarks.tables import format_table

_RUNS = 5
_COMMANDS = {
    "`python -c pass`": ("-c", "pass"),
    "`python -c 'import dagster'`": ("-c", "import dagster"),
    "`dazz --help`": ("-m", "dazz_assets.cli", "--help"),
    "`dazz list`": ("-m", "dazz_assets.cli", "list"),
}


def run(options: Options) -> str:
    runs = max(options.repeat, _RUNS)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as home:
        rows = [_row(title, _fastest(command, home, runs)) for title, command in _COMMANDS.items()]
    table = format_table(["", "wall s", "CPU s", "peak MB"], rows)
    return f"The fastest of {runs} runs.\n\n{table}"


def _fastest(command: tuple[str, ...], home: str, runs: int) -> Usage:
    env = {**os.environ, "DAZZ_HOME": home}
    return min((run_measured([our_python(), *command], env) for _ in range(runs)), key=lambda usage: usage.wall)


def _row(title: str, usage: Usage) -> list[str]:
    return [title, f"{usage.wall:.3f}", f"{usage.cpu:.3f}", f"{usage.peak_mb:,.0f}"]
