"""Processes of a benchmark: the vendor's server, and commands with what each took."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.issue_pages import first_day

ROOT = Path(__file__).parents[2]
PAGE_SIZE = 100
_LONGEST_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process took: seconds from start to end, CPU seconds of all its threads, and megabytes at its peak.

    All include those of its own child processes: the peak is the most that it and they were seen to have at a time, and
    what they share is divided among them.
    ended_at: epoch seconds.
    """

    wall: float
    cpu: float
    peak_mb: float
    ended_at: float


class BenchmarkError(Exception):
    """A contender failed, or stored another number of records than the vendor has. There is no figure then."""


def run_measured(command: Sequence[str], env: Mapping[str, str] | None = None) -> Usage:
    """Run a command from the project's folder. Raises BenchmarkError, with the end of what it wrote, if it fails."""
    reader, writer = os.pipe()
    with tempfile.TemporaryFile("w+") as output:
        measured = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("measure_process.py")), *command],
            cwd=ROOT,
            env={**_with_compiled_modules(env or os.environ), "BENCHMARK_FIGURES": str(writer)},
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=(writer,),
            start_new_session=True,
        )
        os.close(writer)
        try:
            with os.fdopen(reader) as figures:
                text = figures.read()
            measured.wait(_LONGEST_SECONDS)
        except BaseException:
            os.killpg(measured.pid, signal.SIGKILL)
            raise
        found = json.loads(text) if text else {"status": measured.returncode}
        if found.pop("status") != 0:
            output.seek(0)
            raise BenchmarkError(f"{' '.join(command[:4])} failed:\n{output.read()[-3000:]}")
    return Usage(**found)


def _with_compiled_modules(env: Mapping[str, str]) -> dict[str, str]:
    """An environment in which Python keeps compiled modules, as an installation has them, apart from the sources."""
    others = {name: value for name, value in env.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**others, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(ROOT / ".bench" / "compiled")}


@dataclass(frozen=True, slots=True)
class Counts:
    """What the vendor counted: requests, those answered with 429, and the most that it had in flight.

    first_at: when the first request came, in epoch seconds.
    """

    requests: int
    refused: int
    most_at_once: int
    first_at: float


class RunningServer:
    """The vendor's server, while it runs."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._port = port

    def take_counts(self) -> Counts:
        """What was counted since the last call."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request("GET", "/stats")
            return Counts(**json.loads(connection.getresponse().read()))
        finally:
            connection.close()


@contextmanager
def serve(
    records: int,
    *,
    latency: float = 0,
    rate: int = 0,
    at_once: int = 0,
    per_token: bool = False,
    compressed: bool = False,
) -> Iterator[RunningServer]:
    """Serve this many issues until the context ends.

    latency: seconds a page. rate: requests a second, of each token if `per_token`; 0 is no limit. compressed: pages
    are sent as gzip makes them.
    """
    command = [
        *(sys.executable, "-m", "tests.benchmarks.server"),
        *("--records", str(records), "--page-size", str(PAGE_SIZE), "--start", first_day().isoformat()),
        *("--latency", str(latency), "--rate", str(rate), "--at-once", str(at_once)),
        *(["--per-token"] if per_token else []),
        *(["--compressed"] if compressed else []),
    ]
    # The server ends with its standard input, so that it never outlives this process.
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.strip():
            raise BenchmarkError("the benchmarks' server did not start; what it wrote stands above")
        yield RunningServer(int(line))
    finally:
        process.terminate()
        process.wait()
