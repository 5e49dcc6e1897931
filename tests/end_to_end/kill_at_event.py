"""Run the command `dazz`, and kill its process at the nth event: a response, a commit, or the start of a parse.

    python -m tests.end_to_end.kill_at_event N EVENTS_FILE ARGUMENTS...

SIGKILL prevents any cleanup. With N = 0 nothing is killed; the events are written to EVENTS_FILE as a JSON list.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dazz_assets.http.client import Client
from dazz_assets.lake.table import Table
from dazz_assets.transform.parse_windows import WindowParser

events: list[str] = []


def _record_event(event: str) -> None:
    events.append(event)
    if len(events) == _KILL_AT:
        os.kill(os.getpid(), signal.SIGKILL)


def _wrap(owner: Any, name: str, before: str = "", after: str = "") -> None:
    original: Callable[..., Any] = getattr(owner, name)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if before:
            _record_event(before)
        result = original(*args, **kwargs)
        if after:
            _record_event(after)
        return result

    setattr(owner, name, wrapped)


if __name__ == "__main__":
    _KILL_AT, events_file = int(sys.argv[1]), Path(sys.argv[2])
    _wrap(Client, "send", after="after a response")
    _wrap(Table, "_write", before="before a commit", after="after a commit")
    _wrap(WindowParser, "run", before="between raw and parse")
    from dazz_assets.cli import main

    sys.argv = ["dazz", *sys.argv[3:]]
    try:
        main()
    finally:
        events_file.write_text(json.dumps(events))
