"""One writer per connection: a file lock, which the operating system releases when its process dies."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from dazz_assets.lake.errors import LakeError

OnWait = Callable[[str], None]


@dataclass
class _Held:
    """A lock of this process. The first holder in any thread acquires it, the last one releases it."""

    file: FileLock
    mutex: threading.Lock = field(default_factory=threading.Lock)
    holders: int = 0


_registry: dict[Path, _Held] = {}
_registry_mutex = threading.Lock()


@contextmanager
def hold_lock(path: Path, name: str, action: str, on_wait: OnWait | None) -> Iterator[None]:
    """Hold the lock file at `path`.

    If this process has to wait, it calls `on_wait` once, with a message that names the holder. The message is made of
    `name`, what is locked (`desk/acme`), and `action`, what its holder does (`synced`).

    Raises LakeError if the file can't be written.
    """
    with _registry_mutex:
        held = _registry.setdefault(path, _Held(FileLock(path, thread_local=False)))
    with held.mutex:
        if not held.holders:
            _acquire(held.file, path, f"{name} is being {action} by process {os.getpid()}", on_wait)
        held.holders += 1
    try:
        yield
    finally:
        with held.mutex:
            held.holders -= 1
            if not held.holders:
                held.file.release()


def _acquire(lock: FileLock, path: Path, holder: str, on_wait: OnWait | None) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _wait_for(lock, path, on_wait)
        path.write_text(holder, encoding="utf-8")
    except OSError as error:
        lock.release()
        raise LakeError(
            f"the lake can't be written: {path}: {error.strerror}; check the folder and its rights"
        ) from None


def _wait_for(lock: FileLock, path: Path, on_wait: OnWait | None) -> None:
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if on_wait is not None:
            on_wait(path.read_text(encoding="utf-8") or f"{path.stem} is in use by another process")
        lock.acquire()
