"""Counts what a piece of code opens below a folder, whichever library does it: the system tells (inotify, Linux)."""

from __future__ import annotations

import ctypes
import os
import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OPEN, _CLOSE, _IS_FOLDER = 0x20, 0x08 | 0x10, 0x4000_0000
_HEAD = struct.Struct("iIII")


@contextmanager
def opened_below(folder: Path) -> Iterator[Counter[Path]]:
    """How often each file below a folder is opened, and each folder listed. Folders must be there at the start."""
    system = ctypes.CDLL(None, use_errno=True)
    watcher = system.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    opened: Counter[Path] = Counter()
    try:
        folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
        # Closing counts too, as the system tells of two openings in a row only once.
        watched = {system.inotify_add_watch(watcher, bytes(path), _OPEN | _CLOSE): path for path in folders}
        assert -1 not in watched, os.strerror(ctypes.get_errno())
        yield opened
        for number, mask, name in _read_events(watcher):
            # A folder tells of itself, and the one above it of it too.
            if mask & _OPEN and not (mask & _IS_FOLDER and name):
                opened[watched[number] / name] += 1
    finally:
        os.close(watcher)


def _read_events(watcher: int) -> Iterator[tuple[int, int, str]]:
    while True:
        try:
            events = os.read(watcher, 1 << 20)
        except BlockingIOError:
            return
        place = 0
        while place < len(events):
            number, mask, _, length = _HEAD.unpack_from(events, place)
            place += _HEAD.size + length
            yield number, mask, events[place - length : place].rstrip(b"\0").decode()
