"""Runs a command so that all that it writes can be looked at: `python keeping.py FOLDER dazz ...` or `... pytest ...`.

What it deletes is moved to FOLDER instead, or copied there; the events of a Dagster instance in memory, and whatever is
logged at debug level, are written there.
"""

from __future__ import annotations

import itertools
import logging
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import dagster as dg

KEPT = Path(sys.argv[1])
_numbers = itertools.count()
_unlink, _rmtree, _dispose = os.unlink, shutil.rmtree, dg.DagsterInstance.dispose


def _place(path: Any) -> Path:
    return KEPT / f"{next(_numbers)}-{Path(os.fsdecode(path)).name}"


def unlink(path: Any, **options: Any) -> None:
    if os.path.isfile(path) and not os.path.islink(path) and "dir_fd" not in options:
        shutil.copyfile(path, _place(path))
    _unlink(path, **options)


def rmtree(path: Any, *arguments: Any, **options: Any) -> None:
    if os.path.isdir(path):
        shutil.move(path, _place(path))
    else:
        _rmtree(path, *arguments, **options)


def dispose(instance: dg.DagsterInstance) -> None:
    if instance.is_ephemeral:
        with _place("events.json").open("w") as file:
            for run in instance.get_runs():
                file.write(f"{dg.serialize_value(run)}\n")
                for entry in instance.all_logs(run.run_id):
                    file.write(f"{dg.serialize_value(entry)}\n")
    _dispose(instance)


if __name__ == "__main__":
    KEPT.mkdir(exist_ok=True)
    logging.basicConfig(filename=_place("debug.log"), level=logging.DEBUG)
    os.unlink = os.remove = unlink
    shutil.rmtree = rmtree  # type: ignore[assignment]
    dg.DagsterInstance.dispose = dispose  # type: ignore[assignment, method-assign]
    command, *sys.argv[1:] = sys.argv[2:]
    if command == "pytest":
        import pytest

        sys.exit(pytest.main(sys.argv[1:]))
    from dazz_assets.cli import main

    main()
