"""Runs one command, and prints what it took as JSON.

A program of its own, which imports little: on Linux the peak memory of a process that was just started counts what its
parent held at that moment.
"""

import json
import os
import subprocess
import sys
import time


def main(command: list[str]) -> None:
    started = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    figures = {
        "wall": wall,
        "ended_at": time.time(),
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss / 1024,
        "status": process.returncode,
    }
    with os.fdopen(int(os.environ["BENCHMARK_FIGURES"]), "w") as file:
        json.dump(figures, file)


if __name__ == "__main__":
    main(sys.argv[1:])
