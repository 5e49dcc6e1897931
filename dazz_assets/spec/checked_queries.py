"""Remembers which queries passed their check, in a file of the home.

To parse a query loads all of graphql-core, a tenth of a second, which is a third of what `dazz list` takes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

from dazz_assets.home import home

_FILE = "checked_queries"
# Queries that were edited leave their lines behind.
_MOST_LINES = 1_000


def check_once(subject: object, check: Callable[[], None]) -> None:
    """Call a check, unless the subject is known to have passed it. Raises what the check raises.

    subject: all that decides the result, told apart by its `repr`, beside the code of the check.
    """
    code = check.__code__.co_filename
    digest = hashlib.sha256(repr((subject, Path(code).stat().st_mtime_ns)).encode()).hexdigest()
    known = _read_known(home() / _FILE)
    if digest in known:
        return
    check()
    known.add(digest)
    _remember(home() / _FILE, known, digest)


@cache
def _read_known(file: Path) -> set[str]:
    with suppress(OSError, UnicodeDecodeError):
        return set(file.read_text(encoding="ascii").split())
    return set()


def _remember(file: Path, known: set[str], digest: str) -> None:
    """Add a line, if there is a home. Without it, or if it can't be written, the query is checked again each time."""
    with suppress(OSError):
        if not file.parent.is_dir():
            return
        if len(known) > _MOST_LINES:
            file.unlink(missing_ok=True)
        with file.open("a", encoding="ascii") as lines:
            lines.write(f"{digest}\n")
