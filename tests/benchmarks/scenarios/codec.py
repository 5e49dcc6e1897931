"""Codec: raw rows written with each codec, with and without statistics of the large column."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from tests.benchmarks.environments import our_python
from tests.benchmarks.options import Options
from tests.benchmarks.processes import run_measured
from tests.benchmarks.tables import format_table

QUICK, FULL = 50_000, 200_000


def run(options: Options) -> str:
    records = options.records(QUICK, FULL)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        module, repeat = "tests.benchmarks.contenders.write_rows", max(options.repeat, 3)
        run_measured([our_python(), "-m", module, folder, str(records), str(repeat)])
        found = json.loads((Path(folder) / "found.json").read_text(encoding="utf-8"))
    rows = [
        [name, f"{wall:.2f}", f"{cpu:.2f}", f"{megabytes:,.0f}", f"{read:.2f}"]
        for name, (wall, cpu, megabytes, read) in found.items()
    ]
    table = format_table(["", "wall s", "CPU s", "MB", "records read again, s"], rows)
    return f"{records:,} raw rows of 1.3 kB into one file; the run with the least CPU time of {repeat}.\n\n{table}"
