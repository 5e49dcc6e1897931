"""Results as Markdown tables."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping, Sequence

import psutil

from tests.benchmarks.environments import PACKAGES, installed_versions, own_versions
from tests.benchmarks.line_up import Contender, Measured


def format_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose columns but the first are aligned to the right."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def format_ticks(seconds: Mapping[str, tuple[float, float]]) -> str:
    """A row for each kind of tick of the sensor, from its seconds and CPU seconds."""
    rows = ([title, f"{wall:.2f}", f"{cpu:.2f}"] for title, (wall, cpu) in seconds.items())
    return format_table(["tick", "wall s", "CPU s"], rows)


def compare(measured: Mapping[str, Measured], against: Sequence[Contender]) -> str:
    """A row for each contender, with how many times as fast it was as each of some others in the same run."""
    others = [measured[item.name] for item in against if item.name in measured]
    head = ["", "records/s", "wall s", "CPU s", "peak MB", *(f"x {item.contender.title}" for item in others)]
    return format_table(head, (_row(item, others) for item in measured.values()))


def _row(item: Measured, others: Sequence[Measured]) -> list[str]:
    usage = item.usage
    ratios = (_format_ratio(item.records_per_second / other.records_per_second) for other in others)
    return [
        item.contender.title,
        f"{item.records_per_second:,.0f}",
        f"{usage.wall:.2f}",
        f"{usage.cpu:.2f}",
        f"{usage.peak_mb:,.0f}",
        *ratios,
    ]


def _format_ratio(ratio: float) -> str:
    return f"{ratio:.1f}" if ratio >= 2 else f"{ratio:.2f}"


def describe_machine(environments: Iterable[str] = ()) -> str:
    """The size of the machine, and the versions of what was measured, in a sentence each."""
    cores, memory = len(os.sched_getaffinity(0)), psutil.virtual_memory().total / 2**30
    load = os.getloadavg()[0]
    versions = {"Python": platform.python_version(), **own_versions()}
    for name in PACKAGES:
        if name in environments:
            versions |= installed_versions(name)
    listed = ", ".join(f"{name} {number}" for name, number in versions.items())
    return (
        f"{cores} cores ({_cpu_model()}), {memory:.0f} GB of memory, {platform.system()}; "
        f"load of the machine at the start {load:.1f}. {listed}."
    )


def _cpu_model() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
