"""Runs one command, and prints what it took as JSON.

A program of its own, which imports little: on Linux the peak memory of a process that was just started counts what its
parent held at that moment.
"""

import json
import os
import subprocess
import sys
import threading
import time

_SECONDS_BETWEEN_LOOKS = 0.1
# To find processes takes longer than to read what they have.
_LOOKS_BETWEEN_SEARCHES = 5


def main(command: list[str]) -> None:
    started = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    together = _PeakTogether(process.pid)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    figures = {
        "wall": wall,
        "ended_at": time.time(),
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak_mb": max(usage.ru_maxrss / 1024, together.end()),
        "status": process.returncode,
    }
    with os.fdopen(int(os.environ["BENCHMARK_FIGURES"]), "w") as file:
        json.dump(figures, file)


class _PeakTogether:
    """The most resident memory, in MB, that a process and all below it were seen to have at a time.

    What several share is divided among them, as the system counts it (Pss). A process alone is looked at only to see
    whether there are others: of it, the system itself knows the peak.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peak = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def end(self) -> float:
        """The peak; 0 if there was never more than one process."""
        self._ended.set()
        self._thread.join()
        return self._peak

    def _look(self) -> None:
        looks, pids = 0, [self._pid]
        while not self._ended.wait(_SECONDS_BETWEEN_LOOKS):
            if looks % _LOOKS_BETWEEN_SEARCHES == 0:
                pids = _find_family(self._pid)
            looks += 1
            if len(pids) > 1:
                self._peak = max(self._peak, sum(map(_read_own_mb, pids)))


def _find_family(pid: int) -> list[int]:
    """A process and all that it started, directly or not."""
    children: dict[int, list[int]] = {}
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                # Behind the program's name, which may hold anything: the state, and the parent.
                parent = int(file.read().rpartition(b")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(name))
    found = [pid]
    for parent in found:
        found += children.get(parent, [])
    return found


def _read_own_mb(pid: int) -> float:
    """A process's memory, with its share of what several have in common. https://docs.kernel.org/filesystems/proc.html"""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as figures:
            return next(int(line.split()[1]) for line in figures if line.startswith("Pss:")) / 1024
    except (OSError, StopIteration):  # It has ended.
        return 0.0


if __name__ == "__main__":
    main(sys.argv[1:])
