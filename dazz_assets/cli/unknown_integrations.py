"""Integrations that the connections file names, and that are not loaded: misspelt ones, and files that lie here."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dazz_assets.connections import Connections, connections_path
from dazz_assets.home import in_project
from dazz_assets.names import suggest
from dazz_assets.spec.discovery import PATHS_VARIABLE, find_local_folders

if TYPE_CHECKING:
    from dazz_assets.spec.discovery import LoadFailure


def describe_unknown(
    connections: Connections, loaded: Collection[str], failures: Sequence[LoadFailure]
) -> Iterator[tuple[str, str]]:
    """Names in the file that are neither loaded nor failed to load, each with a sentence that tells the fix."""
    failed = {word for failure in failures for word in re.split(r"\W+", failure.place)}
    names = [*(item.integration for item in connections.valid), *(item.integration for item in connections.problems)]
    for name in dict.fromkeys(filter(None, names)):
        if name in loaded or name in failed:
            continue
        file = Path(f"{name}.py")  # relative to the project, as what the variable holds
        candidates = [
            *(folder for folder in find_local_folders() if folder.name == name),
            *([file] if in_project(file).is_file() else []),
        ]
        if candidates:
            paths = os.pathsep.join(filter(None, [os.environ.get(PATHS_VARIABLE), str(candidates[0])]))
            yield name, f"{connections_path()} names `{name}`, which is not loaded: set {PATHS_VARIABLE}={paths}"
        else:
            hint = suggest(name, loaded)
            yield name, f"{connections_path()} names `{name}`, but there is no integration of that name{hint}"
