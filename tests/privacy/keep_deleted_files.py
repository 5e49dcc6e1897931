"""Run `dazz` or `pytest` and keep all that it writes: `python keep_deleted_files.py FOLDER dazz ...`.

What the command deletes is moved or copied to FOLDER. The events of an in-memory Dagster instance and all logs at debug
level are written there too.
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

KEPT_FOLDER = Path(sys.argv[1])
_numbers = itertools.count()
_unlink, _rmtree, _dispose = os.unlink, shutil.rmtree, dg.DagsterInstance.dispose


def _next_path(path: Any) -> Path:
    return KEPT_FOLDER / f"{next(_numbers)}-{Path(os.fsdecode(path)).name}"


def unlink(path: Any, **options: Any) -> None:
    if os.path.isfile(path) and not os.path.islink(path) and "dir_fd" not in options:
        shutil.copyfile(path, _next_path(path))
    _unlink(path, **options)


def rmtree(path: Any, *arguments: Any, **options: Any) -> None:
    if os.path.isdir(path):
        shutil.move(path, _next_path(path))
    else:
        _rmtree(path, *arguments, **options)


def dispose(instance: dg.DagsterInstance) -> None:
    if instance.is_ephemeral:
        with _next_path("events.json").open("w") as file:
            for run in instance.get_runs():
                file.write(f"{dg.serialize_value(run)}\n")
                for entry in instance.all_logs(run.run_id):
                    file.write(f"{dg.serialize_value(entry)}\n")
    _dispose(instance)


if __name__ == "__main__":
    KEPT_FOLDER.mkdir(exist_ok=True)
    logging.basicConfig(filename=_next_path("debug.log"), level=logging.DEBUG)
    os.unlink = os.remove = unlink
    shutil.rmtree = rmtree  # type: ignore[assignment]
    dg.DagsterInstance.dispose = dispose  # type: ignore[assignment, method-assign]
    command, *sys.argv[1:] = sys.argv[2:]
    if command == "pytest":
        import pytest

        sys.exit(pytest.main(sys.argv[1:]))
    from dazz_assets.cli import main

    main()
