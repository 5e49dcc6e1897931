"""The key that pseudonyms are made with: who has it could tell whose they are, so it stays out of recordings."""

import os
import secrets
from pathlib import Path

from resources.home import home

VARIABLE = "DAZZ_RECORDING_KEY"
FILE = "recording.key"


def pseudonym_key() -> bytes:
    """`DAZZ_RECORDING_KEY`, which people share who record the same integrations, or a random one in the home.

    The same key gives the same pseudonyms, so that a second recording differs only where the vendor does.
    """
    if given := os.environ.get(VARIABLE):
        return given.encode()
    path = home() / FILE
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_once(path, secrets.token_bytes(32))
    return path.read_bytes()


def _write_once(path: Path, key: bytes) -> None:
    unfinished = path.with_name(f"{FILE}.{os.getpid()}")
    unfinished.touch(mode=0o600)
    unfinished.write_bytes(key)
    unfinished.replace(path)
