"""`python -m tests.benchmarks [SCENARIO]...`: runs scenarios, and prints their results as Markdown."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.line_up import CONTENDERS
from tests.benchmarks.options import Options
from tests.benchmarks.processes import BenchmarkError
from tests.benchmarks.scenarios import (
    codec,
    fetch,
    full_refresh,
    idle,
    latency,
    many,
    memory,
    parse,
    rate,
    scale,
    startup,
    sync,
    threads,
    tick,
)
from tests.benchmarks.tables import describe_machine

SCENARIOS: dict[str, Callable[[Options], str]] = {
    module.__name__.rpartition(".")[2]: module.run
    for module in (
        startup,
        idle,
        tick,
        scale,
        fetch,
        threads,
        sync,
        codec,
        latency,
        rate,
        many,
        parse,
        full_refresh,
        memory,
    )
}
_WITH_PEERS = {
    "fetch": ("limit", "dlt", "airbyte", "singer"),
    "sync": ("limit", "dlt"),
    "latency": ("limit", "dlt", "airbyte", "singer"),
    "rate": ("dlt", "airbyte", "singer"),
}


def main() -> int:
    # What was started is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options, scenarios, output = _read_arguments()
    failed = False
    environments = {name for scenario in scenarios for name in _WITH_PEERS.get(scenario, ())}
    texts = [describe_machine(environments if not options.only else ())]
    print(texts[0], flush=True)
    for name in scenarios:
        print(f"\n{name} ...", flush=True)
        started = time.perf_counter()
        try:
            result = SCENARIOS[name](options)
        except BenchmarkError as error:
            failed, result = True, f"**failed**: {error}"
        texts.append(f"### {name}\n\n{result}")
        print(f"\n{texts[-1]}\n\n({time.perf_counter() - started:.0f} s)", flush=True)
    if output is not None:
        output.write_text("\n\n".join(texts) + "\n", encoding="utf-8")
        print(f"\nall results: {output}")
    return int(failed)


def _read_arguments() -> tuple[Options, list[str], Path | None]:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("scenario", nargs="*", help=f"{', '.join(SCENARIOS)}; default: all of them")
    parser.add_argument("--records", type=int, help="issues, in place of each scenario's own number")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each contender, of which the fastest counts")
    parser.add_argument("--only", default="", help=f"contenders, with commas between them: {', '.join(CONTENDERS)}")
    parser.add_argument("--full", action="store_true", help="the sizes of the targets, which take an hour")
    parser.add_argument("--output", type=Path, help="also write all results to this file")
    read = parser.parse_args()
    only = tuple(name for name in read.only.split(",") if name)
    for kind, names, known in (("scenario", read.scenario, SCENARIOS), ("contender", only, CONTENDERS)):
        if unknown := [name for name in names if name not in known]:
            parser.error(f"there is no {kind} {unknown[0]!r}; there are {', '.join(known)}")
    options = Options(read.records, max(read.repeat, 1), only, read.full)
    return options, read.scenario or list(SCENARIOS), read.output


if __name__ == "__main__":
    sys.exit(main())
