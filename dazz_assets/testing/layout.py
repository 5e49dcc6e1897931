"""How recorded scenarios lie on disk: each a folder beside an integration's file.

recordings/default/
    scenario.json       what is replayed: the integration, its connection's config and start, when the syncs were
    first/*.json        the exchanges of the first sync, one file each
    second/*.json       those of the second sync
    snapshots/          what the syncs stored and published
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

FOLDER = "recordings"
FILE = "scenario.json"
SNAPSHOTS = "snapshots"
DEFAULT = "default"
"""The scenario that commands and tests mean where they name none."""
RECORDS = 3
"""So many records of each page are kept where nobody says how many."""

Phase = Literal["first", "second"]
PHASES: tuple[Phase, ...] = ("first", "second")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def scenarios_in(recordings: Path) -> Iterator[Path]:
    """The folders of the scenarios in a folder of recordings."""
    yield from (file.parent for file in sorted(recordings.glob(f"*/{FILE}")) if is_scenario(file.parent))


def is_scenario(folder: Path) -> bool:
    """Whether a folder with a file `scenario.json` is a finished recording of ours; the file is not read.

    Other tools have files of this name too, and one of ours that is broken must not pass for theirs.
    """
    ours = folder.parent.name == FOLDER and not folder.name.startswith(".")
    return ours and any((folder / name).is_dir() for name in (*PHASES, SNAPSHOTS))
