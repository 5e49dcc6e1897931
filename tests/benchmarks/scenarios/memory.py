"""Memory: the peak of `dazz sync` over many issues against that over a few."""

from __future__ import annotations

from tests.benchmarks.line_up import FETCH, SYNC, Measured, measure_all
from tests.benchmarks.options import Options
from tests.benchmarks.processes import serve
from tests.benchmarks.tables import format_table

FEW = 100_000
QUICK, FULL = 300_000, 2_000_000


def run(options: Options) -> str:
    contenders = options.chosen((FETCH, SYNC))
    found = {records: _measure(options, records) for records in (FEW, options.records(QUICK, FULL))}
    few, many = found.values()
    sizes = [f"{records:,}" for records in found]
    rows = [_row(few[item.name], many[item.name]) for item in contenders]
    return format_table(["peak MB", *sizes, "growth", *(f"wall s, {size}" for size in sizes)], rows)


def _measure(options: Options, records: int) -> dict[str, Measured]:
    with serve(records) as server:
        return measure_all(options.chosen((FETCH, SYNC)), server, records, options.repeat)


def _row(few: Measured, many: Measured) -> list[str]:
    growth = many.usage.peak_mb / few.usage.peak_mb - 1
    return [
        few.contender.title,
        f"{few.usage.peak_mb:,.0f}",
        f"{many.usage.peak_mb:,.0f}",
        f"{growth:+.1%}",
        f"{few.usage.wall:.1f}",
        f"{many.usage.wall:.1f}",
    ]
