"""Runs the command `dazz` and kills its process at the nth thing that it does: a request, a commit, a parse.

    python -m tests.end_to_end.killed N COUNTS_FILE ARGUMENTS...

Kills with SIGKILL, so that nothing is cleaned up. With N = 0 it only counts, and writes what happened to COUNTS_FILE.
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

happened: list[str] = []


def _met(event: str) -> None:
    happened.append(event)
    if len(happened) == _AT:
        os.kill(os.getpid(), signal.SIGKILL)


def _around(owner: Any, name: str, before: str = "", after: str = "") -> None:
    original: Callable[..., Any] = getattr(owner, name)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if before:
            _met(before)
        result = original(*args, **kwargs)
        if after:
            _met(after)
        return result

    setattr(owner, name, wrapped)


if __name__ == "__main__":
    _AT, counts = int(sys.argv[1]), Path(sys.argv[2])
    _around(Client, "send", after="a request was answered")
    _around(Table, "_write", before="before a commit", after="after a commit")
    _around(WindowParser, "run", before="between raw and parse")
    from dazz_assets.cli import main

    sys.argv = ["dazz", *sys.argv[3:]]
    try:
        main()
    finally:
        counts.write_text(json.dumps(happened))
