"""Ours as a library, as in `our_fetch`: what each of its threads took, in CPU seconds, written as JSON."""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

from dazz_assets.extract.ranges import SyncRange
from dazz_assets.extract.sync_stream import sync_stream
from tests.benchmarks.our_connection import open_session


def main(url: str, out: str) -> None:
    session = open_session("issues", url, out)
    (stream,) = session.spec.streams.values()
    spent: dict[str, float] = {}
    run = threading.Thread.run

    def run_measured(thread: threading.Thread) -> None:
        try:
            run(thread)
        finally:
            spent[thread.name] = spent.get(thread.name, 0) + time.thread_time()

    threading.Thread.run = run_measured  # type: ignore[method-assign, assignment]
    wall, cpu, main_thread = time.perf_counter(), time.process_time(), time.thread_time()
    sync_stream(session, stream, SyncRange(from_mark=True))
    spent["MainThread"] = time.thread_time() - main_thread
    taken = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "threads": spent}
    Path(out, "taken.json").write_text(json.dumps(taken), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:3])
