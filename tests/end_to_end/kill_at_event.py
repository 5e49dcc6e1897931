"""Run the command `dazz`, and kill its process at the nth event: a response, a commit, or the start of a parse.

SIGKILL prevents any cleanup. Each process is forked from one that has got ready for a sync, which takes longer than a
small sync.
"""

import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dazz_assets.cli import main
from dazz_assets.http.client import Client
from dazz_assets.lake.table import Table
from dazz_assets.transform.parse_windows import ParserRun

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([__name__, "tests.end_to_end.ready_to_sync"])


def run(arguments: Sequence[str], environment: Mapping[str, str], folder: Path, kill_at: int) -> int:
    """Run the command, and return its exit status.

    With `kill_at` 0 nothing is killed, and the events are written to `events` in the folder, as a JSON list. What is
    printed goes to `output`.
    """
    process = _processes.Process(target=_run, args=(arguments, dict(environment), folder, kill_at))
    process.start()
    process.join(180)
    assert process.exitcode is not None, "it does not end"
    return process.exitcode


def _run(arguments: Sequence[str], environment: Mapping[str, str], folder: Path, kill_at: int) -> None:
    os.environ.clear()
    os.environ.update(environment)
    output = os.open(folder / "output", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    events: list[str] = []

    def record(event: str) -> None:
        events.append(event)
        if len(events) == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    _wrap(Client, "send", record, after="after a response")
    _wrap(Table, "_write", record, before="before a commit", after="after a commit")
    _wrap(ParserRun, "run", record, before="between raw and parse")
    sys.argv = ["dazz", *arguments]
    try:
        main()
    finally:
        (folder / "events").write_text(json.dumps(events), encoding="utf-8")


def _wrap(owner: Any, name: str, record: Callable[[str], None], before: str = "", after: str = "") -> None:
    original: Callable[..., Any] = getattr(owner, name)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if before:
            record(before)
        result = original(*args, **kwargs)
        if after:
            record(after)
        return result

    setattr(owner, name, wrapped)
